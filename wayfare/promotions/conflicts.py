"""What promotions of a rule set do to each other, found before launch; each finding comes with a cart that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, Literal

from wayfare.promotions.conditions import (
    BirthdayCondition,
    Condition,
    GoodsCondition,
    Leaf,
    OrderNumberCondition,
    PeriodCondition,
    QuantityCondition,
    ValuesCondition,
    leaves,
)
from wayfare.promotions.contract import Cart, Promotion, Ruleset, parse_cart
from wayfare.promotions.effects import Bundle, BuyGet, Sets
from wayfare.promotions.engine import compile, quote
from wayfare.promotions.scope import Scope

Kind = Literal["competes", "stacks", "never_wins", "never_reached", "useless_cap"]
PRICE = 100_000  # minor units, where no scope asks for another price
NOON = "2026-01-01T12:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `promotion` and `other` meet in `cart`; `payable` is what it then costs, `listed` its list value."""

    kind: Kind
    promotion: str
    other: str
    listed: int
    payable: int
    cart: dict[str, Any]


def conflicts(ruleset: Ruleset) -> list[Finding]:
    """Return the findings, those of each promotion together. Quadratic in promotions that meet: half a millisecond each
    pair, half a second for 50 of them, six for 150, a minute for 500; pairs of other goods cost next to nothing.

    A pair that no cart of one kind of goods brings together is not reported: examples are made from what the two ask
    for, and each must apply alone in its example.
    """
    found: list[Finding] = []
    for one in ruleset.promotions:
        found += _useless(ruleset, one)
    for one, other in combinations(sorted(ruleset.promotions, key=lambda each: each.key), 2):
        found += _pair(ruleset, one, other)
    return sorted(found, key=lambda each: (each.promotion, each.other, each.kind))


def _useless(ruleset: Ruleset, one: Promotion) -> Iterator[Finding]:
    """Yield the caps that leave a promotion nothing to give."""
    cart = example(ruleset, one)
    if cart is None or not _applies(_with(ruleset, [one], caps=False), cart, one):
        return
    for cap in ruleset.caps:
        capped = ruleset.model_copy(update={"promotions": [one], "caps": [cap]})
        answer = quote(cart, compile(capped))
        if not any(each["promotion"] == one.key for each in answer["applied"]):
            yield Finding("useless_cap", one.key, cap.key, answer["goods"]["list"], answer["payable"], cart)


def _pair(ruleset: Ruleset, one: Promotion, other: Promotion) -> Iterator[Finding]:
    cart = example(ruleset, one, other)
    if cart is None:
        return
    known = parse_cart(cart)
    answer = quote(known, compile(_with(ruleset, [one, other])))
    applied = {each["promotion"] for each in answer["applied"]}
    both = applied >= {one.key, other.key}
    if not both and not all(_applies(_with(ruleset, [each]), known, each) for each in (one, other)):
        return  # what applies together applies alone, but for thresholds that one of them keeps from the other
    listed, payable = answer["goods"]["list"], answer["payable"]
    yield Finding("stacks" if both else "competes", one.key, other.key, listed, payable, cart)
    policy = next((group.policy for group in ruleset.groups if group.key == one.group), "best")
    if both or (one.group, one.layer) != (other.group, other.layer):
        return
    for loser, winner in ((one, other), (other, one)):
        if policy == "first":
            if _before(winner, loser) and _always(winner) and _covers(winner.scope, loser.scope):
                yield Finding("never_reached", loser.key, winner.key, listed, payable, cart)
        elif policy == "best" and _dominates(winner, loser):
            yield Finding("never_wins", loser.key, winner.key, listed, payable, cart)


def _dominates(winner: Promotion, loser: Promotion) -> bool:
    """Tell whether one promotion is at least as good wherever the other one applies."""
    good, poor = winner.effect, loser.effect
    if good.kind != poor.kind or good.kind not in ("percent", "amount", "set_price", "personal_price"):
        return False
    if getattr(good, "target", "") != getattr(poor, "target", "") or not _always(winner):
        return False
    mine, theirs = Fraction(getattr(good, "value", 0)), Fraction(getattr(poor, "value", 0))
    better = mine < theirs if "price" in good.kind else mine > theirs
    return (better or (mine == theirs and _before(winner, loser))) and _covers(winner.scope, loser.scope)


def _before(one: Promotion, other: Promotion) -> bool:
    return (-one.priority, one.key) < (-other.priority, other.key)


def _always(one: Promotion) -> bool:
    """Tell whether a promotion applies at all times, to everyone, without limits."""
    free = not one.conditions and one.requires_code is None and not one.never_with and not one.standalone
    return free and one.limits == type(one.limits)() and not one.scope.skip_discounted


