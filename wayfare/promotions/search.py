"""The best choice for a cart, with its proof: the lowest value found, and a bound that no choice can go below."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from wayfare.promotions.bounds import Bounds
from wayfare.promotions.contract import GOODS_LAYERS
from wayfare.promotions.direct import Direct, Effort, LimitReached
from wayfare.promotions.exhaust import exhaust
from wayfare.promotions.pricer import Choice, Priced, QuoteDiffers, clash_of, price
from wayfare.promotions.runs import Run
from wayfare.promotions.table import Table

MOST_NET = 5


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
    if not alone:
        return _solve(table, effort)
    found = [_solve(table.only(one for one in table.offers if one not in alone), effort)]
    found += [_solve(table.only([offer]), effort) for offer in alone]
    best = min(found, key=lambda one: one.rank)
    bound = min(one.bound for one in found)
    return Found(best.table, best.choice, best.priced, min(bound, best.priced.value), effort.made + effort.steps)


def _solve(table: Table, effort: Effort) -> Found:
    """Return the best quote of a table without standalone promotions."""
    best, bound = _branch(table, effort)
    value = best[1].value if best else None
    if best is not None and bound >= best[1].value:
        return Found(table, *best, best[1].value, effort.made + effort.steps)
    bounds = Bounds(table)
    floor = bounds.lowest([Run(kind, 0, kind.quantity, kind.price) for kind in table.kinds], 0)
    bound = max(bound, floor)
    if value is None or bound < value:
        try:
            better = exhaust(table, bounds, effort, value)
            if better is not None:
                priced = _priced(table, *better)
                return Found(table, better[0], priced, priced.value, effort.made + effort.steps)
            if best is not None:
                return Found(table, *best, best[1].value, effort.made + effort.steps)
        except LimitReached:
            pass
    if best is None:
        choice = Choice({})
        best = choice, price(table, choice)
    return Found(table, *best, min(bound, best[1].value), effort.made + effort.steps)


def _priced(table: Table, choice: Choice, value: int, *, may_clash: bool = False) -> Priced:
    """Price a choice by the plain pricer. Raises QuoteDiffers when it is not worth what the search says."""
    priced = price(table, choice, may_clash=may_clash)
    if priced.value != value:
        raise QuoteDiffers("the search and the pricer disagree; please report this cart and rule set")
    return priced


def _branch(table: Table, effort: Effort) -> tuple[tuple[Choice, Priced] | None, int]:
    """Resolve pairs that are never in one cart: drop the one or the other, as long as that can still win."""
    best: tuple[Choice, Priced] | None = None
    bound: int | None = None
    open_tables = list(_with_net(table))
    nodes = 0
    while open_tables:
        here = open_tables.pop()
        nodes += 1
        choice, value, least = Direct(here, effort).best()
        if choice is None:
            bound = least if bound is None else min(bound, least)
            continue
        if best is not None and least >= best[1].value:
            continue
        priced = _priced(here, choice, value, may_clash=True)
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
