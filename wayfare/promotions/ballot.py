"""Multi-buys over many units: walk the units from the dearest to the cheapest and keep count of what is owed.

Each unit stays single, pays, or is rewarded. For each multi-buy the state holds the units paid towards a reward and the
rewards still owed; sets need all their payers before their first reward. Exact, because what a role costs a unit
depends on the unit alone.
"""

from collections.abc import Callable, Sequence

from wayfare.promotions.effects import BuyGet, Sets
from wayfare.promotions.kinds import Kind
from wayfare.promotions.paths import Paths, Picks
from wayfare.promotions.pricer import Plans
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.steps import plain_effect, unit_off
from wayfare.promotions.table import Offer, Table

MOST_STATES = 40_000
MOST_UNITS = 400
MOST_WORK = 400_000
Cost = Callable[[Kind, int], int]
State = tuple[tuple[int, int, int], ...]
Option = tuple[int, int, str, tuple[Picks, ...]]  # cost, multi-buy (-1 is none), role, picks of all groups
Units = list[tuple[int, Kind, int, int, list[Option]]]


def deal(table: Table, paths: Paths, multi: Sequence[Offer], cost: Cost) -> tuple[Plans, int, bool]:
    """Return plans for all kinds that multi-buys reach, their cost, and whether they are surely the cheapest."""
    kinds = [kind for kind in table.kinds if any(kind.index in one.reach for one in multi)]
    plans: Plans = {}
    total, sure = 0, len({one.rule.group for one in multi}) == 1
    for part in components(multi):
        mine = [kind for kind in kinds if any(kind.index in one.reach for one in part)]
        if not all(paths.is_monotone(kind) for kind in mine):
            plans |= {kind.index: paths.walk(kind)[0] for kind in mine}
            sure = False
            continue
        found, least, exact = _component(table, paths, part, mine, cost)
        plans |= found
        total, sure = total + least, sure and exact
    return plans, total, sure


def components(multi: Sequence[Offer]) -> list[list[Offer]]:
    """Divide multi-buys into those that compete for units, directly or over others."""
    parts: list[tuple[set[int], list[Offer]]] = []
    for offer in multi:
        reach, members = set(offer.reach), [offer]
        for part in [one for one in parts if not one[0].isdisjoint(reach)]:
            parts.remove(part)
            reach |= part[0]
            members += part[1]
        parts.append((reach, members))
    return [members for _, members in parts]


def _component(
    table: Table, paths: Paths, multi: Sequence[Offer], kinds: Sequence[Kind], cost: Cost
) -> tuple[Plans, int, bool]:
    groups = {one.rule.group for one in multi}
    index = min(groups)
    multi = sorted((one for one in multi if one.rule.group == index), key=lambda one: one.rule.order)
    position = paths.groups.index(index)
    sure = True
    units: Units = []
    for kind in kinds:
        before = any(paths.offers.get((kind.index, place)) for place in range(position))
        tied = any(one.rule.target == "line" or one.effect.kind in ("nth", "bundle") for one in paths.mine(kind))
        sure = sure and not before and not tied and len(paths.segments(kind)) == 1
        for start, count in paths.segments(kind):
            run, picks = Run(kind, start, count, kind.price), tuple[Picks, ...]()
            for place in range(position):
                lower, chosen = paths.single(run, place)
                picks = (*picks, chosen)
                run = Run(kind, start, count, lower)
            options = _options(table, paths, multi, position, run, picks, cost)
            units.append((run.price, kind, start, count, options))
    units.sort(key=lambda one: (-one[0], -one[1].index))
    pieces = sum(count for _, _, _, count, _ in units)
    if pieces > MOST_UNITS:
        return _singles(units), sum(one[4][0][0] * one[3] for one in units), False
    # Consecutive sets first: a quick answer that lets the full walk drop what cannot be cheaper.
    quick, quick_cost, _ = _walk(units, multi, None, credit=1)
    full, full_cost, exact = _walk(units, multi, quick_cost, credit=MOST_UNITS)
    if full is None:
        full, full_cost = quick, quick_cost
    if full is None:
        return _singles(units), sum(one[4][0][0] * one[3] for one in units), False
    return _plans(units, full), full_cost, sure and exact


