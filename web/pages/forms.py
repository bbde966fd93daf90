"""What forms ask while somebody fills them in: choices to pick from, rules as they grow, how many customers fit."""

import json

from flask import Blueprint, Response, request

from engine.segments import preview as try_rule
from store.db import Connection
from store.views import known
from wayfare.errors import NotFound, StoreError
from wayfare.segments import RuleInvalid, parse_rule
from wayfare.segments.words import in_words
from web import access, ui
from web.builder_forms import pickers, rule_form
from web.builder_forms.choices import Picked
from web.builder_forms.page import Page
from web.builder_forms.place import given_at
from web.builder_forms.read import Posted
from web.builder_forms.rules import BLANK, change, dump
from web.context import now, runtime, store
from web.listing import asked, asked_page
from web.respond import respond

bp = Blueprint("forms", __name__, url_prefix="/forms")
FORM_BYTES = 4_000_000
SAMPLE = 5
SECONDS = 8
"""How long a count may take while somebody types."""


def page_for(conn: Connection, *, event: str = "") -> Page:
    """Return what the templates of forms ask for, with this reader's rights."""
    return Page(
        conn,
        now(),
        zone=default_zone(),
        may_create=ui.may("segments.edit"),
        may_count=ui.may("segments.read"),
        event=event,
    )


def default_zone() -> str:
    """Return the workspace's time zone."""
    return runtime().default_zone if runtime() is not None else "UTC"


def posted() -> Posted:
    """Return the form that was posted."""
    return Posted(request.form.to_dict(flat=False))


@bp.get("/pick/<kind>")
@access.needs("journeys.read")
def pick(kind: str) -> Response:
    """Answer a picker: one page of the rows that match what was typed, or what to do when there are none."""
    picker = pickers.PICKERS.get(kind)
    if picker is None:
        raise NotFound(f"no picker {kind}")
    found = Picked()
    if ui.may(picker.right):
        with store().read() as conn:
            found = pickers.pick(conn, kind, asked("q"), asked_page(), asked("about"))
    empty = pickers.empty_of(kind)
    body = {
        "items": [{"value": one.value, "label": one.label, "note": one.note} for one in found.items],
        "more": found.has_more,
        "empty": None
        if found.total
        else {"title": empty.title, "text": empty.text, "href": empty.href, "action": empty.action},
    }
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")


@bp.post("/rule")
@access.needs("segments.read", max_bytes=FORM_BYTES)
def rule() -> Response:
    """Draw the editor anew after a click or a choice in it; nothing is saved."""
    form, path = posted(), request.form.get("_path", "rule")[:200]
    verb, _, rest = request.form.get("_do", "").partition(":")
    item = rule_form.read(form.last, path)
    if verb.startswith("rule-"):
        item = change(item, verb.removeprefix("rule-"), rest.partition(":")[2], BLANK)
    with store().read() as conn:
        return respond("forms/_rule.html", forms=page_for(conn), item=item, path=path)


@bp.post("/count")
@access.needs("segments.read", max_bytes=FORM_BYTES)
def count() -> Response:
    """Say how many customers the rule in a form holds for now, and show some of them to those who may see them."""
    form, path = posted(), request.form.get("_path", "rule")[:200]
    item = rule_form.read(form.last, path)
    if item is None:
        return respond("forms/_count.html", found=None, words="", people=[], total=0, problem="")
    asked_rule, words, problem, found, people, total = dump(item), "", "", None, [], 0
    try:
        parsed = parse_rule(asked_rule)
        found = try_rule(
            store(), asked_rule, now(), SAMPLE if ui.may("customers.list") else 0, default_zone(), seconds=SECONDS
        )
        with store().read() as conn:
            people, total = known.people(conn, found.sample), known.customer_count(conn)
            words = in_words(parsed, known.names(conn))
    except RuleInvalid as error:
        problems = rule_form.in_plain_words(error, asked_rule)
        problem = "" if len(problems) > 1 else next((text for _, text in problems), "")
    except StoreError as error:
        problem = str(error)
    return respond("forms/_count.html", found=found, words=words, people=people, total=total, problem=problem)


@bp.post("/preview")
@access.needs("journeys.read")
def preview() -> Response:
    """Show how a text with variables reads for a made-up customer."""
    with store().read() as conn:
        page = page_for(conn)
        page.given = given_at(conn, request.form.get("place", "")[:300])
        return Response(page.preview(request.form.get("text", "")[:100_000]))
