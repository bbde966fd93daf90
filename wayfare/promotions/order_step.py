"""What one promotion on the order gives, and how it changes prices."""

from collections.abc import Sequence

from wayfare.money import half_up
from wayfare.promotions.contract import Group
from wayfare.promotions.effects import AmountOff, PercentOff, SetPrice
from wayfare.promotions.offers import Offer
from wayfare.promotions.runs import Run
from wayfare.promotions.spread import room_of, spread
from wayfare.promotions.steps import cut_at, is_out
from wayfare.promotions.values import fraction


def order_total(offer: Offer, group: Group, runs: Sequence[Run], index: int) -> tuple[int, list[int], list[int]]:
    """Return what an order promotion gives on these runs, with the weights and rooms to share it by."""
    effect, layer = offer.effect, group.layer
    rooms = [0 if is_out(offer, run, index) else room_of(offer, run, layer) for run in runs]
    if isinstance(effect, PercentOff):
        part, whole = fraction(effect.value)
        by_list = group.percent_base == "list"
        weights = [
            min(part * (run.kind.price if by_list else run.price), whole * room) if room else 0
            for run, room in zip(runs, rooms, strict=True)
        ]
        total = half_up(sum([weight * run.count for run, weight in zip(runs, weights, strict=True)]), whole)
    else:
        weights = [0 if is_out(offer, run, index) else run.price for run in runs]
        worth = sum([weight * run.count for run, weight in zip(runs, weights, strict=True)])
        value = effect.value if isinstance(effect, AmountOff | SetPrice) else 0
        total = min(worth, value) if isinstance(effect, AmountOff) else max(0, worth - value)
        total = min(total, sum([room * run.count for run, room in zip(runs, rooms, strict=True)]))
    if offer.rule.most_cart is not None:
        total = min(total, offer.rule.most_cart)
    if offer.spend is not None:
        total = min(total, offer.spend)
    return total, weights, rooms


def order_step(offer: Offer, group: Group, runs: list[Run], index: int) -> list[Run]:
    """Return the runs after one order promotion."""
    runs = cut_at(runs, offer)
    total, weights, rooms = order_total(offer, group, runs, index)
    return spread(offer, runs, weights, rooms, total)
