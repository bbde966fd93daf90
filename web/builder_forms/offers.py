"""Changes of the whole journey that a step's form offers in one click, because the step makes little sense without."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError

ONCE_A_YEAR = 300  # days: a year less what a corrected date or a journey to another time zone takes away
_ENTRY: Mapping[str, dict[str, Any]] = {
    "enter:yearly": {"reentry": "after", "after_days": ONCE_A_YEAR},
    "enter:always": {"reentry": "always", "after_days": None},
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What is odd, and the button that puts it right; `do` is what the button sends."""

    text: str
    label: str
    do: str


def offer_for(node: Mapping[str, Any], entry: Mapping[str, Any], registry: Registry) -> Offer | None:
    """Return what a step's form offers to change in who may enter; None when all is well."""
    if entry.get("reentry", "never") != "never":
        return None
    try:
        loaded = registry.load(Node.model_validate(node))
    except NodeTypeError:
        return None
    rule = loaded.date_rule()
    if rule is not None and rule.every_year:
        text = "This date comes every year, but each customer may enter only once, ever."
        return Offer(text, "Let them enter once a year", "enter:yearly")
    if loaded.schedule() is not None:
        text = "This comes again and again, but each customer may enter only once, ever."
        return Offer(text, "Let them enter each time", "enter:always")
    return None


def taken(do: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the journey's entry after a click on an offer, or None when the click was on something else."""
    return {**entry, **_ENTRY[do]} if do in _ENTRY else None
