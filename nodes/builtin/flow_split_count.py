"""Let the first so many customers go one way."""

from typing import ClassVar, Literal

from pydantic import Field

from nodes.contract import Batch, NodeType, Result
from nodes.localtime import to_local, zone_of


class SplitByCount(NodeType):
    """The first so many customers go the way “First”, all after them the way “Everyone else”. The count is exact
    however many come at once, and goes on when the journey is published again.
    """

    key: ClassVar[str] = "flow.split_count"
    label: ClassVar[str] = "First N"
    icon: ClassVar[str] = "stack-2"
    keywords: ClassVar[tuple[str, ...]] = ("limit", "quota", "the first", "branch")
    remembers: ClassVar[bool] = True

    count: int = Field(100, ge=1, le=100_000_000, title="How many")
    per: Literal["all", "day"] = Field(
        "all",
        title="Counted",
        description="Once for 'all' time, or anew each 'day' of the journey's time zone.",
        json_schema_extra={"labels": {"all": "Once, in all", "day": "Anew each day"}, "help": ""},
    )

    def ports(self) -> tuple[str, ...]:
        return ("first", "else")

    def step(self, batch: Batch) -> Result:
        since = batch.column("since")
        day = to_local(batch.now, zone_of(batch.zone)).date().isoformat() if self.per == "day" else ""
        taken = int(batch.memory.get("taken", 0)) if batch.memory.get("day", "") == day else 0
        room = max(0, self.count - taken)
        order = sorted(batch.ids, key=lambda id: (since[id], id))
        first = order[:room]
        memory = {"day": day, "taken": taken + len(first)} if first else None
        return Result(moves={"first": first, "else": order[room:]}, memory=memory)

    def summary(self) -> str:
        count = f"{self.count:,}".replace(",", " ")
        return f"First {count}{' a day' if self.per == 'day' else ''}, then everyone else"

    def explain(self, port: str) -> str:
        whole = f"the first {self.count}{' of the day' if self.per == 'day' else ''}"
        return f"among {whole}" if port == "first" else f"{whole} had come already"
