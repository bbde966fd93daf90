"""When things happen in the demo: the log moved by whole days, and a time of day that the log does not have."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from nodes.localtime import at_wall_time, to_local
from wayfare.chance import share
from wayfare.cli.demo.cdnow import LAST_DAY

SHOP = ZoneInfo("Europe/Kyiv")
OPENS, CLOSES = time(8), time(20, 30)
"""In these hours the date is the same in all zones in which customers of the demo live, so a purchase has the date of
the log where its customer lives as well."""

LIVE_DAYS = 21
_START = time(4)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The demo's calendar: it ends at `now`, an aware instant, on the log's last day in the shop's zone."""

    now: datetime
    live_days: int = LIVE_DAYS

    @property
    def today(self) -> date:
        """Return the day on which the log ends."""
        return to_local(self.now, SHOP).date()

    @property
    def live_from(self) -> datetime:
        """Return the instant from which the journeys run; what is older is history."""
        return at_wall_time(self.today - timedelta(days=self.live_days), _START, SHOP)

    def day(self, day: date) -> date:
        """Return the day to which a day of the log moves."""
        return day + (self.today - LAST_DAY)

    def moment(self, day: date, *who: object) -> datetime:
        """Return an instant on a day (already moved), by chance in opening hours, the same for the same `who`.

        Nothing happens after `now`: today, the hours until now count, and at night those since midnight.
        """
        opens, closes = _hours(day)
        if closes > self.now:
            closes = self.now
            if opens >= closes:
                opens = at_wall_time(day, time(), SHOP)
        seconds = int((closes - opens).total_seconds() * share("wayfare demo", "time", *who))
        return opens + timedelta(seconds=seconds)


@cache
def _hours(day: date) -> tuple[datetime, datetime]:
    return at_wall_time(day, OPENS, SHOP), at_wall_time(day, CLOSES, SHOP)
