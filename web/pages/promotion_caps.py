"""Caps: contracts that bound what all discounts together take off a piece; and the limits for approval."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for

from builder.keys import free, slug
from offers.rules import book, words
from offers.rules.book import Item
from offers.rules.shapes import StoredCap, read_item
from store import products, rulesets
from store.db import Connection
from wayfare.errors import Conflict, InputRefused
from web import access
from web.authors import author_of
from web.builder_forms.values import decimal, money_meant, money_shown
from web.context import now, store
from web.pages.forms import FORM_BYTES, page_for
from web.pages.promotion_editor import doubts
from web.pages.promotions import title_of, vocabulary
from web.principal import principal
from web.promotion_forms.convert import meant, shown
from web.promotion_forms.draft import Draft, unseen
from web.promotion_forms.draw import Pen
from web.promotion_forms.faults import faults_of
from web.promotion_forms.specs import specs_of
from web.promotion_forms.tree import change, read
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_caps", __name__, url_prefix="/promotions/caps")
_LIMITS = ("approval_percent", "approval_amount", "approval_together", "smallest_price")
_SPECS = [spec for spec in specs_of(StoredCap) if spec.name not in ("key", "name")]


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """List the caps, and the limits above which two people are needed."""
    return _index()


def _index(typed: dict[str, str] | None = None, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    with store().read() as conn:
        items = book.list_items(conn, now(), kind="cap", size=5000).items
        limits = book.settings(conn)
        sections = tabs(conn, "caps")
        currency = products.currency_in_use(conn)
    values = typed or {
        "approval_percent": limits.approval_percent,
        "approval_amount": money_shown(limits.approval_amount),
        "approval_together": limits.approval_together,
        "smallest_price": money_shown(limits.smallest_price),
    }
    return respond(
        "promotions/caps.html",
        status=status,
        items=items,
        typed=values,
        wrong=wrong or {},
        currency=currency,
        tabs=sections,
        **vocabulary(),
    )


@bp.post("/limits")
@access.needs("settings.manage")
def limits() -> Response:
    """Change up to where one person publishes alone, and the smallest price."""
    typed = {name: request.form.get(name, "") for name in _LIMITS}
    percent, together = (
        decimal(typed[name].strip().removesuffix("%").strip()) for name in ("approval_percent", "approval_together")
    )
    amount, least = money_meant(typed["approval_amount"]), money_meant(typed["smallest_price"])
    wrong = {}
    for name, value in (("approval_percent", percent), ("approval_together", together)):
        if not value.isascii() or not value.replace(".", "", 1).isdigit() or not 0 <= float(value) <= 100:
            wrong[name] = "Write a percentage from 0 to 100."
    if not isinstance(amount, int) or not 0 <= amount <= 10**12:
        wrong["approval_amount"] = "Write an amount, such as 1000.00."
    if not isinstance(least, int) or not 0 <= least <= 10**12:
        wrong["smallest_price"] = "Write an amount, such as 0.01."
    if wrong:
        return _index(typed, wrong, 422)
    changes: dict[str, Any] = {"approval_percent": percent, "approval_together": together}
    changes |= {"approval_amount": amount, "smallest_price": least}
    store().run(lambda conn: book.set_settings(conn, author_of(principal()), now(), **changes))
    return go(url_for("promotions_caps.index"), "The limits are saved.")


@bp.get("/new")
@access.needs("promotions.edit")
def new() -> Response:
    """Show the form of a new cap."""
    return _form(Draft({}, "UTC"))


@bp.post("/new")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def add() -> Response:
    """Make a cap."""
    return _save(_posted())


@bp.get("/<key>/edit")
@access.needs("promotions.edit")
def edit(key: str) -> Response:
    """Show the form of a cap."""
    with store().read() as conn:
        item = book.get_item(conn, "cap", key, now())
    tree = {**shown(_SPECS, item.body, "UTC"), "name": title_of(item)}
    return _form(Draft(tree, "UTC", key, item.rev), item)


@bp.post("/<key>/edit")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def save(key: str) -> Response:
    """Change a cap."""
    draft, rev = _posted(), request.form.get("_over") or request.form.get("_rev", "")
    draft.key, draft.rev = key, int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else 0
    with store().read() as conn:
        item = book.get_item(conn, "cap", key, now())
    return _save(draft, item)


@bp.post("/<key>/delete")
@access.needs("promotions.edit")
def delete(key: str) -> Response:
    """Take a cap out of the draft: the next version needs a second person for that."""
    try:
        store().run(lambda conn: book.delete_item(conn, "cap", key, author_of(principal()), now()))
    except Conflict as error:
        return go(url_for("promotions_caps.index"), str(error), "bad")
    return go(url_for("promotions_caps.index"), "The cap is out of the draft. Publishing that takes a second person.")


@bp.post("/form")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def redraw() -> Response:
    """Draw the form anew after a click in it; nothing is saved."""
    draft = _posted()
    draft.key = request.form.get("_key", "")
    change(draft.tree, request.form.get("_do", ""))
    return _form(draft, fragment=True)


@bp.post("/sentence")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def sentence() -> Response:
    """Say in words what the cap in the form does."""
    return respond("promotions/_sentence.html", "promotions/_sentence.html", **_said(_posted()))


def _posted() -> Draft:
    return Draft(read(request.form.to_dict(flat=False)), "UTC")


def _said(draft: Draft) -> dict[str, Any]:
    try:
        body = read_item("cap", "a-cap", meant(_SPECS, draft.tree, "UTC"))
    except InputRefused:
        return {"said": "", "lacking": "Give a percentage, an amount, or both."}
    return {"said": words.in_words("cap", body), "lacking": ""}


def _save(draft: Draft, item: Item | None = None) -> Response:
    if click := request.form.get("_do", ""):
        change(draft.tree, click)
        return _form(draft, item)
    name = str(draft.tree.get("name", "")).strip()
    if not draft.key:
        with store().read() as conn:
            draft_keys = {row.key for row in rulesets.draft_items(conn)}
        key = free(slug(name, "cap"), draft_keys)
        key = f"{key}-cap" if key in ("price", "item", "personal", "order", "shipping", "gift") else key
    else:
        key = draft.key
    document = {**meant(_SPECS, draft.tree, "UTC"), "name": name if name != key else ""}
    draft.faults = faults_of("cap", key, document)
    if not draft.key and not name:
        draft.faults["name"] = "Give it a name, such as the brand."
    if draft.faults:
        return _form(draft, item, status=422)

    def work(conn: Connection) -> Item:
        return book.save_item(conn, "cap", key, document, author_of(principal()), now(), rev=draft.rev)

    try:
        store().run(work)
    except Conflict as error:
        return _form(draft, item, status=409, conflict=str(error))
    return go(url_for("promotions_caps.index"), f"The cap “{name or key}” is saved. It counts once it is published.")


def _form(
    draft: Draft, item: Item | None = None, *, status: int = 200, fragment: bool = False, conflict: str = ""
) -> Response:
    with store().read() as conn:
        currency = products.currency_in_use(conn)
        pen = Pen(draft.faults, page_for(conn).name_of, currency, doubt=partial(doubts, conn))
        fields = {node.path: node for node in pen.fields("cap", _SPECS, draft.tree, "")}
        known = rulesets.find_item(conn, draft.key) if conflict else None
        values: dict[str, Any] = {
            "draft": draft,
            "fields": fields,
            "item": item,
            "forms": page_for(conn),
            "menu_of_conditions": (),
            "condition_words": {},
            "others": unseen(draft.faults, {*pen.used, "name"}),
            "conflict": conflict,
            "newer": known.rev if known else 0,
            **_said(draft),
        }
        page = "promotions/_cap_form.html" if fragment else "promotions/cap.html"
        return respond(page, status=status, **values)
