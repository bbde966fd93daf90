"""Which promotions are about a product now: those in the price for everyone, and those for some."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from offers.prices.public import why_not_public
from wayfare.promotions import Compiled
from wayfare.promotions.conditions import PeriodCondition
from wayfare.promotions.contract import Promotion
from wayfare.promotions.effects import Bundle, BuyGet
from wayfare.promotions.scope import Line, Scope

STANDINGS = {
    "price": "in the price for everyone",
    "beaten": "for everyone, but another one is better, or its place or hour is not now",
    "code": "for those with a code",
    "buyer": "for some customers",
    "cart": "for some carts",
    "effect": "with more than one piece",
}


@dataclass(frozen=True, slots=True)
class About:
    """One promotion and how it stands to the price for everyone, as a key of `STANDINGS`."""

    key: str
    name: str
    standing: str


def about(compiled: Compiled, line: Line, in_price: Collection[str], at: datetime) -> list[About]:
    """Return the promotions on goods that are about a product and whose period is on, those in its price first."""
    holding = compiled.index.holding(line, (line.id,))
    found = []
    for rule in compiled.rules:
        one = rule.promotion
        is_about = any(holding & (1 << compiled.index.number(scope)) for scope in _scopes(one))
        if is_about and rule.works_on_goods and _is_on(one, at):
            standing = "price" if one.key in in_price else why_not_public(one) or "beaten"
            found.append(About(one.key, one.name or one.key, standing))
    order = list(STANDINGS)
    return sorted(found, key=lambda one: (order.index(one.standing), one.name))


def _scopes(one: Promotion) -> list[Scope]:
    if isinstance(one.effect, BuyGet):
        return [one.effect.buy.scope, one.effect.get.scope]
    if isinstance(one.effect, Bundle):
        return [part.scope for part in one.effect.parts]
    return [one.scope]


def _is_on(one: Promotion, at: datetime) -> bool:
    """Tell whether the periods among a promotion's conditions let it apply at an instant."""
    periods = [each for each in one.conditions if isinstance(each, PeriodCondition)]
    return all((each.from_ is None or each.from_ <= at) and (each.until is None or at < each.until) for each in periods)
