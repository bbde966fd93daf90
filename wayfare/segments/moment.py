"""The moment for which a rule is asked, as one customer's calendar sees it."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from wayfare.segments.days import local_day, zone_or


@dataclass(frozen=True)
class Moment:
    """An aware instant and the customer's zone; an empty or unknown zone falls back to `default`.

    Make one per zone and reuse it: today's date is worked out once.
    """

    now: datetime
    zone: str | None = None
    default: str = "UTC"

    @cached_property
    def info(self) -> ZoneInfo:
        """Return the zone in force."""
        return zone_or(self.zone, self.default)

    @cached_property
    def _days(self) -> dict[datetime, date]:
        return {}

    def day_of(self, instant: datetime) -> date:
        """Return the local date of an aware instant; rules ask for the same few instants again and again."""
        day = self._days.get(instant)
        if day is None:
            day = self._days[instant] = local_day(instant, self.info)
        return day

    @cached_property
    def today(self) -> date:
        """Return the local date."""
        return local_day(self.now, self.info)
