"""Lower bounds: what a cart cannot fall below, whatever is chosen. Each unit is priced as if nothing tied it."""

from collections.abc import Sequence
from fractions import Fraction

from wayfare.promotions.effects import AmountOff, Bundle, BuyGet, Nth, PercentOff, SetPrice, Sets
from wayfare.promotions.parcels import best_ways
from wayfare.promotions.runs import Run
from wayfare.promotions.steps import Plain
from wayfare.promotions.table import Offer, Table


class Bounds:
    """Lower bounds for one table; answers are remembered by kind, price and group."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.groups = table.goods_groups()
        self._units: dict[tuple[int, int, int], int] = {}
        self._offers: dict[tuple[int, int], list[tuple[Offer, list[Plain]]]] = {}
        self.delivery = _delivery(table)

    def unit(self, kind: int, price: int, position: int) -> int:
        """Return a price that a unit cannot fall below in the goods groups from `position` on."""
        if position == len(self.groups):
            return price
        key = (kind, price, position)
        if key not in self._units:
            self._units[key] = self.unit(kind, self._least(kind, price, position), position + 1)
        return self._units[key]

    def _least(self, kind: int, price: int, position: int) -> int:
        group = self.table.groups[self.groups[position]]
        unit = self.table.kinds[kind]
        floor, least = min(price, unit.floor), price
        running = price
        for offer, effects in self._able(kind, position):
            base = unit.price if group.percent_base == "list" else running
            most = offer.rule.most_unit
            offs = [effect.off(running, base) for effect in effects]
            off = running if isinstance(offer.effect, Bundle) else max(offs, default=0)
            if offer.rule.target == "line" and isinstance(offer.on(kind), SetPrice):
                off = running
            off = off if most is None else min(off, most)
            least = min(least, running - off)
            running = running - off if group.policy == "all" else price
        return max(floor, least)

    def _able(self, kind: int, position: int) -> list[tuple[Offer, list[Plain]]]:
        key = (kind, position)
        if key not in self._offers:
            offers = sorted(self.table.by_group[self.groups[position]], key=lambda one: one.rank)
            self._offers[key] = [(one, _effects(one, kind)) for one in offers if kind in one.reach]
        return self._offers[key]

    def lowest(self, runs: Sequence[Run], position: int) -> int:
        """Return a total that goods and delivery cannot fall below from this state on."""
        nets: dict[int, int] = {}
        for run in runs:
            price = self.unit(run.kind.index, run.price, position)
            nets[run.kind.index] = nets.get(run.kind.index, 0) + price * run.count
        return order_bound(self.table, nets) + self.delivery


def order_bound(table: Table, nets: dict[int, int]) -> int:
    """Return what goods cannot fall below in the order layer, given the least that each kind can be worth."""
    worth = {kind: Fraction(net) for kind, net in nets.items()}
    minus = Fraction(0)
    for index, group in enumerate(table.groups):
        if group.layer != "order" or not table.by_group[index]:
            continue
        amounts: list[Fraction] = []
        for offer in table.by_group[index]:
            effect = offer.effect
            scoped = sum((worth.get(kind, Fraction(0)) for kind in offer.reach), Fraction(0))
            most = offer.rule.most_cart
            limit = [Fraction(one) for one in (most, offer.spend) if one is not None]
            if isinstance(effect, PercentOff):
                rate = Fraction(effect.value) / 100
                listed = sum(
                    (Fraction(table.kinds[kind].price * table.kinds[kind].quantity) for kind in offer.reach),
                    Fraction(0),
                )
                give = (listed if group.percent_base == "list" else scoped) * rate + Fraction(1, 2)
            elif isinstance(effect, AmountOff):
                give = Fraction(effect.value)
            else:
                give = scoped
            amounts.append(min([give, *limit]))
        minus += sum(amounts, Fraction(0)) if group.policy == "all" else max(amounts, default=Fraction(0))
    floors = sum(min(net, table.kinds[kind].floor * table.kinds[kind].quantity) for kind, net in nets.items())
    least = sum(worth.values(), Fraction(0)) - minus
    return max(floors, -(-least.numerator // least.denominator), 0)


def _effects(offer: Offer, kind: int) -> list[Plain]:
    effect = offer.on(kind)
    if isinstance(effect, Nth):
        return [one for one in (effect.first, effect.additional) if one is not None]
    if isinstance(effect, Sets):
        return [effect.reward.effect]
    if isinstance(effect, BuyGet):
        return [effect.get.effect] if kind in offer.gets else []
    if isinstance(effect, PercentOff | AmountOff | SetPrice) or effect.kind == "personal_price":
        return [effect]
    return []


def _delivery(table: Table) -> int:
    if not table.cart.shipping:
        return 0
    offers = [one for one in table.offers if one.rule.layer == "shipping"]
    _, total, is_sure = best_ways(table, offers)
    return total if is_sure and not any(one.rule.is_compulsory for one in offers) else 0
