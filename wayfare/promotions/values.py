"""What a document is made of: money, shares of a hundred, moments, and the strictness that all models share."""

import re
from datetime import date, datetime, time
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
MOST_MONEY = 10**12
MOST_PIECES = 10**6


class Part(BaseModel):
    """A part of a document: unknown keys are refused, and nothing is converted in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def fault(code: str, message: str) -> PydanticCustomError:
    """Return the error to raise inside a validator."""
    return PydanticCustomError(code, "{message}", {"message": message})


def _decimal(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        raise fault("bad_decimal", "write a decimal number in quotes, with at most six places: '12.5'")
    return text


def _percent(text: str) -> str:
    if not 0 < Fraction(_decimal(text)) <= 100:
        raise fault("bad_percent", "a percentage is above 0 and at most 100")
    return text


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise fault("bad_moment", "write a moment like 2026-11-24T10:00:00+02:00") from None
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise fault("bad_moment", "a moment needs its offset: 2026-11-24T10:00:00+02:00")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise fault("bad_day", "write a day like 1990-02-28") from None
    return value


def _clock(value: Any) -> Any:
    if isinstance(value, str):
        try:
            found = time.fromisoformat(value) if re.fullmatch(r"\d\d:\d\d", value) else None
        except ValueError:
            found = None
        if found is None:
            raise fault("bad_time", "write a time of day like 09:30")
        return found
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise fault("unknown_zone", "there is no such time zone; write one like Europe/Kyiv") from None
    return name


Key = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=500)]
Keys = Annotated[list[Key], Field(max_length=10_000)]
Money = Annotated[int, Field(ge=0, le=MOST_MONEY)]
Amount = Annotated[int, Field(gt=0, le=MOST_MONEY)]
Pieces = Annotated[int, Field(ge=1, le=MOST_PIECES)]
Percent = Annotated[str, AfterValidator(_percent)]
Rate = Annotated[str, AfterValidator(_decimal)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]


@lru_cache(maxsize=4096)
def fraction(percent: str) -> tuple[int, int]:
    """Return a percentage as numerator and denominator of the part it takes: '12.5' is (1, 8)."""
    part = Fraction(percent) / 100
    return part.numerator, part.denominator
