"""The closed form: kinds by themselves, multi-buys by the ballot, and a few decisions for the whole cart tried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from wayfare.money import half_up
from wayfare.promotions.aims import Aims
from wayfare.promotions.ballot import Ballot
from wayfare.promotions.bounds import Bounds
from wayfare.promotions.effects import AmountOff, Bundle, BuyGet, PercentOff, SetPrice, Sets
from wayfare.promotions.offers import Offer
from wayfare.promotions.orders import OrderTotals, OrderWay, cost_under, lone_percent, order_ways, weight_under
from wayfare.promotions.parcels import Way, best_ways
from wayfare.promotions.paths import Paths
from wayfare.promotions.pricer import Choice, Plans, QuoteDiffers, after_goods, after_order, meets_net, nets
from wayfare.promotions.runs import Run
from wayfare.promotions.sweep import free_kinds, sweep
from wayfare.promotions.table import Table
from wayfare.promotions.values import fraction

MOST_RETAIL = 6


@dataclass(slots=True)
class Effort:
    """How many evaluations a search has made, and how many it may make."""

    limit: int
    made: int = 0
    steps: int = 0  # of walks over units that multi-buys compete for; these have limits of their own

    def spend(self, count: int = 1) -> None:
        """Count evaluations. Raises LimitReached."""
        self.made += count
        if self.made > self.limit:
            raise LimitReached


class LimitReached(Exception):  # not an error: the search stops, and the bound is told
    """The search has used up its evaluations."""


@dataclass(slots=True)
class _Goods:
    """Goods for one way to weigh them: plans, what they lead to, and whether that is allowed.

    No plans are cheaper than these by more than `gap`; None is unknown.
    """

    plans: Plans
    runs: list[Run]
    is_allowed: bool
    gap: int | None
    totals: OrderTotals


class Direct:
    """Finds the best choice of one table, and a value that no choice goes below."""

    def __init__(self, table: Table, effort: Effort) -> None:
        self.table, self.effort = table, effort
        goods = [one for index in table.goods_groups() for one in table.by_group[index]]
        self.multi = [one for one in goods if isinstance(one.effect, Sets | BuyGet) and one.retail is None]
        self.retail = [one for one in goods if one.retail is not None]
        self.shipping = [one for index in table.book.shipping_groups for one in table.by_group[index]]
        order = [one for index in table.book.order_groups for one in table.by_group[index]]
        is_cut = any(one.rule.most_cart is not None for one in goods)
        skips = any(one.rule.skips for one in order)
        self.sure = not (
            is_cut
            or skips
            or any(isinstance(one.effect, Bundle) for one in goods)
            or any(one.rule.is_compulsory and one.net for one in table.offers)
            or len(self.retail) > MOST_RETAIL
        )
        self.is_plain = not (is_cut or skips or any(one.net for one in goods))  # prices need no plan
        self.ordered = 0
        for one in order:
            self.ordered |= one.kinds
        self.held = 0  # kinds of which a cap counts the discounts on the order and others
        for kind in table.kinds:
            if any("order" in ceiling.layers for ceiling in kind.ceilings):
                self.held |= self.ordered & 1 << kind.index
        self.has_first = any(one.rule.is_compulsory for one in order)
        self.tied = 0
        for one in self.multi:
            self.tied |= one.kinds
        self.free = free_kinds(table)
        self.found: tuple[tuple[int, object], Choice] | None = None
        self.least: int | None = None
        self.loose: int | None = None
        self.ships: dict[tuple[Offer, ...], tuple[list[Way], int, bool]] = {}

    def best(self) -> tuple[Choice | None, int, int]:
        """Return the best choice with its value, and a value that no choice goes below (0 when nothing is known)."""
        modes = self.retail[:MOST_RETAIL]
        for count in range(len(modes) + 1):
            for chosen in combinations(modes, count):
                if not _overlap(chosen):
                    self._mode(frozenset(chosen))
        if self.found is None:
            return None, 0, (self.least or 0) if self.sure else 0
        value = self.found[0][0]
        return self.found[1], value, min(value, self.least or 0) if self.sure else 0

    def _mode(self, retail: frozenset[Offer]) -> None:
        """Try all order promotions for one set of retailer's multi-buys."""
        table = self.table
        if any(one.kinds & self.tied or one.rule.skips for one in retail):
            self.sure = False  # the ballot knows nothing of units that the retailer has fixed; reduced ones cannot pay
            return
        plans, prices, evaluations = sweep(table, self.free)
        self.effort.made += evaluations
        rest = [kind for kind in table.kinds if not self.free >> kind.index & 1]
        paths = Paths(table, rest, retail)
        for kind in rest:
            if not (self.tied | self.held) >> kind.index & 1:
                plans[kind.index], exact = paths.walk(kind)
                self.sure = self.sure and exact
        held = [kind for kind in rest if self.held & ~self.tied & 1 << kind.index]
        ballot = Ballot(table, paths, self.multi) if self.multi else None
        aims = Aims(table, plans, prices) if self.is_plain and not (rest or retail or self.has_first) else None
        known: dict[object, _Goods] = {}
        ways = list(order_ways(table))
        if self.multi:  # percents last, and the strongest of them first: they set a mark
            ways.sort(key=lambda way: _strength(table, way))
        plain = 0
        for order in ways:
            chosen = [offer for part in order for offer in part]
            percent = lone_percent(table, chosen) if self.multi or held else None
            if percent is not None and self._is_hopeless(percent, plain):
                continue
            goods = known.get(percent)
            if goods is None:
                dealt: Plans = {}
                gap: int | None = 0
                if ballot is not None:
                    dealt, gap = ballot.deal(*cost_under(percent), self._same(percent))
                for kind in held:
                    dealt[kind.index], exact = paths.walk(kind, weight_under(percent))
                    self.sure = self.sure and exact
                goods = known[percent] = self._goods({**plans, **dealt}, prices, gap)
            if percent is None and goods.gap == 0 and self.multi:
                plain = goods.totals.goods
            if not self._aim(aims, order, chosen):
                self._try(goods, order, chosen)
        self.effort.made += paths.evaluations
        self.effort.steps += ballot.steps if ballot is not None else 0

    def _same(self, percent: Offer | None) -> int:
        """Return the kinds whose units may be weighed by their prices, whatever percent follows."""
        bits = (1 << len(self.table.kinds)) - 1
        if percent is not None:
            bits &= percent.kinds
            for kind in self.table.kinds:
                if kind.floor or kind.ceilings:
                    bits &= ~(1 << kind.index)
        return bits

    def _is_hopeless(self, percent: Offer, plain: int) -> bool:
        """Tell whether a percent off the cheapest goods there are cannot beat what is known."""
        if self.found is None or not plain or not isinstance(percent.effect, PercentOff):
            return False
        part, whole = fraction(percent.effect.value)
        return plain - half_up(plain * part, whole) + self._ship(self.shipping)[1] > self.found[0][0]

    def _goods(self, plans: Plans, prices: Sequence[int], gap: int | None) -> _Goods:
        """Return the goods after these plans; only what is not in closed form goes through the pricer."""
        table = self.table
        is_allowed = True
        if self.is_plain:
            rest = [kind for kind in table.kinds if not self.free >> kind.index & 1]
            runs = [
                Run(kind, 0, kind.quantity, prices[kind.index]) for kind in table.kinds if self.free >> kind.index & 1
            ]
            runs = sorted([*runs, *after_goods(table, plans, kinds=rest)], key=_place) if rest else runs
        else:
            try:
                runs = after_goods(table, plans)
            except QuoteDiffers:  # a net threshold is missed
                runs, is_allowed = after_goods(table, plans, assume_net=True), False
        return _Goods(plans, runs, is_allowed, gap, OrderTotals(table, runs))

    def _aim(self, aims: Aims | None, order: OrderWay, chosen: Sequence[Offer]) -> bool:
        """Reach net thresholds, where there are any, and note the best choice; tell whether all has been said."""
        if aims is None or not any(one.net for one in (*chosen, *self.shipping)):
            return False
        found = aims.reach(order, chosen, self.shipping, self.found[0][0] if self.found is not None else None)
        if found is None:
            return False
        self.effort.made += len(chosen) + 1
        if found.value is not None and found.choice is not None:
            self._note(found.value, found.choice, chosen)
        self.least = found.bound if self.least is None else min(self.least, found.bound)
        return True

    def _note(self, value: int, choice: Choice, chosen: Sequence[Offer]) -> None:
        """Keep a choice that is allowed, when it is the best so far; larger priorities first where values are equal."""
        rank = (value, sorted([one.rule.order for one in chosen]))
        if self.found is None or rank < self.found[0]:
            self.found = rank, choice

    def _try(self, goods: _Goods, order: OrderWay, chosen: Sequence[Offer]) -> None:
        """Price one choice of order promotions; where a threshold is missed, only its bound counts."""
        table, runs = self.table, goods.runs
        worths = nets(table, runs) if any(one.net for one in (*chosen, *self.shipping)) else []
        meets = goods.is_allowed and all(meets_net(table, one, worths) for one in chosen if one.net)
        total, after = goods.totals.goods, runs
        if len(chosen) == 1 and not self.has_first:
            total -= goods.totals.of(chosen[0])
        elif chosen or self.has_first:
            after = after_order(table, runs, order, assume_net=True)
            total = sum([run.price * run.count for run in after])
        ways, delivery, _ = self._ship(self.shipping)
        least = total + delivery
        if any(one.net for one in self.shipping):
            after = after_order(table, runs, order, assume_net=True)
            worths = nets(table, after)
            ways, delivery, _ = self._ship([one for one in self.shipping if meets_net(table, one, worths)])
        value = total + delivery
        self.effort.made += len(chosen) + 1
        if meets and (self.found is None or value <= self.found[0][0]):
            self._note(value, Choice(goods.plans, order, tuple(ways)), chosen)
        if goods.gap is None or not self._is_monotone(chosen, after) or not self._is_free(goods, chosen):
            least = min(least, self._loose())
        elif goods.gap:
            least -= goods.gap
        self.least = least if self.least is None else min(self.least, least)

    def _is_monotone(self, chosen: Sequence[Offer], runs: Sequence[Run]) -> bool:
        """Tell whether these order promotions cannot turn cheaper goods into a dearer cart.

        One promotion never does. Several do not when they work on the same units and none is held by a floor; with
        multi-buys they must work on all goods, for the ballot weighs the whole.
        """
        if len(chosen) > 1 and (
            len({tuple(sorted(one.reach.items())) for one in chosen}) > 1
            or any(run.price <= run.kind.floor and run.price for run in runs)
        ):
            return False
        if not self.multi or not chosen or lone_percent(self.table, chosen) is not None:
            return True
        return all(one.reach.get(kind.index) == kind.quantity for one in chosen for kind in self.table.kinds)

    def _is_free(self, goods: _Goods, chosen: Sequence[Offer]) -> bool:
        """Tell whether no other goods could leave order promotions more room, where caps count both."""
        mine = [one for one in chosen if one.kinds & self.held]
        if self.held and (self.has_first or len(chosen) > 1):
            return False
        if not mine:
            return True
        offer, effect = mine[0], mine[0].effect
        if lone_percent(self.table, mine) is not None:
            return True  # it was weighed with the goods
        total, limits = goods.totals.of(offer), [offer.rule.most_cart, offer.spend]
        if isinstance(effect, AmountOff):
            limits.append(effect.value)
        elif isinstance(effect, SetPrice):
            limits.append(
                sum(run.price * run.count for run in goods.runs if offer.kinds >> run.kind.index & 1) - effect.value
            )
        return total in limits  # all that it can give, on the cheapest goods

    def _loose(self) -> int:
        """Return a bound that holds whatever the order layer does."""
        if self.loose is None:
            self.loose = Bounds(self.table).lowest(
                [Run(kind, 0, kind.quantity, kind.price) for kind in self.table.kinds], 0
            )
        return self.loose

    def _ship(self, offers: Sequence[Offer]) -> tuple[list[Way], int, bool]:
        key = tuple(offers)
        if key not in self.ships:
            self.ships[key] = best_ways(self.table, offers)
            self.sure = self.sure and self.ships[key][2]
        return self.ships[key]


def _strength(table: Table, way: OrderWay) -> tuple[bool, Fraction]:
    percent = lone_percent(table, [offer for part in way for offer in part])
    if percent is None or not isinstance(percent.effect, PercentOff):
        return False, Fraction(0)
    return True, -Fraction(percent.effect.value)


def _place(run: Run) -> tuple[int, int]:
    return run.kind.index, run.start


def _overlap(chosen: Sequence[Offer]) -> bool:
    """Tell whether two retailer's multi-buys of one group need the same paying units."""
    for one, other in combinations(chosen, 2):
        if one.rule.group == other.rule.group and one.retail and other.retail:
            for kind, places in one.retail.payers.items():
                others = other.retail.payers.get(kind, range(0))
                if max(places.start, others.start) < min(places.stop, others.stop):
                    return True
    return False
