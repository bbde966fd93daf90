"""Types of fields that come from outside: text that any database, log and message can carry, and aware instants."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from unicodedata import is_normalized, normalize

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours a sender's clock may be."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_SPACE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def refused(code: str, message: str) -> PydanticCustomError:
    """Return the error that a validator raises; code and message reach the sender as they are."""
    return PydanticCustomError(code, message.replace("{", "(").replace("}", ")"))


def composed(text: str) -> str:
    """Return the text in Unicode's composed form, in which equal text has equal bytes."""
    return text if text.isascii() or is_normalized("NFC", text) else normalize("NFC", text)


def _key(text: str) -> str:
    if not text.isprintable():
        if _CONTROL.search(text):
            raise refused("control_character", "line breaks, NUL and the like are not allowed here; take them out")
        if not text.strip():
            raise refused("empty", "this must not be empty; fill it in")
    text = composed(text.strip())
    if not text:
        raise refused("empty", "this must not be empty; fill it in")
    return text


def _words(text: str) -> str:
    if not text.isprintable() and _CONTROL_BUT_SPACE.search(text):
        raise refused("control_character", "NUL and other control characters are not allowed here; take them out")
    return composed(" ".join(text.split()))


@lru_cache(maxsize=4096)
def _event_type(text: str) -> str:
    if not _EVENT_TYPE.fullmatch(text):
        raise refused("invalid_type", "use lower-case words joined by dots, such as cart.updated")
    return text


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise refused("invalid_instant", "write the instant as 2026-11-24T10:00:00+02:00") from None
    if not isinstance(value, datetime):
        raise refused("wrong_type", "this must be an instant as text, such as 2026-11-24T10:00:00+02:00")
    if value.tzinfo is None:
        raise refused("time_zone_missing", "say which time zone it is: add +02:00, or Z for UTC")
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        value = _EARLIEST.replace(year=1)
    if value < _EARLIEST:
        raise refused("out_of_range", "instants before 1900 are not accepted; check the year")
    return value


def _day(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise refused("invalid_date", "write the date as 1990-05-17") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise refused("wrong_type", "this must be a date as text, such as 1990-05-17")


# Names that programs use: no control characters, not empty, composed, trimmed.
Key32 = Annotated[str, Field(strict=True, max_length=32), AfterValidator(_key)]
Key64 = Annotated[str, Field(strict=True, max_length=64), AfterValidator(_key)]
Key100 = Annotated[str, Field(strict=True, max_length=100), AfterValidator(_key)]
Key200 = Annotated[str, Field(strict=True, max_length=200), AfterValidator(_key)]

# Words for people, on one line: trimmed, line breaks become spaces; may be empty.
Words40 = Annotated[str, Field(strict=True, max_length=40), AfterValidator(_words)]
Words64 = Annotated[str, Field(strict=True, max_length=64), AfterValidator(_words)]
Words200 = Annotated[str, Field(strict=True, max_length=200), AfterValidator(_words)]
Words400 = Annotated[str, Field(strict=True, max_length=400), AfterValidator(_words)]

EventType = Annotated[str, Field(strict=True, max_length=100), AfterValidator(_event_type)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
