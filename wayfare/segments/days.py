"""Local calendar days: which day it is for a customer, when that day begins, and anniversaries.

A local day begins with the first instant that bears its date, and lasts until the next one begins. So a clock that goes
back over midnight does not bring a day back, and a day that a zone skipped is empty.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

LeapDay = Literal["28 February", "1 March"]

_DAY = timedelta(days=1)


@lru_cache(maxsize=2048)
def find_zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone called `name`, or None when it is empty or unknown."""
    if not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a folder of the database
        return None


def zone_or(name: str | None, default: str) -> ZoneInfo:
    """Return the zone called `name`, or the default one, or UTC when even that is unknown."""
    return find_zone(name) or find_zone(default) or ZoneInfo("UTC")


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local date of an aware instant."""
    local = instant.astimezone(zone)
    day = local.date()
    # Late in the evening the next day may have begun already, before the clock went back over midnight.
    if local.hour >= 20 and day < date.max and start_of_day(day + _DAY, zone) <= instant:
        return day + _DAY
    return day


@lru_cache(maxsize=65536)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant (UTC) whose local date is `day` or later."""
    midnight = datetime.combine(day, time(), zone)
    start = midnight.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return start
    # Midnight is in a gap. Reading it with the offset after the change gives an instant before the change.
    low, high = midnight.replace(fold=1).astimezone(UTC) - timedelta(seconds=1), start
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if middle.astimezone(zone).date() >= day else (middle, high)
    return high


def anniversary(origin: date, year: int, leap_day: LeapDay) -> date:
    """Return the day of `year` on which a yearly date falls; 29 February moves to `leap_day` in common years."""
    if origin.month == 2 and origin.day == 29 and not calendar.isleap(year):
        return date(year, 2, 28) if leap_day == "28 February" else date(year, 3, 1)
    return origin.replace(year=year)


def next_anniversary(origin: date, today: date, leap_day: LeapDay) -> date:
    """Return the first anniversary that is today or later."""
    this_year = anniversary(origin, today.year, leap_day)
    return this_year if this_year >= today else anniversary(origin, today.year + 1, leap_day)
