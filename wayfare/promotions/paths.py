"""The cheapest path of one kind of units through the goods groups, when nothing ties it to other kinds.

Where every effect is a non-decreasing map of the price, the best promotion group by group is exact (no search). Where
it is not (caps over some layers, `skip_discounted`, pairs that never meet on a unit) all paths of the kind are walked.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise, product

from wayfare.promotions.contract import GOODS_LAYERS, LAYERS
from wayfare.promotions.effects import Bundle, BuyGet, Nth, Sets
from wayfare.promotions.kinds import Ceiling, Kind
from wayfare.promotions.runs import Pick, Run
from wayfare.promotions.steps import goods_step, is_out, on_unit, plain_effect, unit_off
from wayfare.promotions.sweep import numbers_on
from wayfare.promotions.table import Offer, Table

Picks = tuple[Pick, ...]
MOST_PATHS = 3000


def price_of(run: Run) -> tuple[int, ...]:
    """Return the price of a unit."""
    return (run.price,)


class Paths:
    """Paths of the kinds of one table. `retail` are the `favor: retailer` multi-buys that are taken."""

    def __init__(self, table: Table, kinds: Sequence[Kind], retail: frozenset[Offer] = frozenset()) -> None:
        self.table, self.retail = table, retail
        self.groups = table.goods_groups()
        self.evaluations = 0
        self.offers: dict[tuple[int, int], list[Offer]] = {}
        self._mine: dict[int, list[Offer]] = {}
        self._monotone: dict[int, bool] = {}
        if not kinds:
            return
        bits = sum(1 << kind.index for kind in kinds)
        places = {index: position for position, index in enumerate(self.groups)}
        for offer in table.offers:
            if not offer.kinds & bits:
                continue
            position = places.get(offer.rule.group)
            for kind in kinds:
                if offer.kinds >> kind.index & 1:
                    self._mine.setdefault(kind.index, []).append(offer)
                    if position is not None:
                        self.offers.setdefault((kind.index, position), []).append(offer)

    def mine(self, kind: Kind) -> list[Offer]:
        """Return the goods offers that reach a kind."""
        return [one for one in self._mine.get(kind.index, ()) if one.rule.layer in GOODS_LAYERS]

    def is_monotone(self, kind: Kind) -> bool:
        """Tell whether a lower price after one group always leads to a lower price at the end."""
        if kind.index not in self._monotone:
            offers = self.mine(kind)
            tied = any(one.rule.skips or _is_shy(one, offers) for one in offers)
            self._monotone[kind.index] = not tied and all(self._is_unbroken(kind, one) for one in kind.ceilings)
        return self._monotone[kind.index]

    def _is_unbroken(self, kind: Kind, ceiling: Ceiling) -> bool:
        """Tell whether no layer that lowers prices lies between those that a cap counts: then it is like a floor."""
        layers = {each.rule.layer for each in self._mine.get(kind.index, ())}
        counted = "".join("x" if one in ceiling.layers else " " for one in LAYERS if one in layers)
        return " " not in counted.strip()

    def segments(self, kind: Kind) -> list[tuple[int, int]]:
        """Return (start, count) of units to which the same offers reach."""
        marks = self._marks(kind)
        if self._has_nth(kind):
            marks |= {mark + 1 for mark in marks if mark < kind.quantity}  # the first unit chooses for itself
        return [(start, end - start) for start, end in pairwise(sorted(marks))]

    def _has_nth(self, kind: Kind) -> bool:
        return any(isinstance(one.effect, Nth) for one in self.mine(kind))

    def _marks(self, kind: Kind) -> set[int]:
        """Return the positions in a kind where the reach of an offer ends."""
        marks = {0, kind.quantity}
        for offer in self._mine.get(kind.index, ()):
            marks.add(offer.reach[kind.index])
            for places in (offer.retail.payers, offer.retail.winners) if offer.retail else ():
                if kind.index in places:
                    marks |= {places[kind.index].start, places[kind.index].stop}
        return marks

    def single(self, run: Run, position: int) -> tuple[int, Picks]:
        """Return the price and the picks of the best untied promotions of one group for a run."""
        group = self.table.groups[self.groups[position]]
        index = self.groups[position]
        found: tuple[int, Picks] = (run.price, ())
        able = self.offers.get((run.kind.index, position), ())
        if group.policy == "all":
            taking = [one for one in able if not one.ties and not is_out(one, run, index)]
            after = run
            for offer in sorted(taking, key=lambda one: one.rank):
                effect = plain_effect(offer, after)
                if effect is not None:
                    self.evaluations += 1
                    after = after.lowered(offer, *unit_off(offer, effect, after, group))
            return after.price, tuple(Pick(one) for one in taking)
        price, kind = run.price, run.kind
        base = kind.price if group.percent_base == "list" else price
        room = kind.room(price, run.used, group.layer)[0] if kind.ceilings else max(0, price - kind.floor)
        end, best = run.start + run.count, 0
        for offer in able:  # by priority: ties go to the larger one
            if offer.rule.ties or end > offer.reach[kind.index] or (offer.rule.skips and is_out(offer, run, index)):
                continue
            self.evaluations += 1
            sort, value, whole = numbers_on(offer, kind.index)
            most = offer.rule.most_unit
            off = (2 * base * value + whole) // (2 * whole) if sort == 0 else value if sort == 1 else price - value
            off = min(off, room, price) if most is None else min(off, room, price, most)
            if off > best:
                best, found = off, (price - off, (Pick(offer),))
                if group.policy == "first":
                    break
        return found

    def quick(self, run: Run, position: int) -> tuple[Run, tuple[Picks, ...]]:
        """Return units of a monotone kind without ties at their lowest price, and the picks from a group on."""
        picks = []
        for place in range(position, len(self.groups)):
            lower, chosen = self.single(run, place)
            picks.append(chosen)
            if lower != run.price:
                run = run.fallen(self.table.groups[self.groups[place]].layer, lower)
        return run, tuple(picks)

    def is_quick(self, kind: Kind) -> bool:
        """Tell whether `quick` is exact for a kind."""
        return self.is_monotone(kind) and not any(one.ties for one in self.mine(kind))

    def walk(
        self, kind: Kind, weigh: Callable[[Run], tuple[int, ...]] = price_of
    ) -> tuple[list[tuple[int, tuple[Picks, ...]]], bool]:
        """Return the cheapest plan of a kind, and whether all paths that could be cheaper were walked.

        `weigh` tells what a unit is worth after the goods, where that is not its price alone.
        """
        if self.is_quick(kind):
            parts = self.segments(kind)
            return [(count, self.quick(Run(kind, start, count, kind.price), 0)[1]) for start, count in parts], True
        states: list[tuple[list[Run], tuple[list[Picks], ...]]] = [
            ([Run(kind, start, count, kind.price) for start, count in self.segments(kind)], ())
        ]
        lengths = [run.count for run in states[0][0]]
        starts = [run.start for run in states[0][0]]
        is_whole, nth = self.is_monotone(kind), self._has_nth(kind)
        if nth and len(self._marks(kind)) > 2:
            is_whole = False  # a unit that stays dear may make another one the n-th
        lines = any(one.rule.target == "line" for one in self.mine(kind))  # shares may make units of one line differ
        exact = not (lines and (not is_whole or nth)) and (is_whole or not nth or max(lengths) == 1)
        for position, index in enumerate(self.groups):
            following: dict[object, tuple[list[Run], tuple[list[Picks], ...]]] = {}
            for runs, past in states:
                for picks in self._choices(runs, starts, position, all_paths=not is_whole):
                    if len(following) >= MOST_PATHS:
                        exact = False
                        break
                    self.evaluations += 1
                    after = self._step(index, runs, starts, picks)
                    if not _clashes(after):
                        key = tuple((run.start, run.price, run.used, bool(run.steps), _seen(run)) for run in after)
                        following.setdefault(key, (after, (*past, picks)))
            states = list(following.values())
        best = min(states, key=lambda one: _total(one[0], weigh))
        plan = [(length, tuple(group[number] for group in best[1])) for number, length in enumerate(lengths)]
        return plan, exact

    def _step(self, index: int, runs: list[Run], starts: Sequence[int], picks: Sequence[Picks]) -> list[Run]:
        planned = [
            Run(run.kind, run.start, run.count, run.price, (picks[_segment(starts, run)],), run.used, run.steps)
            for run in runs
        ]
        return goods_step(self.table.groups[index], index, self.table.by_group[index], planned, 0)

    def _choices(
        self, runs: Sequence[Run], starts: Sequence[int], position: int, *, all_paths: bool
    ) -> Iterator[list[Picks]]:
        """Yield picks for each segment: line promotions on or off, and the best or all of the others."""
        group = self.table.groups[self.groups[position]]
        index = self.groups[position]
        kind = runs[0].kind
        offers = self.offers.get((kind.index, position), [])
        if group.policy == "first":
            yield [()] * len(starts)
            return
        heads = [next(run for run in runs if _segment(starts, run) == number) for number in range(len(starts))]
        lines = [one for one in offers if one.rule.target == "line"]
        for count in range((len(lines) if group.policy == "all" else min(1, len(lines))) + 1):
            for chosen in combinations(lines, count):
                if chosen and group.policy == "best" and any(self._pays(run, offers) for run in heads):
                    continue  # a line is taken whole
                options: list[list[Picks]] = []
                for run in heads:
                    able = tuple(Pick(one) for one in chosen if not is_out(one, run, index))
                    if able and group.policy == "best":
                        options.append([able])
                        continue
                    options.append([(*one, *able) for one in self._options(run, position, all_paths)])
                for combo in product(*options):
                    yield list(combo)

    def _pays(self, run: Run, offers: Sequence[Offer]) -> bool:
        """Tell whether one of the retailer's multi-buys that are taken needs a unit."""
        return any(
            one.retail is not None and one in self.retail and run.start in one.retail.payers.get(run.kind.index, ())
            for one in offers
        )

    def _options(self, run: Run, position: int, all_paths: bool) -> list[Picks]:
        group = self.table.groups[self.groups[position]]
        index = self.groups[position]
        able = [
            one
            for one in self.offers.get((run.kind.index, position), ())
            if one.rule.target != "line" and not is_out(one, run, index) and not _is_free_multibuy(one)
        ]
        singles = [one for one in able if one.retail is None and not isinstance(one.effect, Nth)]
        roles: list[Picks] = []
        for one in able:
            if isinstance(one.effect, Nth):
                roles.append((Pick(one, "nth"),))
            if one.retail is None or one not in self.retail:
                continue
            if run.start in one.retail.payers.get(run.kind.index, ()):
                others = singles if group.policy == "all" else []
                return [(Pick(one, "pay"), *(Pick(other) for other in others))]
            if run.start in one.retail.winners.get(run.kind.index, ()):
                roles.append((Pick(one, "get"),))
        if group.policy == "all":
            counts = range(len(singles) + 1) if all_paths else (len(singles),)
            bases = [tuple(Pick(one) for one in chosen) for count in counts for chosen in combinations(singles, count)]
            return [(*base, *role) for base in bases for role in ((), *roles)]
        if all_paths:
            return [(), *((Pick(one),) for one in singles), *roles]
        return [self.single(run, position)[1], *roles]


