"""A customer enters when a program says so."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from nodes.conditions import EventCondition, in_plain_words, matcher
from nodes.contract import Category, NodeType


class ApiTrigger(NodeType):
    """Customers enter when a program asks for it, with an event journey.start that names this journey."""

    key: ClassVar[str] = "trigger.api"
    label: ClassVar[str] = "API call"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "api"
    keywords: ClassVar[tuple[str, ...]] = ("program", "webhook", "integration")
    rank: ClassVar[int] = 90

    journey: str = Field(
        title="Name in the call",
        min_length=1,
        max_length=100,
        pattern=r"^[\w.-]+$",
        description="What the call writes into data.journey.",
    )
    where: EventCondition = Field(
        None,
        title="Only if",
        description="Conditions on what the call carries.",
        json_schema_extra={"widget": "event_rule", "help": ""},
    )

    def listens(self) -> tuple[str, ...]:
        return ("journey.start",)

    @cached_property
    def fits(self) -> Callable[[Mapping[str, Any]], bool]:
        """Whether the condition holds for an event's data; read once, asked for every event."""
        return matcher(self.where)

    def accepts(self, data: Mapping[str, Any]) -> bool:
        return data.get("journey") == self.journey and self.fits(data)

    def summary(self) -> str:
        return f"When a program starts {self.journey}{in_plain_words(self.where, ', if ')}"
