"""When a second person must approve: reasons in words, from nothing but the two rule sets and the limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from offers.rules.diff import fields_between
from offers.rules.stacks import too_much_together
from wayfare.promotions.words import money

_SILENT = frozenset({"name", "note", "priority"})
_DELIVERY = frozenset({"shipping", "shipping_total"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to where one person may publish alone, and the price that no unit goes below.

    `approval_together` is about two promotions that add up: hierarchies stack on purpose.
    """

    approval_percent: str = "50"
    approval_amount: int = 100_000  # minor units
    approval_together: str = "80"
    smallest_price: int = 0


@dataclass(frozen=True, slots=True)
class _Most:
    """The largest discount that an effect may give on what it is about; None where nothing bounds it."""

    percent: Fraction | None = None
    amount: int | None = None
    price: int | None = None  # a price is set, whatever the goods cost


def needs_approval(live: Mapping[str, Any], new: Mapping[str, Any], limits: Limits) -> list[str]:
    """Return why a rule set may not follow the live one without a second person; empty when it may.

    Asked of what changes: promotions above the limits, alone or together with another one, caps that are removed or
    loosened, a lower smallest price, groups that begin to stack. Percents of delivery are not measured.
    """
    found: list[str] = []
    before = {one["key"]: one for one in live["promotions"]}
    modest: list[str] = []  # that alone are within the limits
    for one in new["promotions"]:
        old = before.get(one["key"])
        if old is None or any(field.name not in _SILENT for field in fields_between("promotion", old, one)):
            reasons = list(_too_much(one, limits))
            found += reasons
            modest += [] if reasons else [one["key"]]
    percents = {one["key"]: _percent(one["effect"]) for one in new["promotions"]}
    found += too_much_together(new, modest, percents, limits.approval_together)
    found += _loosened(live, new)
    was = {one["key"]: one for one in live["groups"]}
    for group in new["groups"]:
        old = was.get(group["key"])
        if group.get("policy") == "all" and old is not None and old.get("policy") != "all":
            found.append(f"the group '{group['key']}' begins to stack its promotions")
    if new.get("smallest_price", 0) < live.get("smallest_price", 0):
        change = f"{money(live['smallest_price'])} to {money(new.get('smallest_price', 0))}"
        found.append(f"the smallest price goes down from {change}")
    return found


def _too_much(one: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    """Yield why one promotion is above the limits: the first reason. A small largest discount of a cart settles it."""
    title = f"“{one.get('name') or one['key']}”"
    cart, unit = _limit(one, "max_discount_cart"), _limit(one, "max_discount_unit")
    if cart is not None and cart <= limits.approval_amount:
        return
    for found in _mosts(one["effect"]):
        if found.percent is not None and found.percent > Fraction(limits.approval_percent):
            yield f"{title} gives {_number(found.percent)} %, above the limit of {limits.approval_percent} %"
            return
        if found.amount is not None and found.amount > limits.approval_amount:
            yield f"{title} gives {money(found.amount)}, above the limit of {money(limits.approval_amount)}"
            return
        if found.price is not None and (unit is None or unit > limits.approval_amount):
            why = _price_reason(one, found.price, limits)
            if why:
                yield f"{title} {why}"
                return


def _price_reason(one: Mapping[str, Any], price: int, limits: Limits) -> str:
    """Return why a set price needs approval: its discount is known only where the dearest product is."""
    dearest = ((one.get("scope") or {}).get("include") or {}).get("price_to")
    if dearest is None:
        return (
            f"sets a price of {money(price)}, and nothing says how dear its products may be; give its products a "
            "highest price, or the promotion a largest discount"
        )
    saved = max(0, dearest - price)
    if saved > limits.approval_amount:
        return f"gives up to {money(saved)}, above the limit of {money(limits.approval_amount)}"
    if dearest and Fraction(100 * saved, dearest) > Fraction(limits.approval_percent):
        percent = _number(Fraction(100 * saved, dearest))
        return f"gives up to {percent} %, above the limit of {limits.approval_percent} %"
    return ""


def _mosts(effect: Mapping[str, Any]) -> Iterator[_Most]:
    """Yield what an effect gives at most, step by step."""
    kind = effect["kind"]
    if kind == "percent":
        if effect.get("target") not in _DELIVERY:
            yield _Most(percent=Fraction(effect["value"]))
    elif kind == "amount":
        yield _Most(amount=effect["value"])
    elif kind in ("set_price", "personal_price"):
        if effect.get("target") not in _DELIVERY:
            yield _Most(price=effect["value"])
    elif kind == "tiers":
        for step in effect["steps"]:
            yield from _mosts(step[1])
    elif kind == "nth":
        for name in ("first", "additional"):
            yield from _mosts(effect[name]) if effect.get(name) else ()
    elif kind == "sets":
        for most in _mosts(effect["reward"]["effect"]):
            share = Fraction(effect["reward"]["units"], effect["size"])
            yield _Most(most.percent * share) if most.percent is not None else most
    elif kind == "buy_get":
        yield from _mosts(effect["get"]["effect"])
    elif kind == "bundle":
        yield _Most(price=effect["price"])
    elif kind == "cashback":
        percent = effect.get("percent")
        yield _Most(percent=Fraction(percent)) if percent else _Most(amount=effect["amount"])


def _percent(effect: Mapping[str, Any]) -> Fraction | None:
    """Return how many percent an effect gives at most; None where that depends on the goods."""
    mosts = list(_mosts(effect))
    if any(one.percent is None for one in mosts):
        return None
    return max((one.percent or Fraction(0) for one in mosts), default=Fraction(0))


def _loosened(live: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    after = {one["key"]: one for one in new["caps"]}
    for old in live["caps"]:
        cap = after.get(old["key"])
        if cap is None:
            yield f"the cap '{old['key']}' is removed"
        elif cap != old and not _is_tighter(old, cap):
            said = "; ".join(map(str, fields_between("cap", old, cap)))
            yield f"the cap '{old['key']}' is raised or changed: {said}"


def _is_tighter(old: Mapping[str, Any], cap: Mapping[str, Any]) -> bool:
    """Tell whether nothing but the cap's figures changed, and none of them upwards."""
    if any(old.get(key) != cap.get(key) for key in ("scope", "layers")):
        return False
    for key in ("max_percent", "max_amount"):
        before, after = old.get(key), cap.get(key)
        if before is not None and (after is None or Fraction(after) > Fraction(before)):
            return False
    return True


def _limit(one: Mapping[str, Any], key: str) -> int | None:
    found: int | None = (one.get("limits") or {}).get(key)
    return found


def _number(value: Fraction) -> str:
    return f"{float(value):.10g}"
