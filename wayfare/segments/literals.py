"""The constants of a rule: of which kind they are, and the form in which they are compared."""

import re
from datetime import UTC, date, datetime
from typing import Any

from wayfare.segments.facts import Kind, kind_of
from wayfare.segments.problems import refused
from wayfare.segments.text import fold

MAX_NUMBER = 10**15
"""Up to here whole numbers and fractions compare alike in Python, SQLite and PostgreSQL."""

WANTED = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "a date such as 1990-05-31",
    Kind.INSTANT: "an instant with its zone such as 2026-05-31T10:00:00Z",
    Kind.ANY: "text, a number, true or false",
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def known_kind(fact: str) -> Kind:
    """Return the kind of a fact that a rule names, or refuse one that does not exist."""
    kind = kind_of(fact)
    if kind is None:
        raise refused("fact", "unknown_fact", f"there is no '{fact}'; attributes are written attrs.NAME")
    return kind


def literal_kind(value: Any, wanted: Kind) -> Kind:
    """Return the kind as which a constant compares, or refuse a constant that means nothing."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int | float):
        if not abs(value) <= MAX_NUMBER:
            raise refused("value", "out_of_range", f"numbers go up to {MAX_NUMBER}")
        return Kind.NUMBER
    if not value:
        raise refused("value", "empty", "ask whether the value is empty instead")
    if len(value) > 1000 or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise refused("value", "bad_text", "text has at most 1,000 characters, and no NUL or half characters")
    if wanted in (Kind.DATE, Kind.INSTANT):
        literal(value, wanted)
        return wanted
    return Kind.TEXT


def literal(value: Any, kind: Kind) -> Any:
    """Return a constant as it is compared: folded text, a number, a date, an instant in UTC."""
    if kind is Kind.TEXT:
        return fold(value)
    try:
        if kind is Kind.DATE and isinstance(value, str):
            if not _DATE.fullmatch(value):
                raise ValueError
            return date.fromisoformat(value)
        if kind is Kind.INSTANT and isinstance(value, str):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None:
                raise ValueError
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refused("value", "wrong_type", f"write {WANTED[kind]}") from None
    return value
