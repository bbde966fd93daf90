"""Customers enter again and again, by the calendar."""

import calendar
from collections.abc import Collection
from datetime import date as Day
from datetime import time
from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.builtin.flow_window import WEEK, Weekday
from nodes.contract import Category, NodeType, Schedule
from nodes.cron import Cron, parse_cron
from nodes.fields import WallTime


class ScheduleTrigger(NodeType):
    """Everyone in a segment enters each day, week or month at a time of day where they live, as long as the journey is
    live. A crontab of five fields (minute, hour, day, month, weekday) says everything else.
    """

    key: ClassVar[str] = "trigger.schedule"
    label: ClassVar[str] = "Schedule"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "calendar-time"
    keywords: ClassVar[tuple[str, ...]] = ("newsletter", "daily", "weekly", "monthly", "recurring", "cron", "campaign")
    rank: ClassVar[int] = 40

    segment: str | None = Field(
        None,
        title="Segment",
        max_length=100,
        pattern=r"^[\w.-]+$",
        description="Empty: every customer.",
        json_schema_extra={"widget": "segment", "placeholder": "Everyone", "help": ""},
    )
    every: Literal["day", "week", "month", "cron"] = Field(
        "week", title="Every", json_schema_extra={"labels": {"cron": "Crontab"}}
    )
    weekdays: tuple[Weekday, ...] = Field(
        ("Monday",),
        max_length=7,
        title="Days",
        description="Only for 'week'.",
        json_schema_extra={"only": {"every": "week"}},
    )
    month_day: int = Field(
        1,
        ge=1,
        le=31,
        title="Day of the month",
        description="Only for 'month'; in shorter months the last day.",
        json_schema_extra={"only": {"every": "month"}},
    )
    at: WallTime = Field(time(10), title="At", json_schema_extra={"only": {"every": ["day", "week", "month"]}})
    cron: str = Field(
        "",
        max_length=200,
        title="Crontab",
        description="Only for 'cron', such as 30 9 * * 1-5.",
        json_schema_extra={"only": {"every": "cron"}},
    )
    late_hours: int = Field(
        12,
        ge=0,
        le=240,
        title="Hours late",
        description="A time that was missed, by a pause or a halt, is made up for at most so many hours later.",
        json_schema_extra={"advanced": True},
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.every == "week" and not self.weekdays:
            raise PydanticCustomError("missing_days", "choose at least one day of the week")
        if self.every == "cron":
            parse_cron(self.cron)
        return self

    @cached_property
    def crontab(self) -> Cron:
        """The crontab, read once."""
        return parse_cron(self.cron)

    def times_on(self, day: Day) -> tuple[time, ...]:
        """Return the wall times at which it fires on a local date."""
        match self.every:
            case "day":
                return (self.at,)
            case "week":
                return (self.at,) if WEEK[day.weekday()] in self.weekdays else ()
            case "month":
                last = calendar.monthrange(day.year, day.month)[1]
                return (self.at,) if day.day == min(self.month_day, last) else ()
        return self.crontab.times if self.crontab.fits(day) else ()

    def schedule(self) -> Schedule:
        return Schedule(self.times_on, self.segment, self.late_hours)

    def summary(self) -> str:
        who = self.segment or "everyone"
        if self.every == "cron":
            return f"By {self.cron} for {who}"
        if self.every == "day":
            when = "Every day"
        elif self.every == "week":
            when = "Every " + ", ".join(day for day in WEEK if day in self.weekdays)
        else:
            when = f"On day {self.month_day} of each month"
        return f"{when} at {self.at:%H:%M} for {who}"

    def references(self) -> Collection[tuple[str, str]]:
        return (("segment", self.segment),) if self.segment else ()
