"""Budgets: what a promotion would give alone, on all units in scope, must fit in what is left (S18)."""

from wayfare.promotions.search import find
from wayfare.promotions.table import Offer, Table


def settle_budgets(table: Table) -> Table:
    """Return the table without the offers that their budgets cannot bear; partial ones are cut to what is left."""
    refused: set[Offer] = set()
    for offer in table.offers:
        budget = offer.rule.budget
        if budget is None:
            continue
        if _alone(table, offer) <= budget.remaining:
            continue
        if budget.partial:
            offer.spend = budget.remaining
        else:
            refused.add(offer)
            table.reasons[offer.key] = {"reason": "budget"}
    return table.only(one for one in table.offers if one not in refused) if refused else table


def _alone(table: Table, offer: Offer) -> int:
    """Return what an offer gives when nothing else is applied, thresholds apart."""

    net, offer.net = offer.net, ()
    try:
        found = find(table.only([offer]), 2000)
    finally:
        offer.net = net
    return sum(found.priced.applied().values())
