"""Try a cart: what it costs, step by step, and why every other promotion is not part of the price."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from offers.live import Rules, quote_with, rules_of
from offers.rules import book
from offers.rules.shapes import ruleset_of
from store import products, rulesets
from store.db import Connection
from wayfare.errors import InputRefused, NotFound
from wayfare.promotions import Cart, instead, parse_cart
from wayfare.promotions.words import REASONS
from wayfare.segments.text import fold
from web import access, promotion_cart
from web.context import context, now, store
from web.formats import money
from web.pages.forms import default_zone
from web.promotion_tabs import tabs
from web.respond import respond
from web.ui import may

bp = Blueprint("promotions_cart", __name__, url_prefix="/promotions/cart")
NEAR = ("better_price", "passed_over", "never_with", "standalone", "no_effect")
ALMOST = ("threshold_short", "quantity_short", "code_missing", "limit", "budget", "gift_out_of_stock")
GROUPS = (
    ("near", "It would apply, but another price won"),
    ("almost", "Something is lacking"),
    ("away", "Not for this cart"),
)


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """Price the cart in the address, under the live version, the draft or a version by its number."""
    with store().read() as conn:
        currency = products.currency_in_use(conn)
        zone = default_zone()
        tried = promotion_cart.read(request.args, zone)
        known = products.products_of(conn, {row["sku"] for row in tried.rows})
        promotion_cart.fill(tried, known, now().isoformat(timespec="seconds"), currency)
        numbers = [one.number for one in rulesets.versions(conn, limit=100)]
        offered = products.some_products(conn)
        sections = tabs(conn, "cart")
        answer = (
            _answer(conn, tried) if may("quotes.make") else {"refused": "You may read promotions, not price carts."}
        )
    return respond(
        "promotions/cart.html",
        "promotions/_cart_answer.html",
        tried=tried,
        rows=[*tried.rows, dict.fromkeys((*promotion_cart.ROW, "placeholder"), "")],
        known=known,
        offered=offered,
        numbers=numbers,
        zone=zone,
        tabs=sections,
        **{"quote": None, "forced": None, **answer},
    )


def _rules(conn: Connection, version: str) -> Rules:
    live = context().live
    if version.isascii() and version.isdigit() and len(version) < 10:
        return live.numbered(conn, int(version))
    if version == "draft":
        return rules_of(book.draft_body(conn))
    return live.at(conn, now())


def _answer(conn: Connection, tried: promotion_cart.Tried) -> dict[str, Any]:
    """Return the price with its words; `refused` instead when the cart or the rules cannot be priced."""
    if tried.is_empty or tried.faults:
        return {"refused": ""}
    try:
        rules = _rules(conn, tried.values["version"])
        cart = parse_cart(tried.document)
        quote = quote_with(rules, cart)
    except (InputRefused, NotFound) as error:
        return {"refused": str(error)[:1].upper() + str(error)[1:] + "."}
    names = {one["key"]: one.get("name") or one["key"] for kind in ("promotions", "caps") for one in rules.body[kind]}
    return {
        "refused": "",
        "quote": quote,
        "rules": rules,
        "names": names,
        "skus": {line["id"]: line["sku"] for line in tried.document["lines"]},
        "left_out": grouped(quote["not_applied"], names, tried.values["find"]),
        "link_to": link_to,
        "forced": _forced(rules, cart, tried.values["force"]),
        "with_it": with_it,
        "force": tried.values["force"],
    }


def _forced(rules: Rules, cart: Cart, key: str) -> dict[str, Any] | None:
    """Return what the cart costs with one promotion that the best price left aside; empty when it gives nothing."""
    if not key:
        return None
    try:
        found = instead(cart, ruleset_of(rules.body, rules.name), key)
    except (InputRefused, KeyError):
        return {}
    return {} if found is None else {"quote": found.quote, "more": found.more}


def with_it(key: str) -> str:
    """Return the address of this cart with one promotion forced."""
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "force"]
    return f"{request.path}?{urlencode([*given, ('force', key)])}"


def link_to(key: str) -> str:
    """Return where a promotion is changed, or read; nothing for those who may not."""
    if not may("promotions.read"):
        return ""
    return url_for("promotions_edit.edit" if may("promotions.edit") else "promotions.show", key=key)


def grouped(
    left_out: list[dict[str, Any]], names: Mapping[str, str], text: str = ""
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return what was not applied in three groups, the nearest first, each with its reason in a sentence."""
    found: dict[str, list[dict[str, Any]]] = {key: [] for key, _ in GROUPS}
    for one in left_out:
        near = "near" if one["reason"] in NEAR else "almost" if one["reason"] in ALMOST else "away"
        name, words = names.get(one["promotion"], one["promotion"]), why(one, names)
        if fold(text) in fold(f"{name} {words}"):
            found[near].append({**one, "name": name, "words": words, "is_near": near == "near"})
    return [(label, sorted(found[key], key=lambda one: one["name"])) for key, label in GROUPS if found[key]]


def why(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the reason of one promotion in a sentence with the numbers that belong to it."""
    reason, by = str(one["reason"]), names.get(one.get("by", ""), one.get("by", ""))
    if reason == "threshold_short" and "short" in one:
        return f"{money(one['short'])} short of the goods it asks for"
    if reason == "quantity_short" and "short" in one:
        return f"{one['short']} more pieces are needed"
    if reason == "better_price" and by:
        return f"lost to “{by}”" + (f" by {money(one['loss'])}" if one.get("loss") else "")
    if reason == "passed_over" and by:
        return f"“{by}” comes first in its group, though this one is {money(one['loss'])} cheaper"
    if by:
        return f"{REASONS[reason]}: “{by}”"
    return REASONS[reason]
