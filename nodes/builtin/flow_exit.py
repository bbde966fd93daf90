"""End the journey here."""

from typing import ClassVar

from pydantic import Field

from nodes.contract import Batch, NodeType, Result


class Exit(NodeType):
    """The journey ends here for whoever comes."""

    key: ClassVar[str] = "flow.exit"
    label: ClassVar[str] = "Exit"
    icon: ClassVar[str] = "door-exit"
    keywords: ClassVar[tuple[str, ...]] = ("end", "stop", "finish", "leave")
    rank: ClassVar[int] = 40

    reason: str = Field("", max_length=200, title="Reason", description="Shown in the customer's history.")

    def ports(self) -> tuple[str, ...]:
        return ()

    def step(self, batch: Batch) -> Result:
        return Result(ends={self.reason or "end of the journey": batch.ids})

    def summary(self) -> str:
        return f"End: {self.reason}" if self.reason else "End"
