"""What changes no price: which gifts, how much bonus and how much tax a priced cart has.

Written from the rules of pricing, not from the engine: it takes the prices of a quote as they are.
"""

from fractions import Fraction
from typing import Any

from rig.brute_force import half_up
from rig.conditions import allows, matches, merged

Doc = dict[str, Any]


def tax(cart: Doc, rate: str | None, net: int) -> int:
    """Return the tax of one line or parcel, rounded once."""
    if rate is None or cart.get("tax_mode") == "none":
        return 0
    part = Fraction(rate) / 100
    return half_up(net * part if cart.get("tax_mode") == "exclusive" else net * part / (1 + part))


def rewards(document: Doc, answer: Doc) -> tuple[list[Doc], int]:
    """Return the gifts and the bonus that go with the prices of an answer."""
    cart, rules = document["cart"], document["ruleset"]
    lines = merged(cart["lines"], rules)
    nets = [_net(line, cart, answer, rules) for line in lines]
    by_key = {one["key"]: one for one in rules["promotions"]}
    steps = [step for one in answer["lines"] for units in one["units"] for step in units["steps"]]
    steps += [step for one in answer["shipping"] for step in one["steps"]]
    present = {step["promotion"] for step in steps}
    gifts: list[Doc] = []
    bonus, stock, taken = 0, dict(cart.get("stock", {})), set[str]()
    extras = [one for one in by_key.values() if one["effect"]["kind"] in ("gift", "cashback")]
    for one in sorted(extras, key=lambda one: (-one.get("priority", 0), one["key"])):
        others = [by_key[key] for key in present]
        if any(each.get("standalone") or _shy(each, one) for each in others) or (one.get("standalone") and others):
            continue
        mine = [place for place, line in enumerate(lines) if matches(one.get("scope"), line)]
        if not mine or not allows(cart, lines, nets, one):
            continue
        if one["effect"]["kind"] == "cashback":
            earned = _earned(one, sum(nets[place] for place in mine))
            bonus += earned
            present |= {one["key"]} if earned else set()
            continue
        count = _gifts(one, [lines[place]["quantity"] for place in mine])
        sku = next((sku for sku in one["effect"]["choices"] if stock.get(sku, 0)), None)
        if one["group"] in taken or not count or sku is None:
            continue  # the groups of gifts are BEST ones
        given = min(count, stock[sku])
        stock[sku] -= given
        taken.add(one["group"])
        present.add(one["key"])
        gifts.append({"promotion": one["key"], "sku": sku, "quantity": given})
    return gifts, bonus


def _net(line: Doc, cart: Doc, answer: Doc, rules: Doc) -> int:
    """Return what a merged line costs: all lines that are identical to it."""
    found = 0
    for one, shown in zip(cart["lines"], answer["lines"], strict=True):
        if one["id"] == line["id"] or len(merged([line, one], rules)) == 1:
            found += shown["net"]
    return found


def _shy(one: Doc, other: Doc) -> bool:
    return bool({other["key"], other["group"]} & set(one.get("never_with", []))) or bool(
        {one["key"], one["group"]} & set(other.get("never_with", []))
    )


def _earned(one: Doc, paid: int) -> int:
    effect, most = one["effect"], one.get("limits", {}).get("max_discount_cart")
    earned = half_up(paid * Fraction(effect["percent"]) / 100) if "percent" in effect else min(effect["amount"], paid)
    return int(earned if most is None else min(earned, most))


def _gifts(one: Doc, quantities: list[int]) -> int:
    """Return how many gifts have been earned: once a cart, or once for each unit of the scope, within the limits."""
    effect, limits = one["effect"], one.get("limits", {})
    quantity = int(effect.get("quantity", 1))
    if effect.get("per", "cart") == "cart":
        return quantity
    most_line = limits.get("max_units_line")
    units = sum(count if most_line is None else min(count, most_line) for count in quantities)
    most = [int(limits[key]) for key in ("max_units", "repeat") if limits.get(key) is not None]
    return quantity * min([units, *most])
