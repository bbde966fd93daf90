"""A customer enters when another journey has brought them somewhere."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Category, NodeType

REACHED, ENDED = "journey.reached", "journey.ended"


class JourneyTrigger(NodeType):
    """Customers enter when another journey ends for them, or when they pass one of its steps. Who left it early by an
    exit rule, or was stopped, did not come to its end.
    """

    key: ClassVar[str] = "trigger.journey"
    label: ClassVar[str] = "Another journey"
    category: ClassVar[Category] = Category.TRIGGER
    icon: ClassVar[str] = "git-branch"
    keywords: ClassVar[tuple[str, ...]] = ("chain", "after journey")
    rank: ClassVar[int] = 60

    journey: str = Field(
        title="Journey", min_length=1, max_length=100, pattern=r"^[\w.-]+$", json_schema_extra={"widget": "journey"}
    )
    when: Literal["end", "step"] = Field(
        "end",
        title="When customers come to",
        description="Its 'end', or a 'step'.",
        json_schema_extra={"labels": {"end": "Its end", "step": "One of its steps"}, "help": ""},
    )
    step_id: str = Field(
        "",
        title="Step",
        max_length=64,
        description="Only for 'step': its id, such as n4, from that journey's canvas.",
        json_schema_extra={"widget": "journey_step", "about": "journey", "only": {"when": "step"}, "help": ""},
    )

    @model_validator(mode="after")
    def _has_step(self) -> Self:
        if self.when == "step" and not self.step_id:
            raise PydanticCustomError("missing_step", "choose the step")
        return self

    def listens(self) -> tuple[str, ...]:
        return (REACHED if self.when == "step" else ENDED,)

    def watches(self) -> tuple[str, str]:
        return (self.journey, self.step_id if self.when == "step" else "")

    def accepts(self, data: Mapping[str, Any]) -> bool:
        return data.get("journey") == self.journey and (self.when == "end" or data.get("node") == self.step_id)

    def summary(self) -> str:
        return f"When {self.journey} {f'has come to {self.step_id}' if self.when == 'step' else 'ends'}"

    def references(self) -> Collection[tuple[str, str]]:
        return (("journey", self.journey),)
