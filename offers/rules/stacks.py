"""What promotions that change give together with the others: each pair at its worst price."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from offers.rules.shapes import canonical, loaded, ruleset_of
from wayfare.errors import InputRefused
from wayfare.promotions import Finding, conflicts

MOST_PAIRS: Final = 5_000
"""That are measured; 1,225 of them (50 promotions) take a second."""


def too_much_together(body: Mapping[str, Any], changed: Sequence[str], percent: str) -> Iterator[str]:
    """Yield what promotions that changed take off together with another one, where that is above `percent`.

    Of each promotion the worst pair is named. Above MOST_PAIRS nothing is measured, and that is the reason.
    """
    if not changed or Fraction(percent) >= 100:
        return
    if len(changed) * len(body["promotions"]) > MOST_PAIRS:
        yield f"{len(changed)} promotions change at once: what they give together is too much to measure"
        return
    names = {one["key"]: f"“{one.get('name') or one['key']}”" for one in body["promotions"]}
    told: set[frozenset[str]] = set()
    for key in changed:
        worst = min(_stacks(canonical(body), key), key=_left, default=None)
        if worst is None or 100 * (1 - _left(worst)) <= Fraction(percent):
            continue
        pair = frozenset((worst.promotion, worst.other))
        if pair not in told:
            told.add(pair)
            off = f"{float(100 * (1 - _left(worst))):.3g}"
            both = f"{names[worst.promotion]} and {names[worst.other]}"
            yield f"{both} together take up to {off} % off, above the limit of {percent} %"


def _left(one: Finding) -> Fraction:
    """Return what is paid of the list price of the goods; the example's delivery is paid in full."""
    delivery = sum(int(each["price"]) for each in one.cart["shipping"])
    return Fraction(max(0, one.payable - delivery), one.listed)


@lru_cache(maxsize=512)
def _stacks(text: str, key: str) -> tuple[Finding, ...]:
    """Return the findings in which a promotion adds to another one; none where the rules make no sense yet."""
    try:
        ruleset = ruleset_of(loaded(text), "stacks")
    except InputRefused:
        return ()
    layers = {group.key: group.layer for group in ruleset.groups}
    goods = [one for one in ruleset.promotions if (one.layer or layers[one.group or ""]) != "shipping"]
    mine = next((one for one in goods if one.key == key), None)
    found: list[Finding] = []
    for other in goods if mine is not None else ():
        if other is not mine:
            pair = ruleset.model_copy(update={"promotions": [mine, other]})
            found += [one for one in conflicts(pair) if one.kind == "stacks" and one.listed > 0]
    return tuple(found)
