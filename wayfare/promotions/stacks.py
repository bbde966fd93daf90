"""The worst stack: what a product costs at least when all promotions that may meet on it do so at one instant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wayfare.errors import InputRefused
from wayfare.promotions.conflicts import example
from wayfare.promotions.contract import GOODS_LAYERS, Cart, Promotion, Ruleset, parse_cart
from wayfare.promotions.engine import compile, quote
from wayfare.promotions.facts import CartFacts
from wayfare.promotions.rules import Compiled

MOST_CARTS = 12  # that are tried for one promotion


@dataclass(frozen=True, slots=True)
class Stack:
    """The cheapest cart found for one promotion: what is applied there, the list value and the price of its goods."""

    promotion: str
    applied: tuple[str, ...]
    listed: int
    net: int
    cart: dict[str, Any]


def worst_stack(ruleset: Ruleset, key: str, compiled: Compiled | None = None) -> Stack | None:
    """Return the lowest price, relative to the list price, in carts made for one promotion and those it can meet.

    The price is real: the engine finds it under the whole rule set, groups, caps and never-together pairs included,
    with all codes at hand. Each cart brings together as many promotions as it can, beginning with another one each
    time: some customer reaches the price, and where promotions exclude each other in many ways a lower one may exist.
    None for a promotion that no example is found for. Raises KeyError.
    """
    one = next((each for each in ruleset.promotions if each.key == key), None)
    if one is None:
        raise KeyError(key)
    book, found = compiled or compile(ruleset), list[Stack]()
    for together in _gatherings(ruleset, one):
        cart = example(ruleset, *together)
        if cart is None:
            continue
        try:
            known = parse_cart(cart)
        except InputRefused:
            continue  # what conditions ask for cannot be said in one cart
        answer = quote(known, book)
        applied = tuple(each["promotion"] for each in answer["applied"])
        found.append(Stack(key, applied, answer["goods"]["list"], answer["goods"]["net"], cart))
    return min(found, key=lambda each: Fraction(each.net, each.listed or 1), default=None)


def _gatherings(ruleset: Ruleset, one: Promotion) -> Iterator[list[Promotion]]:
    """Yield sets of promotions that one cart can bring together, each around `one` and another first companion."""
    layers = {group.key: group.layer for group in ruleset.groups}
    others = [
        each
        for each in ruleset.promotions
        if each.key != one.key and (each.layer or layers[each.group or ""]) in (*GOODS_LAYERS, "order")
    ]
    others = [each for each in others if _meet(ruleset, [one, each])]
    others.sort(key=lambda each: (-_strength(each), each.key))
    seen: set[frozenset[str]] = set()
    for first in [None, *others][:MOST_CARTS]:
        together = [one] if first is None else [one, first]
        for each in others:
            if each not in together and _meet(ruleset, [*together, each]):
                together.append(each)
        keys = frozenset(each.key for each in together)
        if keys not in seen:
            seen.add(keys)
            yield together


def _meet(ruleset: Ruleset, together: Sequence[Promotion]) -> bool:
    """Tell whether one cart meets the static conditions of all these promotions."""
    cart = example(ruleset, *together)
    if cart is None:
        return False
    try:
        known: Cart = parse_cart(cart)
    except InputRefused:
        return False
    book = Compiled(ruleset.model_copy(update={"promotions": [_alone(each) for each in together], "caps": []}))
    facts = CartFacts(known, [], book.index)
    return all(
        not condition.failing(facts) for rule in book.rules for condition in rule.static if _is_fact(condition.kind)
    )


def _alone(one: Promotion) -> Promotion:
    return one.model_copy(update={"never_with": []})


def _is_fact(kind: str) -> bool:
    """Tell whether a condition asks about the customer, the place or the moment, and not about goods."""
    return kind not in ("goods_from", "goods_to", "quantity_from", "line_quantity_from", "any", "all", "not")


def _strength(one: Promotion) -> Fraction:
    """Return a guess of how much a promotion takes, to begin with the strongest."""
    effect = one.effect
    if effect.kind == "percent":
        return Fraction(effect.value)
    return Fraction(100 if effect.kind in ("sets", "buy_get", "bundle", "nth", "personal_price", "set_price") else 10)
