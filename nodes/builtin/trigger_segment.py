"""A customer enters when they come into a segment or leave it."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from nodes.contract import Category, NodeType


class SegmentTrigger(NodeType):
    """Customers enter when they come into a segment, or when they leave it."""

    key: ClassVar[str] = "trigger.segment"
    label: ClassVar[str] = "Segment"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "users-group"
    keywords: ClassVar[tuple[str, ...]] = ("audience", "group", "enter", "leave")
    rank: ClassVar[int] = 30

    segment: str = Field(
        title="Segment", min_length=1, max_length=100, pattern=r"^[\w.-]+$", json_schema_extra={"widget": "segment"}
    )
    on: Literal["entered", "left"] = Field(
        "entered",
        title="When customers have",
        json_schema_extra={"labels": {"entered": "Come into it", "left": "Left it"}},
    )
    include_present: bool = Field(
        False,
        title="Also those who are in already",
        description="They enter when the journey is published.",
        json_schema_extra={"only": {"on": "entered"}},
    )

    def listens(self) -> tuple[str, ...]:
        return (f"segment.{self.on}",)

    def accepts(self, data: Mapping[str, Any]) -> bool:
        return data.get("segment") == self.segment

    def segment_key(self) -> str | None:
        return self.segment if self.include_present and self.on == "entered" else None

    def references(self) -> Collection[tuple[str, str]]:
        return (("segment", self.segment),)

    def summary(self) -> str:
        words = f"When customers {'come into' if self.on == 'entered' else 'leave'} {self.segment}"
        return f"{words}, and those who are in it" if self.segment_key() else words
