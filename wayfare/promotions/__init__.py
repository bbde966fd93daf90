"""What it costs: conditions, effects, best price, and why."""

from wayfare.promotions.conflicts import Finding, conflicts
from wayfare.promotions.contract import Cart, Request, Ruleset, parse_cart, parse_json, parse_request, parse_ruleset
from wayfare.promotions.engine import compile, quote
from wayfare.promotions.instead import Instead, instead
from wayfare.promotions.pricer import QuoteDiffers
from wayfare.promotions.rules import Compiled
from wayfare.promotions.stacks import Stack, worst_stack

__all__ = [
    "Cart",
    "Compiled",
    "Finding",
    "Instead",
    "QuoteDiffers",
    "Request",
    "Ruleset",
    "Stack",
    "compile",
    "conflicts",
    "instead",
    "parse_cart",
    "parse_json",
    "parse_request",
    "parse_ruleset",
    "quote",
    "worst_stack",
]
