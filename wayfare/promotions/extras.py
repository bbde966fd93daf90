"""What changes no price: gifts, and cashback on what is paid."""

from dataclasses import dataclass, field

from wayfare.money import half_up
from wayfare.promotions.conditions import QuantityCondition, leaves
from wayfare.promotions.effects import Cashback, Gift
from wayfare.promotions.pricer import Priced, meets_net, nets, worths_before
from wayfare.promotions.table import Offer, Table
from wayfare.promotions.values import fraction

Reason = dict[str, object]


@dataclass(slots=True)
class Extras:
    """The gifts and the bonus that go with the prices, the promotions that give them, and why others do not."""

    gifts: list[dict[str, object]] = field(default_factory=list)
    bonus: int = 0
    given: list[Offer] = field(default_factory=list)
    reasons: dict[str, Reason] = field(default_factory=dict)


def extras(table: Table, priced: Priced) -> Extras:
    """Return what is given beside the prices.

    The larger priority first; of a BEST group of bonuses the one that earns most, of a BEST group of gifts the first.
    One that may not stand beside what is applied or given gives way.
    """
    found, stock = Extras(), dict(table.cart.stock)
    worths = nets(table, priced.runs)
    earned = {one: _earned(table, one, worths) for one in table.extras if isinstance(one.effect, Cashback)}
    present = list(priced.applied())

    def barred(offer: Offer) -> Reason | None:
        """Return why an offer may not stand beside what is there."""
        shy = sorted(one.key for one in present if one.key in offer.rule.shy)
        if shy:
            return {"reason": "never_with", "by": shy[0]}
        lone = next((one for one in present if one.rule.promotion.standalone), None)
        if lone is not None:
            return {"reason": "standalone", "by": lone.key}
        return {"reason": "standalone"} if offer.rule.promotion.standalone and present else None

    def first_of(offer: Offer) -> Offer | None:
        """Return the other one of its group that an offer gives way to."""
        policy = table.groups[offer.rule.group].policy
        mates = [
            one for one in found.given if one.rule.group == offer.rule.group and one.effect.kind == offer.effect.kind
        ]
        if policy == "best" and offer in earned and not mates:
            mates = [
                one
                for one in earned
                if one.rule.group == offer.rule.group and earned[one] > earned[offer]
                if barred(one) is None and meets_net(table, one, worths_before(table, priced, one.rule.layer))
            ]
        return mates[0] if mates and policy != "all" else None

    for offer in sorted(table.extras, key=lambda one: one.rule.order):
        rival, reason = first_of(offer), barred(offer)
        if reason is None and rival is not None:
            reason = {"reason": "better_price", "by": rival.key}
        if reason is None and not meets_net(table, offer, worths_before(table, priced, offer.rule.layer)):
            reason = {"reason": "threshold_short"}
        if reason is None and isinstance(offer.effect, Gift):
            reason = _give(table, offer, offer.effect, stock, found)
        elif reason is None:
            found.bonus += earned[offer]
            reason = None if earned[offer] else {"reason": "no_effect"}
        if reason is None:
            found.given.append(offer)
            present.append(offer)
        else:
            found.reasons[offer.key] = reason
    return found


def _give(table: Table, offer: Offer, effect: Gift, stock: dict[str, int], found: Extras) -> Reason | None:
    """Give the first gift of which there are enough, or as many as there are of the first in stock; return why not."""
    count = _pieces(table, offer, effect)
    if not count:
        return {"reason": "quantity_short"}
    sku = next((one for one in effect.choices if stock.get(one, 0) >= count), None)
    sku = sku or next((one for one in effect.choices if stock.get(one, 0) > 0), None)
    if sku is None:
        return {"reason": "gift_out_of_stock"}
    given = min(count, stock[sku])
    stock[sku] -= given
    found.gifts.append({"promotion": offer.key, "sku": sku, "quantity": given})
    return None


def _earned(table: Table, offer: Offer, worths: list[int]) -> int:
    """Return the bonus that one promotion earns on the goods in its scope, at what is paid for them."""
    effect = offer.effect
    assert isinstance(effect, Cashback)  # noqa: S101  # the caller asked
    paid = sum(worths[kind.index] for kind in table.kinds if kind.scopes >> offer.rule.scope & 1)
    earned = min(effect.amount, paid) if effect.amount is not None else 0
    if effect.percent is not None:
        part, whole = fraction(effect.percent)
        earned = half_up(paid * part, whole)
    most = offer.rule.promotion.limits.max_discount_cart
    return earned if most is None else min(earned, most)


def _pieces(table: Table, offer: Offer, effect: Gift) -> int:
    """Return how many gifts a cart has earned: once, per unit of the scope, or per set that a condition asks for."""
    promotion = offer.rule.promotion
    if effect.per == "cart":
        return effect.quantity
    scoped = [kind for kind in table.kinds if kind.scopes >> offer.rule.scope & 1]
    most_line = promotion.limits.max_units_line
    counts = [kind.quantity if most_line is None else min(kind.quantity, most_line) for kind in scoped]
    units = sum(counts)
    if promotion.limits.max_units is not None:
        units = min(units, promotion.limits.max_units)
    size = 1
    if effect.per == "set":
        asked = (leaf for one in promotion.conditions for leaf in leaves(one))
        size = next((leaf.value for leaf in asked if isinstance(leaf, QuantityCondition)), 1)
    times = units // size
    return effect.quantity * (times if promotion.limits.repeat is None else min(times, promotion.limits.repeat))
