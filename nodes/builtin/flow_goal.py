"""Note that the goal is reached."""

from typing import ClassVar

from pydantic import Field

from nodes.contract import Batch, Goal, NodeType, Result


class ReachGoal(NodeType):
    """Whoever passes here has reached the journey's goal. The first time counts."""

    key: ClassVar[str] = "flow.goal"
    label: ClassVar[str] = "Goal"
    icon: ClassVar[str] = "target"
    keywords: ClassVar[tuple[str, ...]] = ("conversion", "success", "outcome")
    rank: ClassVar[int] = 40

    name: str = Field("", max_length=200, title="Name of the goal")

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": batch.ids}, effects=(Goal(batch.ids),))

    def summary(self) -> str:
        return f"Goal reached: {self.name}" if self.name else "Goal reached"
