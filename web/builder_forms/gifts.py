"""What a step gives away, as its form shows it: the offer behind a code, a price as a quote has it, what is left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.effects import price_shown
from nodes.builtin.action_certificate import GiftCertificate
from nodes.builtin.action_personal_price import PersonalPrice
from nodes.builtin.action_points import BonusPoints
from nodes.builtin.action_promo_code import PromoCode
from nodes.contract import GrantPrice, NodeType
from nodes.plain_money import major, shown
from offers.certificates.requests import limit
from offers.codes.opens import Opened, opened_by
from offers.live import Live, Rules, quote_with
from offers.redemption.own import promotion_of
from store import codes, points, pools, products
from store.db import Connection
from store.memory import read_memories, waiting_at
from store.personal_prices import Granted, counter_of
from store.products import Product
from wayfare.errors import NotFound
from wayfare.promotions import parse_request

_MOST = 100_000
_NUMBER = "GIFT-7K2M-9QXA"
_ANY = Product("S-1", "Soap", None, (), 100_00, "UAH")


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the offer. `note` is smaller; `opened` is a promotion with its status."""

    text: str = ""
    note: str = ""
    opened: Opened | None = None


@dataclass(slots=True)
class Gift:
    """What a step gives, in words; `warning` is what is odd about it."""

    title: str
    lines: list[Line] = field(default_factory=list)
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """Where the step stands."""

    conn: Connection
    live: Live
    now: datetime
    journey_id: int
    node_id: str
    zone: str = "UTC"


def gift_of(node: NodeType | None, around: Around) -> Gift | None:
    """Return what a step gives, or None for steps that give nothing or are not filled in."""
    if isinstance(node, PromoCode):
        return _code(node, around)
    if isinstance(node, GiftCertificate):
        return _certificate(node, around)
    if isinstance(node, PersonalPrice):
        return _price(node, around)
    if isinstance(node, BonusPoints):
        return _points(around)
    return None


def samples(before: Iterable[NodeType], around: Around) -> dict[str, Any]:
    """Return example values of what the steps before a message give, the nearest one of each kind."""
    found: dict[str, Any] = {}
    for node in before:
        if isinstance(node, PromoCode) and "code" not in found:
            found |= {"code": f"{node.prefix}7K2M9QXA4N"[: len(node.prefix) + node.length]}
            if node.valid == "days":
                found["code_valid_until"] = around.now + timedelta(days=node.days)
        elif isinstance(node, GiftCertificate) and "certificate.number" not in found:
            found |= {
                "certificate.number": _NUMBER,
                "certificate.secret": "·" * 8,
                "certificate.code": f"{_NUMBER.replace('-', '')}.········",
                "certificate.amount": major(node.amount),
                "certificate.currency": node.currency,
                "certificate.valid_until": around.now + timedelta(days=node.days),
            }
        elif isinstance(node, PersonalPrice) and "price" not in found:
            product = _sample_product(node, around.conn) or (None if node.on in ("sku", "brand") else _ANY)
            found |= price_shown(_grant(node), product)
            found |= {"price_sku": product.sku if product else node.sku or None, "price_pieces": node.pieces}
            found["price_valid_until"] = around.now + timedelta(days=node.days)
        elif isinstance(node, BonusPoints) and "points" not in found:
            until = around.now + timedelta(days=node.days) if node.days and node.do == "give" else None
            balance = 340 + node.points if node.do == "give" else 340
            found |= {"points": node.points, "points_balance": balance, "points_valid_until": until}
    return found


def _code(node: PromoCode, around: Around) -> Gift:
    try:
        batch = codes.find_batch(around.conn, node.batch)
    except NotFound:
        batch = None
    word = batch.unlocks if batch else node.batch.upper()
    opened = opened_by(around.conn, around.now).get(word, ())
    gift = Gift("What the code does", [Line(opened=one) for one in opened])
    if not any(one.status == "live" for one in opened):
        gift.warning = (
            "No promotion that is live uses this code: it does nothing yet."
            if opened
            else f"No promotion uses this code yet. Choose “Only with a code” in one, and write {word} there."
        )
    if batch is None:
        gift.lines.append(
            Line(note="The batch is made when the journey is published; each code is made as it is given.")
        )
    elif batch.voided_at is not None:
        gift.warning = "This batch is void: nobody gets a code, and everybody waits here."
    elif batch.uses_pool:
        free = pools.free_codes(around.conn, _MOST).get(node.batch, 0)
        waiting = waiting_at(around.conn, around.journey_id, [around.node_id]).get(around.node_id, 0)
        left = f"{free:,}".replace(",", " ") + ("+" if free == _MOST else "")
        wait = f", {waiting} customer{'' if waiting == 1 else 's'} waiting here" if waiting else ""
        gift.lines.append(Line(note=f"{left} code{'' if free == 1 else 's'} left in the pool{wait}."))
        if free < waiting:
            gift.warning = f"The pool has {free} codes for {waiting} who wait here. Fill it up and they go on."
        elif free <= (batch.pool_warn or 0):
            gift.warning = "The pool is empty: everybody waits here." if not free else "The pool is low."
    return gift


