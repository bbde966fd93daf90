"""Order promotions and delivery with thresholds at net value: what it takes to reach them, tried out.

Only where the closed form holds: kinds that nothing ties, at most one order promotion, thresholds of the form "worth at
least so much". Everything else is left to the complete search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from wayfare.promotions.conditions import Condition, GoodsCondition
from wayfare.promotions.effects import AmountOff, PercentOff
from wayfare.promotions.kinds import Kind
from wayfare.promotions.lifts import Picks, Rung, Target, lift, prices_of
from wayfare.promotions.offers import Offer
from wayfare.promotions.orders import OrderTotals, OrderWay, cost_under, lone_percent
from wayfare.promotions.parcels import Way, best_ways
from wayfare.promotions.pricer import Choice, Plans
from wayfare.promotions.runs import Run
from wayfare.promotions.table import Table
from wayfare.promotions.values import fraction

MOST_SHIPPING = 3


@dataclass(slots=True)
class Aimed:
    """The best choice that reaches its thresholds, if there is one, its value, and what no such choice goes below."""

    value: int | None
    choice: Choice | None
    bound: int


class Aims:
    """Lifts the cheapest goods of one table to thresholds; what kinds can cost is remembered."""

    def __init__(self, table: Table, plans: Plans, prices: Sequence[int]) -> None:
        self.table, self.plans, self.prices = table, plans, prices
        self._prices: dict[int, dict[int, Picks] | None] = {}

    def reach(
        self, order: OrderWay, chosen: Sequence[Offer], shipping: Sequence[Offer], mark: int | None
    ) -> Aimed | None:
        """Return the best choice with these order promotions, if it is worth at most `mark`.

        None when this is not the place to tell.
        """
        netted = [one for one in shipping if one.net]
        if len(chosen) > 1 or len(netted) > MOST_SHIPPING or any(one.rule.is_compulsory for one in shipping):
            return None
        offer = chosen[0] if chosen else None
        if offer is not None and lone_percent(self.table, chosen) is None and not _is_plain_amount(offer):
            return None
        own = [self._target(one, None) for one in (offer.net if offer is not None else ())]
        best: Aimed | None = None
        for count in range(len(netted) + 1):
            for used in combinations(netted, count):
                ways, delivery, is_sure = best_ways(self.table, [one for one in shipping if not one.net or one in used])
                asked = [condition for ship in used for condition in ship.net]
                targets = [*own, *(self._target(one, offer) for one in asked)]
                short = [one for one in targets if one is not None and one.missing > 0]
                if None in own or not is_sure:
                    return None
                if None not in targets:
                    found = self._lift(order, offer, short, ways, delivery, mark)
                elif all(self._is_of_all(one) for one in asked):  # then the goods end there, or above
                    found = Aimed(None, None, delivery + max(getattr(one, "value", 0) for one in asked))
                else:
                    return None
                if found.value is not None:
                    mark = found.value if mark is None else min(mark, found.value)
                if best is not None:
                    is_better = found.value is not None and (best.value is None or found.value < best.value)
                    better = found if is_better else best
                    found = Aimed(better.value, better.choice, min(best.bound, found.bound))
                best = found
        return best

    def _lift(
        self,
        order: OrderWay,
        offer: Offer | None,
        short: Sequence[Target],
        ways: list[Way],
        delivery: int,
        mark: int | None,
    ) -> Aimed:
        """Return the best choice that reaches these targets."""
        percent = offer if offer is not None and isinstance(offer.effect, PercentOff) else None
        cost, whole = cost_under(percent)
        off = 0 if offer is None or percent is not None else _most(offer)
        base = self._worth(self.table.kinds, percent)

        def after(total: int) -> int:
            return -((whole - 2 * total) // (2 * whole)) - off + delivery  # the discount is rounded, a half upwards

        if not short:
            return self._valued(order, offer, {}, ways, max(delivery, after(base)), delivery)
        kinds = [kind for kind in self.table.kinds if any(one.kinds >> kind.index & 1 for one in short)]
        budget = None if mark is None else max(0, whole * (mark - after(base) + 1))
        slope = whole if percent is None else whole - _part(percent)
        slope = 0 if percent is not None and any(kind.floor for kind in kinds) else slope
        least = max(one.missing * (1 if one.is_weighted else slope) for one in short)  # what lifts cost at least
        low = max(delivery, after(base + least))
        if budget is not None and least >= budget:
            return Aimed(None, None, low)
        rungs = []
        for kind in kinds:
            lowest = self.prices[kind.index]
            ladder = self._ladder(kind)
            if ladder is None:
                return Aimed(None, None, low)
            start = cost(kind, lowest, max(0, lowest - kind.floor))
            higher = [(price, picks) for price, picks in ladder.items() if price > lowest]
            rungs.append(
                [
                    (cost(kind, price, max(0, price - kind.floor)) - start, price - lowest, (price, picks))
                    for price, picks in higher
                ]
            )
        enough = least
        while after(base + enough + 1) == after(base + least) and enough < least + whole:
            enough += 1
        found = lift(kinds, rungs, short, budget, enough)
        if found.cost is None:
            return Aimed(None, None, low if mark is None or not found.is_exact else max(low, mark))
        lifted: dict[int, list[Rung]] = {}
        for index, rung in found.units:
            lifted.setdefault(index, []).append(rung)
        return self._valued(order, offer, lifted, ways, max(delivery, after(base + found.cost)), delivery)

    def _valued(
        self,
        order: OrderWay,
        offer: Offer | None,
        lifted: dict[int, list[Rung]],
        ways: list[Way],
        bound: int,
        delivery: int,
    ) -> Aimed:
        """Return what these lifts come to."""
        plans, runs = dict(self.plans), list[Run]()
        for kind in self.table.kinds:
            mine = lifted.get(kind.index, [])
            left = kind.quantity - len(mine)
            plain = self.plans[kind.index][0][1]
            plans[kind.index] = [*((1, picks) for _, picks in mine), *([(left, plain)] if left else [])]
            runs += [Run(kind, start, 1, price) for start, (price, _) in enumerate(mine)]
            runs += [Run(kind, len(mine), left, self.prices[kind.index])] if left else []
        totals = OrderTotals(self.table, runs)
        value = totals.goods - (totals.of(offer) if offer is not None else 0) + delivery
        return Aimed(value, Choice(plans, order, tuple(ways)), min(value, bound))

    def _ladder(self, kind: Kind) -> dict[int, Picks] | None:
        if kind.index not in self._prices:
            self._prices[kind.index] = prices_of(self.table, kind)
        return self._prices[kind.index]

    def _target(self, condition: Condition, offer: Offer | None) -> Target | None:
        """Return what a condition asks for, before or after an order promotion; None when that cannot be said."""
        if not isinstance(condition, GoodsCondition) or condition.kind != "goods_from":
            return None
        bit = 1 << self.table.book.index.number(condition.scope)
        mine = [kind for kind in self.table.kinds if kind.scopes & bit]
        bits, worth = sum(1 << kind.index for kind in mine), self._worth(mine, None)
        if offer is None:
            return Target(bits, condition.value - worth)
        if len(mine) < len(self.table.kinds):
            return None
        if isinstance(offer.effect, PercentOff):
            whole = cost_under(offer)[1]  # what is left is rounded: a half downwards
            return Target(bits, whole * condition.value - (whole - 1) // 2 - self._worth(mine, offer), is_weighted=True)
        runs = [Run(kind, 0, kind.quantity, self.prices[kind.index]) for kind in mine]
        most = _most(offer)  # where there is room for it now there is when prices are higher
        return Target(bits, condition.value + most - worth) if OrderTotals(self.table, runs).of(offer) == most else None

    def _worth(self, kinds: Sequence[Kind], percent: Offer | None) -> int:
        """Return what kinds cost together at their lowest prices, weighed for a percent that follows."""
        cost = cost_under(percent)[0]
        lowest = [(kind, self.prices[kind.index]) for kind in kinds]
        return sum(cost(kind, price, max(0, price - kind.floor)) * kind.quantity for kind, price in lowest)

    def _is_of_all(self, condition: Condition) -> bool:
        """Tell whether a condition asks for the worth of all goods."""
        if not isinstance(condition, GoodsCondition) or condition.kind != "goods_from":
            return False
        bit = 1 << self.table.book.index.number(condition.scope)
        return all(kind.scopes & bit for kind in self.table.kinds)


def _is_plain_amount(offer: Offer) -> bool:
    return isinstance(offer.effect, AmountOff) and offer.rule.most_unit is None


def _most(offer: Offer) -> int:
    """Return what an order amount gives at most."""
    limits = (offer.rule.most_cart, offer.spend, offer.effect.value if isinstance(offer.effect, AmountOff) else 0)
    return min(limit for limit in limits if limit is not None)


def _part(offer: Offer) -> int:
    return fraction(offer.effect.value)[0] if isinstance(offer.effect, PercentOff) else 0
