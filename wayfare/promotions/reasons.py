"""Why a promotion that was offered is not part of the quote."""

from collections.abc import Sequence

from wayfare.promotions.conditions import GoodsCondition, leaves
from wayfare.promotions.contract import GOODS_LAYERS
from wayfare.promotions.order_step import order_total
from wayfare.promotions.pricer import Priced, meets_net, worths_before
from wayfare.promotions.runs import Run
from wayfare.promotions.search import Found
from wayfare.promotions.steps import is_out, plain_effect, unit_off
from wayfare.promotions.table import Offer, Table


def explain(table: Table, found: Found) -> dict[str, dict[str, object]]:
    """Return one reason for each offer of the table that the quote does not apply."""
    applied = found.priced.applied()
    lone = [one for one in applied if one.rule.promotion.standalone]
    if lone:
        return {one.key: {"reason": "standalone", "by": lone[0].key} for one in table.offers if one not in applied}
    most_first = sorted(applied, key=lambda one: (-applied[one], one.rule.order))
    by_group: dict[int, list[Offer]] = {}
    for one in most_first:
        by_group.setdefault(one.rule.group, []).append(one)
    return {
        offer.rule.key: _reason(table, found, offer, most_first, by_group.get(offer.rule.group, ()))
        for offer in table.offers
        if offer not in applied
    }


def _reason(
    table: Table, found: Found, offer: Offer, applied: Sequence[Offer], mates: Sequence[Offer]
) -> dict[str, object]:
    """Return why an offer is not applied; `applied` are those that are, the most given first, `mates` in its group."""
    rule = offer.rule
    if offer.net and not meets_net(table, offer, worths := worths_before(table, found.priced, offer.rule.layer)):
        return {"reason": "threshold_short", **_short(table, offer, worths)}
    if rule.shy:
        shy = sorted(one.key for one in applied if one.key in rule.shy)
        if shy:
            return {"reason": "never_with", "by": shy[0]}
    if rule.promotion.standalone and applied:
        return {"reason": "better_price", "by": applied[0].key}
    kinds = offer.kinds if rule.layer in GOODS_LAYERS else -1  # order and delivery compete whatever they work on
    rival = next((one for one in mates if one.kinds & kinds or kinds < 0), None)
    policy = table.groups[rule.group].policy
    if rival is not None and policy != "all":
        loss = _loss(table, found.priced, offer) if policy == "first" else 0
        if loss > 0:
            return {"reason": "passed_over", "loss": loss, "by": rival.key}
        return {"reason": "better_price", "by": rival.rule.key}
    other = next((one for one in applied if one.kinds & offer.kinds), None)
    if other is not None and _gives_alone(table, offer):
        return {"reason": "better_price", "by": other.key}
    return {"reason": "no_effect"}


def _gives_alone(table: Table, offer: Offer) -> bool:
    """Tell whether a promotion would lower list prices, if it were the only one."""
    group, index = table.groups[offer.rule.group], offer.rule.group
    runs = [Run(table.kinds[kind], 0, count, table.kinds[kind].price) for kind, count in offer.reach.items()]
    if group.layer == "order":
        return order_total(offer, group, runs, index)[0] > 0
    if offer.ties:
        return True
    effects = [(run, plain_effect(offer, run)) for run in runs]
    return any(effect is not None and unit_off(offer, effect, run, group)[1] > 0 for run, effect in effects)


def _short(table: Table, offer: Offer, worths: Sequence[int]) -> dict[str, object]:
    facts = table.facts(worths)
    for condition in offer.net:
        for leaf in leaves(condition):
            if isinstance(leaf, GoodsCondition) and leaf.kind == "goods_from" and leaf.failing(facts):
                return {"short": leaf.value - facts.worth(leaf.scope, leaf.base)}
    return {}


def _loss(table: Table, priced: Priced, offer: Offer) -> int:
    """Return by how much a FIRST group's promotion that was passed over would have been cheaper, unit by unit."""
    group, index = table.groups[offer.rule.group], offer.rule.group
    if group.layer == "order":
        before = [_back(run, index) for run in priced.runs]
        taken = sum(
            step.given * run.count for run in priced.runs for step in run.steps if step.offer.rule.group == index
        )
        return order_total(offer, group, before, index)[0] - taken
    loss = 0
    for run in priced.runs if group.layer in GOODS_LAYERS and offer.rule.target == "unit" else ():
        given = sum(step.given for step in run.steps if step.offer.rule.group == index)
        past = _back(run, index)
        effect = None if is_out(offer, past, index) else plain_effect(offer, past)
        if effect is not None and given:
            loss += max(0, unit_off(offer, effect, past, group)[1] - given) * run.count
    return loss


def _back(run: Run, index: int) -> Run:
    """Return a run as it was when a group began."""
    past = Run(run.kind, run.start, run.count, run.kind.price)
    for step in run.steps:
        if step.offer.rule.group < index:
            past = past.lowered(*step)
    return past
