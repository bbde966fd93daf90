"""What versions say of the draft's items: what is live, what waits, what was stopped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from offers.rules.shapes import LISTS, NOTHING, Body, loaded
from offers.rules.words import period_of
from store import rulesets
from store.db import Connection
from store.rulesets import Kind

ByKind = Mapping[Kind, Mapping[str, Body]]


@dataclass(frozen=True, slots=True)
class Past:
    """The live version's items by kind and key, and keys of what is in versions to come or was stopped at once."""

    number: int | None
    live: ByKind
    coming: frozenset[tuple[Kind, str]]
    killed: frozenset[str]

    def status(self, kind: Kind, key: str, now: datetime, *, is_on: bool) -> str:
        """Return what becomes of an item now, in one word; see `book.Item`."""
        live = self.live[kind].get(key)
        if live is not None:
            starts, ends = period_of(live)
            if ends is not None and ends <= now:
                return "ended"
            return "scheduled" if starts is not None and starts > now else "live"
        if not is_on and key in self.killed:  # versions that still wait with it can no longer be approved
            return "killed"
        if (kind, key) in self.coming:
            return "waiting"
        return "draft" if is_on else "off"


def past_of(conn: Connection, now: datetime) -> Past:
    """Read what the versions say; three small queries."""
    live = rulesets.live_version(conn, now)
    to_come = [*rulesets.waiting(conn), *rulesets.later(conn, now)]
    return Past(
        live.number if live else None,
        by_kind(loaded(live.body) if live else NOTHING),
        frozenset(_keys(loaded(row.body) for row in to_come)),
        frozenset(rulesets.killed_keys(conn)),
    )


def by_kind(body: Body) -> ByKind:
    """Return a rule set's items by kind and key."""
    return {kind: {one["key"]: one for one in body[name]} for kind, name in LISTS.items()}


def _keys(bodies: Iterable[Body]) -> Iterable[tuple[Kind, str]]:
    for body in bodies:
        for kind, name in LISTS.items():
            yield from ((kind, one["key"]) for one in body[name])
