"""What a customer's value counts as in a comparison. None is 'no value': missing, the wrong type, or empty text."""

import re
from datetime import UTC, date, datetime
from typing import Any

from wayfare.segments.facts import Kind
from wayfare.segments.text import fold

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def as_kind(value: Any, kind: Kind) -> Any:
    """Return the value in the form in which constants of this kind compare with it, or None."""
    if value is None:
        return None
    match kind:
        case Kind.TEXT:
            return fold(value) if isinstance(value, str) and value else None
        case Kind.NUMBER:
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case Kind.BOOLEAN:
            return value if isinstance(value, bool) else None
        case Kind.DATE:
            return value if isinstance(value, date) and not isinstance(value, datetime) else None
        case _:
            return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None


def as_day(value: Any) -> date | datetime | None:
    """Return a date, an aware instant, or a date written as text (YYYY-MM-DD, that exists); else None."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else None
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None
