"""Several journeys at once: first what will happen to each, then what happened to each."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import Forbidden

from builder import lifecycle, shelf
from store import shelf as rows
from store.db import Connection, Store
from store.views import journeys as views
from store.views.journeys import JourneyLine, Tally
from wayfare.errors import Conflict, WayfareError
from web import access, ui, words
from web.context import now, store
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("journeys_bulk", __name__, url_prefix="/journeys")
MOST = 500


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done to many journeys. `sources` are the statuses in which it can be done."""

    label: str
    done: str
    sources: tuple[str, ...]
    effect: str
    act: Callable[..., object] | None
    is_grave: bool = False
    right: str = "journeys.operate"


ACTIONS = {
    "pause": Action("Pause", "paused", ("live",), "Nobody enters, nobody moves, nothing is sent.", lifecycle.pause),
    "resume": Action(
        "Resume", "going on", ("paused",), "Goes on where it stood; who is late moves now.", lifecycle.resume
    ),
    "archive": Action(
        "Archive", "archived", ("draft", "stopped"), "Is put away; its history stays.", lifecycle.archive
    ),
    "tag": Action("Tag", "tagged", (), "Gets the tag.", None, right="journeys.edit"),
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What will happen, or happened, to one journey. `words` says what, or why nothing does."""

    line: JourneyLine
    is_good: bool
    words: str


@bp.post("/bulk")
@access.needs("journeys.read")
def bulk() -> Response:
    """Show what would happen to the ticked journeys; with `confirm`, do it and show what happened."""
    name = request.form.get("action", "")
    keys = list(dict.fromkeys(request.form.getlist("key")))[:MOST]
    if name not in ACTIONS or not keys:
        return go(url_for("journeys.index"), "Tick some journeys first.", "info")
    action = ACTIONS[name]
    if not ui.may(action.right):
        raise Forbidden("Your role does not include this. An administrator can change that.")
    with store().read() as conn:
        wanted = set(keys)
        lines = [line for line in views.all_journeys(conn) if line.key in wanted]
        counts = views.tallies(conn, [line.id for line in lines])
        known_tags = sorted({tag for found in rows.tags(conn).values() for tag in found})
    tag, wrong = _tag(name)
    if request.form.get("confirm") and not wrong:
        fates = [_do(action, line, tag) for line in lines]
        return respond(
            "journeys/bulk.html", "journeys/bulk.html", action=action, name=name, fates=fates, is_done=True, words=words
        )
    return respond(
        "journeys/bulk.html",
        "journeys/bulk.html",
        action=action,
        name=name,
        fates=[_foresee(action, line, counts.get(line.id, Tally())) for line in lines],
        is_done=False,
        tag=tag,
        wrong=wrong if request.form.get("confirm") else "",
        known_tags=known_tags,
        words=words,
        status=422 if wrong and request.form.get("confirm") else 200,
    )


def _tag(name: str) -> tuple[str, str]:
    """Return the tag to give and what is wrong with it."""
    if name != "tag":
        return "", ""
    try:
        tags = shelf.read_tags(request.form.get("tag", ""))
    except ValueError as error:
        return request.form.get("tag", "")[:100], str(error)
    return (tags[0], "") if len(tags) == 1 else (request.form.get("tag", "")[:100], "Write one tag.")


def _foresee(action: Action, line: JourneyLine, tally: Tally) -> Fate:
    if not action.sources:
        return Fate(line, True, action.effect)
    if line.status not in action.sources:
        allowed = " or ".join(words.journey(one).label.lower() for one in action.sources)
        return Fate(line, False, f"Stays as it is: only a journey that is {allowed} can be {action.done}.")
    inside = f" On their way: {tally.active:,}.".replace(",", " ") if tally.active else ""
    return Fate(line, True, action.effect + inside)


def _do(action: Action, line: JourneyLine, tag: str) -> Fate:
    by = principal().actor
    try:
        if action.act is None:
            _give(store(), line, tag)
        elif line.status not in action.sources:
            return _foresee(action, line, Tally())
        else:
            action.act(store(), line.key, now(), by)
    except Conflict as error:
        return Fate(line, False, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except WayfareError as error:
        return Fate(line, False, str(error))
    return Fate(line, True, f"Is {action.done} now.")


def _give(target: Store, line: JourneyLine, tag: str) -> None:
    def work(conn: Connection) -> None:
        mine = rows.tags(conn, [line.id]).get(line.id, [])
        if tag not in mine and len(mine) >= shelf.MOST_TAGS:
            raise Conflict(f"it has {shelf.MOST_TAGS} tags already")
        rows.add_tag(conn, [line.id], tag)

    target.run(work)
