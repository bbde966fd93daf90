"""The builder's panel: the form of a step's settings, and the form of the journey's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from pydantic import BaseModel

from builder import shelf
from builder.fresh import fresh_settings, place_of
from builder.text import unstorable
from nodes.builtin.flow_split_rule import SplitByRule
from nodes.contract import NodeType
from nodes.graph import Node
from store import drafts
from store.db import Connection
from store.views import known
from wayfare.errors import Conflict, NodeTypeError, NotFound
from wayfare.segments.days import zone_or
from web import access, graph_view, ui
from web.builder_edits import commit, since
from web.builder_forms import errors, journey
from web.builder_forms.fields import Field, fields_of
from web.builder_forms.folds import open_rows
from web.builder_forms.gifts import Around, Gift, gift_of, samples
from web.builder_forms.offers import Offer, entry_words, offer_for, taken
from web.builder_forms.read import click, settings_from
from web.builder_forms.ticks import ticks_of, with_ticks
from web.context import context, now, store
from web.pages.forms import FORM_BYTES, page_for
from web.pages.promotions import STATUSES
from web.principal import principal

bp = Blueprint("builder_panel", __name__, url_prefix="/journeys")
Settings = dict[str, Any]
_KEPT = "What you typed is still here: save it again, or open the step anew to see theirs."


@dataclass(slots=True)
class Form:
    """A form as the panel shows it. `model` is None for a node whose type nobody offers."""

    key: str
    address: str
    model: type[BaseModel] | None
    settings: Settings
    help: str = ""
    message: str = ""
    is_step: bool = True
    is_new: bool = False
    offer: Offer | None = None
    entry: str = ""
    gift: Gift | None = None
    place: str = ""
    given: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@bp.get("/<key>/draft/nodes/<node_id>/panel")
@access.needs("journeys.read")
def node_panel(key: str, node_id: str) -> Response:
    """Show the form of one step."""
    with store().read() as conn:
        return Response(_drawn(conn, _node_form(conn, key, node_id)))


@bp.post("/<key>/draft/nodes/<node_id>/settings")
@access.needs("journeys.edit", max_bytes=FORM_BYTES)
def save_node(key: str, node_id: str) -> Response:
    """Save a step's settings, right or wrong: a wrong one is painted, and only publishing refuses it."""
    with store().read() as conn:
        form = _node_form(conn, key, node_id)
        entry = drafts.draft_of(conn, key).get("entry") or {}
    node = form.raw
    if form.model is None:
        return _answer(422, {"error": "unknown_type", "message": "This step's type is not installed."}, form)
    new = settings_from(form.model, form.settings, _lists())
    if do := request.form.get("_do", ""):
        new = click(form.model, new, do)
    if issubclass(form.model, SplitByRule) and "_segments" in request.form:
        new = with_ticks(new, form.settings, request.form["_segments"].split(), _segment_names())
    ops: list[dict[str, Any]] = []
    node_type = form.model
    if new != node.get("settings", {}) and issubclass(node_type, NodeType):
        ops = [{"op": "set_settings", "id": node_id, "settings": new}]
        if node.get("version", 1) != node_type.version:
            ops[0]["version"] = node_type.version
    label = f"Change “{getattr(node_type, 'label', '') or node['type']}”"
    if (changed := taken(do, entry)) is not None:
        ops.append({"op": "set_journey", "values": {"entry": changed}})
        label = "Let customers enter again"
    return _committed(key, ops, label, form, new, lambda conn: _node_form(conn, key, node_id))


@bp.get("/<key>/draft/panel")
@access.needs("journeys.read")
def journey_panel(key: str) -> Response:
    """Show the form of the journey's own settings."""
    with store().read() as conn:
        return Response(_drawn(conn, _journey_form(conn, key)))


@bp.post("/<key>/draft/settings")
@access.needs("journeys.edit", max_bytes=FORM_BYTES)
def save_journey(key: str) -> Response:
    """Save the journey's own settings. What no draft can hold stays in the form with what is wrong about it."""
    with store().read() as conn:
        form = _journey_form(conn, key)
    new = settings_from(journey.JourneySettings, form.settings, _lists())
    if do := request.form.get("_do", ""):
        new = _with_events(click(journey.JourneySettings, new, do))
    info = zone_or(str(new.get("time_zone") or ""), "UTC")
    values = journey.changes(form.settings, new, now().astimezone(info).isoformat()[-6:])
    form.message = _named(key, form.settings, new)
    ops = [{"op": "set_journey", "values": values}] if values else []
    typed = {name: value for name, value in new.items() if value != form.settings.get(name)}

    def again(conn: Connection) -> Form:
        fresh = _journey_form(conn, key)
        wrong = journey.wrong_parts({**fresh.settings, **typed})
        fresh.settings |= {name: value for name, value in typed.items() if name in wrong or form.message}
        fresh.message = form.message
        return fresh

    return _committed(key, ops, "Change the journey's settings", form, new, again)


def _with_events(settings: Settings) -> Settings:
    """Give new goals and exit rules the event that most of them are about: a draft holds none without."""
    for part in ("goals", "exit_rules"):
        for rule in settings.get(part) or ():
            if isinstance(rule, dict) and not rule.get("event"):
                rule["event"] = "purchase"
    return settings