def _options(
    table: Table,
    paths: Paths,
    multi: Sequence[Offer],
    position: int,
    run: Run,
    past: tuple[Picks, ...],
    cost: Cost,
) -> list[Option]:
    """Return what one unit can do, the single life first."""
    group, index = table.groups[paths.groups[position]], paths.groups[position]

    def after(price: int, picks: Picks) -> tuple[int, tuple[Picks, ...]]:
        final, rest = paths.quick(run.kind, run.start, run.count, price, position + 1)
        return cost(run.kind, final), (*past, picks, *rest)

    lower, chosen = paths.single(run, position)
    price, plan = after(lower, chosen)
    found: list[Option] = [(price, -1, "", plan)]
    stack = chosen if group.policy == "all" else ()
    for number, offer in enumerate(multi):
        if run.start + run.count > offer.reach.get(run.kind.index, 0) or offer.rule.group != index:
            continue
        is_pair = isinstance(offer.effect, BuyGet)
        if not is_pair or run.kind.index in offer.buys:
            paid = lower if stack else run.price
            price, plan = after(paid, (*stack, Pick(offer, "pay")))
            found.append((price, number, "pay", plan))
        if not is_pair or run.kind.index in offer.gets:
            picks = [*stack, Pick(offer, "get")]
            got = run
            for pick in sorted(picks, key=lambda one: one.offer.rank):
                effect = plain_effect(pick.offer, got, role=pick.role)
                if effect is not None:
                    got = got.lowered(pick.offer, *unit_off(pick.offer, effect, got, group))
            price, plan = after(got.price, tuple(picks))
            found.append((price, number, "get", plan))
        paths.evaluations += 2
    return found


def _walk(
    units: Units, multi: Sequence[Offer], best: int | None, *, credit: int
) -> tuple[dict[int, list[Option]] | None, int, bool]:
    """Return the options of all units with the lowest cost, by place in `units`; None when nothing beats `best`."""
    steps = [(place, options) for place, (_, _, _, count, options) in enumerate(units) for _ in range(count)]
    least = [0] * (len(steps) + 1)
    able = [[0] * len(multi) for _ in range(len(steps) + 1)]
    buyers = [[0] * len(multi) for _ in range(len(steps) + 1)]
    for at in range(len(steps) - 1, -1, -1):
        options = steps[at][1]
        least[at] = least[at + 1] + min(one[0] for one in options)
        able[at], buyers[at] = list(able[at + 1]), list(buyers[at + 1])
        for number in {one[1] for one in options if one[2] == "get"}:
            able[at][number] += 1
        for number in {one[1] for one in options if one[2] == "pay"}:
            buyers[at][number] += 1
    free = [
        [one[1] for one in options if one[2] == "pay" and not any(o[1] == one[1] and o[2] == "get" for o in options)]
        for _, options in steps
    ]
    repeats = [one.rule.promotion.limits.repeat for one in multi]
    start: State = ((0, 0, 0),) * len(multi)
    layer: dict[State, int] = {start: 0}
    back: list[dict[State, tuple[State, int]]] = []
    exact, work = True, 0
    for at, (_, options) in enumerate(steps):
        work += len(layer) * len(options)
        if work > MOST_WORK:
            return None, best or 0, False
        following: dict[State, int] = {}
        origin: dict[State, tuple[State, int]] = {}
        for state, so_far in layer.items():
            for choice, (cost, number, role, _) in enumerate(options):
                total = so_far + cost
                if best is not None and total + least[at + 1] >= best:
                    continue
                after = state
                if number >= 0:
                    moved = _moved(multi[number], state[number], role, number in free[at], repeats[number], credit)
                    if moved is None:
                        continue
                    after = (*state[:number], moved, *state[number + 1 :])
                known = following.get(after)
                if known is None or total < known:
                    following[after] = total
                    origin[after] = (state, choice)
            if len(following) > MOST_STATES:
                exact = False
                break
        if at + 1 == len(steps) or units[steps[at + 1][0]][0] < units[steps[at][0]][0]:
            following, origin = _settled(multi, following, origin)
        layer = following
        back.append(origin)
        # A unit that no longer comes may be what a state waits for.
        touched = [number for number in {one[1] for one in options} if number >= 0]
        layer = {
            state: cost
            for state, cost in layer.items()
            if not any(_is_lost(multi[one], state[one], able[at + 1][one], buyers[at + 1][one]) for one in touched)
        }
    ends = [(cost, state) for state, cost in layer.items() if all(_is_done(one) for one in state)]
    if not ends:
        return None, best or 0, exact
    cost, state = min(ends)
    chosen: dict[int, list[Option]] = {}
    for at in range(len(steps) - 1, -1, -1):
        state, choice = back[at][state]
        chosen.setdefault(steps[at][0], []).append(steps[at][1][choice])
    return chosen, cost, exact


