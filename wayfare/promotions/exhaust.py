"""The complete search: every allowed choice, group by group, without those that cannot win. For what is tied.

States that look the same are one state; a state whose lower bound reaches the best known quote is dropped. Past the
limit of evaluations it gives up and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from wayfare.promotions.actions import Picks, actions
from wayfare.promotions.bounds import Bounds
from wayfare.promotions.direct import Effort, LimitReached
from wayfare.promotions.kinds import Kind, pieces
from wayfare.promotions.order_step import order_step
from wayfare.promotions.parcels import Way, best_ways, ship
from wayfare.promotions.pricer import (
    Choice,
    Plans,
    Priced,
    QuoteDiffers,
    check_group,
    clash_of,
    first_order,
    meets_net,
)
from wayfare.promotions.pricer import nets as nets_of
from wayfare.promotions.runs import Run
from wayfare.promotions.steps import goods_step
from wayfare.promotions.table import Offer, Table

MOST_UNITS = 60  # more have too many choices to finish, and units are looked at one by one


@dataclass(frozen=True, slots=True)
class _State:
    runs: tuple[Run, ...]
    picks: tuple[tuple[Picks, ...], ...]  # one entry a group, one pick tuple a unit


def exhaust(table: Table, bounds: Bounds, effort: Effort, best: int | None) -> tuple[Choice, int] | None:
    """Return the cheapest choice below `best` and its value, or None when there is none. Raises LimitReached.

    `best` is the value of a known quote; None when there is no quote yet.
    """
    if pieces(table.kinds) > MOST_UNITS:
        raise LimitReached
    effort.spend(pieces(table.kinds))
    units = tuple(Run(kind, place, 1, kind.price) for kind in table.kinds for place in range(kind.quantity))
    states = [_State(units, ())]
    layer = ""
    entry: dict[int, list[int]] = {}
    groups = table.goods_groups()
    for position, index in enumerate(groups):
        following: dict[object, _State] = {}
        enters = table.groups[index].layer != layer
        layer = table.groups[index].layer
        carried: dict[object, list[int]] = {}
        for state in states:
            worths = nets_of(table, state.runs) if enters else entry[id(state)]
            offers = [one for one in table.by_group[index] if meets_net(table, one, worths)]
            for picks in actions(table, index, offers, state.runs, effort):
                effort.spend(len(units))
                runs = _after(table, index, offers, state.runs, picks)
                if runs is None:
                    continue
                if best is not None and bounds.lowest(runs, position + 1) >= best:
                    continue
                key = (_looks(table, runs), tuple(worths) if _more_in_layer(table, groups, position) else ())
                if key not in following:
                    following[key] = _State(runs, (*state.picks, tuple(picks)))
                    carried[key] = worths
        states = list(following.values())
        entry = {id(state): carried[key] for key, state in following.items()}
    found: tuple[tuple[int, object], Choice] | None = None
    for state in states:
        for choice, priced in _endings(table, state, effort):
            if (best is None or priced.value < best) and clash_of(priced) is None:
                rank = (priced.value, _taste(priced))
                if found is None or rank < found[0]:
                    found = rank, choice
    return (found[1], found[0][0]) if found else None


def _more_in_layer(table: Table, groups: Sequence[int], position: int) -> bool:
    return (
        position + 1 < len(groups)
        and table.groups[groups[position + 1]].layer == table.groups[groups[position]].layer
        and any(offer.net for offer in table.by_group[groups[position + 1]])
    )


def _taste(priced: Priced) -> object:
    applied = sorted(priced.applied(), key=lambda one: one.rule.order)
    return [one.rule.order for one in applied]


def _looks(table: Table, runs: Sequence[Run]) -> object:
    """Return what the future depends on: units of one kind are interchangeable within the reach of an offer."""
    shy = [
        tuple(sorted(step.offer.number for step in run.steps if step.offer.rule.shy)) if run.steps else ()
        for run in runs
    ]
    return tuple(
        (run.price, run.used if run.kind.ceilings else (), bool(run.steps), one)
        for run, one in zip(runs, shy, strict=True)
    )


def _after(
    table: Table, index: int, offers: Sequence[Offer], runs: Sequence[Run], picks: Sequence[Picks]
) -> tuple[Run, ...] | None:
    planned = [
        Run(run.kind, run.start, 1, run.price, (one,), run.used, run.steps)
        for run, one in zip(runs, picks, strict=True)
    ]
    try:
        check_group(table, index, offers, planned, 0)
    except QuoteDiffers:
        return None
    return tuple(goods_step(table.groups[index], index, offers, planned, 0))


def _endings(table: Table, state: _State, effort: Effort) -> Iterator[tuple[Choice, Priced]]:
    """Yield every choice of order promotions and the best one of parcels, for goods that are settled."""
    groups = table.book.order_groups
    worths = nets_of(table, state.runs)

    def pick(place: int, runs: list[Run], so_far: tuple[tuple[Offer, ...], ...]) -> Iterator[tuple[Choice, Priced]]:
        effort.spend(len(runs))
        if place == len(groups):
            yield from _shipped(table, state, runs, so_far)
            return
        index = groups[place]
        group = table.groups[index]
        offers = [one for one in table.by_group[index] if meets_net(table, one, worths)]
        if group.policy == "first":
            sets: list[tuple[Offer, ...]] = [first_order(table, index, offers, runs)]
        else:
            most = len(offers) if group.policy == "all" else min(1, len(offers))
            sets = [chosen for count in range(most + 1) for chosen in combinations(offers, count)]
        for chosen in sets:
            after = runs
            for offer in sorted(chosen, key=lambda one: one.rank):
                after = order_step(offer, group, after, index)
            yield from pick(place + 1, after, (*so_far, chosen))

    yield from pick(0, list(state.runs), ())


def _shipped(
    table: Table, state: _State, runs: list[Run], order: tuple[tuple[Offer, ...], ...]
) -> Iterator[tuple[Choice, Priced]]:
    worths = nets_of(table, runs)
    offers = [one for one in table.offers if one.rule.layer == "shipping" and meets_net(table, one, worths)]
    for ways in _ship_choices(table, offers):
        entries = ship(table, ways)
        priced = Priced(runs, entries, sum(worths), sum(one.price for one in entries))
        yield Choice(plans_of(table, state.picks), order, tuple(ways)), priced


def _ship_choices(table: Table, offers: Sequence[Offer]) -> Iterator[list[Way]]:
    """Yield the best choice for parcels, and those without some of the promotions that are never with others."""
    shy = [offer for offer in offers if offer.rule.shy and not offer.rule.is_compulsory]
    for count in range(len(shy) + 1):
        for without in combinations(shy, count):
            yield best_ways(table, [one for one in offers if one not in without])[0]


def plans_of(table: Table, picks: Sequence[Sequence[Picks]]) -> Plans:
    """Return plans for the pricer from the picks of each group, unit by unit in the order of the kinds."""
    plans: Plans = {}
    place = 0
    for kind in table.kinds:
        plans[kind.index] = _packed(kind, picks, place)
        place += kind.quantity
    return plans


def _packed(kind: Kind, picks: Sequence[Sequence[Picks]], place: int) -> list[tuple[int, tuple[Picks, ...]]]:
    found: list[tuple[int, tuple[Picks, ...]]] = []
    for unit in range(place, place + kind.quantity):
        plan = tuple(group[unit] for group in picks)
        if found and found[-1][1] == plan:
            found[-1] = (found[-1][0] + 1, plan)
        else:
            found.append((1, plan))
    return found
