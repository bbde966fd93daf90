"""A customer enters when something happens to them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from nodes.conditions import EVENT_TYPE, EventCondition, in_plain_words, matcher
from nodes.contract import Category, NodeType


class EventTrigger(NodeType):
    """Customers enter when an event happens to them, such as a purchase or a filled cart."""

    model_config = ConfigDict(populate_by_name=True)

    key: ClassVar[str] = "trigger.event"
    label: ClassVar[str] = "Event"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "bolt"
    keywords: ClassVar[tuple[str, ...]] = ("purchase", "order", "action", "behaviour", "when")
    rank: ClassVar[int] = 20

    event: str = Field(
        "purchase",
        title="Event",
        min_length=1,
        max_length=100,
        pattern=EVENT_TYPE,
        json_schema_extra={"widget": "event"},
    )
    where: EventCondition = Field(
        None,
        title="Only if",
        description="Conditions on what the event carries.",
        json_schema_extra={"widget": "event_rule", "help": ""},
    )
    late: int = Field(
        7,
        alias="late_days",
        ge=0,
        le=365,
        title="Days late",
        description="An event that arrives more than this many days late enrolls nobody.",
        json_schema_extra={"unit": "days", "advanced": True},
    )

    def listens(self) -> tuple[str, ...]:
        return (self.event,)

    @cached_property
    def fits(self) -> Callable[[Mapping[str, Any]], bool]:
        """Whether the condition holds for an event's data; read once, asked for every event."""
        return matcher(self.where)

    def accepts(self, data: Mapping[str, Any]) -> bool:
        return self.fits(data)

    def late_days(self) -> int:
        return self.late

    def summary(self) -> str:
        return f"When {self.event} happens{in_plain_words(self.where, ', if ')}"
