"""Changes of the whole journey that a step's form offers in one click, because the step makes little sense without."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.fresh import EACH_TIME, YEARLY
from nodes.contract import Category
from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError

_ENTRY: Mapping[str, Mapping[str, Any]] = {"enter:yearly": YEARLY, "enter:always": EACH_TIME}


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


def entry_words(type: str, entry: Mapping[str, Any], registry: Registry) -> str:
    """Return beside a trigger how often a customer may enter; nothing beside other steps."""
    if type not in registry or registry.type_of(type).category is not Category.TRIGGER:
        return ""
    days = entry.get("after_days") or 0
    match entry.get("reentry", "never"):
        case "after":
            return "Each customer enters once a year." if days == YEARLY["after_days"] else f"Again after {days} days."
        case "always":
            return "Customers enter each time."
        case "per_key":
            return f"Customers enter once for each {entry.get('key') or 'key'}."
    return "Each customer enters only once, ever."