def _covers(wide: Scope, narrow: Scope) -> bool:
    """Tell whether one scope surely holds wherever the other does."""
    if wide == narrow:
        return True
    if wide.exclude != type(wide.exclude)():
        return False
    for key, value in wide.include.model_dump(exclude_none=True).items():
        inner = getattr(narrow.include, key)
        if inner is None:
            return False
        if (key == "price_from" and inner < value) or (key == "price_to" and inner > value):
            return False
        if (isinstance(value, list) and not set(inner) <= set(value)) or (isinstance(value, dict) and inner != value):
            return False
    return True


def _with(ruleset: Ruleset, promotions: list[Promotion], *, caps: bool = True) -> Ruleset:
    """Return the rule set with these promotions alone; relations to others are dropped."""
    keys = {one.key for one in promotions} | {group.key for group in ruleset.groups}
    kept = [
        one.model_copy(update={"never_with": [key for key in one.never_with if key in keys], "standalone": False})
        for one in promotions
    ]
    return ruleset.model_copy(update={"promotions": kept, **({} if caps else {"caps": []})})


def _applies(ruleset: Ruleset, cart: dict[str, Any] | Cart, one: Promotion) -> bool:
    answer = quote(cart, compile(ruleset))
    return any(each["promotion"] == one.key for each in answer["applied"])


def example(ruleset: Ruleset, *promotions: Promotion) -> dict[str, Any] | None:
    """Return a cart that promotions have in common, or None when their scopes exclude each other."""
    scopes = [one.scope for one in promotions]
    line: dict[str, Any] = {"id": "L1", "sku": "example", "price": PRICE, "quantity": 1}
    for key, name in (("skus", "sku"), ("brands", "brand")):
        values = _common([getattr(scope.include, key) for scope in scopes])
        if values is not None:
            barred = {value for scope in scopes for value in getattr(scope.exclude, key) or ()}
            if not values - barred:
                return None
            line[name] = min(values - barred)
    line["categories"] = sorted({value[0] for scope in scopes if (value := scope.include.categories)})
    line["lists"] = sorted({value[0] for scope in scopes if (value := scope.include.lists)})
    line["attributes"] = {
        name: value if isinstance(value, str) else value[0]
        for scope in scopes
        for name, value in (scope.include.attributes or {}).items()
    }
    least = max([scope.include.price_from or 0 for scope in scopes])
    most = min([PRICE * 100 if scope.include.price_to is None else scope.include.price_to for scope in scopes])
    if least > most:
        return None
    line["price"] = min(max(PRICE, least), most)
    line["quantity"] = max(_pieces(one) for one in promotions)
    cart: dict[str, Any] = {"currency": "UAH", "at": NOON, "lines": [line], "customer": {}}
    cart["shipping"] = [{"id": "ship", "price": PRICE // 10}]
    cart["codes"] = [one.requires_code for one in promotions if one.requires_code]
    for one in promotions:
        for condition in one.conditions:
            _satisfy(cart, line, condition)
    return cart


def _common(lists: list[list[str] | None]) -> set[str] | None:
    given = [set(one) for one in lists if one is not None]
    return set.intersection(*given) if given else None


def _pieces(one: Promotion) -> int:
    effect = one.effect
    if isinstance(effect, Sets):
        return effect.size
    if isinstance(effect, BuyGet):
        return effect.buy.quantity + effect.get.quantity
    return sum(part.quantity for part in effect.parts) if isinstance(effect, Bundle) else 1


def _satisfy(cart: dict[str, Any], line: dict[str, Any], condition: Condition) -> None:
    """Change an example so that a condition holds, as far as that is easy."""
    for leaf in leaves(condition):
        _satisfy_leaf(cart, line, leaf)


def _satisfy_leaf(cart: dict[str, Any], line: dict[str, Any], leaf: Leaf) -> None:
    if isinstance(leaf, ValuesCondition) and leaf.values:
        if leaf.kind == "segment":
            cart["customer"].setdefault("segments", []).append(leaf.values[0])
        elif leaf.kind == "level":
            cart["customer"]["level"] = leaf.values[0]
        elif leaf.kind == "shipping_method":
            cart["shipping"][0]["method"] = leaf.values[0]
        else:
            cart[leaf.kind] = leaf.values[0]
    elif isinstance(leaf, PeriodCondition) and leaf.from_ is not None:
        cart["at"] = max(cart["at"], leaf.from_.isoformat())
    elif isinstance(leaf, BirthdayCondition):
        cart["customer"]["birthday"] = f"1990{str(cart['at'])[4:10]}"
    elif isinstance(leaf, OrderNumberCondition):
        cart["customer"]["order_number"] = leaf.equals or leaf.multiple_of
    elif isinstance(leaf, QuantityCondition):
        line["quantity"] = max(line["quantity"], leaf.value)
    elif isinstance(leaf, GoodsCondition) and leaf.kind == "goods_from" and line["price"]:
        line["quantity"] = max(line["quantity"], min(10**6, -(-leaf.value // line["price"])))
