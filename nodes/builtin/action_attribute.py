"""Set an attribute of the customer."""

from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Batch, Category, Change, Need, NodeType, Result
from nodes.localtime import to_local, zone_of


class SetAttribute(NodeType):
    """Sets an attribute of the customer to a value or to the day's date, or removes it."""

    key: ClassVar[str] = "action.attribute"
    label: ClassVar[str] = "Set attribute"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "pencil"
    keywords: ClassVar[tuple[str, ...]] = ("property", "field", "profile", "save", "tag")

    name: str = Field(
        title="Attribute",
        max_length=106,
        pattern=r"^(attrs\.)?[\w-]{1,100}$",
        json_schema_extra={"widget": "attribute"},
    )
    to: Literal["value", "today", "nothing"] = Field(
        "value",
        title="Set to",
        description="A 'value', the date of 'today' where they live, or 'nothing'.",
        json_schema_extra={"labels": {"value": "A value", "today": "Today's date", "nothing": "Nothing"}, "help": ""},
    )
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = Field(
        None, title="Value", json_schema_extra={"only": {"to": "value"}}
    )

    @field_validator("value")
    @classmethod
    def _fits(cls, value: Any) -> Any:
        if isinstance(value, str) and (len(value) > 1000 or "\0" in value):
            raise PydanticCustomError("text_too_long", "write at most 1000 characters, none of them NUL")
        if isinstance(value, int | float) and not -(2**53) <= value <= 2**53:
            raise PydanticCustomError("number_too_large", "the number is too large")
        return value

    @model_validator(mode="after")
    def _has_value(self) -> Self:
        if self.to == "value" and self.value is None:
            raise PydanticCustomError("missing_value", "write the value, or choose 'nothing'")
        return self

    def facts(self) -> Collection[Need]:
        return ("time_zone",) if self.to == "today" else ()

    def step(self, batch: Batch) -> Result:
        values: dict[int, Any]
        if self.to == "today":
            since, zones = batch.column("since"), batch.column("time_zone")
            values = {
                id: to_local(since[id], zone_of(zones.get(id), batch.zone)).date().isoformat() for id in batch.ids
            }
        else:
            values = dict.fromkeys(batch.ids, self.value if self.to == "value" else None)
        change = Change(self.name.removeprefix("attrs."), values)
        return Result(moves={"next": batch.ids}, effects=(change,))

    def summary(self) -> str:
        name = self.name.removeprefix("attrs.")
        if self.to == "nothing":
            return f"Remove {name}"
        return f"Set {name} to {self.value if self.to == 'value' else 'the date'}"
