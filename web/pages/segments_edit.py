"""Making, changing, copying and removing segments."""

import json
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request, url_for
from pydantic import ValidationError

from builder.keys import free, slug
from engine.segments import save_segment
from nodes.graph import Graph
from store import audit, segment_uses
from store import segments as rows
from store.db import Connection
from store.locks import lock
from store.segments import SegmentRow
from wayfare.errors import Conflict, InputRefused, NotFound
from wayfare.segments import RuleInvalid, parse_rule, segments_in
from web import access, graph_view
from web.bell import ring
from web.builder_forms import rule_form
from web.builder_forms.rules import BLANK, Condition, Group, Item, change, dump, mark, tree
from web.context import now, store
from web.forms import Form
from web.pages.forms import FORM_BYTES, page_for, posted
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("segments_edit", __name__, url_prefix="/segments")
PATHS = ("rule", "made")


@dataclass
class Draft:
    """A segment as it stands in the form. `rule` is None while nobody has asked for anything."""

    form: Form
    rule: Item | None
    path: str = "rule"
    key: str = ""
    rev: int | None = None
    problems: list[str] = field(default_factory=list)


@bp.get("/new")
@access.needs("segments.edit")
def new() -> Response:
    """Show the form for a new segment: an empty one, or a copy of another."""
    draft = Draft(Form(), Group("all", [Condition(dict(BLANK))]), _path())
    draft.form.values["name"] = request.args.get("name", "")[:200]
    if key := request.args.get("copy", ""):
        found = _segment(key)
        draft.rule = tree(found.rule)
        draft.form.values |= {"name": f"{found.name[:190]} (copy)", "description": found.description}
    return _form(draft)


@bp.post("/new")
@access.needs("segments.edit", max_bytes=FORM_BYTES)
def add() -> Response:
    """Make a segment; its members follow in the background."""
    draft = _read()
    draft.key = request.form.get("key", "").strip().lower() or _free_key(draft.form.values["name"])
    return _save(draft, "made")


@bp.get("/<key>/edit")
@access.needs("segments.edit")
def edit(key: str) -> Response:
    """Show the form of a segment."""
    found = _segment(key)
    draft = Draft(Form(), tree(found.rule), key=key, rev=found.rev)
    draft.form.values |= {"name": found.name, "description": found.description}
    return _form(draft, found)


@bp.post("/<key>/edit")
@access.needs("segments.edit", max_bytes=FORM_BYTES)
def change_segment(key: str) -> Response:
    """Change a segment."""
    found = _segment(key)
    draft = _read()
    rev = request.form.get("rev", "")
    draft.key, draft.rev = key, int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else 0
    return _save(draft, "changed", found)


@bp.post("/<key>/delete")
@access.needs("segments.edit")
def remove(key: str) -> Response:
    """Remove a segment that nobody uses; otherwise name those who do."""

    def work(conn: Connection) -> str:
        lock(conn, "segments.save")
        found = rows.find_segment(conn, key)
        if found is None:
            raise NotFound(f"no segment {key}")
        if users := users_of(conn, key):
            return ", ".join(users)
        segment_uses.delete_segment(conn, found.id)
        audit.record(conn, principal().actor, "segment.deleted", f"segment:{key}", {"name": found.name}, now())
        return ""

    if used := store().run(work):
        note = f"The segment is in use, so it stays. Take it out of these first: {used}."
        return go(url_for("segments.show", key=key), note, "bad")
    return go(url_for("segments.index"), "The segment is gone.")


def users_of(conn: Connection, key: str) -> list[str]:
    """Return the names of the journeys and segments that use a segment, drafts and running versions alike."""
    found: dict[str, None] = {}
    for _, name, status, document in segment_uses.graphs_naming(conn, key):
        try:
            graph = Graph.model_validate(document)
        except ValidationError:
            continue
        asks = any(("segment", key) in node.references() for node in graph_view.node_types(graph).values())
        if asks or graph.entry.exclude_segment == key:
            found[f"journey “{name}”" + (" (draft)" if status == "draft" else "")] = None
    for other in rows.all_segments(conn):
        if other.key != key and key in _asked_in(other):
            found[f"segment “{other.name}”"] = None
    return list(found)


