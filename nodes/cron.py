"""Five fields of a crontab, read once: minute, hour, day of the month, month, day of the week."""

from dataclasses import dataclass
from datetime import date, time

from pydantic_core import PydanticCustomError

MOST_A_DAY = 24
_LIMITS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed crontab. As in cron, a day fits by either of two restricted fields, day of month and day of week."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    any_day: bool
    any_weekday: bool

    def fits(self, day: date) -> bool:
        """Say whether it fires on this date."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_month and by_week
        return by_month or by_week


def parse_cron(text: str) -> Cron:
    """Read "30 9 1,15 * *". Raises what a form shows when a field makes no sense or a day would hold too many."""
    fields = text.split()
    if len(fields) != 5:
        message = "write five fields: minute, hour, day, month, weekday; such as 30 9 * * 1-5"
        raise PydanticCustomError("invalid_cron", "{message}", {"message": message})
    minutes, hours, days, months, weekdays = (
        _values(field, *limit) for field, limit in zip(fields, _LIMITS, strict=True)
    )
    if len(minutes) * len(hours) > MOST_A_DAY:
        raise PydanticCustomError("too_often", "it would fire more than 24 times a day; choose fewer minutes and hours")
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    sundays = frozenset(day % 7 for day in weekdays)
    return Cron(times, days, months, sundays, fields[2].startswith("*"), fields[4].startswith("*"))


def _values(field: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        first, _, last = span.partition("-")
        try:
            step = int(step_text) if "/" in part else 1
            start = low if span == "*" else int(first)
            stop = high if span == "*" or ("/" in part and "-" not in span) else int(last if "-" in span else first)
        except ValueError:
            step = start = stop = -1
        if not (low <= start <= stop <= high and step >= 1):
            raise PydanticCustomError(
                "invalid_cron",
                "'{part}' is no {name}; use {low} to {high}, *, 1,2, 1-5 or */2",
                {"part": part[:20], "name": name, "low": low, "high": high},
            )
        found.update(range(start, stop + 1, step))
    return frozenset(found)
