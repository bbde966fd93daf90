"""Groups and priorities: what is looked at in which order, moved by dragging or by buttons; and what a policy means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for

from offers.live import quote_with, rules_of
from offers.rules import book
from offers.rules.book import Item
from offers.rules.words import effect_words
from store import products
from store.db import Connection
from wayfare.errors import Conflict, InputRefused, NotFound
from wayfare.promotions import parse_cart
from wayfare.promotions.contract import LAYERS
from web import access
from web.authors import author_of
from web.builder_forms.values import money_meant
from web.context import now, store
from web.forms import Form
from web.listing import asked
from web.pages.promotions import title_of, vocabulary
from web.principal import principal
from web.promotion_forms import labels
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_groups", __name__, url_prefix="/promotions/groups")
_SHOWN = 4  # of a group's promotions in the example: more of them explain less
_MULTIBUYS = frozenset({"sets", "bundle", "buy_get", "nth"})


@dataclass(frozen=True, slots=True)
class Box:
    """A group with its promotions in the order in which they count; `item` is None for the layer's own."""

    key: str
    policy: str
    item: Item | None
    inside: list[Item]

    @property
    def name(self) -> str:
        """What people call it."""
        return title_of(self.item) if self.item else "In no group"


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """Show the layers in their order, with groups and promotions in theirs."""
    with store().read() as conn:
        groups = [one for one in book.list_items(conn, now(), kind="group", size=5000).items if one.rev]
        offers = [one for one in book.list_items(conn, now(), size=5000).items if one.rev]
        sections = tabs(conn, "groups")
    return respond(
        "promotions/groups.html",
        layers=[(key, labels.LAYERS[key], boxes(key, groups, offers)) for key in LAYERS],
        policies=labels.POLICIES,
        tabs=sections,
        **vocabulary(),
    )


def boxes(layer: str, groups: Sequence[Item], offers: Sequence[Item]) -> list[Box]:
    """Return the groups of a layer in their order: first what stands in no group."""
    own = [one for one in offers if one.body.get("layer") == layer]
    found = [Box("", "best", None, _ranked(own))] if own else []
    mine = sorted((one for one in groups if one.body["layer"] == layer), key=_position)
    for group in mine:
        inside = [one for one in offers if one.body.get("group") == group.key]
        found.append(Box(group.key, group.body.get("policy", "best"), group, _ranked(inside)))
    return found


def _position(group: Item) -> tuple[int, str]:
    return group.body.get("position", 0), group.key


def _ranked(offers: Sequence[Item]) -> list[Item]:
    return sorted(offers, key=lambda one: (-one.body.get("priority", 0), one.key))


@bp.post("/order")
@access.needs("promotions.edit")
def order() -> Response:
    """Put the groups of a layer into another order: positions 1, 2, 3 … from the first one."""
    layer = request.form.get("layer", "")

    def work(conn: Connection) -> None:
        groups = book.list_items(conn, now(), kind="group", size=5000).items
        mine = sorted((one for one in groups if one.rev and one.body["layer"] == layer), key=_position)
        for place, item in enumerate(_reordered(mine), 1):
            _save(conn, item, {"position": place})

    return _moved(work)


@bp.post("/priorities")
@access.needs("promotions.edit")
def priorities() -> Response:
    """Put the promotions of a group, or of a layer's own, into another order: priorities 10, 20 … from the last one."""
    where, _, key = request.form.get("of", "").partition(":")
    if where not in ("group", "layer"):
        raise NotFound("no such group")

    def work(conn: Connection) -> None:
        offers = [one for one in book.list_items(conn, now(), size=5000).items if one.rev]
        mine = _reordered(_ranked([one for one in offers if one.body.get(where) == key]))
        for place, item in enumerate(mine):
            _save(conn, item, {"priority": 10 * (len(mine) - place)})

    return _moved(work)


def _moved(work: Callable[[Connection], None]) -> Response:
    store().run(work)
    if request.headers.get("HX-Request"):
        return Response(status=204)
    return go(url_for("promotions_groups.index"), "The order is saved. It counts once it is published.")


