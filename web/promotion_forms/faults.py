"""What the contract refuses, in words for people, by the path of the field."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from offers.rules.shapes import MODELS, read_item
from store.rulesets import Kind
from wayfare.errors import InputRefused
from wayfare.promotions.contract import path_in

_BY_CODE: Mapping[str, str] = {
    "missing": "Fill this in.",
    "bad_percent": "Write a percentage above 0 and at most 100.",
    "bad_decimal": "Write a number, such as 12.5.",
    "bad_moment": "Write a day, and a time if it matters.",
    "bad_time": "Write a time of day like 09:30.",
    "too_short": "Choose at least one.",
    "string_too_long": "This is too long.",
    "string_too_short": "Fill this in.",
    "greater_than": "Write a number above 0.",
    "greater_than_equal": "This is too small.",
    "less_than_equal": "This is too large.",
    "int_type": "Write a number, such as 100 or 99.50.",
    "literal_error": "Choose one of these.",
    "union_tag_invalid": "Choose one of these.",
    "union_tag_not_found": "Choose what it gives.",
    "unknown_zone": "There is no such time zone. Write one like Europe/Kyiv.",
    "partial_target": "This works for discounts on the order or on delivery only.",
    "bad_key": "Use letters, digits, dots, dashes and underscores.",
    "group_or_layer": "Choose where it stands.",
    "string_pattern_mismatch": "Write a percentage of at most 100.",
}
_AT: Mapping[tuple[str, str], tuple[str, str]] = {
    ("bad_effect", "effect"): ("", ""),
    ("bad_cap", ""): ("max_percent", "Give a percentage, an amount, or both."),
    ("partial_target", ""): ("usage.partial", ""),
    ("group_or_layer", ""): ("place", ""),
}


def faults_of(kind: Kind, key: str, document: dict[str, Any]) -> dict[str, str]:
    """Return everything that is wrong with a document, by path; empty when it can be saved."""
    found: dict[str, str] = {}
    try:
        MODELS[kind].model_validate({**document, "key": key})
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            path = path_in(document, one["loc"])
            path, words = _placed(path, one["type"], one["msg"])
            found.setdefault(path, words)
    if not found:
        try:
            read_item(kind, key, document)
        except InputRefused as refused:
            path, words = _placed(refused.path, refused.code, str(refused))
            found[path] = words
    return found


def in_words(code: str, message: str) -> str:
    """Return what to do about a fault."""
    return _BY_CODE.get(code) or message[:1].upper() + message[1:].rstrip(".") + "."


def _placed(path: str, code: str, message: str) -> tuple[str, str]:
    elsewhere, words = _AT.get((code, path), ("", ""))
    return elsewhere or path, words or in_words(code, message)
