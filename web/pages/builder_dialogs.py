"""Questions before something happens to customers: publishing, pausing, resuming, closing, stopping, archiving."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from builder import lifecycle
from builder.impact import Impact, impact
from builder.names import name_of
from builder.publish import Published
from builder.release import Choice, release
from nodes.contract import Category
from nodes.graph import Node
from store import accounts, drafts
from store.db import Connection
from store.views import publishing
from wayfare.errors import BadOperation, Conflict, GraphInvalid, NodeTypeError
from web import access, rights, ui, words
from web.bell import ring
from web.context import now, store
from web.formats import plural
from web.graph_view import registry
from web.listing import asked
from web.principal import principal
from web.respond import go, local, respond

bp = Blueprint("journeys_dialogs", __name__, url_prefix="/journeys")


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before an action: in which statuses it can be done, and the words around it."""

    title: str
    verb: str
    can: tuple[str, ...]
    done: str
    is_grave: bool = False


QUESTIONS = {
    "pause": Question("Pause", "Pause", ("live",), "is paused. Nobody moves until you resume it."),
    "resume": Question("Resume", "Resume", ("paused",), "goes on."),
    "close": Question(
        "Stop new entries of",
        "Stop new entries",
        ("live", "paused"),
        "takes nobody in any more; those inside go on to the end.",
    ),
    "stop": Question(
        *("Stop", "Stop and take everybody out", ("live", "closing", "paused")),
        done="is stopped, and everybody was taken out.",
        is_grave=True,
    ),
    "archive": Question("Archive", "Archive", ("draft", "stopped"), "is put away; its history stays."),
}
_DO: dict[str, Callable[..., Any]] = {
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "close": lifecycle.close,
    "stop": lifecycle.stop,
    "archive": lifecycle.archive,
}


@bp.get("/<key>/draft/publish")
@access.needs("journeys.read")
def ask_publish(key: str) -> Response:
    """Show what publishing the draft would do, and to whom."""
    return _publish_dialog(key)


@bp.post("/<key>/draft/publish")
@access.needs("journeys.publish")
def publish(key: str) -> Response:
    """Publish the draft that was shown, and carry out what was chosen for those at removed steps."""
    rev, note = request.form.get("rev", ""), request.form.get("note", "").strip()
    if not rev.isascii() or not rev.isdigit() or len(rev) > 9 or len(note) > 2000 or "\0" in note:
        return _publish_dialog(key, "This form is not complete. Look at it again.", 422)
    try:
        choices = _choices()
        by = principal().actor
        done = release(store(), registry(), key, choices, int(rev), now=now(), by=by, note=note)
    except (BadOperation, Conflict) as error:
        return _publish_dialog(key, _sentence(error), 409 if isinstance(error, Conflict) else 422)
    except GraphInvalid:
        return _publish_dialog(key, "It was not published: there is something to fix first.", 422)
    ring("move")
    ring()
    decided = sum(choice.do != "finish" for choice in choices.values())
    return go(_back(key), _told(key, done, decided))


def _choices() -> dict[str, Choice]:
    found = {}
    for name, value in request.form.items():
        if not name.startswith("do."):
            continue
        do, _, to = value.partition(":")
        if do not in ("finish", "move", "exit"):
            raise BadOperation(f"'{do[:20]}' is no choice; there is finish, move and exit")
        found[name.removeprefix("do.")[:64]] = Choice(do, to[:64])  # type: ignore[arg-type]  # checked right above
    return found


def _told(key: str, done: Published, decided: int) -> str:
    with store().read() as conn:
        name = drafts.find_journey(conn, key).name
    told = f"“{name}”: version {done.number} is live" + ("" if done.is_new else " already")
    if decided:
        told += f"; those at {'the removed step' if decided == 1 else f'{decided} removed steps'} are on their way"
    return told + "."


def _publish_dialog(key: str, wrong: str = "", status: int = 200) -> Response:
    with store().read() as conn:
        found = impact(conn, registry(), key)
        deciders = [] if ui.may("journeys.publish") else who_may(conn, "journeys.publish")
    return respond(
        "builder/publish.html",
        "builder/_publish.html",
        status=status,
        key=key,
        impact=found,
        wrong=wrong,
        may=ui.may("journeys.publish"),
        deciders=deciders,
        summary=summary_of(found),
        entries=entries_of(found),
        names={node["id"]: name_of(node, registry()) for node in found.draft.document.get("nodes", ())},
        back=_back(key),
        note=request.form.get("note", ""),
        chosen=request.form,
    )


