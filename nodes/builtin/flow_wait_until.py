"""Wait until a moment."""

from collections.abc import Collection
from datetime import date as Day  # a field is called date
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.builtin.flow_wait import arrivals
from nodes.contract import Batch, Need, NodeType, Result, Wait
from nodes.fields import DateFact, WallTime, is_anniversary
from nodes.localtime import LeapDay, add_months, anniversary, date_of, to_instant, to_local, zone_of

DAYS = ("any day", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LATE = "that moment has passed"
_MISSING = "the customer has no such date"
_UNTIL: dict[str, Any] = {"date": "A date", "weekday": "A day of the week", "profile": "A date of the customer"}
_PROFILE: dict[str, Any] = {"only": {"until": "profile"}}
_AROUND: dict[str, Any] = {"widget": "around", "labels": {"before": "before", "on": "none", "after": "after"}}


class WaitUntil(NodeType):
    """Customers stay here until a date, until a day of the week, or until a date of their own, at a time of day
    where they live. Who comes after that moment, or has no such date, goes the way “Too late”.
    """

    key: ClassVar[str] = "flow.wait_until"
    label: ClassVar[str] = "Wait until"
    icon: ClassVar[str] = "calendar-clock"
    keywords: ClassVar[tuple[str, ...]] = ("delay", "date", "weekday", "time", "birthday")
    rank: ClassVar[int] = 20

    until: Literal["date", "weekday", "profile"] = Field(
        "weekday",
        title="Until",
        description="A fixed 'date', a 'weekday', or a date from the customer's 'profile'.",
        json_schema_extra={"labels": _UNTIL, "help": ""},
    )
    date: Day | None = Field(
        None,
        title="Date",
        description="Only for 'date'.",
        json_schema_extra={"only": {"until": "date"}, "needed": True},
    )
    weekday: Literal["any day", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = Field(
        "any day", title="Day", description="Only for 'weekday'.", json_schema_extra={"only": {"until": "weekday"}}
    )
    fact: DateFact = Field(
        "orders.last_at",
        title="Date of the customer",
        description="Only for 'profile'.",
        json_schema_extra={"only": {"until": "profile"}},
    )
    months: int = Field(
        0,
        ge=-1200,
        le=1200,
        title="Months",
        description="Only for 'profile': after that date; before it when negative.",
        json_schema_extra={**_PROFILE, **_AROUND, "unit": "months"},
    )
    days: int = Field(
        0,
        ge=-36500,
        le=36500,
        title="Days",
        description="Only for 'profile': after that date and the months; before it when negative.",
        json_schema_extra={**_PROFILE, **_AROUND, "unit": "days"},
    )
    at: WallTime = Field(time(10), title="At")
    leap_day: LeapDay = Field(
        "28 February", title="29 February in other years", json_schema_extra={**_PROFILE, "advanced": True}
    )
    past: Literal["late", "next"] = Field(
        "late",
        title="Who is late",
        description="Takes the way 'late', or goes on at once by 'next'.",
        json_schema_extra={
            "labels": {"late": "Goes another way", "next": "Goes on at once"},
            "only": {"until": ["date", "profile"]},
            "help": "",
        },
    )

    @model_validator(mode="after")
    def _has_date(self) -> Self:
        if self.until == "date" and self.date is None:
            raise PydanticCustomError("missing_date", "choose the date until which customers wait")
        return self

    def facts(self) -> Collection[Need]:
        return ("time_zone", self.fact) if self.until == "profile" else ("time_zone",)

    def ports(self) -> tuple[str, ...]:
        return ("next", "late") if self.until != "weekday" and self.past == "late" else ("next",)

    def step(self, batch: Batch) -> Result:
        new = arrivals(batch)
        since, zones = batch.column("since"), batch.column("time_zone")
        dates = batch.column(self.fact) if self.until == "profile" else {}
        late = self.ports()[-1]
        gone: list[int] = []
        waits: dict[int, Wait] = {}
        reasons: dict[int, str] = {}
        known: dict[Any, Wait | str] = {}
        for id in new:
            value = dates.get(id)
            key = (since[id], zones.get(id), value if isinstance(value, Day | str) else None)
            found = known.get(key)
            if found is None:
                found = known[key] = self._wait(key[0], zone_of(key[1], batch.zone), key[2])
            if isinstance(found, Wait):
                waits[id] = found
            else:
                gone.append(id)
                reasons[id] = found
        woken = batch.ids - new
        moves = {"next": woken, late: gone} if late != "next" else {"next": [*woken, *gone]}
        return Result(moves=moves, waits=waits, reasons=reasons)

    def _wait(self, since: datetime, zone: ZoneInfo, value: object) -> Wait | str:
        if self.until == "weekday":
            return self._next_weekday(since, zone)
        day = self.date if self.until == "date" else date_of(value, zone)
        if day is None:
            return _MISSING
        try:
            if self.until == "profile" and is_anniversary(self.fact):
                return self._next_anniversary(day, since, zone)
            if self.until == "profile":
                day = self._moved(day)
            wait = self._at(day, zone)
        except (ValueError, OverflowError):
            return _MISSING  # beyond the calendar: a year 0, a year 10,000
        return wait if wait.until >= since else _LATE

    def _at(self, day: Day, zone: ZoneInfo) -> Wait:
        local = datetime.combine(day, self.at)
        return Wait(to_instant(local, zone), None, local.isoformat())

    def _moved(self, day: Day) -> Day:
        return add_months(day, self.months) + timedelta(days=self.days)

    def _next_weekday(self, since: datetime, zone: ZoneInfo) -> Wait:
        day = to_local(since, zone).date()
        wanted = DAYS.index(self.weekday)
        while True:
            wait = self._at(day, zone)
            if wanted in (0, day.isoweekday()) and wait.until >= since:
                return wait
            day += timedelta(days=1)

    def _next_anniversary(self, origin: Day, since: datetime, zone: ZoneInfo) -> Wait:
        """Return the first of the yearly moments that is not past. Offsets move it by years at most both ways."""
        year = to_local(since, zone).year - (self.months * 31 + self.days) // 365 - 1
        while True:
            wait = self._at(self._moved(anniversary(origin, year, self.leap_day)), zone)
            if wait.until >= since:
                return wait
            year += 1

    def summary(self) -> str:
        if self.until == "date":
            return f"Wait until {self.date} {self.at:%H:%M}"
        if self.until == "weekday":
            return f"Wait until {self.weekday}, {self.at:%H:%M}"
        parts = [f"{number:+d} {unit}" for number, unit in ((self.months, "months"), (self.days, "days")) if number]
        name = self.fact.removeprefix("attrs.").replace("_", " ").replace("orders.last at", "last order")
        return " ".join(["Wait until", name.replace("orders.first at", "first order"), *parts, f"{self.at:%H:%M}"])

    def explain(self, port: str) -> str:
        return "the moment has passed, or there is no such date" if port == "late" else ""
