"""Try a cart: what it costs, step by step, and why every other promotion is not part of the price."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from offers.codes.resolve import REASONS as REFUSALS
from offers.codes.resolve import Resolved
from offers.codes.text import is_well_formed
from offers.live import Rules, rules_of
from offers.redemption import trial
from offers.redemption.limits import Room
from offers.redemption.trial import Trial, try_cart
from offers.rules import book
from store import products, rulesets
from store.db import Connection
from store.views import customers as views
from wayfare.errors import InputRefused, NotFound
from wayfare.promotions.words import REASONS
from wayfare.segments.text import fold
from web import access, guesses, masks, promotion_cart
from web.context import context, now, store
from web.formats import money, number
from web.forms import Form
from web.listing import asked
from web.pages.forms import default_zone
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond
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
        chosen = _buyer(conn, tried)
        kept = trial.saved(conn)
        if not may("quotes.make"):
            answer: dict[str, Any] = {"refused": "You may read promotions, not price carts."}
        elif refused := _guess_wait(tried.document["codes"]):
            answer = {"refused": refused}
        else:
            answer = _answer(conn, tried, zone)
    _note_guesses(answer.get("codes", ()))
    return respond(
        "promotions/cart.html",
        "promotions/_cart_answer.html",
        tried=tried,
        rows=[*tried.rows, dict.fromkeys((*promotion_cart.ROW, "placeholder"), "")],
        known=known,
        offered=offered,
        numbers=numbers,
        zone=zone,
        chosen=chosen,
        is_ours=may("customers.list") and (tried.values["who"] == "ours" or (chosen is not None)),
        saved=kept,
        masks=masks,
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


def _answer(conn: Connection, tried: promotion_cart.Tried, zone: str) -> dict[str, Any]:
    """Return the price with its words; `refused` instead when the cart or the rules cannot be priced."""
    if tried.is_empty or tried.faults:
        return {"refused": ""}
    try:
        rules = _rules(conn, tried.values["version"])
        tryout = try_cart(conn, rules, store().vault, tried.document, zone=zone, now=now())
        forced = _forced(tryout, tried.values["force"])
    except (InputRefused, NotFound) as error:
        return {"refused": str(error)[:1].upper() + str(error)[1:] + "."}
    quote = tryout.priced.quote
    names = {one["key"]: one.get("name") or one["key"] for kind in ("promotions", "caps") for one in rules.body[kind]}
    names |= {one["key"]: "Personal price" for one in quote.get("granted", ())}
    rooms = {key: room_words(found) for key, found in tryout.rooms.items()}
    return {
        "refused": "",
        "quote": quote,
        "rules": rules,
        "names": names,
        "skus": {line["id"]: line["sku"] for line in tried.document["lines"]},
        "left_out": grouped(quote["not_applied"], names, tried.values["find"]),
        "link_to": link_to,
        "beside": lambda key: rooms.get(key, ""),
        "code_words": {code.text: _code_words(code) for code in tryout.priced.codes},
        "codes": tryout.priced.codes,
        "forced": forced,
        "with_it": with_it,
        "force": tried.values["force"],
    }


def _forced(tryout: Trial, key: str) -> dict[str, Any] | None:
    """Return what the cart costs with one promotion that the best price left aside; empty when it gives nothing."""
    if not key:
        return None
    found = tryout.forced(key)
    return {} if found is None else {"quote": found.quote, "more": found.more}


def room_words(rooms: Sequence[Room]) -> str:
    """Return what is left of a promotion's limits: `2 of 100 left; 1 of 1 left for this customer`."""
    said = []
    for room in rooms:
        if room.kind == "spend":
            said.append(f"{money(room.left)} of {money(room.limit)} left to give")
        else:
            said.append(f"{number(room.left)} of {number(room.limit)} left{_OF[room.kind]}")
    return "; ".join(said)


_OF = {"total": "", "per_day": " today", "per_customer": " for this customer", "per_code": " for this code"}


def _code_words(code: Resolved) -> str:
    """Return what is to be said of a code that was typed: why it does not work, to those who may check codes."""
    if code.is_usable:
        return f"opens {code.unlock}" if code.batch else ""
    return REFUSALS[code.reason].rstrip(".").lower() if may("codes.check") else "does not work"


def _buyer(conn: Connection, tried: promotion_cart.Tried) -> views.Profile | None:
    """Return the customer of ours that was chosen, and make them the buyer of the cart."""
    key = tried.values["customer"]
    if not key or tried.values["who"] == "hand" or not may("customers.list"):
        return None
    try:
        found = views.get_profile(conn, key)
    except NotFound:
        tried.faults.append(f"There is no customer “{key}” any more; choose another one.")
        return None
    customer: dict[str, Any] = {"key": found.key, "segments": [segment for segment, _, _ in found.segments]}
    customer |= {"level": found.level} if found.level else {}
    customer |= {"birthday": found.birthday.isoformat()} if found.birthday else {}
    promotion_cart.choose(tried, {**customer, "order_number": found.order_count + 1})
    return found


def _guess_wait(texts: Sequence[str]) -> str:
    """Return what to say when too many codes were refused; nothing otherwise."""
    wait = guesses.wait_for(guesses.limits(texts)) if texts else None
    if wait is None:
        return ""
    return f"Too many codes were refused. Try again in {int(wait.total_seconds() // 60) + 1} min."


def _note_guesses(codes: Sequence[Resolved]) -> None:
    """Count what looks like guesses. A code that is being typed is none: its check character does not fit."""
    wrong = [code for code in codes if not code.is_usable and is_well_formed(code.text)]
    if wrong:
        guesses.note(guesses.limits([code.text for code in wrong]), wrong)


@bp.get("/who")
@access.needs("customers.list")
def who() -> Response:
    """Answer the search for a customer, or show the one that was chosen; for the form."""
    find, key = asked("who_find"), asked("customer", 200)
    with store().read() as conn:
        chosen = views.get_profile(conn, key) if key else None
        wanted = views.Search(find)
        found = views.search_customers(conn, wanted, limit=8) if find and not key else []
    answer = respond(
        "promotions/_cart_who.html", "promotions/_cart_who.html", chosen=chosen, found=found, find=find, masks=masks
    )
    if key or "none" in request.args:
        answer.headers["HX-Trigger-After-Swap"] = "cart-who"
    return answer


@bp.post("/saved")
@access.needs("quotes.make")
def save() -> Response:
    """Keep the cart under a name, to try it again after a change."""
    form = Form()
    name = form.text("name", longest=80, need="Give the cart a name.")
    query = promotion_cart.query_of(request.form)
    place = url_for("promotions_cart.index") + (f"?{query}" if query else "")
    if not form.is_good:
        return go(place, form.wrong["name"], "bad")
    if "sku=" not in query:
        return go(place, "There is nothing in the cart yet.", "bad")
    try:
        store().run(lambda conn: trial.save(conn, name, query, now=now(), by=principal().actor))
    except InputRefused as error:
        return go(place, str(error)[:1].upper() + str(error)[1:] + ".", "bad")
    return go(place, f"“{name}” is saved. Everybody who tries carts finds it here.")


@bp.post("/saved/remove")
@access.needs("quotes.make")
def remove() -> Response:
    """Remove a kept cart."""
    name = request.form.get("name", "")[:80]
    store().run(lambda conn: trial.forget(conn, name, now=now(), by=principal().actor))
    return go(url_for("promotions_cart.index"), f"“{name}” is removed.")


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
