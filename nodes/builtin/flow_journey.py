"""Send customers into another journey."""

from collections.abc import Collection
from typing import ClassVar

from pydantic import Field

from nodes.contract import ENTER, Batch, Emit, NodeType, Result


class StartJourney(NodeType):
    """Customers enter another journey as well and go on here at once. Who may enter there, and how often, is for that
    journey to say. Journeys that start each other in a circle are stopped after 16 rounds.
    """

    key: ClassVar[str] = "flow.journey"
    label: ClassVar[str] = "Start a journey"
    icon: ClassVar[str] = "route"
    keywords: ClassVar[tuple[str, ...]] = ("chain", "another journey", "subjourney")
    rank: ClassVar[int] = 60

    journey: str = Field(
        title="Journey", min_length=1, max_length=100, pattern=r"^[\w.-]+$", json_schema_extra={"widget": "journey"}
    )

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": batch.ids}, effects=(Emit(batch.ids, ENTER, {"journey": self.journey}),))

    def summary(self) -> str:
        return f"Start {self.journey}"

    def references(self) -> Collection[tuple[str, str]]:
        return (("journey", self.journey),)