def _asked_in(segment: SegmentRow) -> frozenset[str]:
    try:
        return segments_in(parse_rule(segment.rule))
    except RuleInvalid:
        return frozenset()


def _segment(key: str) -> SegmentRow:
    with store().read() as conn:
        found = rows.find_segment(conn, key)
    if found is None:
        raise NotFound(f"no segment {key}")
    return found


def _path() -> str:
    path = request.values.get("_path", "made" if request.args.get("dialog") else "rule")
    return path if path in PATHS else "rule"


def _read() -> Draft:
    form, path = Form(), _path()
    form.text("name", longest=200, need="Give it a name, such as “Sleeping customers”.")
    form.values["description"] = request.form.get("description", "").replace("\r\n", "\n").strip()[:2000]
    form.values["key"] = request.form.get("key", "").strip()
    return Draft(form, rule_form.read(posted().last, path), path)


def _save(draft: Draft, what: str, known: SegmentRow | None = None) -> Response:
    if (click := request.form.get("_do", "")) and click.startswith("rule-"):  # a click in a browser without scripts
        verb, _, rest = click.partition(":")
        draft.rule = change(draft.rule, verb.removeprefix("rule-"), rest.partition(":")[2], BLANK)
        draft.form.wrong.clear()
        return _form(draft, known)
    rule = {"type": "all", "rules": []} if draft.rule is None else dump(draft.rule)
    if known is not None and json.dumps(dump(tree(known.rule)), sort_keys=True) == json.dumps(rule, sort_keys=True):
        rule = known.rule
    name, description = draft.form.values["name"], draft.form.values["description"]
    if draft.form.is_good or draft.rule is not None:
        _judge(draft, rule)
    if not draft.form.is_good or draft.problems:
        return _form(draft, known, status=422)
    try:
        saved = save_segment(store(), draft.key, name, rule, now(), description=description, rev=draft.rev)
    except RuleInvalid as error:
        _judge(draft, rule, error)
        return _form(draft, known, status=422)
    except InputRefused as error:
        draft.form.wrong["key" if "key" in str(error) else "name"] = str(error).capitalize()
        return _form(draft, known, status=422)
    except Conflict as error:
        draft.form.wrong["name" if "called" in str(error) else "key"] = str(error)[:1].upper() + str(error)[1:]
        return _form(draft, known, status=422)
    _note(saved, what)
    ring()
    if request.accept_mimetypes.best == "application/json":
        body = json.dumps({"key": saved.key, "name": saved.name}, ensure_ascii=False)
        return Response(body, mimetype="application/json")
    return go(url_for("segments.show", key=saved.key), "The segment is saved; its members follow in a moment.")


def _note(saved: SegmentRow, what: str) -> None:
    detail: dict[str, Any] = {"name": saved.name, "rev": saved.rev}
    actor = principal().actor
    store().run(lambda conn: audit.record(conn, actor, f"segment.{what}", f"segment:{saved.key}", detail, now()))


def _judge(draft: Draft, rule: Any, error: RuleInvalid | None = None) -> None:
    """Write what is wrong with the rule to its conditions and to `problems`."""
    if error is None:
        try:
            parse_rule(rule)
        except RuleInvalid as found:
            error = found
        else:
            return
    problems = rule_form.in_plain_words(error, rule)
    draft.rule = tree(rule)
    whole = mark(draft.rule, problems)
    draft.problems = whole or [f"{rule_form.first_wrong(draft.rule)}."]


def _form(draft: Draft, known: SegmentRow | None = None, status: int = 200) -> Response:
    is_dialog = draft.path == "made"
    with store().read() as conn:
        forms = page_for(conn)
        forms.is_plain = "HX-Request" not in request.headers
        inside = "segments/_edit_form.html" if status == 422 else "segments/_edit_dialog.html"
        return respond(
            "segments/edit.html",
            inside if is_dialog else None,
            status=status,
            draft=draft,
            form=draft.form,
            forms=forms,
            known=known,
            is_dialog=is_dialog,
        )


def _free_key(name: str) -> str:
    """Return a key for programs made from a name, with a number when it is taken."""
    base = slug(name, "segment")
    base = "new-segment" if base == "new" else base  # /segments/new is the form
    with store().read() as conn:
        return free(base, {one.key for one in rows.all_segments(conn)})