def summary_of(found: Impact) -> str:
    """Return in one sentence what becomes of the customers who are inside."""
    inside = plural(found.inside, "customer")
    if found.live is None:
        return "Nobody is inside yet." if not found.inside else f"{inside} inside stay on the version they entered."
    if not found.inside:
        return f"Nobody is inside version {found.live}."
    verb, pronoun = ("is", "goes") if found.inside == 1 else ("are", "go")
    return (
        f"{inside} {verb} inside and {pronoun} on with the version that they entered, as it was. "
        "Whoever enters from now on meets the new one."
    )


def entries_of(found: Impact) -> list[str]:
    """Return who will enter and when it first can happen, one sentence for each trigger that is filled in."""
    told = []
    for node in found.draft.document.get("nodes", ()):
        try:
            loaded = registry().load(Node.model_validate(node))
        except NodeTypeError:
            continue
        if loaded.category is not Category.TRIGGER:
            continue
        what = loaded.summary()
        if loaded.date_rule() is not None:
            first = " Whose day is today enters at once, even where the hour has passed." if found.live is None else ""
            told.append(f"Each customer enters when the day comes: {what}.{first}")
        elif loaded.schedule() is not None:
            told.append(f"Customers enter by the schedule: {what}. The first enter at its next time.")
        elif loaded.listens():
            told.append(f"A customer enters as soon as it happens: {what}. What happened before does not count.")
    return told


@bp.get("/<key>/draft/<any(pause, resume, close, stop, archive):action>")
@access.needs("journeys.read")
def ask(key: str, action: str) -> Response:
    """Show what an action would do, and to whom."""
    return _dialog(key, action)


@bp.post("/<key>/draft/<any(pause, resume, close, stop, archive):action>")
@access.needs("journeys.operate")
def act(key: str, action: str) -> Response:
    """Pause, resume, close, stop or archive a journey."""
    try:
        journey = _DO[action](store(), key, now(), principal().actor)
    except Conflict as error:
        return _dialog(key, action, _sentence(error), 409)
    if action == "resume":
        ring()
    return go(_back(key), f"“{journey.name}” {QUESTIONS[action].done}")


def _dialog(key: str, action: str, wrong: str = "", status: int = 200) -> Response:
    question = QUESTIONS[action]
    with store().read() as conn:
        journey = drafts.find_journey(conn, key)
        told = consequences(conn, journey, action)
        deciders = [] if ui.may("journeys.operate") else who_may(conn, "journeys.operate")
    return respond(
        "builder/action.html",
        "builder/_action.html",
        status=status,
        key=key,
        journey=journey,
        action=action,
        question=question,
        can=journey.status in question.can,
        said=words.journey(journey.status),
        told=told,
        wrong=wrong,
        may=ui.may("journeys.operate"),
        deciders=deciders,
        back=_back(key),
    )


def consequences(conn: Connection, journey: drafts.JourneyRow, action: str) -> list[str]:
    """Return what an action does to whom, one sentence each."""
    inside = sum(publishing.inside(conn, journey.id).values())
    queued, due = publishing.queued(conn, journey.id), publishing.due(conn, journey.id, now())
    people = f"{plural(inside, 'customer')} {'is' if inside == 1 else 'are'} inside"
    messages = f"{plural(queued, 'message')} that {'waits' if queued == 1 else 'wait'} to be sent"
    if action == "pause":
        told = [f"{people}; they stay where they are until you resume.", "Nobody enters meanwhile."]
        told += [f"{messages} {'stays' if queued == 1 else 'stay'} in the queue."] if queued else []
        return [*told, "Waits that end during the pause are late: those customers move on as soon as you resume."]
    if action == "resume":
        late = f"{plural(due, 'customer')} whose time has come {'moves' if due == 1 else 'move'} on at once."
        told = [f"{people}.", late if due else "Nobody is late."]
        return told + ([f"{messages} {'leaves' if queued == 1 else 'leave'} now."] if queued else [])
    if action == "close":
        return [f"{people}; they go on to the end.", "Nobody enters any more."]
    if action == "stop":
        told = [f"{people}; all of them leave at once, wherever they stand." if inside else "Nobody is inside."]
        told += [f"{messages} will not leave."] if queued else []
        return [*told, "Nobody enters any more. Those who were taken out cannot be put back."]
    told = ["Nobody is inside." if not inside else f"{people}."]
    return [*told, "It leaves the list of journeys; its numbers and its history stay."]


def who_may(conn: Connection, right: str) -> list[str]:
    """Return the names of the users whose role has a right."""
    roles = rights.RIGHTS[right].roles
    people = [account for account, _ in accounts.list_accounts(conn)]
    return [one.label for one in people if one.role in roles and one.disabled_at is None]


def _back(key: str) -> str:
    """Return where to go afterwards: where the question was asked, or the builder."""
    given = request.form.get("back") or asked("back", 500)
    return local(given, url_for("journeys_builder.page", key=key))


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."
