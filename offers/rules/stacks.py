"""What promotions that change give together with the others: each pair at its worst price."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from offers.rules.shapes import canonical, loaded, ruleset_of
from wayfare.errors import InputRefused
from wayfare.promotions import conflicts

MOST_PAIRS: Final = 1_000
"""That are priced, a few milliseconds each; more than that are a reason of their own."""
_NAMED = 5


def too_much_together(
    body: Mapping[str, Any], changed: Sequence[str], percents: Mapping[str, Fraction | None], percent: str
) -> Iterator[str]:
    """Yield which promotions that changed take more than `percent` off together with another one, the worst first.

    `percents` holds what each gives at most, None where that depends on the goods: two that add up to less than the
    limit are not priced.
    """
    most, items = Fraction(percent), {one["key"]: one for one in body["promotions"]}
    pairs = {tuple(sorted((one, other))) for one in changed for other in items if one != other}
    open_pairs = [pair for pair in sorted(pairs) if not _is_small([percents.get(key) for key in pair], most)]
    if most >= 100 or not open_pairs:
        return
    if len(open_pairs) > MOST_PAIRS:
        yield f"{len(changed)} promotions change at once: what they give together is too much to measure"
        return
    rest = {name: body[name] for name in ("caps", "groups")}
    found = []
    for pair in open_pairs:
        off = _off(canonical({**rest, "promotions": [items[key] for key in pair]}))
        if off > most:
            found.append((off, pair))
    found.sort(key=lambda one: (-one[0], one[1]))
    for off, pair in found[:_NAMED]:
        first, second = (f"“{items[key].get('name') or key}”" for key in pair)
        yield f"{first} and {second} together take up to {float(off):.3g} % off, above the limit of {percent} %"
    if len(found) > _NAMED:
        yield f"{len(found) - _NAMED} more pairs take more than {percent} % off together"


def _is_small(both: Sequence[Fraction | None], most: Fraction) -> bool:
    return all(one is not None for one in both) and sum(one or 0 for one in both) <= most


@lru_cache(maxsize=4096)
def _off(text: str) -> Fraction:
    """Return how many percent two promotions take off goods when they add up; 0 when they do not, or are for delivery.

    The delivery of the example is paid in full.
    """
    try:
        ruleset = ruleset_of(loaded(text), "stacks")
    except InputRefused:  # what is wrong with it is told elsewhere
        return Fraction(0)
    layers = {group.key: group.layer for group in ruleset.groups}
    if any((one.layer or layers.get(one.group or "")) == "shipping" for one in ruleset.promotions):
        return Fraction(0)
    offs = [Fraction(0)]
    for one in conflicts(ruleset):
        if one.kind == "stacks" and one.listed > 0:
            delivery = sum(int(each["price"]) for each in one.cart["shipping"])
            offs.append(100 * (1 - Fraction(max(0, one.payable - delivery), one.listed)))
    return max(offs)