def _settled(
    multi: Sequence[Offer], layer: dict[State, int], origin: dict[State, tuple[State, int]]
) -> tuple[dict[State, int], dict[State, tuple[State, int]]]:
    """Note what is still owed when the units of one price are dealt: units that only buy must make up for it.

    Units of one price may buy and be rewarded in any order; those that are cheaper cannot pay for them any more.
    """
    if not any(isinstance(one.effect, BuyGet) for one in multi):
        return layer, origin
    found: dict[State, int] = {}
    back: dict[State, tuple[State, int]] = {}
    for state, cost in layer.items():
        after = tuple(
            (one[0], one[1], max(one[2] % 1024, -one[1]) + one[2] // 1024 * 1024)
            if isinstance(offer.effect, BuyGet)
            else one
            for offer, one in zip(multi, state, strict=True)
        )
        if after not in found or cost < found[after]:
            found[after], back[after] = cost, origin[state]
    return found, back


def _moved(
    offer: Offer, one: tuple[int, int, int], role: str, is_free: bool, repeat: int | None, credit: int
) -> tuple[int, int, int] | None:
    """Return the state of one multi-buy after a unit in this role; None where the rules forbid it."""
    effect = offer.effect
    if isinstance(effect, Sets):
        partial, owed, begun = one
        wins, pays = effect.reward.units, effect.size - effect.reward.units
        if role == "get":
            if pays:
                return (partial, owed - 1, begun) if owed else None
            begun += owed == 0 and repeat is not None
            return (partial, (owed or wins) - 1, begun) if repeat is None or begun <= repeat else None
        if not pays or (credit == 1 and owed and partial == 0):
            return None
        begun += partial == 0 and repeat is not None
        if repeat is not None and begun > repeat:
            return None
        return (partial + 1, owed, begun) if partial + 1 < pays else (0, owed + wins, begun)
    assert isinstance(effect, BuyGet)  # noqa: S101  # the caller chose
    open_, balance, code = one
    promised, begun = code % 1024, code // 1024
    if role == "get":
        if open_ == 0:
            balance -= effect.buy.quantity
            begun += repeat is not None
            open_ = effect.get.quantity
            if repeat is not None and begun > repeat:
                return None
        return open_ - 1, balance, promised + 1024 * begun
    if is_free:
        promised = max(0, promised - 1)
    return open_, balance + 1, promised + 1024 * begun


def _is_lost(offer: Offer, one: tuple[int, int, int], gets: int, pays: int) -> bool:
    """Tell whether the units to come cannot complete what has begun."""
    effect = offer.effect
    if isinstance(effect, Sets):
        partial, owed, _ = one
        need = effect.size - effect.reward.units
        if not need:
            return owed > gets
        return owed + (effect.reward.units if partial else 0) > gets or (partial > 0 and need - partial > pays)
    open_, balance, code = one
    assert isinstance(effect, BuyGet)  # noqa: S101  # the caller chose
    waiting = -(-balance // effect.buy.quantity) * effect.get.quantity if balance > 0 else 0
    return open_ + waiting > gets or code % 1024 > pays or -balance > pays


def _is_done(one: tuple[int, int, int]) -> bool:
    return one[0] == 0 and one[1] == 0


def _plans(units: Units, chosen: dict[int, list[Option]]) -> Plans:
    """Return plans by kind, segment after segment; units with the same picks stand together."""
    parts: dict[int, list[tuple[int, int, tuple[Picks, ...]]]] = {}
    for place, (_, kind, start, count, options) in enumerate(units):
        taken = chosen.get(place, [options[0]] * count)
        counts: dict[tuple[int, str], tuple[int, tuple[Picks, ...]]] = {}
        for _, number, role, plan in taken:
            counts[number, role] = (counts.get((number, role), (0, plan))[0] + 1, plan)
        for key in sorted(counts, key=lambda one: (one[0] < 0, one)):
            parts.setdefault(kind.index, []).append((start, *counts[key]))
    return {
        kind: [(count, plan) for _, count, plan in sorted(found, key=lambda one: one[0])]
        for kind, found in parts.items()
    }


def _singles(units: Units) -> Plans:
    found: dict[int, list[tuple[int, int, tuple[Picks, ...]]]] = {}
    for _, kind, start, count, options in units:
        found.setdefault(kind.index, []).append((start, count, options[0][3]))
    return {
        kind: [(count, plan) for _, count, plan in sorted(parts, key=lambda one: one[0])]
        for kind, parts in found.items()
    }
