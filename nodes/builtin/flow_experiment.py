"""Try variants against each other until one has won."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.builtin.flow_split_rule import PORT
from nodes.conditions import EVENT_TYPE
from nodes.contract import Batch, NodeType, Result, Tallies
from nodes.shares import check_shares, chooser, in_words

_LOOK_AGAIN = timedelta(hours=1)


class Variant(BaseModel):
    """One variant, and how many of a hundred customers try it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str = Field(title="Name", min_length=1, max_length=64, pattern=PORT)
    percent: Decimal = Field(title="Percent", gt=0, le=100, decimal_places=4, json_schema_extra={"unit": "%"})


class Experiment(NodeType):
    """Divides customers between variants, each customer always to the same one, and counts who has success afterwards.
    After so many customers or so many days the variant with the best rate wins, and from then on everyone takes it.
    Without any success so far the trial goes on.
    """

    key: ClassVar[str] = "flow.experiment"
    label: ClassVar[str] = "Experiment"
    icon: ClassVar[str] = "flask"
    keywords: ClassVar[tuple[str, ...]] = ("A/B", "test", "winner", "variant")
    rank: ClassVar[int] = 40
    remembers: ClassVar[bool] = True

    variants: tuple[Variant, ...] = Field(
        (Variant(port="a", percent=Decimal(50)), Variant(port="b", percent=Decimal(50))),
        min_length=2,
        max_length=20,
        title="Variants",
        json_schema_extra={"row_name": "variant"},
    )
    success: Literal["goal", "event"] = Field(
        "goal",
        title="Success",
        description="The journey's 'goal', or an 'event' that happens to the customer.",
        json_schema_extra={"labels": {"goal": "The journey's goal", "event": "An event"}, "help": ""},
    )
    event: str = Field(
        "purchase",
        title="Event",
        description="Only for 'event'.",
        min_length=1,
        max_length=100,
        pattern=EVENT_TYPE,
        json_schema_extra={"widget": "event", "only": {"success": "event"}},
    )
    after_customers: int | None = Field(
        1000, ge=2, le=100_000_000, title="Decide after", json_schema_extra={"unit": "customers"}
    )
    after_days: int | None = Field(14, ge=1, le=3660, title="Or after", json_schema_extra={"unit": "days"})

    @model_validator(mode="after")
    def _can_end(self) -> Self:
        check_shares(self.variants)
        if self.after_customers is None and self.after_days is None:
            raise PydanticCustomError("never_decided", "say after how many customers or days a variant wins")
        return self

    def ports(self) -> tuple[str, ...]:
        return tuple(one.port for one in self.variants)

    def tallies(self, memory: Mapping[str, Any], now: datetime) -> Tallies | None:
        if not memory or memory.get("winner") in self.ports():
            return None
        looked_at = memory.get("looked_at")
        if looked_at and now < datetime.fromisoformat(looked_at) + _LOOK_AGAIN:
            return None
        enough = self.after_customers is not None and memory["entered"] >= self.after_customers
        days = timedelta(days=self.after_days) if self.after_days is not None else None
        is_due = enough or (days is not None and now >= datetime.fromisoformat(memory["began"]) + days)
        return Tallies(self.event if self.success == "event" else None) if is_due else None

    def step(self, batch: Batch) -> Result:
        if not batch.ids:
            return Result()
        memory = dict(batch.memory) or {"began": batch.now.isoformat(), "entered": 0}
        winner = memory.get("winner")
        if winner not in self.ports():
            winner = None
            if batch.tally is not None:
                memory["looked_at"] = batch.now.isoformat()
                winner = self._best(batch.tally)
        if winner is not None:
            memory |= {"winner": winner}
            return Result(moves={winner: batch.ids}, memory=memory if memory != batch.memory else None)
        choose = chooser(self.variants, batch)
        moves: dict[str, list[int]] = {port: [] for port in self.ports()}
        for id in batch.ids:
            moves[choose(id)].append(id)
        memory["entered"] += len(batch.ids)
        return Result(moves=moves, memory=memory)

    def _best(self, tally: Mapping[str, tuple[int, int]]) -> str | None:
        """Return the variant with the best rate, the first of equal ones; None when nobody had success."""
        counted = {port: tally.get(port, (0, 0)) for port in self.ports()}
        rates = {port: Fraction(reached, entered) for port, (entered, reached) in counted.items() if entered}
        if not any(rates.values()):
            return None
        return max(rates, key=lambda port: (rates[port], -self.ports().index(port)))

    def summary(self) -> str:
        return f"{in_words(self.variants)}; the best by {'goal' if self.success == 'goal' else self.event} wins"
