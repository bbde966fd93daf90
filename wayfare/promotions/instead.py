"""What if: the lowest total with one promotion that the best price left aside (S21)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wayfare.promotions.contract import GOODS_LAYERS, LAYERS, Cart, Promotion, Ruleset, check_ruleset
from wayfare.promotions.engine import compile, quote
from wayfare.promotions.scope import Filter


@dataclass(frozen=True, slots=True)
class Instead:
    """The quote in which a promotion is used, and by how much it costs more than the best one; minor units."""

    quote: dict[str, Any]
    more: int


def instead(cart: Cart, ruleset: Ruleset, key: str) -> Instead | None:
    """Return the best price in which promotion `key` is used wherever it gives something.

    Its competitors make room: of its own group on the lines where it gives something (in an ALL group nobody has to),
    those it is never together with, and everything else where one of the two stands alone. All others stay, and what
    is left is priced as always, proof included. None when it gives nothing in this cart even alone, or still loses, to
    promotions of other groups. Lines that are identical are merged only where nothing made room on them. Raises
    InputRefused, and KeyError for a promotion that is not there.
    """
    check_ruleset(ruleset, "")
    one = next((each for each in ruleset.promotions if each.key == key), None)
    if one is None:
        raise KeyError(key)
    alone = quote(cart, compile(_with(ruleset, [one.model_copy(update={"never_with": []})])))
    if not _uses(alone, key):
        return None
    lines = [line["id"] for line in alone["lines"] if any(_has(unit["steps"], key) for unit in line["units"])]
    found = quote(cart, compile(_with(ruleset, list(_room(ruleset, one, lines)))))
    if not _uses(found, key):
        return None
    return Instead(found, found["payable"] - quote(cart, compile(ruleset))["payable"])


def _room(ruleset: Ruleset, one: Promotion, lines: list[str]) -> Iterator[Promotion]:
    """Yield the promotions that stay beside `one`; those it meets on `lines` only keep away from these."""
    groups = {group.key: group for group in ruleset.groups}

    def place(each: Promotion) -> tuple[str, str, str]:
        group = groups.get(each.group or "")
        return (group.key, group.layer, group.policy) if group else ("", each.layer or "", "best")

    named = {one.key, one.group, one.layer}
    kept: list[Promotion] = []
    for each in ruleset.promotions:
        if each.key == one.key:
            kept.append(each)
            continue
        if one.standalone or each.standalone:
            continue
        shy = {each.key, each.group, each.layer} & set(one.never_with) or named & set(each.never_with)
        is_rival = place(each) == place(one) and place(one)[2] != "all"
        is_on_units = place(one)[1] in GOODS_LAYERS
        if shy and not (is_on_units and "cart" not in (one.never_on, each.never_on)):
            continue
        if is_rival and not is_on_units:
            continue
        kept.append(_away(each, lines) if shy or is_rival else each)
    here = {each.key for each in kept} | groups.keys() | set(LAYERS)
    for each in kept:
        yield each.model_copy(update={"never_with": [key for key in each.never_with if key in here]})


def _away(one: Promotion, lines: list[str]) -> Promotion:
    barred: Filter = one.scope.exclude
    exclude = barred.model_copy(update={"lines": [*(barred.lines or ()), *lines]})
    return one.model_copy(update={"scope": one.scope.model_copy(update={"exclude": exclude})})


def _with(ruleset: Ruleset, promotions: list[Promotion]) -> Ruleset:
    return ruleset.model_copy(update={"promotions": promotions})


def _uses(found: dict[str, Any], key: str) -> bool:
    gifts = [*found["applied"], *found["gifts"]]
    return any(one["promotion"] == key for one in gifts)


def _has(steps: list[dict[str, Any]], key: str) -> bool:
    return any(step["promotion"] == key and step["given"] for step in steps)
