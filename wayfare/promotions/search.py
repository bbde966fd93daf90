"""The best choice for a cart, with its proof: the lowest value found, and a bound that no choice can go below."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

from wayfare.money import half_up
from wayfare.promotions.ballot import deal
from wayfare.promotions.bounds import Bounds
from wayfare.promotions.contract import GOODS_LAYERS
from wayfare.promotions.effects import Bundle, BuyGet, PercentOff, Sets
from wayfare.promotions.exhaust import Effort, LimitReached, exhaust
from wayfare.promotions.kinds import Kind
from wayfare.promotions.parcels import Way, best_ways
from wayfare.promotions.paths import Paths
from wayfare.promotions.pricer import (
    Choice,
    Plans,
    Priced,
    QuoteDiffers,
    after_goods,
    after_order,
    clash_of,
    meets_net,
    nets,
    price,
)
from wayfare.promotions.runs import Run
from wayfare.promotions.steps import order_total
from wayfare.promotions.table import Offer, Table
from wayfare.promotions.values import fraction

MOST_RETAIL = 6
MOST_NET = 5
MOST_ORDER_WAYS = 512


@dataclass(frozen=True, slots=True)
class Found:
    """A quote before it is written: `bound` equals the value when it is proven."""

    table: Table
    choice: Choice
    priced: Priced
    bound: int
    evaluations: int

    @property
    def rank(self) -> tuple[object, ...]:
        """Return what decides between quotes (S19): value, priorities, limited codes, how many, keys."""
        applied = sorted(self.priced.applied(), key=lambda one: one.rule.order)
        codes = [one for one in applied if one.rule.promotion.requires_code and one.rule.promotion.limits.budget]
        priorities = [-one.rule.promotion.priority for one in applied]
        return (self.priced.value, priorities, len(codes), len(applied), [one.key for one in applied])


def find(table: Table, limit: int) -> Found:
    """Return the best quote: standalone promotions alone against everything else together (S6)."""
    effort = Effort(limit)
    alone = [offer for offer in table.offers if offer.rule.promotion.standalone]
    found = [_solve(table.only(one for one in table.offers if one not in alone), effort)] if alone else []
    if not alone:
        found = [_solve(table, effort)]
    found += [_solve(table.only([offer]), effort) for offer in alone]
    best = min(found, key=lambda one: one.rank)
    bound = min(one.bound for one in found)
    return Found(best.table, best.choice, best.priced, min(bound, best.priced.value), effort.made)


def _solve(table: Table, effort: Effort) -> Found:
    """Return the best quote of a table without standalone promotions."""
    best, bound = _branch(table, effort)
    value = best[1].value if best else None
    if best is not None and bound >= best[1].value:
        return Found(table, *best, best[1].value, effort.made)
    bounds = Bounds(table)
    floor = bounds.lowest([Run(kind, 0, kind.quantity, kind.price) for kind in table.kinds], 0)
    bound = max(bound, floor)
    if value is None or bound < value:
        try:
            better = exhaust(table, bounds, effort, value)
            if better is not None:
                priced = price(table, better)
                return Found(table, better, priced, priced.value, effort.made)
            if best is not None:
                return Found(table, *best, best[1].value, effort.made)
        except LimitReached:
            pass
    if best is None:
        choice = Choice({})
        best = choice, price(table, choice)
    return Found(table, *best, min(bound, best[1].value), effort.made)


def _branch(table: Table, effort: Effort) -> tuple[tuple[Choice, Priced] | None, int]:
    """Resolve pairs that are never in one cart: drop the one or the other, as long as that can still win."""
    best: tuple[Choice, Priced] | None = None
    bound: int | None = None
    open_tables = list(_with_net(table))
    nodes = 0
    while open_tables:
        here = open_tables.pop()
        nodes += 1
        choice, least = Direct(here, effort).best()
        if choice is None:
            bound = least if bound is None else min(bound, least)
            continue
        if best is not None and least >= best[1].value:
            continue
        priced = price(here, choice, may_clash=True)
        clash = clash_of(priced)
        if clash is None:
            if best is None or priced.value < best[1].value:
                best = choice, priced
            if least < priced.value:
                bound = least if bound is None else min(bound, least)
            continue
        drop = [one for one in clash if not one.rule.is_compulsory]
        if len(drop) < 2 or nodes > 64 or any(one.rule.promotion.never_on == "unit" for one in clash):
            bound = least if bound is None else min(bound, least)
        if nodes <= 64:
            open_tables += [here.only(one for one in here.offers if one is not gone) for gone in drop]
    lowest = best[1].value if best else (bound or 0)
    return best, lowest if bound is None else min(bound, lowest)


def _with_net(table: Table) -> Iterator[Table]:
    """Yield the table with each set of the goods promotions that have net thresholds: each is used, or not there."""
    netted = [one for one in table.offers if one.net and one.rule.layer in GOODS_LAYERS and not one.rule.is_compulsory]
    some = netted[:MOST_NET]
    for count in range(len(some) + 1):
        for gone in combinations(some, count):
            yield table.only(one for one in table.offers if one not in gone) if gone else table


class Direct:
    """The closed form: kinds by themselves, multi-buys by the ballot, a few decisions for the whole cart tried out."""

    def __init__(self, table: Table, effort: Effort) -> None:
        self.table, self.effort = table, effort
        goods = [one for index in table.goods_groups() for one in table.by_group[index]]
        self.multi = [one for one in goods if isinstance(one.effect, Sets | BuyGet) and one.retail is None]
        self.retail = [one for one in goods if one.retail is not None]
        self.shipping = [one for one in table.offers if one.rule.layer == "shipping"]
        order = [one for one in table.offers if one.rule.layer == "order"]
        self.sure = not (
            any(isinstance(one.effect, Bundle) or _is_cut(one) for one in goods)
            or any(one.rule.promotion.scope.skip_discounted for one in order)
            or any(one.rule.is_compulsory and one.net for one in table.offers)
            or len(self.retail) > MOST_RETAIL
        )
        self.has_first = any(group.layer == "order" and group.policy == "first" for group in table.groups)
        self.tied = {kind for one in self.multi for kind in one.reach}
        self.found: tuple[tuple[int, object], Choice] | None = None
        self.least: int | None = None
        self.loose: int | None = None
        self.ships: dict[tuple[Offer, ...], tuple[list[Way], int, bool]] = {}

    def best(self) -> tuple[Choice | None, int]:
        """Return the best choice, and a value that no choice goes below (0 when nothing is known)."""
        modes = self.retail[:MOST_RETAIL]
        for count in range(len(modes) + 1):
            for chosen in combinations(modes, count):
                if not _overlap(chosen):
                    self._mode(frozenset(chosen))
        if self.found is None:
            return None, (self.least or 0) if self.sure else 0
        return self.found[1], min(self.found[0][0], self.least or 0) if self.sure else 0

    def _mode(self, retail: frozenset[Offer]) -> None:
        """Try all order promotions for one set of retailer's multi-buys."""
        table, paths = self.table, Paths(self.table, retail)
        plans: Plans = {}
        for kind in table.kinds:
            if kind.index not in self.tied:
                plans[kind.index], exact = paths.walk(kind)
                ordered = any(kind.index in one.reach for one in table.offers if one.rule.layer == "order")
                self.sure = self.sure and exact and not (kind.ceilings and ordered)
        known: dict[object, tuple[Plans, list[Run], bool, bool]] = {}
        ways = list(order_ways(table))
        if self.multi:  # the strongest percents last: cheaper ones to try have set a mark by then
            ways.sort(key=lambda way: _lone_percent(table, [offer for part in way for offer in part]) is not None)
        plain = 0
        for order in ways:
            chosen = [offer for part in order for offer in part]
            percent = _lone_percent(table, chosen) if self.multi else None
            if percent is not None and self._is_hopeless(percent, plain):
                continue
            if percent not in known:
                dealt: Plans = {}
                exact = True
                if self.multi:
                    dealt, _, exact = deal(table, paths, self.multi, cost_under(percent))
                whole = {**plans, **dealt}
                known[percent] = whole, *self._goods(whole), exact
            whole, runs, is_allowed, exact = known[percent]
            if percent is None and exact and self.multi:
                plain = sum(run.price * run.count for run in runs)
            self._try(Choice(whole, order), chosen, runs, exact=exact, is_allowed=is_allowed)
        self.effort.made += paths.evaluations

    def _is_hopeless(self, percent: Offer, plain: int) -> bool:
        """Tell whether a percent off the cheapest goods there are cannot beat what is known."""
        if self.found is None or not plain or not isinstance(percent.effect, PercentOff):
            return False
        part, whole = fraction(percent.effect.value)
        return plain - half_up(plain * part, whole) + self._ship(self.shipping)[1] > self.found[0][0]

    def _goods(self, plans: Plans) -> tuple[list[Run], bool]:
        """Return the runs after the goods groups, and whether the net thresholds of what they use are met."""
        try:
            return after_goods(self.table, plans), True
        except QuoteDiffers:
            return after_goods(self.table, plans, assume_net=True), False

    def _try(self, choice: Choice, chosen: Sequence[Offer], runs: list[Run], *, exact: bool, is_allowed: bool) -> None:
        """Price one choice of order promotions; where a threshold is missed, only its bound counts."""
        table = self.table
        worths = nets(table, runs) if any(one.net for one in (*chosen, *self.shipping)) else []
        meets = is_allowed and all(meets_net(table, one, worths) for one in chosen if one.net)
        goods, after = sum(run.price * run.count for run in runs), runs
        if len(chosen) == 1 and not self.has_first:
            index = chosen[0].rule.group
            goods -= order_total(chosen[0], table.groups[index], runs, index)[0]
        elif chosen or self.has_first:
            after = after_order(table, runs, choice.order, assume_net=True)
            goods = sum(run.price * run.count for run in after)
        ways, delivery, _ = self._ship(self.shipping)
        least = goods + delivery
        if any(one.net for one in self.shipping):
            after = after_order(table, runs, choice.order, assume_net=True)
            worths = nets(table, after)
            ways, delivery, _ = self._ship([one for one in self.shipping if meets_net(table, one, worths)])
        value = goods + delivery
        self.effort.made += len(chosen) + 1
        if meets:
            applied = sorted(chosen, key=lambda one: one.rule.order)
            rank = (value, [one.rule.order for one in applied])
            if self.found is None or rank < self.found[0]:
                self.found = rank, Choice(choice.plans, choice.order, tuple(ways))
        if not (exact and self._is_monotone(chosen, after)):
            least = min(least, self._loose())
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
        if not self.multi or not chosen or _lone_percent(self.table, chosen) is not None:
            return True
        return all(one.reach.get(kind.index) == kind.quantity for one in chosen for kind in self.table.kinds)

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


