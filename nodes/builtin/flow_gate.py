"""Hold customers until a gate opens."""

from collections.abc import Collection
from datetime import date as Day  # a setting is called date
from datetime import datetime, time
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import FOR_EVER, Batch, NodeType, Opening, Result, Wait
from nodes.fields import WallTime
from nodes.localtime import at_wall_time, zone_of

_LABELS: dict[str, Any] = {"approval": "Approval", "date": "A date", "segment": "A segment"}


class Gate(NodeType):
    """Customers wait here until the gate opens: when a person approves, on a date, or as soon as a segment has so many
    customers. Then all who wait go on, and whoever comes later passes at once. A person can open any gate early.
    """

    key: ClassVar[str] = "flow.gate"
    label: ClassVar[str] = "Gate"
    icon: ClassVar[str] = "lock-open"
    keywords: ClassVar[tuple[str, ...]] = ("approval", "stage", "hold", "open")
    rank: ClassVar[int] = 60
    remembers: ClassVar[bool] = True

    opens: Literal["approval", "date", "segment"] = Field(
        "approval", title="Opens by", json_schema_extra={"labels": _LABELS}
    )
    date: Day | None = Field(
        None,
        title="Date",
        description="Only for 'date', in the journey's time zone.",
        json_schema_extra={"only": {"opens": "date"}, "needed": True},
    )
    at: WallTime = Field(
        time(10), title="At", description="Only for 'date'.", json_schema_extra={"only": {"opens": "date"}}
    )
    segment: str | None = Field(
        None,
        title="Segment",
        max_length=100,
        pattern=r"^[\w.-]+$",
        description="Only for 'segment'.",
        json_schema_extra={"widget": "segment", "only": {"opens": "segment"}, "needed": True},
    )
    at_least: int = Field(
        1,
        ge=1,
        le=1_000_000_000,
        title="Customers in it, at least",
        description="Only for 'segment'.",
        json_schema_extra={"only": {"opens": "segment"}},
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.opens == "date" and self.date is None:
            raise PydanticCustomError("missing_date", "choose the date on which the gate opens")
        if self.opens == "segment" and not self.segment:
            raise PydanticCustomError("missing_segment", "choose the segment that opens the gate")
        return self

    def step(self, batch: Batch) -> Result:
        if batch.memory.get("open"):
            return Result(moves={"next": batch.ids})
        since, opens_at = batch.column("since"), self._opens_at(batch.zone)
        if opens_at <= batch.now:
            return Result(moves={"next": batch.ids})
        late = {id for id in batch.ids if since[id] >= opens_at}
        return Result(moves={"next": late}, waits={id: Wait(opens_at) for id in batch.ids - late})

    def _opens_at(self, zone: str) -> datetime:
        if self.opens != "date" or self.date is None:
            return FOR_EVER
        try:
            return at_wall_time(self.date, self.at, zone_of(zone))
        except (ValueError, OverflowError):
            return FOR_EVER  # beyond the calendar

    def memory_kind(self) -> str:
        """A gate that opens by something else is another gate, and closed."""
        by = {"approval": (), "date": (self.date, self.at), "segment": (self.segment, self.at_least)}
        return ":".join(map(str, (self.key, self.opens, *by[self.opens])))

    def opening(self) -> Opening:
        return Opening(self.segment, self.at_least) if self.opens == "segment" else Opening()

    def summary(self) -> str:
        if self.opens == "date":
            return f"Opens on {self.date} at {self.at:%H:%M}"
        if self.opens == "segment":
            return f"Opens when {self.segment} has {self.at_least} customers"
        return "Opens when somebody approves"

    def explain(self, port: str) -> str:
        return "the gate is open"

    def references(self) -> Collection[tuple[str, str]]:
        return (("segment", self.segment),) if self.opens == "segment" and self.segment else ()
