"""How units that are alike are dealt to multi-buys: exactly while they are few, in equal parts when they are many."""

from collections.abc import Sequence
from dataclasses import dataclass

from wayfare.promotions.automata import Automaton
from wayfare.promotions.duals import FINE, bound_at, coarse_prices, fine_prices
from wayfare.promotions.offers import Offer
from wayfare.promotions.walk import Stop, Walked, road, walk

MOST_UNITS = 300  # more are divided
PART = 120  # units of a part
FEW = 150  # units times states below which prices for credit cost more than they save
WIDTH = 24
Prices = Sequence[Sequence[int]]


@dataclass(slots=True)
class Dealt:
    """The cheapest way found: how many units of each stop take each option, its cost, and what no way goes below."""

    counts: list[list[int]]
    cost: int
    bound: int
    steps: int


def deal(stops: Sequence[Stop], multi: Sequence[Offer], repeats: Sequence[int | None]) -> Dealt:
    """Deal the units of these stops, the dearest first, to multi-buys of which so many sets are allowed."""
    if _units(stops) <= MOST_UNITS:
        return _few(stops, multi, repeats, is_part=False)
    found = _many(stops, multi, repeats)
    autos = [Automaton(offer, place, None) for place, offer in enumerate(multi)]
    prices = fine_prices(stops, autos, coarse_prices(stops, autos, found.cost), found.cost, rounds=4 * FINE)
    return Dealt(found.counts, found.cost, min(found.cost, bound_at(stops, autos, prices)), found.steps)


def _few(stops: Sequence[Stop], multi: Sequence[Offer], repeats: Sequence[int | None], *, is_part: bool) -> Dealt:
    """Deal few units; a part of many need not be proven."""
    autos = [Automaton(offer, place, repeat) for place, (offer, repeat) in enumerate(zip(multi, repeats, strict=True))]
    size = units = _units(stops)
    for auto in autos:
        size *= auto.pays + auto.wins
    singles = _singly(stops)
    best, steps = Walked(singles, [0] * units, is_exact=False), 0
    way = road(stops, autos, [[0] * len(stops) for _ in autos])
    if size > FEW:
        prices = coarse_prices(stops, autos, singles)
        for finer in (False,) if is_part else (False, True):
            prices = fine_prices(stops, autos, prices, best.cost) if finer else prices
            way = road(stops, autos, prices)
            found = walk(stops, autos, way, best.cost, width=WIDTH // 2 if is_part else WIDTH)
            steps += found.steps
            best = found if found.choices else best
        if is_part:
            return Dealt(_counted(stops, best.choices), best.cost, 0, steps)
    full = walk(stops, autos, way, best.cost)
    best = full if full.choices else best  # when nothing is found, nothing is cheaper
    bound = best.cost if full.is_exact else min(best.cost, way.least[0])
    return Dealt(_counted(stops, best.choices), best.cost, bound, steps + full.steps)


def _many(stops: Sequence[Stop], multi: Sequence[Offer], repeats: Sequence[int | None]) -> Dealt:
    """Deal one part, take it as often as it fits, and deal what is left over; or stretches of neighbours each.

    Ways can be added up: in each of them every reward is paid for by dearer units. What stays single in a part is dealt
    again with what is left over.
    """
    if _units(stops) <= PART:
        return _few(stops, multi, repeats, is_part=True)
    most = max(1, PART // 2)
    if sum(stop.count > 0 for stop in stops) > most:
        found, left = Dealt([], 0, 0, 0), list(repeats)
        for start in range(0, len(stops), most):
            here = _many(stops[start : start + most], multi, left)
            left = [None if one is None else 0 for one in left]  # limited ones go to the dearest
            found = Dealt(found.counts + here.counts, found.cost + here.cost, 0, found.steps + here.steps)
        return found
    times = -(-_units(stops) // PART)
    part = _many(
        [Stop(one.price, one.count // times, one.options) for one in stops],
        multi,
        [None if one is None else one // times for one in repeats],
    )
    taken = [[0, *(times * count for count in mine[1:])] for mine in part.counts]
    if not any(map(any, taken)):  # nothing but single lives
        taken = [[times * count for count in mine] for mine in part.counts]
    again = [Stop(one.price, one.count - sum(mine), one.options) for one, mine in zip(stops, taken, strict=True)]
    rest = _many(again, multi, [None if one is None else one % times for one in repeats])
    counts = [
        [one + other for one, other in zip(mine, more, strict=True)]
        for mine, more in zip(taken, rest.counts, strict=True)
    ]
    return Dealt(counts, _cost(stops, counts), 0, part.steps + rest.steps)


def _units(stops: Sequence[Stop]) -> int:
    return sum(stop.count for stop in stops)


def _singly(stops: Sequence[Stop]) -> int:
    return sum(stop.options[0][0] * stop.count for stop in stops)


def _cost(stops: Sequence[Stop], counts: Sequence[Sequence[int]]) -> int:
    return sum(
        count * option[0]
        for stop, mine in zip(stops, counts, strict=True)
        for count, option in zip(mine, stop.options, strict=True)
    )


def _counted(stops: Sequence[Stop], choices: Sequence[int]) -> list[list[int]]:
    found, at = [], 0
    for stop in stops:
        counts = [0] * len(stop.options)
        for choice in choices[at : at + stop.count]:
            counts[choice] += 1
        at += stop.count
        found.append(counts)
    return found
