"""Making, changing and copying promotions in a form that says in a sentence what they do."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for

from builder.keys import free, slug
from offers.rules import book, release, words
from offers.rules.approval import needs_approval
from offers.rules.book import Item
from offers.rules.review import review
from offers.rules.shapes import LISTS, NOTHING, loaded, read_item
from store import products, rulesets
from store.db import Connection
from store.views import known
from wayfare.errors import Conflict, InputRefused, RulesetInvalid
from wayfare.segments.text import fold
from web import access
from web.authors import author_of
from web.context import now, store
from web.pages.forms import FORM_BYTES, default_zone, page_for
from web.principal import principal
from web.promotion_forms import draft as forms
from web.promotion_forms import labels
from web.promotion_forms.draft import Draft
from web.promotion_forms.draw import Pen
from web.promotion_forms.gallery import GALLERY, STARTERS, Starter
from web.promotion_forms.tree import change, read
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.ui import may

bp = Blueprint("promotions_edit", __name__, url_prefix="/promotions")
_RESERVED = frozenset({"price", "item", "personal", "order", "shipping", "gift", "new", "check", "publish"})


@bp.get("/new")
@access.needs("promotions.edit")
def new() -> Response:
    """Show the kinds to begin with; or, with one chosen, the form that it begins."""
    draft = Draft({}, default_zone())
    if source := request.args.get("copy", ""):
        with store().read() as conn:
            found = book.get_item(conn, "promotion", source, now())
        draft.tree = forms.tree_of(found.body, draft.zone)
        draft.tree["name"] = f"{str(found.body.get('name') or source)[:480]} (copy)"
        return _form(draft)
    starter = STARTERS.get(request.args.get("kind", ""))
    if starter is None or starter.href:
        with store().read() as conn:
            return respond("promotions/new.html", "promotions/new.html", gallery=GALLERY, tabs=tabs(conn, "list"))
    draft.tree = {**starter.tree, "when": {}}
    return _form(draft, starter=starter)


@bp.post("/new")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def add() -> Response:
    """Make a promotion; its key for programs comes from its name."""
    return _save(_posted())


@bp.get("/<key>/edit")
@access.needs("promotions.edit")
def edit(key: str) -> Response:
    """Show the form of a promotion."""
    with store().read() as conn:
        item = book.get_item(conn, "promotion", key, now())
    draft = Draft(forms.tree_of(item.body, default_zone()), default_zone(), key, item.rev)
    return _form(draft, item)


@bp.post("/<key>/edit")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def save(key: str) -> Response:
    """Change a promotion. Whoever was slower than a colleague keeps what was typed, and decides."""
    draft = _posted()
    draft.key = key
    over = request.form.get("_over", "")
    draft.rev = _whole(over) or _whole(request.form.get("_rev", ""))
    with store().read() as conn:
        item = book.get_item(conn, "promotion", key, now())
    return _save(draft, item)


@bp.post("/form")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def redraw() -> Response:
    """Draw the form anew after a click or a choice in it; nothing is saved."""
    draft = _posted()
    draft.key, draft.rev = request.form.get("_key", ""), _whole(request.form.get("_rev", ""))
    change(draft.tree, request.form.get("_do", ""), draft.zone)
    return _form(draft, fragment=True)


@bp.post("/sentence")
@access.needs("promotions.edit", max_bytes=FORM_BYTES)
def sentence() -> Response:
    """Say in words what the promotion in the form does, or what it still lacks."""
    return respond("promotions/_sentence.html", "promotions/_sentence.html", **_said(_posted()))


def _posted() -> Draft:
    return Draft(read(request.form.to_dict(flat=False)), default_zone())


def _save(draft: Draft, item: Item | None = None) -> Response:
    if click := request.form.get("_do", ""):  # a click in a browser without scripts
        change(draft.tree, click, draft.zone)
        return _form(draft, item)
    if not draft.check(draft.key or "a-promotion"):
        return _form(draft, item, status=422)
    if not str(draft.tree.get("name", "")).strip():
        said = words.in_words("promotion", draft.document, ZoneInfo(draft.zone))
        draft.tree["name"] = f"{said[:1].upper()}{said[1:199]}"
    name = str(draft.tree["name"]).strip()
    key = draft.key or _free_key(name)
    author, document = author_of(principal()), draft.document

    def work(conn: Connection) -> Item:
        return book.save_item(conn, "promotion", key, document, author, now(), rev=draft.rev)

    try:
        store().run(work)
    except InputRefused as refused:
        draft.faults = {refused.path: str(refused)}
        return _form(draft, item, status=422)
    except Conflict as error:
        return _form(draft, item, status=409, conflict=str(error))
    if request.form.get("_then") == "publish" and may("promotions.publish"):
        return _publish(key, name)
    note = f"“{name}” is saved. Customers get it once it is published."
    return go(url_for("promotions.index"), note)


def _publish(key: str, name: str) -> Response:
    """Publish what was just saved; where more would be published with it, show all of it first."""
    author, saved = author_of(principal()), f"“{name}” is saved"
    with store().read() as conn:
        found = review(conn, now())
    others = sum(1 for one in found.changes if (one.kind, one.key) != ("promotion", key))
    if found.problems:
        return go(url_for("promotions_versions.review"), f"{saved}. Something else is wrong and comes first.", "bad")
    if others:
        waits = "Another change waits" if others == 1 else f"{others} other changes wait"
        return go(
            url_for("promotions_versions.review"), f"{saved}. {waits}: look at all of them, then publish.", "info"
        )
    try:
        done = store().run(lambda conn: release.publish(conn, author, now(), digest=found.digest))
    except (Conflict, InputRefused, RulesetInvalid) as error:
        return go(url_for("promotions_versions.review"), f"{saved} and not published: {error}.", "bad")
    place = url_for("promotions_versions.show", number=done.version.number)
    if done.version.status == "waiting":
        return go(place, f"{saved}. Version {done.version.number} waits for another person's approval.", "info")
    return go(place, f"{saved}, and version {done.version.number} is live: carts are priced by it.")


def _form(
    draft: Draft,
    item: Item | None = None,
    *,
    status: int = 200,
    starter: Starter | None = None,
    fragment: bool = False,
    conflict: str = "",
) -> Response:
    with store().read() as conn:
        groups = [row.body for row in rulesets.draft_items(conn, "group") if row.enabled]
        forms.settle(draft, groups)
        page = page_for(conn)
        pen = Pen(draft.faults, page.name_of, products.currency_in_use(conn), doubt=partial(doubts, conn))
        fields = forms.nodes(draft, pen)
        values: dict[str, Any] = {
            "draft": draft,
            "fields": fields,
            "item": item,
            "forms": page,
            "menu_of_conditions": labels.MENU,
            "condition_words": labels.CONDITIONS,
            "places": forms.places(draft.tree, groups),
            "others": forms.unseen(draft.faults, pen.used),
            "ask": starter.ask if starter else "",
            "example": starter.example if starter else "",
            "starter": starter.title if starter else "",
            "ships": forms.layers_for(draft.tree) == ("shipping",),
            "conflict": conflict,
            "newer": newer.rev if conflict and (newer := rulesets.find_item(conn, draft.key)) else 0,
            "tabs": tabs(conn, "list"),
            "zone_words": zone_words,
            **_said(draft),
        }
        if fragment:
            return respond("promotions/_form.html", "promotions/_form.html", **values)
        return respond("promotions/edit.html", status=status, **values)


def _said(draft: Draft) -> dict[str, Any]:
    """Return the promotion as a sentence, or what it still lacks."""
    try:
        body = read_item("promotion", "a-promotion", draft.document)
    except InputRefused as refused:
        return {"said": "", "lacking": _lacking(draft.document, refused.path), "usage_said": ""}
    usage = words.usage_words(body.get("usage") or {})
    said = words.in_words("promotion", body, ZoneInfo(draft.zone))
    return {"said": said, "lacking": "", "usage_said": usage, **_before_publishing(draft.key, body)}


def _before_publishing(key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return why publishing this promotion takes a second person, and how many other changes wait."""
    with store().read() as conn:
        row = rulesets.live_version(conn, now())
        live = loaded(row.body) if row else NOTHING
        limits = book.settings(conn)
        every = [one for kind in LISTS for one in book.list_items(conn, now(), kind=kind, size=5000).items]
        groups = [one.body for one in every if one.kind == "group" and one.rev]
    mine = {**body, "key": key or str(body["key"]), "name": body.get("name") or "This promotion"}
    rest = [one for one in live["promotions"] if one["key"] != mine["key"]]
    new = {**live, "groups": groups, "promotions": [*rest, mine]}
    others = sum(1 for one in every if one.change and (one.kind, one.key) != ("promotion", key))
    return {"reasons": needs_approval({**live, "groups": groups}, new, limits), "others_wait": others}


