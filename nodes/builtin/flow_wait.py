"""Wait for a while."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from nodes.contract import Batch, Need, NodeType, Result, Wait
from nodes.localtime import days_later, zone_of

Unit = Literal["minutes", "hours", "days", "weeks"]
_ELAPSED: dict[str, timedelta] = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
_CALENDAR = {"days": 1, "weeks": 7}


class WaitFor(NodeType):
    """Customers stay here for a while. Minutes and hours are exact; days and weeks end at the same time of day
    in the customer's time zone, also when clocks change.
    """

    key: ClassVar[str] = "flow.wait"
    label: ClassVar[str] = "Wait"
    icon: ClassVar[str] = "clock"
    keywords: ClassVar[tuple[str, ...]] = ("delay", "pause", "days", "hours", "timer", "later")
    rank: ClassVar[int] = 20

    amount: int = Field(1, ge=1, le=5000, title="How long", json_schema_extra={"pair": "unit"})
    unit: Unit = Field("days", title="Unit")

    def facts(self) -> Collection[Need]:
        return zone_facts(self.unit)

    def step(self, batch: Batch) -> Result:
        new = arrivals(batch)
        return Result(moves={"next": batch.ids - new}, waits=waits_from_arrival(batch, new, self.amount, self.unit))

    def summary(self) -> str:
        return f"Wait {in_words(self.amount, self.unit)}"


def zone_facts(unit: Unit) -> tuple[Need, ...]:
    """Return what a wait of this unit needs to know: the zone, where the calendar counts."""
    return ("time_zone",) if unit in _CALENDAR else ()


def arrivals(batch: Batch) -> set[int]:
    """Return who has just come to a wait; everyone else was woken."""
    woken = batch.column("woken_by")
    return {id for id in batch.ids if woken.get(id) is None} if woken else batch.ids


def waits_from_arrival(
    batch: Batch, new: set[int], amount: int, unit: Unit, event: str | None = None
) -> dict[int, Wait]:
    """Return a wait, so long from their arrival, for each of `new`; enrollments that arrived together share it."""
    since = batch.column("since")
    waits: dict[int, Wait] = {}
    if unit in _ELAPSED:
        delay = _ELAPSED[unit] * amount
        made: dict[datetime, Wait] = {}
        for id in new:
            start = since[id]
            wait = made.get(start)
            if wait is None:
                wait = made[start] = Wait(start + delay, event)
            waits[id] = wait
    else:
        days = _CALENDAR[unit] * amount
        zones = batch.column("time_zone")
        by_zone: dict[tuple[datetime, str | None], Wait] = {}
        for id in new:
            key = (since[id], zones.get(id))
            wait = by_zone.get(key)
            if wait is None:
                until, local = days_later(key[0], days, zone_of(key[1], batch.zone))
                wait = by_zone[key] = Wait(until, event, local.isoformat())
            waits[id] = wait
    return waits


def in_words(amount: int, unit: Unit) -> str:
    """Return a duration in words: "1 day", "3 hours"."""
    return f"{amount} {unit[:-1] if amount == 1 else unit}"
