"""What it costs: conditions, effects, best price, and why."""

from wayfare.promotions.conflicts import Finding, conflicts
from wayfare.promotions.contract import Request, Ruleset, parse_json, parse_request, parse_ruleset
from wayfare.promotions.engine import Quoter, quote
from wayfare.promotions.pricer import QuoteDiffers

__all__ = [
    "Finding",
    "QuoteDiffers",
    "Quoter",
    "Request",
    "Ruleset",
    "conflicts",
    "parse_json",
    "parse_request",
    "parse_ruleset",
    "quote",
]
