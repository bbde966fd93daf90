"""Wall time and calendar dates: zones, clock changes, 29 February, ends of months. Pure; nothing here reads a clock."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from wayfare.segments.days import LeapDay, anniversary, find_zone, next_anniversary, zone_or

__all__ = [
    "LeapDay",
    "add_months",
    "anniversary",
    "at_wall_time",
    "date_of",
    "days_later",
    "end_of_day",
    "is_zone",
    "month_days_on",
    "nearest_anniversary",
    "next_anniversary",
    "steady_offset",
    "to_instant",
    "to_local",
    "zone_of",
]


_ZERO = timedelta()


def zone_of(name: str | None, fallback: str = "UTC") -> ZoneInfo:
    """Return the time zone called `name`; `fallback` when it is empty or unknown, UTC when that is unknown too."""
    return zone_or(name, fallback)


def is_zone(name: str) -> bool:
    """Say whether a time zone of this name exists."""
    return find_zone(name) is not None


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the wall time, without a zone, that a clock in `zone` shows at an aware instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which clocks in `zone` first show a wall time given without a zone.

    A wall time that happens twice, when clocks go back, means the first of the two. One that never happens, when
    clocks go forward, means the first instant after the change.
    """
    aware = local.replace(tzinfo=zone, fold=0)
    offset, other = aware.utcoffset() or _ZERO, aware.replace(fold=1).utcoffset() or _ZERO
    instant = (local - offset).replace(tzinfo=UTC, fold=0)
    if offset >= other:  # equal: no clock change near; larger: it happens twice
        return instant
    # In a gap, fold 0 counts with the old offset and lands behind the change; fold 1 lands before it.
    before = local.replace(tzinfo=zone, fold=1, microsecond=0).astimezone(UTC) - timedelta(seconds=1)
    seconds = int((instant - before).total_seconds()) + 1
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if to_local(before + timedelta(seconds=middle), zone) > local:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)


@lru_cache(maxsize=65536)
def steady_offset(zone: ZoneInfo, day: date) -> timedelta | None:
    """Return the offset that clocks in `zone` keep all through a day of UTC, or None when they change then."""
    midnight = datetime.combine(day, time(), UTC)
    offsets = {(midnight + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in range(0, 25, 6)}
    return offsets.pop() if len(offsets) == 1 else None


def days_later(instant: datetime, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instant (UTC) with the same wall time some calendar days later, and that wall time itself."""
    offset, later = steady_offset(zone, instant.date()), instant + timedelta(days=days)
    if offset is not None and offset == steady_offset(zone, later.date()):
        return later, (later + offset).replace(tzinfo=None)  # three times faster than asking the zone twice
    local = to_local(instant, zone) + timedelta(days=days)
    return to_instant(local, zone), local


def at_wall_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a wall time on a local date."""
    return to_instant(datetime.combine(day, at), zone)


@lru_cache(maxsize=65536)
def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the last second of a local date as an instant (UTC), so that showing it locally shows that date."""
    return at_wall_time(day + timedelta(days=1), time(), zone) - timedelta(seconds=1)


def nearest_anniversary(origin: date, near: date, leap_day: LeapDay = "28 February") -> date:
    """Return the anniversary with the fewest days between; of two equally near, the one to come."""
    years = (near.year + 1, near.year, near.year - 1)
    days = [anniversary(origin, year, leap_day) for year in years if date.min.year <= year <= date.max.year]
    return min(days, key=lambda day: abs((day - near).days))


def month_days_on(day: date, leap_day: LeapDay = "28 February") -> tuple[int, ...]:
    """Return the yearly dates, as month * 100 + day, that are celebrated on this day: 29 February's substitute too."""
    today = day.month * 100 + day.day
    substitute = 228 if leap_day == "28 February" else 301
    if today == substitute and not calendar.isleap(day.year):
        return (today, 229)
    return (today,)


def add_months(origin: date, months: int) -> date:
    """Return the date some months later (earlier when negative), on the last day of the month where it is shorter.

    Count from the first date each time: 31 January plus 1 and plus 2 months is 28 February and 31 March.
    """
    index = origin.year * 12 + origin.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(origin.day, calendar.monthrange(year, month + 1)[1]))


def date_of(value: object, zone: ZoneInfo) -> date | None:
    """Return the local date that a customer's value means: a date, an instant, or either as ISO text; else None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        try:
            return value.date() if value.tzinfo is None else value.astimezone(zone).date()
        except OverflowError:
            return None  # the last evening of the calendar is no date further east
    return value if isinstance(value, date) else None
