"""Let customers pass on some days and hours only."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from nodes.contract import Batch, Need, NodeType, Result, Wait
from nodes.fields import WallTime
from nodes.localtime import at_wall_time, to_local, zone_of

Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEK: tuple[Weekday, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = timedelta(days=1)


class TimeWindow(NodeType):
    """Customers pass on these days and between these hours, where they live; who comes at another time waits until it
    opens. An end before the start means the next morning; the same time for both means the whole day.
    """

    key: ClassVar[str] = "flow.window"
    label: ClassVar[str] = "Time window"
    icon: ClassVar[str] = "clock-hour-4"
    keywords: ClassVar[tuple[str, ...]] = ("hours", "quiet", "working time", "schedule")

    days: tuple[Weekday, ...] = Field(WEEK, min_length=1, max_length=7, title="Days")
    opens: WallTime = Field(time(9), title="Open from", json_schema_extra={"pair": "closes", "joined": "to"})
    closes: WallTime = Field(time(21), title="Open until")

    def facts(self) -> Collection[Need]:
        return ("time_zone",)

    def step(self, batch: Batch) -> Result:
        zones, since = batch.column("time_zone"), batch.column("since")
        passing: list[int] = []
        waits: dict[int, Wait] = {}
        known: dict[tuple[str | None, datetime], Wait | None] = {}
        for id in batch.ids:
            key = (zones.get(id), max(since[id], batch.now))
            if key not in known:
                known[key] = self._until_open(key[1], zone_of(key[0], batch.zone))
            wait = known[key]
            if wait is None:
                passing.append(id)
            else:
                waits[id] = wait
        return Result(moves={"next": passing}, waits=waits)

    def _until_open(self, now: datetime, zone: ZoneInfo) -> Wait | None:
        """Return the wait for the next opening, or None while it is open."""
        today = to_local(now, zone).date()
        for offset in range(-1, 9):
            day = today + offset * _DAY
            if WEEK[day.weekday()] not in self.days:
                continue
            start = at_wall_time(day, self.opens, zone)
            end = at_wall_time(day if self.closes > self.opens else day + _DAY, self.closes, zone)
            if start <= now < end:
                return None
            if start > now:
                return Wait(start, None, datetime.combine(day, self.opens).isoformat())
        raise AssertionError("a window opens at least once a week")

    def summary(self) -> str:
        chosen = [day for day in WEEK if day in self.days]
        days = "Every day" if len(chosen) == 7 else ", ".join(day[:3] for day in chosen)
        if self.opens == self.closes:
            return f"{days}, all day" if self.opens == time() else f"{days} from {self.opens:%H:%M}, for 24 hours"
        return f"{days} {self.opens:%H:%M}–{self.closes:%H:%M}"
