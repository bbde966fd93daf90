"""Wait until something happens, but not for ever."""

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from nodes.builtin.flow_wait import Unit, arrivals, in_words, waits_from_arrival, zone_facts
from nodes.conditions import EVENT_TYPE, EventCondition, in_plain_words, matcher
from nodes.contract import Batch, Need, NodeType, Result, Woken


class WaitForEvent(NodeType):
    """Customers stay here until an event happens to them, such as a purchase. They go on by “It happened”, or by “Time
    is over” if it does not happen in time.
    """

    key: ClassVar[str] = "flow.wait_event"
    label: ClassVar[str] = "Wait for event"
    icon: ClassVar[str] = "hourglass"
    keywords: ClassVar[tuple[str, ...]] = ("reaction", "purchase", "opened", "timeout", "until")
    rank: ClassVar[int] = 20

    event: str = Field(
        "purchase",
        title="Event",
        min_length=1,
        max_length=100,
        pattern=EVENT_TYPE,
        json_schema_extra={"widget": "event"},
    )
    where: EventCondition = Field(
        None,
        title="Only if",
        description="Conditions on what the event carries.",
        json_schema_extra={"widget": "event_rule", "help": ""},
    )
    amount: int = Field(7, ge=1, le=5000, title="At most", json_schema_extra={"pair": "unit"})
    unit: Unit = Field("days", title="Unit")

    def facts(self) -> Collection[Need]:
        return zone_facts(self.unit)

    def ports(self) -> tuple[str, ...]:
        return ("happened", "timeout")

    @cached_property
    def fits(self) -> Callable[[Mapping[str, Any]], bool]:
        """Whether the condition holds for an event's data; read once, asked for every event."""
        return matcher(self.where)

    def accepts(self, data: Mapping[str, Any]) -> bool:
        return self.fits(data)

    def step(self, batch: Batch) -> Result:
        new = arrivals(batch)
        woken = batch.column("woken_by")
        late = {id for id in batch.ids if woken.get(id) == Woken.TIMER}
        waits = waits_from_arrival(batch, new, self.amount, self.unit, self.event)
        return Result(moves={"happened": batch.ids - new - late, "timeout": late}, waits=waits)

    def summary(self) -> str:
        return (
            f"Wait for {self.event}{in_plain_words(self.where, ' with ')}, at most {in_words(self.amount, self.unit)}"
        )

    def explain(self, port: str) -> str:
        if port == "happened":
            return f"{self.event} happened"
        return f"no {self.event} within {in_words(self.amount, self.unit)}"
