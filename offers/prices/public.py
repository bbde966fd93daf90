"""Which promotions make the price that a shop shows to everyone, and which are between the shop and somebody."""

from collections.abc import Collection

from wayfare.promotions import Ruleset
from wayfare.promotions.conditions import leaves
from wayfare.promotions.contract import LAYERS, Promotion

SHOWN = frozenset({"period", "weekly", "currency", "channel", "store", "region"})
"""Conditions that hold for everyone who stands in the same shop at the same time."""

WHY_NOT = {
    "code": "it needs a code",
    "buyer": "it asks who buys",
    "cart": "it asks what else is in the cart, or how it is paid or sent",
    "effect": "it does not change the price of one piece",
}
_BUYER = frozenset({"segment", "level", "birthday", "order_number"})


def why_not_public(promotion: Promotion) -> str:
    """Return why a promotion is no part of the price for everyone, as a key of `WHY_NOT`; empty where it is.

    Public is: a percent, an amount or a price for each piece; no code; conditions of time, currency, channel, shop and
    region alone, in whatever nesting. Limits on how often it may be used do not count: whoever comes first sees it.
    """
    effect = promotion.effect
    target = getattr(effect, "target", "")
    if effect.kind == "percent":
        is_of_a_piece = target in ("unit", "line")
    else:
        is_of_a_piece = effect.kind in ("amount", "set_price", "personal_price") and target == "unit"
    if promotion.requires_code is not None:
        return "code"
    asked = {leaf.kind for condition in promotion.conditions for leaf in leaves(condition)}
    if asked & _BUYER:
        return "buyer"
    if asked - SHOWN:
        return "cart"
    return "" if is_of_a_piece else "effect"


def public_part(ruleset: Ruleset) -> Ruleset:
    """Return a rule set with its public promotions alone."""
    return narrowed(ruleset, {one.key for one in ruleset.promotions if not why_not_public(one)})


def narrowed(ruleset: Ruleset, keys: Collection[str]) -> Ruleset:
    """Return a rule set with these promotions alone; what they are said never to go with goes with the rest."""
    kept = [one for one in ruleset.promotions if one.key in keys]
    known = {*LAYERS, *(one.key for one in kept), *(group.key for group in ruleset.groups)}
    promotions = [
        one.model_copy(update={"never_with": [key for key in one.never_with if key in known]}) for one in kept
    ]
    return ruleset.model_copy(update={"promotions": promotions})
