"""The builder's page and what it asks for: the draft, edits, undo, who else is here, numbers, the name, the file."""

from typing import Annotated, Any

import orjson
from flask import Blueprint, Response, make_response, render_template, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from builder import edit, shelf, text
from builder.tidy import CARD
from nodes.graph import Graph
from nodes.plain_words import problems_of
from store import drafts
from store.views import hold_still
from store.views import journeys as views
from wayfare.errors import Conflict, GraphInvalid, NotFound
from web import access, builder_edits, builder_presence, builder_stats, builder_view, moving, ui
from web.context import now, store
from web.listing import asked
from web.principal import principal

bp = Blueprint("journeys_builder", __name__, url_prefix="/journeys")
LARGE = 4_000_000
_Client = Annotated[str, StringConstraints(max_length=64)]


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Ops(_In):
    """One edit, made on revision `base`."""

    base: int = Field(ge=0)
    ops: list[Any]
    label: str = Field("", max_length=200)
    client: _Client = ""
    tidy: bool = False


class _Step(_In):
    """A step back or forth."""

    base: int = Field(ge=0)
    client: _Client = ""


class _Window(_In):
    """A window that is being closed."""

    client: _Client


class _Name(_In):
    """A new name of the journey."""

    name: str = Field(max_length=1000)


@bp.get("/<key>/edit")
@access.needs("journeys.read")
def page(key: str) -> Response:
    """Show the builder; everything in it is asked for by its script."""
    with store().read() as conn:
        journey = drafts.find_journey(conn, key)
        told = moving.lines(conn, journey.id, now())
    may_edit = ui.may("journeys.edit") and journey.status != "archived"
    return make_response(
        render_template("builder/page.html", key=key, name=journey.name, may_edit=may_edit, moving=told, card=CARD)
    )


@bp.get("/<key>/draft")
@access.needs("journeys.read")
def document(key: str) -> Response:
    """Return the draft with everything that the page needs to show it."""
    try:
        seen = edit.look(store(), key)
        with store().read() as conn:
            line = views.find_journey(conn, key)
            versions = views.versions_of(conn, line.id)
    except NotFound as missing:
        return _json(404, {"error": "not_found", "message": str(missing)})
    except GraphInvalid as invalid:
        return _json(422, {"error": "unreadable", "message": f"This draft cannot be read: {invalid}"})
    return _json(200, builder_view.whole(seen, principal().actor, versions, line.live_version_id))


@bp.post("/<key>/draft/ops")
@access.needs("journeys.edit", max_bytes=LARGE)
def ops(key: str) -> Response:
    """Carry out one edit."""
    given = _body(_Ops)
    if isinstance(given, Response):
        return given
    return _json(*builder_edits.commit(key, given.base, given.ops, given.label, given.client, given.tidy))


@bp.post("/<key>/draft/<any(undo, redo):way>")
@access.needs("journeys.edit")
def step(key: str, way: str) -> Response:
    """Undo the person's own last edit, or redo it."""
    given = _body(_Step)
    if isinstance(given, Response):
        return given
    return _json(*builder_edits.step_back(key, given.base, given.client, redo=way == "redo"))


@bp.get("/<key>/draft/changes")
@access.needs("journeys.read")
def changes(key: str) -> Response:
    """Return what others changed since a revision, and who else is here; asking says that one is here oneself."""
    rev, client, node = request.args.get("since", ""), asked("client", 64), asked("node", 64)
    if not rev.isascii() or not rev.isdigit() or len(rev) > 9:
        return _json(422, {"error": "bad_body", "message": "since is a revision, such as 12"})
    try:
        with store().read() as conn:
            journey = drafts.find_journey(conn, key)
            editors, is_due = builder_presence.others(conn, journey.id, client, node)
    except NotFound as missing:
        return _json(404, {"error": "not_found", "message": str(missing)})
    if is_due:
        builder_presence.note(journey.id, client, node)
    if journey.rev == int(rev):  # as nearly always: then the graph is not even read
        return _json(
            200,
            {
                "rev": journey.rev,
                "since": [],
                "applied": [],
                "cards": {},
                "problems": {"changed": {}},
                "editors": editors,
            },
        )
    status, answer = builder_edits.since(key, int(rev))
    return _json(status, {**answer, "editors": editors})


@bp.post("/<key>/draft/leave")
@access.needs("journeys.read")
def leave(key: str) -> Response:
    """Forget that a window is here: it sends this when it is closed."""
    given = _body(_Window)
    if isinstance(given, Response):
        return given
    try:
        with store().read() as conn:
            journey = drafts.find_journey(conn, key)
    except NotFound as missing:
        return _json(404, {"error": "not_found", "message": str(missing)})
    builder_presence.leave(journey.id, given.client)
    return Response(status=204)


@bp.get("/<key>/draft/stats")
@access.needs("journeys.read")
def stats(key: str) -> Response:
    """Return the numbers of a published version, by node and by edge; the live one unless another is asked for."""
    period, number = asked("period", 10) or "all", request.args.get("version", "")
    if period not in builder_stats.PERIODS:
        return _json(422, {"error": "bad_body", "message": f"period is {' or '.join(builder_stats.PERIODS)}"})
    try:
        with store().read() as conn:
            hold_still(conn)
            line = views.find_journey(conn, key)
            versions = views.versions_of(conn, line.id)
            found = builder_stats.version_asked(line, versions, number)
            if found is None:
                return _json(200, {"version": None, "at": now().isoformat(), "nodes": {}, "edges": {}})
            which = (line.id, found.id, found.published_at, period)
            shelf = builder_stats.shelf()
            at, numbers = shelf.numbers(
                which, now(), lambda: builder_stats.numbers(conn, line.id, found, period, now(), shelf)
            )
    except NotFound as missing:
        return _json(404, {"error": "not_found", "message": str(missing)})
    return _json(200, {"version": found.number, "at": at.isoformat(), **numbers})


@bp.post("/<key>/draft/rename")
@access.needs("journeys.edit")
def rename(key: str) -> Response:
    """Give the journey another name; the draft's revision stays."""
    given = _body(_Name)
    if isinstance(given, Response):
        return given
    try:
        name = shelf.read_name(given.name)
    except ValueError as wrong:
        return _json(422, {"error": "bad_name", "message": str(wrong)})
    try:
        journey = shelf.rename(store(), key, name, now=now(), by=principal().actor)
    except Conflict as error:
        return _json(409, {"error": "taken", "message": str(error)[:1].upper() + str(error)[1:]})
    except NotFound as missing:
        return _json(404, {"error": "not_found", "message": str(missing)})
    return _json(200, {"name": journey.name})


@bp.get("/<key>/draft/export")
@access.needs("journeys.read")
def export(key: str) -> Response:
    """Return the draft as a file, in the canonical text that diffs well."""
    seen = edit.look(store(), key)
    answer = Response(text.write(Graph.model_validate(seen.document)), mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{key}.json")
    return answer


def _body(model: type[Any]) -> Any:
    """Return the request's body as a model, or the answer that says what is wrong with it."""
    try:
        given = model.model_validate(text.parse(request.get_data()))
        if bad := text.unstorable({key: part for key, part in given.model_dump().items() if key != "ops"}):
            return _json(422, {"error": "bad_body", "message": f"{bad}: text with NUL or half a character"})
        return given
    except GraphInvalid as invalid:
        message = str(invalid)
    except ValidationError as error:
        path, _, words = problems_of(error)[0]
        message = f"{path}: {words}" if path else words
    return _json(422, {"error": "bad_body", "message": message})


def _json(status: int, answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer), status, mimetype="application/json", headers={"Cache-Control": "no-store"})