def _reordered(items: Sequence[Item]) -> list[Item]:
    """Return items in the order that was posted; what it does not name keeps its place at the end."""
    wanted = [key for key in request.form.get("order", "").split("\n") if key]
    found = {one.key: one for one in items}
    rest = [one.key for one in items if one.key not in wanted]
    keys = [key for key in dict.fromkeys(wanted) if key in found] + rest if wanted else [one.key for one in items]
    key, _, way = request.form.get("move", "").rpartition(":")
    if key in keys:
        place = keys.index(key)
        other = place + {"up": -1, "down": 1}.get(way, 0)
        if 0 <= other < len(keys):
            keys[place], keys[other] = keys[other], keys[place]
    return [found[key] for key in keys]


def _save(conn: Connection, item: Item, changes: Mapping[str, Any]) -> None:
    if any(item.body.get(name, 0) != value for name, value in changes.items()):
        body = {**item.body, **changes}
        book.save_item(conn, item.kind, item.key, body, author_of(principal()), now(), rev=item.rev)


@bp.get("/new")
@access.needs("promotions.edit")
def new() -> Response:
    """Show the form of a new group."""
    form = Form()
    layer = asked("layer", 20)
    form.values |= {"layer": layer if layer in LAYERS else "item", "policy": "best", "percent_base": "running"}
    return _form(form)


@bp.post("/new")
@access.needs("promotions.edit")
def add() -> Response:
    """Make a group, last in its layer."""
    form = _read(is_new=True)
    name = form.values["name"]
    key = re.sub(r"[^\w.+-]+", "-", name).strip("-+.")
    if form.is_good and not key:
        form.wrong["name"] = "Use letters or digits."

    def work(conn: Connection) -> None:
        groups = book.list_items(conn, now(), kind="group", size=5000).items
        last = max((one.body.get("position", 0) for one in groups), default=0)
        body: dict[str, Any] = {one: form.values[one] for one in ("layer", "policy", "percent_base")}
        body |= {"position": last + 1} | ({"name": name} if name != key else {})
        book.save_item(conn, "group", key, body, author_of(principal()), now(), rev=0)

    return _saved(form, work, key)


@bp.get("/<key>/edit")
@access.needs("promotions.edit")
def edit(key: str) -> Response:
    """Show the form of a group."""
    item = _group(key)
    form = Form()
    form.values |= {"policy": "best", "percent_base": "running", **{name: str(one) for name, one in item.body.items()}}
    form.values["name"] = title_of(item)
    return _form(form, item)


@bp.post("/<key>/edit")
@access.needs("promotions.edit")
def change(key: str) -> Response:
    """Change how the promotions of a group combine."""
    item, form = _group(key), _read()
    form.values["layer"] = item.body["layer"]
    rev = request.form.get("rev", "")

    def work(conn: Connection) -> None:
        changes = {one: form.values[one] for one in ("name", "policy", "percent_base")}
        body = {**item.body, **changes, "name": changes["name"] if changes["name"] != key else ""}
        seen = int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else None
        book.save_item(conn, "group", key, body, author_of(principal()), now(), rev=seen)

    return _saved(form, work, key, item)


@bp.post("/<key>/delete")
@access.needs("promotions.edit")
def delete(key: str) -> Response:
    """Take an empty group out of the draft."""
    try:
        store().run(lambda conn: book.delete_item(conn, "group", key, author_of(principal()), now()))
    except Conflict as error:
        return go(url_for("promotions_groups.index"), str(error)[:1].upper() + str(error)[1:] + ".", "bad")
    return go(url_for("promotions_groups.index"), f"The group {key} is out of the draft.")


def _group(key: str) -> Item:
    with store().read() as conn:
        return book.get_item(conn, "group", key, now())


def _read(*, is_new: bool = False) -> Form:
    form = Form()
    form.text("name", longest=100, need="Give it a name, such as sale.")
    if is_new:
        form.choice("layer", LAYERS)
    form.choice("policy", list(labels.POLICIES))
    form.choice("percent_base", list(labels.OPTIONS["percent_base"]))
    return form


def _saved(form: Form, work: Callable[[Connection], None], key: str, item: Item | None = None) -> Response:
    if not form.is_good:
        return _form(form, item, status=422)
    try:
        store().run(work)
    except (Conflict, InputRefused) as error:
        form.wrong["name" if item is None else "policy"] = str(error)[:1].upper() + str(error)[1:] + "."
        return _form(form, item, status=422)
    return go(
        url_for("promotions_groups.index"),
        f"The group “{form.values['name']}” is saved. It counts once it is published.",
    )


