"""Journeys begun and put in order: from nothing, a template, a file or another journey; names, tags, drafts removed."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from builder import shelf
from builder.keys import slug
from builder.problems import Problem
from builder.starters import Starter, starter, starters
from builder.text import read, to_document
from nodes.graph import Graph
from store import drafts
from store import shelf as rows
from store.db import Connection
from store.views import journeys as views
from wayfare.errors import Conflict, GraphInvalid
from web import access, thumbnail, ui, words
from web.bell import ring
from web.context import now, store
from web.forms import Form
from web.graph_view import registry
from web.listing import asked
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("journeys_make", __name__, url_prefix="/journeys")
FILE_BYTES = 5_200_000
_TAKEN = "Another journey has this name already. Choose another one."


@bp.get("/new")
@access.needs("journeys.edit")
def new() -> Response:
    """Show the gallery of templates; or, with a template chosen, what it brings and the name to give."""
    key = request.args.get("template")
    return _gallery() if key is None else _form(_chosen(key), Form())


@bp.post("/new")
@access.needs("journeys.edit")
def create() -> Response:
    """Make a journey, empty or from a template, and open it in the builder."""
    chosen = _chosen(request.form.get("template", ""))
    form = Form()
    name = form.text("name", longest=shelf.LONGEST_NAME, need="Give the journey a name.")
    if not form.is_good:
        return _form(chosen, form, 422)
    made = _segments(chosen)
    document = to_document(chosen.graph) if chosen else shelf.EMPTY
    try:
        key = _make(name, document, chosen.description if chosen else "", f"template {chosen.key}" if chosen else "")
    except Conflict:
        form.wrong["name"] = _TAKEN
        return _form(chosen, form, 422)
    more = f" Segments made with it: {', '.join(made)}." if made else ""
    check = " Check the event or date, the segments, the texts and the code batch first." if chosen else ""
    return go(
        url_for("journeys_builder.page", key=key),
        f"“{name}” is a draft: nobody enters before you publish it.{check}{more}",
    )


@bp.get("/import")
@access.needs("journeys.edit")
def import_form() -> Response:
    """Show the form for a file."""
    return respond("journeys/import.html", "journeys/import.html", form=Form(), problems=[])


@bp.post("/import")
@access.needs("journeys.edit", max_bytes=FILE_BYTES)
def import_file() -> Response:
    """Make a journey from a file; what the builder can mend later is no hindrance."""
    form = Form()
    upload = request.files.get("file")
    content: bytes | str = upload.read() if upload and upload.filename else request.form.get("text", "")
    name = form.text("name", longest=shelf.LONGEST_NAME)
    stem = (upload.filename or "").rpartition("/")[2].rsplit(".", 1)[0] if upload else ""
    if not content.strip():
        form.wrong["file"] = "Choose a file, or paste its text."
        return _import_again(form, [])
    try:
        document = to_document(read(content))
    except GraphInvalid as refused:
        return _import_again(form, [one for one in refused.problems if isinstance(one, Problem)])
    name = name or " ".join(stem.replace("_", " ").replace("-", " ").split()).capitalize()
    if not name:
        form.wrong["name"] = "Give the journey a name."
        return _import_again(form, [])
    form.values["name"] = name[: shelf.LONGEST_NAME]
    try:
        key = _make(form.values["name"], document, "", f"file {stem}"[:200], slug(stem or name, "journey"))
    except Conflict:
        form.wrong["name"] = _TAKEN
        return _import_again(form, [])
    return go(url_for("journeys_builder.page", key=key), f"“{form.values['name']}” is here as a draft.")


@bp.post("/<key>/copy")
@access.needs("journeys.edit")
def copy(key: str) -> Response:
    """Make a draft with the same steps, and open it."""
    with store().read() as conn:
        line = views.find_journey(conn, key)
        document = drafts.draft_of(conn, key) or shelf.EMPTY
        if not document.get("nodes") and line.live_version_id:
            document = views.graph_of(conn, line.live_version_id)
        known = rows.names_and_keys(conn)
    name = shelf.free_name(known.values(), f"{line.name[:180]} (copy)")
    made = _make(name, document, line.description, f"journey {key}")
    return go(
        url_for("journeys_builder.page", key=made), f"“{name}” is a draft of its own. The other one stays as it is."
    )


@bp.get("/<key>/manage")
@access.needs("journeys.edit")
def manage(key: str) -> Response:
    """Show name, tags and what can be done to a journey as a whole."""
    return _manage(key, Form())


@bp.post("/<key>/manage")
@access.needs("journeys.edit")
def save(key: str) -> Response:
    """Rename a journey and set its tags."""
    form = Form()
    name = form.text("name", longest=shelf.LONGEST_NAME, need="Give the journey a name.")
    line = form.text("tags", longest=1000)
    try:
        tags = shelf.read_tags(line)
    except ValueError as error:
        form.wrong["tags"] = str(error)
    if not form.is_good:
        return _manage(key, form, 422)
    try:
        shelf.manage(store(), key, name, tags, now=now(), by=principal().actor)
    except Conflict:
        form.wrong["name"] = _TAKEN
        return _manage(key, form, 422)
    return go(url_for("journeys.index"), f"“{name}” is saved.")


@bp.post("/<key>/delete")
@access.needs("journeys.edit")
def delete(key: str) -> Response:
    """Remove a draft that was never published."""
    try:
        name = shelf.remove(store(), key, now=now(), by=principal().actor)
    except Conflict as error:
        return go(url_for("journeys.index"), str(error).capitalize() + ".", "bad")
    return go(url_for("journeys.index"), f"“{name}” is gone.")


def _chosen(key: str) -> Starter | None:
    return starter(key) if key else None


def _gallery() -> Response:
    wanted = asked("q")
    groups: dict[str, list[Starter]] = {}
    for one in starters():
        groups.setdefault(one.category, []).append(one)
    return respond(
        "journeys/new.html", "journeys/new.html", groups=groups, picture=thumbnail.of_starter, asks={"q": wanted}
    )


def _form(chosen: Starter | None, form: Form, status: int = 200) -> Response:
    with store().read() as conn:
        known = rows.names_and_keys(conn)
        there = drafts.known_keys(conn).get("segment", frozenset())
    if "name" not in form.values:
        form.values["name"] = shelf.free_name(known.values(), chosen.title if chosen else "New journey")
    return respond(
        "journeys/begin.html",
        "journeys/begin.html",
        chosen=chosen,
        form=form,
        steps=_steps(chosen.graph) if chosen else [],
        picture=thumbnail.of_starter,
        missing=[one for one in chosen.segments if one.key not in there] if chosen else [],
        may_segments=ui.may("segments.edit"),
        status=status,
    )


def _steps(graph: Graph) -> list[tuple[str, str, str]]:
    """Return (icon, label, summary) of every step, as they stand in the template."""
    types = registry()
    loaded = [types.load(node) for node in graph.nodes]
    return [(one.icon, one.label, one.summary()) for one in loaded]


def _segments(chosen: Starter | None) -> list[str]:
    """Make what the template asks for, if this person may; otherwise the builder shows what is missing."""
    if chosen is None or not chosen.segments or not ui.may("segments.edit"):
        return []
    made = shelf.make_segments(store(), chosen.segments, now=now())
    if made:
        ring()
    return made


def _make(name: str, document: Any, description: str, source: str, key: str = "") -> str:
    base = key or slug(name, "journey")
    base = f"{base}-journey" if base in ("new", "import", "bulk") else base  # addresses of pages
    return shelf.make(
        store(), base, name, document, now=now(), by=principal().actor, description=description, source=source
    )


def _import_again(form: Form, problems: list[Problem]) -> Response:
    form.values["text"] = request.form.get("text", "")[:200_000]
    return respond("journeys/import.html", "journeys/import.html", form=form, problems=problems, status=422)


def _manage(key: str, form: Form, status: int = 200) -> Response:
    def read(conn: Connection) -> tuple[views.JourneyLine, list[str], bool]:
        line = views.find_journey(conn, key)
        return line, rows.tags(conn, [line.id]).get(line.id, []), not views.versions_of(conn, line.id)

    with store().read() as conn:
        line, tags, is_fresh = read(conn)
        known_tags = sorted({tag for found in rows.tags(conn).values() for tag in found})
    form.values.setdefault("name", line.name)
    form.values.setdefault("tags", ", ".join(tags))
    return respond(
        "journeys/manage.html",
        "journeys/_manage.html",
        line=line,
        form=form,
        is_fresh=is_fresh and line.status == "draft",
        known_tags=known_tags,
        words=words,
        status=status,
    )
