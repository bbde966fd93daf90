"""What promotions do to each other, in words, each with a cart that shows it."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, url_for

from offers.prices.before import high_before
from offers.rules import book
from offers.rules.shapes import canonical, loaded, ruleset_of
from store import rulesets
from wayfare.errors import InputRefused
from wayfare.promotions import Finding, Ruleset, conflicts
from wayfare.segments.text import fold
from web import access, promotion_cart
from web.context import now, store
from web.listing import Listing, asked, asked_page
from web.pages.forms import default_zone
from web.pages.promotion_cart import link_to
from web.promotion_tabs import tabs
from web.respond import respond

bp = Blueprint("promotions_conflicts", __name__, url_prefix="/promotions/conflicts")
SIZE = 25
MOST_AT_ONCE = 100  # promotions; findings take time that is quadratic in them: 50 take a second
KINDS = {
    "never_wins": ("Never wins", "bad", "always loses to"),
    "never_reached": ("Never reached", "bad", "never gets its turn: before it comes"),
    "useless_cap": ("Useless under a cap", "warn", "gives nothing: all of it is cut by"),
    "stacks": ("Stack", "violet", "adds to"),
    "competes": ("Compete", "", "competes with"),
}


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """Report what the draft's or the live version's promotions do to each other."""
    kind, key, text, which = asked("kind", 20), asked("promotion", 100), asked("q"), asked("version", 10)
    with store().read() as conn:
        live = rulesets.live_number(conn, now())
        is_live = which == "live" and live is not None
        body = loaded(rulesets.version(conn, live).body) if is_live and live else book.draft_body(conn)
        sections = tabs(conn, "conflicts")
    names = {one["key"]: one.get("name") or one["key"] for part in ("promotions", "caps") for one in body[part]}
    promotions = sorted(((one["key"], names[one["key"]]) for one in body["promotions"]), key=lambda one: fold(one[1]))
    asks_for_one = len(promotions) > MOST_AT_ONCE and not key
    found, refused = [], ""
    if not asks_for_one:
        try:
            found = list(_findings(canonical(body), key if len(promotions) > MOST_AT_ONCE else ""))
        except InputRefused as error:
            refused = str(error)[:1].upper() + str(error)[1:] + "."
    near = [
        one
        for one in found
        if (not key or key in (one.promotion, one.other))
        and (not text or fold(text) in fold(f"{names[one.promotion]} {names[one.other]}"))
    ]
    counts = {name: sum(1 for one in near if one.kind == name) for name in KINDS}
    rows = sorted((one for one in near if not kind or one.kind == kind), key=_rank)
    page = asked_page()
    stacked = min((one for one in near if one.kind == "stacks" and one.listed), key=_share, default=None)
    version = str(live) if is_live else "draft"
    return respond(
        "promotions/conflicts.html",
        "promotions/_conflicts.html",
        listing=Listing(rows[(page - 1) * SIZE : page * SIZE], page, SIZE, len(rows)),
        asks={"kind": kind, "promotion": key, "q": text, "version": which},
        kinds=KINDS,
        counts=counts,
        names=names,
        promotions=promotions,
        asks_for_one=asks_for_one,
        refused=refused,
        stacked=stacked,
        share=_share,
        cart_of=lambda one: cart_of(one, version),
        link_to=link_to,
        tabs=sections,
    )


@bp.get("/prices-before")
@access.needs("promotions.read")
def prices_before() -> Response:
    """Tell which reductions of the draft would show a price before that the law does not allow."""
    with store().read() as conn:
        body = book.draft_body(conn)
        try:
            found = high_before(conn, body, now())
        except InputRefused:  # what is wrong with the draft is told beside it
            found = []
    names = {one["key"]: one.get("name") or one["key"] for one in body["promotions"]}
    return respond("promotions/_prices_before.html", found=found, names=names, link_to=link_to)


def cart_of(one: Finding, version: str) -> str:
    """Return where the example of a finding is priced."""
    arguments: dict[str, Any] = {**promotion_cart.address_of(one.cart, default_zone()), "version": version}
    return f"{url_for('promotions_cart.index')}?{urlencode(arguments, doseq=True)}"


def _share(one: Finding) -> float:
    """Return what is paid of the list price, from 0 to 1."""
    return one.payable / one.listed


def _rank(one: Finding) -> tuple[int, float, str, str]:
    worst = one.payable / one.listed if one.kind == "stacks" and one.listed else 0
    return list(KINDS).index(one.kind), worst, one.promotion, one.other


@lru_cache(maxsize=8)
def _findings(text: str, key: str) -> tuple[Finding, ...]:
    """Return all findings of a rule set, or those of one promotion, which takes time linear in the others."""
    ruleset = ruleset_of(loaded(text), "conflicts")
    if not key:
        return tuple(conflicts(ruleset))
    one = next((each for each in ruleset.promotions if each.key == key), None)
    found: dict[tuple[str, str, str], Finding] = {}
    for other in ruleset.promotions if one is not None else ():
        pair = [one] if other is one else [one, other]
        small: Ruleset = ruleset.model_copy(update={"promotions": pair})
        for each in conflicts(small):
            if key in (each.promotion, each.other):
                found[each.kind, each.promotion, each.other] = each
    return tuple(found.values())
