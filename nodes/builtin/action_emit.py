"""Let an event happen."""

from typing import Any, ClassVar

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator
from pydantic_core import PydanticCustomError

from nodes.conditions import EVENT_TYPE
from nodes.contract import Batch, Category, Emit, NodeType, Result

_FROM_OUTSIDE = ("purchase", "cart.updated", "wishlist.added", "wishlist.removed", "customer.registered")


class EmitEvent(NodeType):
    """Lets an event happen to the customer, which may start another journey or end a wait."""

    key: ClassVar[str] = "action.emit"
    label: ClassVar[str] = "Emit event"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "broadcast"
    keywords: ClassVar[tuple[str, ...]] = ("webhook", "trigger", "signal")
    rank: ClassVar[int] = 60

    event: str = Field(
        title="Event", min_length=1, max_length=100, pattern=EVENT_TYPE, json_schema_extra={"widget": "event"}
    )
    data: dict[str, StrictBool | StrictInt | StrictFloat | StrictStr | None] = Field(
        default_factory=dict, max_length=50, title="Data", json_schema_extra={"row_name": "value"}
    )

    @field_validator("event")
    @classmethod
    def _is_ours(cls, event: str) -> str:
        if event in _FROM_OUTSIDE or event.startswith("segment."):
            raise PydanticCustomError(
                "reserved_event", "'{event}' is reported by shops or by segments; choose another name", {"event": event}
            )
        return event

    @field_validator("data")
    @classmethod
    def _is_small(cls, data: dict[str, Any]) -> dict[str, Any]:
        for name, value in data.items():
            if isinstance(value, str) and (len(value) > 1000 or "\0" in value + name):
                raise PydanticCustomError("text_too_long", "write at most 1000 characters, none of them NUL")
            if isinstance(value, int | float) and not -(2**53) <= value <= 2**53:
                raise PydanticCustomError("number_too_large", "the number is too large")
        return data

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": batch.ids}, effects=(Emit(batch.ids, self.event, self.data),))

    def summary(self) -> str:
        return f"Event {self.event}"
