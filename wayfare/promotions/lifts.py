"""Thresholds at net value: which small discounts to give up so that the goods are worth enough for a large one.

Units are lifted from their lowest price to another price that they can have. The cheapest lifts that reach a threshold
are found unit by unit, over what is still missing; what costs as much as it can win is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wayfare.promotions.kinds import Kind
from wayfare.promotions.runs import Pick
from wayfare.promotions.sweep import numbers_on
from wayfare.promotions.table import Table

Picks = tuple[tuple[Pick, ...], ...]
Rung = tuple[int, Picks]  # a price, and the picks that lead to it
MOST_UNITS = 400
MOST_PRICES = 64  # of one kind
MOST_WORK = 400_000


@dataclass(frozen=True, slots=True)
class Target:
    """Goods of these kinds (bits) shall be worth so much more, or shall cost so much more as they are weighed."""

    kinds: int
    missing: int
    is_weighted: bool = False


@dataclass(slots=True)
class Lifted:
    """The cheapest lifts: what they cost more, and (kind, rung) for each lifted unit. None: nothing is cheap enough.

    `is_exact` is False when there was too much to look at.
    """

    cost: int | None
    units: list[tuple[int, Rung]]
    is_exact: bool


@dataclass(slots=True)
class _Step:
    """One way to lift a unit of a kind: its cost, by how much each target comes nearer, and where it leads."""

    cost: int
    gains: tuple[int, ...]
    rung: Rung


def prices_of(table: Table, kind: Kind) -> dict[int, Picks] | None:
    """Return every price that a unit of a kind that nothing ties can have after the goods; None when too many."""
    found: dict[int, Picks] = {kind.price: ()}
    for index in table.goods_groups():
        group = table.groups[index]
        offers = [one for one in table.by_group[index] if one.kinds >> kind.index & 1]
        after: dict[int, Picks] = {}
        for price, past in found.items():
            reached: dict[int, tuple[Pick, ...]] = {price: ()}
            for offer in sorted(offers, key=lambda one: one.rank) if group.policy == "all" else offers:
                starts = list(reached.items()) if group.policy == "all" else [(price, ())]
                for start, picks in starts:
                    sort, value, whole = numbers_on(offer, kind.index)
                    base = kind.price if group.percent_base == "list" else start
                    off = (2 * base * value + whole) // (2 * whole) if sort == 0 else value
                    off = start - value if sort == 2 else off
                    off = min(off, max(0, start - kind.floor))
                    off = off if offer.rule.most_unit is None else min(off, offer.rule.most_unit)
                    if off > 0:
                        reached.setdefault(start - off, (*picks, Pick(offer)))
                if group.policy == "first" and len(reached) > 1:
                    del reached[price]  # the first that lowers is compulsory
                    break
            for lower, picks in reached.items():
                after.setdefault(lower, (*past, picks))
        found = after
        if len(found) > MOST_PRICES:
            return None
    return found


def lift(
    kinds: Sequence[Kind],
    rungs: Sequence[Sequence[tuple[int, int, Rung]]],
    targets: Sequence[Target],
    budget: int | None,
    enough: int,
) -> Lifted:
    """Return the cheapest lifts that reach all targets and cost less than `budget`, or the first that cost `enough`.

    `rungs` are the ways to lift a unit of each kind: (cost, lift, rung).
    """
    units: list[tuple[int, list[_Step]]] = []
    for kind, mine in zip(kinds, rungs, strict=True):
        useful = [_Step(cost, tuple(_gain(one, kind, cost, up) for one in targets), rung) for cost, up, rung in mine]
        if useful and any(target.kinds >> kind.index & 1 for target in targets):
            units += [(kind.index, useful)] * min(kind.quantity, MOST_UNITS + 1)
    if len(units) > MOST_UNITS:
        return Lifted(None, [], is_exact=False)
    rest = [[0] * len(targets) for _ in range(len(units) + 1)]
    for at in range(len(units) - 1, -1, -1):
        most = [max(one.gains[place] for one in units[at][1]) for place in range(len(targets))]
        rest[at] = [one + more for one, more in zip(rest[at + 1], most, strict=True)]
    start = tuple(target.missing for target in targets)
    layer: dict[tuple[int, ...], int] = {start: 0}
    done, work = tuple(0 for _ in targets), 0
    back: list[dict[tuple[int, ...], tuple[tuple[int, ...], int]]] = []
    best = budget
    for at, (_, ways) in enumerate(units):
        work += len(layer) * len(ways)
        if work > MOST_WORK:
            return Lifted(None, [], is_exact=False)
        following = dict(layer)
        origin: dict[tuple[int, ...], tuple[tuple[int, ...], int]] = {}
        for state, cost in layer.items():
            if state == done:
                continue
            for number, one in enumerate(ways):
                total = cost + one.cost
                if best is not None and total >= best:
                    continue
                after = tuple([max(0, need - gain) for need, gain in zip(state, one.gains, strict=True)])
                known = following.get(after)
                if known is None or total < known:
                    following[after] = total
                    origin[after] = (state, number)
                    if after == done:
                        best = total
        back.append(origin)
        if best is not None and following.get(done, enough + 1) <= enough:
            layer = {done: following[done]}
            break
        layer = {
            state: cost
            for state, cost in following.items()
            if (state == done or best is None or cost < best)
            and all(need <= able for need, able in zip(state, rest[at + 1], strict=True))
        }
    if done not in layer:
        return Lifted(None, [], is_exact=True)
    found, state = [], done
    for at in range(len(back) - 1, -1, -1):
        if state in back[at]:
            before, number = back[at][state]
            found.append((units[at][0], units[at][1][number].rung))
            state = before
    return Lifted(layer[done], found, is_exact=True)


def _gain(target: Target, kind: Kind, cost: int, up: int) -> int:
    if not target.kinds >> kind.index & 1:
        return 0
    return cost if target.is_weighted else up
