"""A customer enters when their loyalty level changes."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Category, NodeType

CHANGED = "level.changed"


class LevelTrigger(NodeType):
    """Customers enter when their loyalty level changes: to any other, to one of your choice, up or down."""

    key: ClassVar[str] = "trigger.level"
    label: ClassVar[str] = "Loyalty level"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "trophy"
    keywords: ClassVar[tuple[str, ...]] = ("loyalty", "tier", "status", "VIP", "upgrade")

    way: Literal["any", "up", "down"] = Field(
        "any", title="When the level goes", json_schema_extra={"labels": {"any": "Anywhere"}}
    )
    to: str = Field(
        "",
        title="To",
        max_length=64,
        description="Only this level; empty for every level.",
        json_schema_extra={"widget": "level", "placeholder": "Any level", "help": ""},
    )
    levels: tuple[str, ...] = Field(
        (),
        max_length=50,
        title="All levels, the lowest first",
        description="Needed for 'up' and 'down': the order says which level is higher.",
        json_schema_extra={"only": {"way": ["up", "down"]}, "help": "The order says which level is higher."},
    )

    @model_validator(mode="after")
    def _has_order(self) -> Self:
        if self.way != "any" and len(self.levels) < 2:
            raise PydanticCustomError("missing_levels", "write all levels, the lowest first: they say what is up")
        if len(set(self.levels)) < len(self.levels):
            raise PydanticCustomError("duplicate_level", "a level is there twice")
        if self.to and self.levels and self.to not in self.levels:
            raise PydanticCustomError("unknown_level", "'{to}' is not among the levels", {"to": self.to})
        return self

    def listens(self) -> tuple[str, ...]:
        return (CHANGED,)

    def accepts(self, data: Mapping[str, Any]) -> bool:
        before, after = data.get("from"), data.get("to")
        if before == after or (self.to and after != self.to):
            return False
        if self.way == "any":
            return True
        places = {name: place for place, name in enumerate(self.levels, 1)}
        old, new = self._place(places, before), self._place(places, after)
        if old is None or new is None:
            return False
        return new > old if self.way == "up" else new < old

    @staticmethod
    def _place(places: Mapping[str, int], level: Any) -> int | None:
        """Return where a level stands: none at all below the lowest, one that is not in the list nowhere."""
        return 0 if level is None or level == "" else places.get(level) if isinstance(level, str) else None

    def summary(self) -> str:
        way = {"any": "changes", "up": "goes up", "down": "goes down"}[self.way]
        return f"When the level {way}{f' to {self.to}' if self.to else ''}"
