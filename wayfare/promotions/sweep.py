"""The closed form: the lowest price of every kind that nothing ties, group after group, all kinds at once.

Every effect on single units is a non-decreasing map of the price, so the best of a group leads to the best at the end.
"""

from collections.abc import Sequence

from wayfare.promotions.effects import numbers_of
from wayfare.promotions.offers import Offer
from wayfare.promotions.runs import Pick
from wayfare.promotions.table import Table

Plan = list[tuple[int, tuple[tuple[Pick, ...], ...]]]


def free_kinds(table: Table) -> int:
    """Return the kinds, as bits, for which the closed form is exact: nothing ties, divides or reorders their units."""
    bits = (1 << len(table.kinds)) - 1
    for kind in table.kinds:
        if kind.ceilings:
            bits &= ~(1 << kind.index)
    for offer in table.offers:
        rule = offer.rule
        if not offer.is_whole:
            for index, count in offer.reach.items():
                if count < table.kinds[index].quantity:
                    bits &= ~(1 << index)
        if rule.works_on_goods and (rule.ties or rule.skips or _is_shy_on_units(table, offer)):
            bits &= ~offer.kinds
    return bits


def _is_shy_on_units(table: Table, offer: Offer) -> bool:
    if not offer.rule.shy:
        return False
    return any(
        other.key in offer.rule.shy and "unit" in (offer.rule.promotion.never_on, other.rule.promotion.never_on)
        for other in table.offers
        if other.rule.works_on_goods
    )


def sweep(table: Table, free: int) -> tuple[dict[int, Plan], list[int], int]:
    """Return plans for the free kinds, the prices that they lead to, and how many evaluations that took."""
    kinds = table.kinds
    tags = [kind.price for kind in kinds]
    prices = list(tags)
    floors = [kind.floor for kind in kinds]
    chosen: list[list[tuple[Pick, ...]]] = [[] for _ in kinds]
    evaluations = 0
    for index in table.goods_groups():
        group, offers = table.groups[index], [one for one in table.by_group[index] if one.kinds & free]
        evaluations += sum([len(one.reach) for one in offers])
        bases = tags if group.percent_base == "list" else prices  # a list: it changes with the prices
        if group.policy == "all":
            picks = _all(offers, bases, prices, floors)
        else:
            picks = _best(offers, bases, prices, floors, is_first=group.policy == "first")
        for some, mine in zip(chosen, picks, strict=True):
            some.append(mine)
    plans: dict[int, Plan] = {
        kind.index: [(kind.quantity, tuple(chosen[kind.index]))] for kind in kinds if free >> kind.index & 1
    }
    return plans, prices, evaluations


def _best(
    offers: Sequence[Offer], bases: Sequence[int], prices: list[int], floors: Sequence[int], *, is_first: bool
) -> list[tuple[Pick, ...]]:
    """Lower prices by the best offer of a group (or the first that lowers); ties go to the earlier one."""
    best = [0] * len(prices)
    picks: list[tuple[Pick, ...]] = [()] * len(prices)
    rooms = [price - floor if price > floor else 0 for price, floor in zip(prices, floors, strict=True)]
    for offer in offers:
        sort, value, whole = offer.numbers
        most, pick = offer.rule.most_unit, (Pick(offer),)
        double, twice = 2 * value, 2 * whole
        for kind in offer.reach:
            if offer.effects:
                sort, value, whole = numbers_on(offer, kind)
                double, twice = 2 * value, 2 * whole
            off = value if sort else (bases[kind] * double + whole) // twice
            if sort == 2:
                off = prices[kind] - value
            if off > rooms[kind]:
                off = rooms[kind]
            if most is not None and off > most:
                off = most
            if off > best[kind] and not (is_first and best[kind]):
                best[kind], picks[kind] = off, pick
    for kind, off in enumerate(best):
        prices[kind] -= off
    return picks


def _all(
    offers: Sequence[Offer], bases: Sequence[int], prices: list[int], floors: Sequence[int]
) -> list[tuple[Pick, ...]]:
    """Lower prices by all offers of a group, in their order."""
    picks: list[tuple[Pick, ...]] = [()] * len(prices)
    for offer in sorted(offers, key=lambda one: one.rank):
        most, pick = offer.rule.most_unit, Pick(offer)
        for kind in offer.reach:
            sort, value, whole = numbers_on(offer, kind)
            price = prices[kind]
            off = (
                (2 * bases[kind] * value + whole) // (2 * whole) if sort == 0 else value if sort == 1 else price - value
            )
            off = min(off, max(0, price - floors[kind]))
            off = off if most is None else min(off, most)
            if off > 0:
                prices[kind] = price - off
                picks[kind] = (*picks[kind], pick)
    return picks


def numbers_on(offer: Offer, kind: int) -> tuple[int, int, int]:
    """Return what an offer does to a kind as numbers."""
    return numbers_of(offer.effects[kind]) if offer.effects else offer.numbers
