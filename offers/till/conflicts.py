"""In what a receipt can disagree, and how that is told to people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """One thing in which a receipt disagrees. `excess`: how often a code is used beyond what it allows."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    code_id: int | None = None
    excess: int = 0


KINDS: Mapping[str, str] = {
    "price_differs": "Another price",
    "limit_overrun": "Limit overrun",
    "budget_overrun": "Budget overrun",
    "code_used": "Code used elsewhere",
    "code_reserved": "Code reserved elsewhere",
    "code_void": "Void code",
    "code_expired": "Expired code",
    "code_unknown": "Unknown code",
    "code_refused": "Code not allowed",
    "promotion_stopped": "Stopped promotion",
    "version_unknown": "Unknown rules",
    "version_withdrawn": "Withdrawn rules",
    "snapshot_unknown": "Unknown snapshot",
    "snapshot_expired": "Expired snapshot",
    "clock_skew": "Wrong clock",
    "other_shop": "Another shop",
    "order_taken": "Order number taken",
    "unreadable": "Cannot be read",
}
"""Every kind, as a heading."""

OF_REASON: Mapping[str, str] = {
    "used": "code_used",
    "limit": "code_used",
    "reserved": "code_reserved",
    "void": "code_void",
    "expired": "code_expired",
}
"""The kind of conflict for a reason why a code does not work; any other reason is `code_refused`."""

_WORDS: Mapping[str, str] = {
    "price_differs": "The customer paid {payable}; under {ruleset} the cart costs {expected}.",
    "limit_overrun": "{what} may be used {limit} times and is used {total} times with this receipt.",
    "budget_overrun": "{what} may give {limit} and has given {total} with this receipt.",
    "code_used": "The code {code} had been used as often as it may be when this receipt came in.",
    "code_reserved": "The code {code} was reserved by another order when this receipt came in.",
    "code_void": "The code {code} had been taken out of use.",
    "code_expired": "The time of the code {code} was over when the goods were sold.",
    "code_unknown": "There is no code that ends in {code}, but the till took it.",
    "code_refused": "The code {code} could not be used without a network: {why}",
    "promotion_stopped": "The promotion {promotion} was stopped at {at}, before the sale; the till could not know.",
    "version_unknown": "The till priced with {ruleset}, which {why}.",
    "version_withdrawn": "The till priced with {ruleset}, which was {status} before it began.",
    "snapshot_unknown": "The till names a snapshot that this shop was never given.",
    "snapshot_expired": "The goods were sold at {at}, after the snapshot had ended at {expires}.",
    "clock_skew": "The till says that it sold at {at}, {why}: its clock is wrong.",
    "other_shop": "The receipt is of the shop {said}; the key that brought it belongs to {store}.",
    "order_taken": "Another order has the number {order}; this receipt is kept as {kept}.",
    "unreadable": "The receipt makes no sense: {problem}. The sale is kept word for word and counted nowhere.",
}


def told(kind: str, detail: Mapping[str, Any], money: Any = str) -> str:
    """Return why a receipt disagrees, in a sentence for people. `money` writes an amount of minor units."""
    amounts = {"payable", "expected"} | ({"limit", "total"} if kind == "budget_overrun" else set())
    values = {name: money(value) if name in amounts else value for name, value in detail.items()}
    try:
        return _WORDS[kind].format(**values)
    except KeyError:
        return KINDS.get(kind, kind)
