"""Who else has a journey open in the builder: each window says so whenever it asks what has changed."""

from datetime import timedelta
from typing import Any

from store import draft_log
from store.db import Connection
from web.context import now, store
from web.principal import principal

HERE = timedelta(seconds=15)
"""How long somebody counts as being here after the page's last question; it asks every four seconds."""
NOTED = timedelta(seconds=8)
"""How old a window's line may be before it is written anew: not at every question, but before `HERE` is over."""
COLORS = 6


def others(conn: Connection, journey_id: int, client: str, node: str) -> tuple[list[dict[str, Any]], bool]:
    """Return who else is here, and whether this window's own line has to be written. Reads only."""
    at, by = now(), principal().actor
    present = draft_log.present(conn, journey_id, since=at - HERE)
    mine = next((one for one in present if (one.client, one.by) == (client, by)), None)
    is_due = bool(client) and (mine is None or mine.node != node or at - mine.seen_at >= NOTED)
    rest = [one for one in present if one is not mine]
    called = draft_log.called(conn, [one.by for one in rest]) if rest else {}
    found = [
        {
            "name": called[one.by] if one.by != by else "You, in another tab",
            "node": one.node,
            "color": _color(one.by),
        }
        for one in rest
    ]
    return found, is_due


def note(journey_id: int, client: str, node: str) -> None:
    """Write down that this window is here, at a node or at none."""
    at, by = now(), principal().actor
    store().run(lambda conn: draft_log.note_presence(conn, journey_id, client, by=by, node=node, now=at, keep=HERE))


def leave(journey_id: int, client: str) -> None:
    """Forget this person's window at once."""
    by = principal().actor
    store().run(lambda conn: draft_log.forget_presence(conn, journey_id, client, by=by))


def _color(by: str) -> int:
    """Return a number below `COLORS` that is always the same for a person."""
    return sum((place + 1) * ord(letter) for place, letter in enumerate(by)) % COLORS
