"""Multi-buys that compete for units: what each unit can do is priced once, then a walk deals the units.

Exact, because what a role costs a unit depends on the unit alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wayfare.promotions.automata import GET, PAY, PAY_ELSEWHERE, Automaton
from wayfare.promotions.duals import coarse_prices, fine_prices
from wayfare.promotions.effects import BuyGet
from wayfare.promotions.kinds import Kind
from wayfare.promotions.offers import Offer
from wayfare.promotions.paths import Paths, Picks
from wayfare.promotions.pricer import Plans
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.steps import plain_effect, unit_off
from wayfare.promotions.table import Table
from wayfare.promotions.walk import Stop, road, walk

MOST_UNITS = 1000
FEW = 150  # units times states below which prices for credit cost more than they save
WIDTH = 24
Cost = Callable[[Kind, int], int]
Chance = tuple[int, int, int, tuple[Picks, ...]]  # price at the end, multi-buy (-1 is none), role, picks of all groups


@dataclass(slots=True)
class _Seat:
    """Units of a kind that are alike: their price when the group begins, and what each can do."""

    price: int
    kind: Kind
    start: int
    count: int
    chances: list[Chance]


class Ballot:
    """The multi-buys of a table that favor the customer, and the kinds that they reach."""

    def __init__(self, table: Table, paths: Paths, multi: Sequence[Offer]) -> None:
        self.is_sure = len({one.rule.group for one in multi}) == 1
        self.parts: list[_Part] = []
        self.plans: Plans = {}  # of kinds that cannot be dealt
        for part in components(multi):
            bits = 0
            for one in part:
                bits |= one.kinds
            kinds = [kind for kind in table.kinds if bits >> kind.index & 1]
            if all(paths.is_monotone(kind) for kind in kinds):
                self.parts.append(_Part(table, paths, part, kinds))
            else:
                self.plans |= {kind.index: paths.walk(kind)[0] for kind in kinds}
                self.is_sure = False

    def deal(self, cost: Cost, same: int) -> tuple[Plans, bool]:
        """Return plans for all kinds, and whether they are surely the cheapest. `same`: kinds that cost their price."""
        plans, sure = dict(self.plans), self.is_sure
        for part in self.parts:
            found, exact = part.deal(cost, same)
            plans |= found
            sure = sure and exact
        return plans, sure


def components(multi: Sequence[Offer]) -> list[list[Offer]]:
    """Divide multi-buys into those that compete for units, directly or over others."""
    parts: list[tuple[int, list[Offer]]] = []
    for offer in multi:
        kinds, members = offer.kinds, [offer]
        for part in [one for one in parts if one[0] & kinds]:
            parts.remove(part)
            kinds |= part[0]
            members += part[1]
        parts.append((kinds, members))
    return [members for _, members in parts]


class _Part:
    """Multi-buys that compete for some kinds, with the chances of their units."""

    def __init__(self, table: Table, paths: Paths, multi: Sequence[Offer], kinds: Sequence[Kind]) -> None:
        index = min(one.rule.group for one in multi)
        self.multi = sorted((one for one in multi if one.rule.group == index), key=lambda one: one.rule.order)
        position = paths.groups.index(index)
        self.kinds = 0
        self.is_sure = True
        self.seats: list[_Seat] = []
        for kind in kinds:
            self.kinds |= 1 << kind.index
            before = any(paths.offers.get((kind.index, place)) for place in range(position))
            tied = any(one.rule.target == "line" or one.effect.kind in ("nth", "bundle") for one in paths.mine(kind))
            segments = paths.segments(kind)
            self.is_sure = self.is_sure and not before and not tied and len(segments) == 1
            for start, count in segments:
                run, picks = Run(kind, start, count, kind.price), tuple[Picks, ...]()
                for place in range(position):
                    lower, chosen = paths.single(run, place)
                    picks = (*picks, chosen)
                    run = Run(kind, start, count, lower)
                chances = _chances(table, paths, self.multi, position, run, picks)
                self.seats.append(_Seat(run.price, kind, start, count, chances))
        self.seats.sort(key=lambda one: (-one.price, -one.kind.index))
        self._plain: tuple[Plans, bool] | None = None

    def deal(self, cost: Cost, same: int) -> tuple[Plans, bool]:
        """Return plans for the kinds, and whether they are surely the cheapest."""
        if self.kinds & ~same:
            return self._deal(cost)
        if self._plain is None:
            self._plain = self._deal(lambda kind, price: price)
        return self._plain

    def _deal(self, cost: Cost) -> tuple[Plans, bool]:
        stops = [
            Stop(
                one.price, one.count, [(cost(one.kind, price), number, role) for price, number, role, _ in one.chances]
            )
            for one in self.seats
        ]
        units = sum(stop.count for stop in stops)
        autos = [Automaton(offer, place) for place, offer in enumerate(self.multi)]
        if units > MOST_UNITS:
            return self._singles(), False
        size = units
        for auto in autos:
            size *= auto.pays + auto.wins
        if size <= FEW:
            way, best = road(stops, autos, [[0] * len(stops) for _ in autos]), None
        else:
            prices = coarse_prices(stops, autos, sum(stop.options[0][0] * stop.count for stop in stops))
            best = walk(stops, autos, road(stops, autos, prices), None, width=WIDTH)
            best = best if best is not None and best.choices else None
            if best is not None:
                prices = fine_prices(stops, autos, prices, best.cost)
            way = road(stops, autos, prices)
        full = walk(stops, autos, way, None if best is None else best.cost)
        if full is None:  # nothing is cheaper than what is known
            return (self._singles() if best is None else self._plans(stops, best.choices)), best is not None
        if not full.choices:
            return (self._singles() if best is None else self._plans(stops, best.choices)), False
        return self._plans(stops, full.choices), self.is_sure and full.is_exact

    def _plans(self, stops: Sequence[Stop], choices: Sequence[int]) -> Plans:
        """Return plans by kind, segment after segment; units with the same picks stand together."""
        parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]] = {}
        at = 0
        for seat, stop in zip(self.seats, stops, strict=True):
            counts: dict[int, int] = {}
            for choice in choices[at : at + stop.count]:
                counts[choice] = counts.get(choice, 0) + 1
            at += stop.count
            mine = parts.setdefault(seat.kind.index, [])
            for choice in sorted(counts, key=lambda one: (one == 0, seat.chances[one][1:3])):
                mine.append((seat.start, counts[choice], seat.chances[choice][3]))
        return _in_order(parts)

    def _singles(self) -> Plans:
        parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]] = {}
        for seat in self.seats:
            parts.setdefault(seat.kind.index, []).append((seat.start, seat.count, seat.chances[0][3]))
        return _in_order(parts)


def _in_order(parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]]) -> Plans:
    return {
        kind: [(count, plan) for _, count, plan in sorted(found, key=lambda one: one[0])]
        for kind, found in parts.items()
    }


def _chances(
    table: Table, paths: Paths, multi: Sequence[Offer], position: int, run: Run, past: tuple[Picks, ...]
) -> list[Chance]:
    """Return what one unit can do, the single life first."""
    index = paths.groups[position]
    group, kind = table.groups[index], run.kind.index

    def after(price: int, picks: Picks, number: int, role: int) -> Chance:
        final, rest = paths.quick(run.kind, run.start, run.count, price, position + 1)
        return final, number, role, (*past, picks, *rest)

    lower, chosen = paths.single(run, position)
    found = [after(lower, chosen, -1, GET)]
    stack = chosen if group.policy == "all" else ()
    for number, offer in enumerate(multi):
        if run.start + run.count > offer.reach.get(kind, 0):
            continue
        is_pair = isinstance(offer.effect, BuyGet)
        can_get = not is_pair or kind in offer.gets
        if not is_pair or kind in offer.buys:
            paid = lower if stack else run.price
            found.append(after(paid, (*stack, Pick(offer, "pay")), number, PAY if can_get else PAY_ELSEWHERE))
        if can_get:
            picks = [*stack, Pick(offer, "get")]
            got = run
            for pick in sorted(picks, key=lambda one: one.offer.rank):
                effect = plain_effect(pick.offer, got, role=pick.role)
                if effect is not None:
                    got = got.lowered(pick.offer, *unit_off(pick.offer, effect, got, group))
            found.append(after(got.price, tuple(picks), number, GET))
        paths.evaluations += 2
    return found
