"""The walk over units that multi-buys compete for: each stays single, pays, or is rewarded. Exact, or honestly not.

States that look the same are one state; a state that cannot beat the best known answer is dropped. The lower bound for
what is to come prices what is paid and owed: a payer earns, and a reward costs, so much a piece (see `duals`), which
takes the place of the rule that rewards are paid for. Any prices give a bound; good ones give a close one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wayfare.promotions.automata import BITS, GET, Automaton

MOST_WORK = 300_000  # steps of one walk
MASK = (1 << BITS) - 1
Option = tuple[int, int, int]  # cost, multi-buy (-1 is none), role


@dataclass(slots=True)
class Stop:
    """`count` units that are alike: what each can do, the single life first, and its price when the group begins."""

    price: int
    count: int
    options: list[Option]


@dataclass(slots=True)
class Walked:
    """The cheapest way: its cost, the options of each unit, stop after stop, and whether it is surely the cheapest.

    No choices: nothing was found, and when that is exact there is nothing.
    """

    cost: int
    choices: list[int]
    is_exact: bool
    steps: int = 0


@dataclass(slots=True)
class Road:
    """Units one by one, with what is still to come after each: least costs, units that can get and pay, prices."""

    units: list[int]  # the stop of each unit
    least: list[int]
    gets: list[list[int]]
    pays: list[list[int]]
    prices: list[list[int]]


def road(stops: Sequence[Stop], autos: Sequence[Automaton], prices: Sequence[Sequence[int]]) -> Road:
    """Return the units of all stops, with bounds; `prices` are those of a piece of credit, by multi-buy and stop."""
    units = [place for place, stop in enumerate(stops) for _ in range(stop.count)]
    count = len(units)
    least = [0] * (count + 1)
    gets, pays, tolls = ([[0] * (count + 1) for _ in autos] for _ in range(3))
    lows = [min([reduced(one, autos, prices, place) for one in stop.options]) for place, stop in enumerate(stops)]
    roles = [{(number, role == GET) for _, number, role in stop.options} for stop in stops]
    for at in range(count - 1, -1, -1):
        place = units[at]
        least[at] = least[at + 1] + lows[place]
        for number in range(len(autos)):
            gets[number][at] = gets[number][at + 1] + ((number, True) in roles[place])
            pays[number][at] = pays[number][at + 1] + ((number, False) in roles[place])
            tolls[number][at] = prices[number][place]
    return Road(units, least, gets, pays, tolls)


def reduced(option: Option, autos: Sequence[Automaton], prices: Sequence[Sequence[int]], place: int) -> int:
    """Return what an option costs when credit has a price."""
    cost, number, role = option
    if number < 0:
        return cost
    auto = autos[number]
    return cost + prices[number][place] * (auto.pays if role == GET else -auto.wins)


def walk(
    stops: Sequence[Stop], autos: Sequence[Automaton], way: Road, best: int | None, *, width: int | None = None
) -> Walked:
    """Return the cheapest way below `best`; none when there is none, or when there was too much to look at.

    With a `width` only so many states are kept after each unit: quick, and not exact.
    """
    layer: dict[int, int] = {0: 0}
    back: list[dict[int, tuple[int, int, int]]] = []
    exact, work = True, 0
    pairs = [auto for auto in autos if auto.is_pair]
    last = len(way.units) - 1
    for at, place in enumerate(way.units):
        options = stops[place].options
        work += len(layer) * len(options)
        if work > MOST_WORK:
            return Walked(0, [], is_exact=False, steps=work)
        following = _step(layer, options, autos)
        if pairs and (at == last or stops[way.units[at + 1]].price < stops[place].price):
            following = _settle(following, pairs)
        layer = _bounded(following, autos, way, at + 1, best)
        if width is not None and len(layer) > width:
            exact = False
            layer = dict(sorted(layer.items(), key=lambda one: one[1])[:width])
        back.append(following)
        layer = {state: following[state][0] for state in layer}
    ends = [
        (cost, state)
        for state, cost in layer.items()
        if all(auto.is_done(state >> auto.shift & MASK) for auto in autos)
    ]
    if not ends:
        return Walked(0, [], exact, work)
    cost, state = min(ends)
    choices = []
    for following in reversed(back):
        _, state, choice = following[state]
        choices.append(choice)
    return Walked(cost, choices[::-1], exact, work)


def _step(
    layer: dict[int, int], options: Sequence[Option], autos: Sequence[Automaton]
) -> dict[int, tuple[int, int, int]]:
    """Return the states after one more unit: cost, the state before, and the option taken."""
    following: dict[int, tuple[int, int, int]] = {}
    moves = [
        (choice, cost, None if number < 0 else autos[number], role)
        for choice, (cost, number, role) in enumerate(options)
    ]
    for state, so_far in layer.items():
        for choice, cost, auto, role in moves:
            after = state
            if auto is not None:
                number = state >> auto.shift & MASK
                table = auto.moves[role]
                added = table[number] if number in table else auto.step(number, role)
                if added is None:
                    continue
                after = state + added
            total = so_far + cost
            known = following.get(after)
            if known is None or total < known[0]:
                following[after] = (total, state, choice)
    return following


def _settle(following: dict[int, tuple[int, int, int]], pairs: Sequence[Automaton]) -> dict[int, tuple[int, int, int]]:
    found: dict[int, tuple[int, int, int]] = {}
    for state, one in following.items():
        after = state + sum(auto.settle(state >> auto.shift & MASK) for auto in pairs)
        known = found.get(after)
        if known is None or one[0] < known[0]:
            found[after] = one
    return found


def _bounded(
    following: dict[int, tuple[int, int, int]], autos: Sequence[Automaton], way: Road, at: int, best: int | None
) -> dict[int, int]:
    """Return the states that can still win, with their lower bounds."""
    found = {}
    least = way.least[at]
    known: list[tuple[int, dict[int, int | None], int]] = [
        (auto.shift, {}, number) for number, auto in enumerate(autos)
    ]
    for state, (cost, _, _) in following.items():
        bound: int = cost + least
        for shift, values, number in known:
            mine = state >> shift & MASK
            if mine not in values:
                auto = autos[number]
                lost = auto.is_lost(mine, way.gets[number][at], way.pays[number][at])
                values[mine] = None if lost else auto.credit(mine) * way.prices[number][at]
            value = values[mine]
            if value is None:
                break
            bound -= value
        else:
            if best is None or bound < best:
                found[state] = bound
    return found