def _named(key: str, old: Settings, new: Settings) -> str:
    """Save name and description; return what is wrong with the name."""
    name, text = str(new.get("name") or ""), str(new.get("description") or "")
    if name == old["name"] and text == old["description"]:
        return ""
    if unstorable(text):
        return "The description holds a sign that cannot be kept."
    try:
        shelf.rename(store(), key, shelf.read_name(name), now=now(), by=principal().actor, description=text[:2000])
    except ValueError as wrong:
        return str(wrong)
    except Conflict as error:
        return str(error)[:1].upper() + str(error)[1:]
    return ""


def _committed(
    key: str,
    ops: list[dict[str, Any]],
    label: str,
    form: Form,
    typed: Settings,
    again: Callable[[Connection], Form],
) -> Response:
    base = request.form.get("_base", "")
    rev = int(base) if base.isascii() and base.isdigit() and len(base) < 12 else 0
    status, body = commit(key, rev, ops, label, request.form.get("_client", "")[:100]) if ops else since(key, rev)
    if status != 200:
        form.settings = typed
        form.message = str(body.get("message") or "This could not be saved.")
        if status == 409:
            form.message = f"{form.message.rstrip('.')}. {_KEPT}"
        return _answer(status, body, form)
    with store().read() as conn:
        return _answer(200, body, again(conn))


def _answer(status: int, body: Mapping[str, Any], form: Form) -> Response:
    with store().read() as conn:
        answer = jsonify({**body, "panel": _drawn(conn, form)})
    answer.status_code = status
    return answer


def _lists() -> dict[str, list[str]]:
    return request.form.to_dict(flat=False)


def _segment_names() -> dict[str, str]:
    with store().read() as conn:
        return dict(known.named(conn, "segment"))


def _node_form(conn: Connection, key: str, node_id: str) -> Form:
    document = drafts.draft_of(conn, key)
    nodes = document.get("nodes") or []
    node = next((node for node in nodes if isinstance(node, dict) and node.get("id") == node_id), None)
    if node is None:
        raise NotFound(f"no step {node_id}")
    address = f"/journeys/{key}/draft/nodes/{node['id']}/settings"
    settings = dict(node.get("settings") or {})
    registry = graph_view.registry()
    if node["type"] not in registry:
        return Form(key, address, None, settings, raw=node)
    node_type = registry.type_of(str(node["type"]))
    version = int(node.get("version", 1))
    if version < node_type.version:
        settings = dict(node_type.upgrade(settings, version))
    place = place_of(node_id, document, registry, key)
    is_new = settings in ({}, fresh_settings(node_type.key, place, registry))
    entry = document.get("entry") or {}
    offer = offer_for(node, entry, registry)
    form = Form(key, address, node_type, settings, _further_help(node_type), is_new=is_new, offer=offer, raw=dict(node))
    form.entry = "" if offer else entry_words(node_type.key, entry, registry)
    around = Around(conn, context().live, now(), drafts.find_journey(conn, key).id, node_id)
    form.place, form.given = f"{key}/{node_id}", samples(place.before, around)
    form.gift = gift_of(_loaded(node), around)
    return form


def _loaded(node: Mapping[str, Any]) -> NodeType | None:
    try:
        return graph_view.registry().load(Node.model_validate(node))
    except NodeTypeError:
        return None


def _further_help(node_type: type[NodeType]) -> str:
    """Return the help text after its first sentence, which stands at the top of the panel already."""
    text = " ".join((node_type.__doc__ or "").split())
    first, dot, rest = text.partition(". ")
    return rest if dot and first else ""


def _journey_form(conn: Connection, key: str) -> Form:
    found = drafts.find_journey(conn, key)
    settings = journey.settings_of(found.name, known.description_of(conn, key), drafts.draft_of(conn, key))
    return Form(key, f"/journeys/{key}/draft/settings", journey.JourneySettings, settings, is_step=False)


def _drawn(conn: Connection, form: Form) -> str:
    fields: list[Field] = []
    lines: list[errors.Line] = []
    if form.model is not None:
        fields = fields_of(form.model, form.settings)
        if not form.is_new:  # a step that nobody has touched is not wrong yet
            lines = errors.check(form.model, form.settings, fields)
    event = form.settings.get("event")
    page = page_for(conn, event=event if isinstance(event, str) else _default_event(fields))
    page.given = form.given
    may_edit = ui.may("journeys.edit")
    is_split = form.model is not None and issubclass(form.model, SplitByRule)
    ticks = ticks_of(conn, form.settings, page.segments) if is_split else None
    posted = {name: values[-1] for name, values in _lists().items()}
    page.open_rows = open_rows(fields, posted, posted.get("_do", ""))
    page.may_count = page.may_count and may_edit  # a form that is off sends nothing that could be counted
    return render_template(
        "forms/_panel.html",
        forms=page,
        form=form,
        fields=fields,
        lines=lines,
        may_edit=may_edit,
        ticks=ticks,
        statuses=STATUSES,
    )


def _default_event(fields: list[Field]) -> str:
    return next((one.text for one in fields if one.path == "event"), "")
