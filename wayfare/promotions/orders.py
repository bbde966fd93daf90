"""The ways to choose order promotions, and what they come to for goods whose prices are known."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice, product

from wayfare.money import half_up
from wayfare.promotions.effects import AmountOff, PercentOff
from wayfare.promotions.kinds import Kind
from wayfare.promotions.offers import Offer
from wayfare.promotions.order_step import order_total
from wayfare.promotions.runs import Run
from wayfare.promotions.table import Table
from wayfare.promotions.values import fraction

MOST_ORDER_WAYS = 512
OrderWay = tuple[tuple[Offer, ...], ...]


def order_ways(table: Table) -> Iterator[OrderWay]:
    """Yield the ways to choose order promotions; in an ALL group more is never worse, but for thresholds."""
    options: list[list[tuple[Offer, ...]]] = []
    for index in table.book.order_groups:
        offers, policy = table.by_group[index], table.groups[index].policy
        if policy == "best":
            options.append([(), *((one,) for one in offers)])
        elif policy == "all":
            doubtful = [one for one in offers if one.net][:8]
            base = tuple(one for one in offers if not one.net)
            counts = range(len(doubtful) + 1)
            options.append([(*base, *some) for count in counts for some in combinations(doubtful, count)])
        else:
            options.append([()])
    yield from islice(product(*options), MOST_ORDER_WAYS)


class OrderTotals:
    """What single order promotions give on goods at these prices; sums are remembered by the kinds in reach."""

    def __init__(self, table: Table, runs: Sequence[Run]) -> None:
        self.table, self.runs = table, runs
        self.goods = sum([run.price * run.count for run in runs])
        self._sums: dict[int, tuple[int, int, list[Run]]] = {}

    def of(self, offer: Offer) -> int:
        """Return what a promotion gives when it is the only one."""
        index, effect = offer.rule.group, offer.effect
        group = self.table.groups[index]
        by_list = group.percent_base == "list" and isinstance(effect, PercentOff)
        if not offer.is_whole or offer.rule.skips or offer.rule.most_unit is not None or by_list:
            return order_total(offer, group, self.runs, index)[0]
        free, room, held = self._sum(offer.kinds)
        if isinstance(effect, PercentOff):
            part, whole = fraction(effect.value)
            total = part * free
            for run in held:
                left = run.kind.room(run.price, run.used, "order")[0]
                total += min(part * run.price, whole * left) * run.count
            total = half_up(total, whole)
        else:
            worth = free + sum([run.price * run.count for run in held])
            value = effect.value if isinstance(effect, AmountOff) else worth - getattr(effect, "value", worth)
            total = max(0, min(worth, value, room))
        limits = (offer.rule.most_cart, offer.spend)
        return min([total, *(limit for limit in limits if limit is not None)])

    def _sum(self, kinds: int) -> tuple[int, int, list[Run]]:
        """Return the worth of what has no floor, the room of all, and the runs that have a floor or a cap."""
        found = self._sums.get(kinds)
        if found is None:
            free, room, held = 0, 0, list[Run]()
            for run in self.runs:
                kind = run.kind
                if kinds >> kind.index & 1:
                    if kind.floor or kind.ceilings:
                        held.append(run)
                        room += kind.room(run.price, run.used, "order")[0] * run.count
                    else:
                        free += run.price * run.count
            found = self._sums[kinds] = free, room + free, held
        return found


def cost_under(percent: Offer | None) -> tuple[Callable[[Kind, int, int], int], int]:
    """Return what a unit costs at a price, with so much room, when one order percent follows, and the scale of that."""
    if percent is None or not isinstance(percent.effect, PercentOff):
        return (lambda kind, price, room: price), 1
    part, whole = fraction(percent.effect.value)

    def cost(kind: Kind, price: int, room: int) -> int:
        if not percent.kinds >> kind.index & 1:
            return whole * price
        return whole * price - min(part * price, whole * room)

    return cost, whole


def weight_under(percent: Offer | None) -> Callable[[Run], tuple[int, ...]]:
    """Return what a unit that caps hold in the order layer costs when one order percent follows, on a whole scale.

    Without a percent: its price, and of those alike the one that leaves more room for an amount.
    """
    if percent is None or not isinstance(percent.effect, PercentOff):
        return lambda run: (run.price, -run.kind.room(run.price, run.used, "order")[0])
    cost = cost_under(percent)[0]
    return lambda run: (cost(run.kind, run.price, run.kind.room(run.price, run.used, "order")[0]),)


def lone_percent(table: Table, chosen: Sequence[Offer]) -> Offer | None:
    """Return the only order promotion when it is a percent that the ballot can weigh units by."""
    if len(chosen) != 1 or not isinstance(chosen[0].effect, PercentOff):
        return None
    offer = chosen[0]
    if table.groups[offer.rule.group].percent_base == "list" or offer.rule.is_limited:
        return None
    return offer if offer.rule.most_cart is None and offer.rule.most_unit is None and offer.spend is None else None
