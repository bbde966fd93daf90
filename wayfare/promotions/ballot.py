"""Multi-buys that compete for units: what each unit can do is priced once, then a walk deals the units.

Exact, because what a role costs a unit depends on the unit alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wayfare.promotions.automata import GET, PAY, PAY_ELSEWHERE
from wayfare.promotions.dealing import deal
from wayfare.promotions.effects import BuyGet
from wayfare.promotions.kinds import Kind
from wayfare.promotions.offers import Offer
from wayfare.promotions.paths import Paths, Picks
from wayfare.promotions.pricer import Plans
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.steps import plain_effect, unit_off
from wayfare.promotions.table import Table
from wayfare.promotions.walk import Stop

Cost = Callable[[Kind, int, int], int]
Chance = tuple[
    Run, int, int, tuple[Picks, ...]
]  # the units at the end, multi-buy (-1 is none), role, picks of all groups


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

    @property
    def steps(self) -> int:
        """Return how many steps all walks have taken."""
        return sum(part.steps for part in self.parts)

    def deal(self, cost: Cost, whole: int, same: int) -> tuple[Plans, int | None]:
        """Return plans for all kinds, and by how much a cheaper way may be cheaper at most; None is unknown.

        `cost` weighs a unit `whole` times its price or less; `same` are the kinds that it weighs alike.
        """
        plans, gap = dict(self.plans), 0
        for part in self.parts:
            found, short, scale = part.deal(cost, whole, same)
            plans |= found
            gap += -(-short // scale)
        return plans, gap if self.is_sure and all(part.is_sure for part in self.parts) else None


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
        self.multi = _distinct(
            sorted((one for one in multi if one.rule.group == index), key=lambda one: one.rule.order)
        )
        position = paths.groups.index(index)
        self.kinds = 0
        self.is_sure = True
        self.steps = 0
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
                    run = run.fallen(table.groups[paths.groups[place]].layer, lower)
                chances = _chances(table, paths, self.multi, position, run, picks)
                self.seats.append(_Seat(run.price, kind, start, count, chances))
        self.seats.sort(key=lambda one: (-one.price, -one.kind.index))
        self._plain: tuple[Plans, int, int] | None = None

    def deal(self, cost: Cost, whole: int, same: int) -> tuple[Plans, int, int]:
        """Return plans for the kinds, what a cheaper way may cost less at most, and the scale of that."""
        if self.kinds & ~same:
            return (*self._deal(cost), whole)
        if self._plain is None:
            self._plain = (*self._deal(lambda kind, price, room: price), 1)
        return self._plain

    def _deal(self, cost: Cost) -> tuple[Plans, int]:
        stops = [
            Stop(
                one.price,
                one.count,
                [(cost(one.kind, end.price, room_of(end)), number, role) for end, number, role, _ in one.chances],
            )
            for one in self.seats
        ]
        dealt = deal(stops, self.multi, [one.rule.promotion.limits.repeat for one in self.multi])
        self.steps += dealt.steps
        parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]] = {}
        for seat, counts in zip(self.seats, dealt.counts, strict=True):
            mine = parts.setdefault(seat.kind.index, [])
            taken = [choice for choice, count in enumerate(counts) if count]
            for choice in sorted(taken, key=lambda one: (one == 0, seat.chances[one][1:3])):
                mine.append((seat.start, counts[choice], seat.chances[choice][3]))
        return _in_order(parts), dealt.cost - dealt.bound


def _distinct(multi: Sequence[Offer]) -> list[Offer]:
    """Return multi-buys without those that give the same on the same units as an earlier one."""
    found: list[Offer] = []
    for offer in multi:
        limited = offer.rule.promotion.limits.repeat is not None
        if limited or not any(
            one.effect == offer.effect and one.reach == offer.reach and one.rule.promotion.limits.repeat is None
            for one in found
        ):
            found.append(offer)
    return found


def _in_order(parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]]) -> Plans:
    return {
        kind: [(count, plan) for _, count, plan in sorted(found, key=lambda one: one[0])]
        for kind, found in parts.items()
    }


def room_of(run: Run) -> int:
    """Return how far a price may fall in the order layer."""
    return run.kind.room(run.price, run.used, "order")[0]


def _chances(
    table: Table, paths: Paths, multi: Sequence[Offer], position: int, run: Run, past: tuple[Picks, ...]
) -> list[Chance]:
    """Return what one unit can do, the single life first."""
    index = paths.groups[position]
    group, kind = table.groups[index], run.kind.index

    def after(price: int, picks: Picks, number: int, role: int) -> Chance:
        end, rest = paths.quick(run.fallen(group.layer, price), position + 1)
        return end, number, role, (*past, picks, *rest)

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