def _certificate(node: GiftCertificate, around: Around) -> Gift:
    memory = read_memories(around.conn, around.journey_id, {around.node_id: node.memory_kind()})
    spent = int(memory.get(around.node_id, {}).get("spent", 0))
    given, left = spent // node.amount, max(0, node.budget - spent)
    gift = Gift("What it costs")
    gift.lines.append(
        Line(
            f"At most {node.budget // node.amount:,} certificates of {shown(node.amount)} {node.currency}.".replace(
                ",", " "
            ),
            f"{given or 'None'} given so far; {shown(left)} {node.currency} of the budget left.",
        )
    )
    most = limit(around.conn)
    if left < node.amount:
        gift.warning = "The budget is used up: everybody goes the way “None”."
    elif node.budget > most:
        gift.warning = (
            f"One person decides up to {shown(most)} {node.currency} alone: somebody else has to publish this journey."
        )
    return gift


def _price(node: PersonalPrice, around: Around) -> Gift:
    product = _sample_product(node, around.conn)
    gift = Gift("For example")
    if product is None or product.price is None:
        gift.lines.append(Line(note="There is no such product with a price in the catalogue to show an example with."))
        if node.on == "sku":
            gift.warning = "The catalogue does not know this product, or not its price."
        return gift
    rules = around.live.at(around.conn, around.now)
    price = _quoted(node, product, rules, around)
    own = price_shown(_grant(node), product)["price"]
    name, currency = product.name or product.sku, product.currency
    gift.lines.append(Line(f"{name}: {own} instead of {shown(product.price)} {currency}"))
    names = {one["key"]: one.get("name") or one["key"] for one in rules.body["promotions"]}
    steps = [step["promotion"] for step in price["lines"][0]["units"][0]["steps"]] if price["lines"] else []
    told = ["personal price" if key == counter_of(0) else f"“{names.get(key, key)}”" for key in steps]
    if counter_of(0) not in steps:
        by = f" {' and '.join(told)} gives more." if told else ""
        gift.warning = f"With today's promotions it changes nothing for this product.{by}"
    elif len(steps) > 1:
        gift.lines.append(
            Line(note=f"At the till today {shown(price['goods']['net'])} {currency}: {', then '.join(told)}.")
        )
    return gift


def _points(around: Around) -> Gift:
    people, total = points.outstanding(around.conn)
    who = f"{people:,} customers have".replace(",", " ") if people != 1 else "One customer has"
    return Gift("So far", [Line(note=f"{who} {shown(total * 100)} points in all." if people else "Nobody has points.")])


def _grant(node: PersonalPrice) -> GrantPrice:
    percent = f"{node.percent.normalize():f}" if node.give == "percent" else None
    fixed = node.price if node.give == "price" else None
    currency = node.currency if node.give == "price" else ""
    brand = node.brand if node.on == "brand" else ""
    return GrantPrice((), node.pieces, {}, brand=brand, price=fixed, percent=percent, currency=currency)


def _sample_product(node: PersonalPrice, conn: Connection) -> Product | None:
    if node.on == "sku":
        return products.products_of(conn, [node.sku]).get(node.sku)
    return products.newest_with_price(conn, node.brand if node.on == "brand" else None, wished=node.on == "wishes")


def _quoted(node: PersonalPrice, product: Product, rules: Rules, around: Around) -> dict[str, Any]:
    kind, what = ("brand", node.brand) if node.on == "brand" else ("sku", product.sku)
    grant = _grant(node)
    own = promotion_of(Granted(0, kind, what, grant.price, grant.percent, node.pieces, node.pieces))
    line: Mapping[str, Any] = {
        "id": "1",
        "sku": product.sku,
        "price": product.price,
        "quantity": 1,
        "brand": product.brand,
        "categories": _texts(product.categories),
    }
    cart = {"currency": product.currency or "UAH", "at": around.now.isoformat(), "lines": [line]}
    return quote_with(rules, parse_request({"cart": cart}).cart, granted=[own])


def _texts(values: Sequence[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