def order_ways(table: Table) -> Iterator[tuple[tuple[Offer, ...], ...]]:
    """Yield the ways to choose order promotions; in an ALL group more is never worse, but for thresholds."""
    options: list[list[tuple[Offer, ...]]] = []
    for index, group in enumerate(table.groups):
        if group.layer != "order":
            continue
        offers = table.by_group[index]
        if group.policy == "best":
            options.append([(), *((one,) for one in offers)])
        elif group.policy == "all":
            doubtful = [one for one in offers if one.net][:8]
            base = tuple(one for one in offers if not one.net)
            counts = range(len(doubtful) + 1)
            options.append([(*base, *some) for count in counts for some in combinations(doubtful, count)])
        else:
            options.append([()])
    yield from islice(product(*options), MOST_ORDER_WAYS)


def cost_under(percent: Offer | None) -> Callable[[Kind, int], int]:
    """Return what a unit costs at a price, in whole numbers, when one order percent follows or nothing does."""
    if percent is None or not isinstance(percent.effect, PercentOff):
        return lambda kind, price: price
    part, whole = fraction(percent.effect.value)

    def cost(kind: Kind, price: int) -> int:
        if kind.index not in percent.reach:
            return whole * price
        return whole * price - min(part * price, whole * max(0, price - kind.floor))

    return cost


def _lone_percent(table: Table, chosen: Sequence[Offer]) -> Offer | None:
    """Return the only order promotion when it is a percent that the ballot can weigh units by."""
    if len(chosen) != 1 or not isinstance(chosen[0].effect, PercentOff):
        return None
    limits = chosen[0].rule.promotion.limits
    if table.groups[chosen[0].rule.group].percent_base == "list":
        return None
    is_plain = limits.max_discount_cart is None and limits.max_discount_unit is None and limits.max_units is None
    return chosen[0] if is_plain and limits.max_units_line is None and chosen[0].spend is None else None


def _is_cut(offer: Offer) -> bool:
    return offer.rule.promotion.limits.max_discount_cart is not None


def _overlap(chosen: Sequence[Offer]) -> bool:
    """Tell whether two retailer's multi-buys of one group need the same paying units."""
    for one, other in combinations(chosen, 2):
        if one.rule.group == other.rule.group and one.retail and other.retail:
            for kind, places in one.retail.payers.items():
                others = other.retail.payers.get(kind, range(0))
                if max(places.start, others.start) < min(places.stop, others.stop):
                    return True
    return False
