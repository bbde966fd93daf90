"""A distance from a date as people say it, so many days before or after it, and as it is stored: a signed number."""

from typing import Any

from web.builder_forms.schema import Schema, option_text
from web.builder_forms.values import whole

WAYS = ("before", "on", "after")
_MINUS = "−"


def around_shown(value: Any) -> tuple[str, str]:
    """Return (amount, way) of a signed number. Text that is no number keeps its sign in the way."""
    text = "" if value is None else option_text(value)
    if text == "0":
        return "", "on"
    is_before = text.startswith(("-", _MINUS))
    return (text[1:] if is_before else text), ("before" if is_before else "after")


def around_meant(amount: str, way: str, was: str) -> int | str:
    """Return the signed number; `was` is the way before the form was sent: whoever leaves the day itself begins at 1.

    An amount that is no number stays text, with its sign, as it was typed.
    """
    if way == "on":
        return 0
    if was == "on" and not amount.strip():
        return -1 if way == "before" else 1
    number = whole(amount)
    if not isinstance(number, int):
        return f"-{amount}" if way == "before" else amount
    return -abs(number) if way == "before" else number


def ways_of(schema: Schema) -> list[tuple[str, str]]:
    """Return the choices of the way with their words; `labels` of the field's json_schema_extra wins."""
    usual = {"before": "before the date", "on": "on the date", "after": "after the date"}
    labels = schema.get("labels") or {}
    return [(way, str(labels.get(way, usual[way]))) for way in WAYS]
