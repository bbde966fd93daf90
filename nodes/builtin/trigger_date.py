"""A customer enters on a date of theirs."""

from datetime import time
from typing import ClassVar

from pydantic import ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Category, DateRule, NodeType
from nodes.fields import DateFact, WallTime
from nodes.localtime import LeapDay


class DateTrigger(NodeType):
    """Birthday or another date of the customer: they enter some days before, on or after it, at a time of day where
    they live.
    """

    model_config = ConfigDict(populate_by_name=True)

    key: ClassVar[str] = "trigger.date"
    label: ClassVar[str] = "Date"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "calendar-event"
    keywords: ClassVar[tuple[str, ...]] = ("birthday", "anniversary", "day", "yearly", "every year", "before", "after")
    rank: ClassVar[int] = 10

    date: DateFact = Field("birthday", title="Date")
    offset_days: int = Field(
        0,
        ge=-366,
        le=366,
        title="When",
        description="Days after the date; before it when negative.",
        json_schema_extra={"widget": "around", "unit": "days", "help": ""},
    )
    at: WallTime = Field(time(10), title="At")
    every_year: bool = Field(True, title="Every year")
    leap_day: LeapDay = Field("28 February", title="29 February in other years", json_schema_extra={"advanced": True})
    late: int = Field(
        0,
        alias="late_days",
        ge=0,
        le=60,
        title="Days late",
        description="Whoever becomes known at most this many days after the day still enters.",
        json_schema_extra={"unit": "days", "advanced": True},
    )

    @field_validator("date")
    @classmethod
    def _is_day(cls, name: str) -> str:
        if name != "birthday" and not name.startswith("attrs."):
            raise PydanticCustomError("not_a_date", "choose the birthday or an attribute, written attrs.NAME")
        return name

    def date_rule(self) -> DateRule:
        return DateRule(self.date, self.offset_days, self.at, self.every_year, self.leap_day, self.late)

    def late_days(self) -> int:
        return self.late

    def summary(self) -> str:
        name = self.date.removeprefix("attrs.").replace("_", " ")
        if self.offset_days == 0:
            return f"On {name} at {self.at:%H:%M}"
        days = "1 day" if abs(self.offset_days) == 1 else f"{abs(self.offset_days)} days"
        return f"{days} {'after' if self.offset_days > 0 else 'before'} {name} at {self.at:%H:%M}"
