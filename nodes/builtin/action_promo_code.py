"""Issue a promo code."""

import re
from collections.abc import Collection
from datetime import date as Day  # a setting is called date
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from nodes.contract import Batch, Category, IssueCode, Need, NodeType, Place, Result
from nodes.fields import DateFact, is_anniversary
from nodes.localtime import LeapDay, date_of, end_of_day, nearest_anniversary, to_local, zone_of

_GRACE = 7  # days
_PREFIX: dict[str, Any] = {"placeholder": "BDAY-", "help": "Capital letters, digits and dashes."}


class PromoCode(NodeType):
    """Gives each customer a promo code of their own; later messages can show the code and its last day,
    from “Insert a value”. It is valid to the end of its last day where the customer lives.
    """

    key: ClassVar[str] = "action.promo_code"
    label: ClassVar[str] = "Promo code"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "ticket"
    keywords: ClassVar[tuple[str, ...]] = ("coupon", "voucher", "discount", "offer", "gift", "batch")
    rank: ClassVar[int] = 20
    gives: ClassVar[tuple[str, ...]] = ("code",)

    batch: str = Field(
        title="Code batch",
        min_length=1,
        max_length=100,
        pattern=r"^[\w.-]+$",
        json_schema_extra={
            "widget": "code_batch",
            "own": True,
            "help": "Codes of one batch are counted together in reports.",
        },
    )
    prefix: str = Field("", title="Prefix", max_length=12, pattern=r"^[A-Z0-9-]*$", json_schema_extra=_PREFIX)
    length: int = Field(10, title="Characters after the prefix", ge=8, le=32, json_schema_extra={"advanced": True})
    bind_phone: bool = Field(
        True,
        title="Only with the customer's phone number",
        json_schema_extra={
            "help": "Nobody else can use the code. A customer without a phone number gets one that is bound to nobody."
        },
    )
    valid: Literal["days", "date"] = Field(
        "days",
        title="Valid",
        description="'days' from now, or until a 'date' of the customer and the days after it.",
        json_schema_extra={"labels": {"days": "For some days", "date": "Around a date"}, "help": ""},
    )
    date: DateFact = Field(
        "birthday", title="Date", description="Only for 'date'.", json_schema_extra={"only": {"valid": "date"}}
    )
    days: int = Field(
        14,
        title="Days",
        ge=-366,
        le=3660,
        description="From now, or after the date; may be negative.",
        json_schema_extra={
            "unit": "days",
            "help": "Counted from the day of this step, to the end of the last one.",
            "when": {"valid": {"date": {"widget": "around", "title": "Until", "help": ""}}},
        },
    )
    leap_day: LeapDay = Field(
        "28 February",
        title="29 February in other years",
        json_schema_extra={"only": {"valid": "date"}, "advanced": True},
    )

    @classmethod
    def fresh(cls, place: Place) -> dict[str, Any]:
        """Each step has a batch of its own, called like journey and branch. In a journey that starts around a date the
        code is valid around that date too, a week longer than it takes to get there. A date of one year only would be
        long past in a journey that comes every year.
        """
        batch = {"batch": _own_batch(place)} if place.journey else {}
        rule = place.trigger.date_rule() if place.trigger is not None else None
        if rule is None or (rule.every_year and not is_anniversary(rule.fact)):
            return batch
        return {**batch, "valid": "date", "date": rule.fact, "days": max(0, rule.offset_days) + _GRACE}

    def facts(self) -> Collection[Need]:
        facts: list[Need] = ["time_zone"]
        if self.bind_phone:
            facts.append("phone")
        if self.valid == "date":
            facts.append(self.date)
        return facts

    def step(self, batch: Batch) -> Result:
        since, zones = batch.column("since"), batch.column("time_zone")
        dates = batch.column(self.date) if self.valid == "date" else {}
        known: dict[Any, datetime] = {}
        ends: dict[int, datetime] = {}
        for id in batch.ids:
            value = dates.get(id)
            key = (since[id], zones.get(id), value if isinstance(value, Day | str) else None)
            end = known.get(key)
            if end is None:
                end = known[key] = self._end(key[0], key[1], key[2], batch.zone)
            ends[id] = end
        issue = IssueCode(batch.ids, self.batch, self.prefix, self.length, bind_phone=self.bind_phone, valid_until=ends)
        return Result(moves={"next": batch.ids}, effects=(issue,))

    def _end(self, since: datetime, zone_name: str | None, value: object, default_zone: str) -> datetime:
        """Return the last second of validity. Without the date, or with one that no calendar holds, days count from
        now.
        """
        zone = zone_of(zone_name, default_zone)
        today = to_local(since, zone).date()
        day: Day | None = date_of(value, zone) if self.valid == "date" else None
        if day is not None and is_anniversary(self.date):
            day = nearest_anniversary(day, today, self.leap_day)
        try:
            return end_of_day((day or today) + timedelta(days=self.days), zone)
        except OverflowError:
            return end_of_day(today + timedelta(days=self.days), zone)

    def summary(self) -> str:
        if self.valid == "days":
            return f"Code of {self.batch}, valid {self.days} days"
        name = self.date.removeprefix("attrs.").replace("_", " ")
        if self.days == 0:
            return f"Code of {self.batch}, valid until {name}"
        return (
            f"Code of {self.batch}, valid until {abs(self.days)} days {'after' if self.days > 0 else 'before'} {name}"
        )

    def references(self) -> Collection[tuple[str, str]]:
        return (("code_batch", self.batch),)


def _own_batch(place: Place) -> str:
    """Return a name that no other step of the journey uses: birthday, birthday-vip, birthday-vip-2."""
    branch = "others" if place.branch == "else" else place.branch
    words = (re.sub(r"[^\w.]+", "-", one.lower()).strip("-") for one in (place.journey, branch) if one)
    base = "-".join(word for word in words if word)[:90] or "codes"
    taken = {other.batch for other in place.others if isinstance(other, PromoCode)}
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