def doubts(conn: Connection, kind: str, values: list[str]) -> dict[str, str]:
    """Return those of the values that no product has, each with the nearest word that one has, if any is near."""
    strange = known.unknown(conn, kind, values[:500])
    if not strange:
        return {}
    words_known = {"brand": known.brands, "category": known.categories}.get(kind)
    by_fold = {fold(one): one for one in words_known(conn)} if words_known else {}
    return {one: next((by_fold[near] for near in get_close_matches(fold(one), by_fold, 1, 0.6)), "") for one in strange}


def zone_words(zone: str) -> str:
    """Return a time zone as people say it: Kyiv time."""
    return f"{zone.rpartition('/')[2].replace('_', ' ')} time"


def _lacking(document: Any, path: str) -> str:
    """Return which field is next to be filled in, by the name that the form gives it."""
    kind, node = "", document
    *holders, last = path.split(".")
    for step in holders:
        node = node[int(step)] if isinstance(node, list) and step.isdigit() else node.get(step, {})
        kind = str(node.get("kind", step)) if isinstance(node, dict) else kind
        if not isinstance(node, dict | list):
            break
    label = labels.words_for(kind, last).label if last and not last.isdigit() else ""
    where = labels.CONDITIONS[kind].label if kind in labels.CONDITIONS else ""
    said = f"{where}: {label}" if where else label
    return f"Still to fill in: {said.lower()}." if said else "Fill in the fields, and a sentence says what it does."


def _free_key(name: str) -> str:
    base = slug(name, "promotion")
    base = f"{base}-1" if base in _RESERVED else base
    with store().read() as conn:
        taken = {row.key for row in rulesets.draft_items(conn)}
        live = rulesets.live_version(conn, now())
        return free(base, taken | _keys_of(live.body if live else ""))


def _keys_of(text: str) -> set[str]:
    body = loaded(text) if text else {}
    return {one["key"] for name in LISTS.values() for one in body.get(name, ())}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
