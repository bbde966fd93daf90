"""What changes no price: gifts, and cashback on what is paid."""

from collections.abc import Sequence

from wayfare.money import half_up
from wayfare.promotions.conditions import QuantityCondition, leaves
from wayfare.promotions.effects import Cashback, Gift
from wayfare.promotions.pricer import Priced, meets_net, nets
from wayfare.promotions.table import Offer, Table
from wayfare.promotions.values import fraction

Reasons = dict[str, dict[str, object]]


def gifts(table: Table, offers: Sequence[Offer], priced: Priced) -> tuple[list[dict[str, object]], Reasons]:
    """Return the gifts offered, and reasons for those that are not. In a BEST or FIRST group the first one is given."""
    worths, found, reasons = nets(table, priced.runs), list[dict[str, object]](), Reasons()
    stock, taken = dict(table.cart.stock), dict[int, Offer]()
    for offer in sorted(offers, key=lambda one: (one.rule.group, one.rule.order)):
        effect, policy = offer.rule.promotion.effect, table.groups[offer.rule.group].policy
        if not isinstance(effect, Gift):
            continue
        if offer.rule.group in taken and policy != "all":
            reasons[offer.key] = {"reason": "better_price", "by": taken[offer.rule.group].key}
            continue
        count = _pieces(table, offer, effect)
        sku = next((one for one in effect.choices if stock.get(one, 0) >= count), None)
        sku = sku or next((one for one in effect.choices if stock.get(one, 0) > 0), None)
        if not meets_net(table, offer, worths):
            reasons[offer.key] = {"reason": "threshold_short"}
        elif not count:
            reasons[offer.key] = {"reason": "quantity_short"}
        elif sku is None:
            reasons[offer.key] = {"reason": "gift_out_of_stock"}
        else:
            given = min(count, stock[sku])
            stock[sku] -= given
            taken[offer.rule.group] = offer
            found.append({"promotion": offer.key, "sku": sku, "quantity": given})
    return found, reasons


def cashback(table: Table, offers: Sequence[Offer], priced: Priced) -> tuple[int, dict[Offer, int], Reasons]:
    """Return the bonus earned on the goods in scope at what is paid for them, by promotion, and reasons."""
    worths = nets(table, priced.runs)
    by_group: dict[int, list[tuple[int, Offer]]] = {}
    reasons = Reasons()
    for offer in sorted(offers, key=lambda one: one.rule.order):
        effect = offer.rule.promotion.effect
        if not isinstance(effect, Cashback):
            continue
        bit = 1 << offer.rule.scope
        paid = sum(worths[kind.index] for kind in table.kinds if kind.scopes & bit)
        earned = min(effect.amount, paid) if effect.amount is not None else 0
        if effect.percent is not None:
            part, whole = fraction(effect.percent)
            earned = half_up(paid * part, whole)
        most = offer.rule.promotion.limits.max_discount_cart
        earned = earned if most is None else min(earned, most)
        if not meets_net(table, offer, worths):
            reasons[offer.key] = {"reason": "threshold_short"}
        elif not earned:
            reasons[offer.key] = {"reason": "no_effect"}
        else:
            by_group.setdefault(offer.rule.group, []).append((earned, offer))
    given: dict[Offer, int] = {}
    for index, earned_here in by_group.items():
        policy = table.groups[index].policy
        best = earned_here if policy == "all" else [max(earned_here, key=lambda one: one[0])]
        best = earned_here[:1] if policy == "first" else best
        given |= {offer: earned for earned, offer in best}
        for _, offer in earned_here:
            if offer not in given:
                reasons[offer.key] = {"reason": "better_price", "by": best[0][1].key}
    return sum(given.values()), given, reasons


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
