"""Random carts and rule sets to price."""

import random
from typing import Any

BRANDS = [f"b{number}" for number in range(10)]
NOON = "2026-11-24T12:00:00+02:00"
Doc = dict[str, Any]


def a_cart(chance: random.Random, lines: int = 30, most: int = 3, step: int = 10) -> Doc:
    """Return a cart: so many lines of up to `most` pieces each, at prices that `step` divides."""
    return {"currency": "UAH", "at": NOON, "lines": [_line(chance, number, most, step) for number in range(lines)]}


def _line(chance: random.Random, number: int, most: int, step: int) -> Doc:
    return {
        "id": f"L{number}",
        "sku": f"S{number}",
        "price": chance.randrange(5000, 300000, step),
        "quantity": chance.randint(1, most),
        "brand": chance.choice(BRANDS),
        "categories": [chance.choice(["perfume", "care", "make-up"])],
        "tax": "20",
    }


def a_ruleset(chance: random.Random, *, multi: str = "scoped", promotions: int = 30) -> Doc:
    """Return a rule set: item promotions, 6 of the second layer, 5 for the order, 2 caps, and multi-buys.

    `multi` is `none`, `scoped` (6 over a brand each) or `wide` (3, of which 2 over the whole assortment).
    """
    rules: list[Doc] = []

    def add(effect: Doc, where: Doc, scope: Doc | None = None) -> None:
        rules.append({"key": f"p{len(rules)}", "effect": effect, **where, "scope": {"include": scope or {}}})

    for _ in range(promotions):
        scope: Doc = chance.choice(
            [{"brands": [chance.choice(BRANDS)]}, {"categories": ["care"]}, {"price_from": chance.randrange(10**5)}]
        )
        effect: Doc = {"kind": "percent", "value": str(chance.randint(5, 30))}
        if chance.random() < 0.3:
            effect = {"kind": "amount", "value": chance.randrange(100, 5000)}
        add(effect, {"layer": "item"}, scope)
    for _ in range(6):
        extra = {"kind": "percent", "value": str(chance.randint(2, 7))}
        add(extra, {"layer": "personal"}, {"brands": [chance.choice(BRANDS)]})
    for is_wide in {"none": [], "scoped": [False] * 6, "wide": [True, True, False]}[multi]:
        size = chance.choice([2, 3, 4])
        reward = {"units": 1, "effect": {"kind": "percent", "value": chance.choice(["50", "100"])}}
        brand: Doc = {} if is_wide else {"brands": [chance.choice(BRANDS)]}
        add({"kind": "sets", "size": size, "reward": reward}, {"layer": "item"}, brand)
    for number in range(5):
        deal: Doc = {"kind": "percent", "value": str(3 + number), "target": "order"}
        if number % 2:
            deal = {"kind": "amount", "value": 10000 * number, "target": "order"}
        add(deal, {"layer": "order"})
        rules[-1]["conditions"] = [{"kind": "goods_from", "value": 10**6 * number}]
    caps = [
        {"key": f"c{number}", "scope": {"include": {"brands": [BRANDS[number]]}}, "max_percent": str(10 + 5 * number)}
        for number in range(2)
    ]
    return {"promotions": rules, "caps": caps}


def a_huge_one(chance: random.Random) -> tuple[Doc, Doc]:
    """Return 1,000 lines of up to a million pieces each, and 500 promotions with every kind of multi-buy among them."""
    rules = a_ruleset(chance, multi="wide", promotions=486)
    return a_cart(chance, 1000, 10**6), rules


def an_offer(chance: random.Random) -> Doc:
    """Return an offer that both engines can express: percent, amount each, one of so many free; of a brand or all."""
    kind = chance.choice(["percent", "percent", "amount", "multibuy"])
    value = {
        "percent": chance.randint(5, 30),
        "amount": chance.randrange(100, 5000, 100),
        "multibuy": chance.choice([2, 3]),
    }
    return {"kind": kind, "value": value[kind], "brand": chance.choice([*BRANDS, None])}


def promotion_of(number: int, offer: Doc) -> Doc:
    """Return an offer as a promotion."""
    effect: Doc = {"kind": offer["kind"], "value": offer["value"]}
    if offer["kind"] == "percent":
        effect["value"] = str(offer["value"])
    if offer["kind"] == "multibuy":
        free = {"kind": "percent", "value": "100"}
        effect = {"kind": "sets", "size": offer["value"], "reward": {"units": 1, "effect": free}}
    scope = {} if offer["brand"] is None else {"include": {"brands": [offer["brand"]]}}
    return {"key": f"o{number}", "layer": "item", "effect": effect, "scope": scope}