def _total(runs: Sequence[Run], weigh: Callable[[Run], tuple[int, ...]]) -> list[int]:
    """Return the sums over all units of what each of them weighs."""
    return [sum(parts) for parts in zip(*([run.count * part for part in weigh(run)] for run in runs), strict=True)]


def _segment(starts: Sequence[int], run: Run) -> int:
    return max(number for number, start in enumerate(starts) if start <= run.start)


def _is_free_multibuy(offer: Offer) -> bool:
    return isinstance(offer.effect, Sets | BuyGet | Bundle) and offer.retail is None


def _is_shy(offer: Offer, others: Sequence[Offer]) -> bool:
    return bool(offer.rule.shy) and any(
        one.key in offer.rule.shy and on_unit(one, offer) for one in others if one is not offer
    )


def _seen(run: Run) -> tuple[int, ...]:
    return tuple(sorted(step.offer.number for step in run.steps if step.offer.rule.shy))


def _clashes(runs: Sequence[Run]) -> bool:
    """Tell whether two promotions that never meet on a unit do."""
    for run in runs:
        shy = [step.offer for step in run.steps if step.offer.rule.shy]
        for one, other in combinations(shy, 2):
            both = one.rule.is_compulsory and other.rule.is_compulsory
            if other.key in one.rule.shy and on_unit(one, other) and not both:
                return True
    return False