def _form(form: Form, item: Item | None = None, status: int = 200) -> Response:
    inside = "promotions/_group_form.html" if status == 422 else "promotions/_group_dialog.html"
    layers = [(key, labels.LAYERS[key].label) for key in LAYERS]
    policies = [(key, one.label, one.help) for key, one in labels.POLICIES.items()]
    bases = list(labels.OPTIONS["percent_base"].items())
    values = {"form": form, "item": item, "layers": layers, "policies": policies, "bases": bases}
    key = item.key if item else ""
    return respond("promotions/group.html", inside, status=status, **values, **_example(key, "1000.00", "2"))


@bp.get("/example")
@access.needs("promotions.read")
def example() -> Response:
    """Show what each policy makes of one price, with the promotions of a group."""
    values = _example(asked("group", 100), asked("price", 20), asked("pieces", 4))
    return respond("promotions/_policies.html", "promotions/_policies.html", **values)


def _example(key: str, price: str, pieces: str) -> dict[str, Any]:
    with store().read() as conn:
        offers = [one for one in book.list_items(conn, now(), group=key, size=5000).items if one.rev] if key else []
        layer = book.get_item(conn, "group", key, now()).body["layer"] if key else "item"
        currency = products.currency_in_use(conn) or "UAH"
    minor = money_meant(price)
    count = int(pieces) if pieces.isascii() and pieces.isdigit() and 0 < int(pieces) < 100 else 1
    usable = [_bare(one) for one in _ranked(offers)][:_SHOWN] or _made_up(layer)
    rows = []
    if isinstance(minor, int) and 0 <= minor <= 10**10 and layer != "gift":
        rows = [_priced(policy, layer, usable, minor, count, currency) for policy in labels.POLICIES]
    return {
        "rows": rows,
        "price": price,
        "pieces": str(count),
        "currency": currency,
        "group_key": key,
        "is_made_up": not offers,
        "is_gift": layer == "gift",
        "offers": [(one.get("name") or one["key"], effect_words(one["effect"])) for one in usable],
    }


def _made_up(layer: str) -> list[dict[str, Any]]:
    """Return two promotions that can stand in a layer, for the example of an empty group."""
    target = {"order": "order", "shipping": "shipping"}.get(layer, "unit")
    percent = {"kind": "percent", "value": "10", "target": target}
    amount = {"kind": "amount", "value": 2000 if layer == "shipping" else 15000, "target": target}
    return [
        {"key": "10 % off", "priority": 20, "effect": percent},
        {"key": "An amount", "priority": 10, "effect": amount},
    ]


def _bare(item: Item) -> dict[str, Any]:
    """Return a promotion without what the example has no answer to: when, where, for whom, on what."""
    kept = ("key", "name", "effect", "priority", "limits")
    return {name: item.body[name] for name in kept if name in item.body}


def _priced(
    policy: str, layer: str, offers: Sequence[Mapping[str, Any]], price: int, pieces: int, currency: str
) -> dict[str, Any]:
    left = [one for one in offers if not (policy == "first" and one["effect"]["kind"] in _MULTIBUYS)]
    document = {
        "groups": [{"key": "-", "layer": layer, "policy": policy}],
        "promotions": [{**one, "group": "-"} for one in left],
        "caps": [],
        "smallest_price": 0,
    }
    cart = {
        "currency": currency,
        "at": now().isoformat(),
        "lines": [{"id": "1", "sku": "-", "price": price, "quantity": pieces}],
        "shipping": [{"id": "s", "price": 6000}] if layer == "shipping" else [],
    }
    words = labels.POLICIES[policy]
    try:
        quote = quote_with(rules_of(document, "example"), parse_cart(cart))
    except InputRefused as refused:
        return {"policy": policy, "words": words, "net": None, "why": str(refused), "applied": []}
    names = {str(one["key"]): str(one.get("name") or one["key"]) for one in left}
    applied = [(names[one["promotion"]], one["amount"]) for one in quote["applied"]]
    return {"policy": policy, "words": words, "net": quote["payable"], "why": "", "applied": applied}
