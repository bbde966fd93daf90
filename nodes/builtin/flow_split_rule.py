"""Choose a way by what is known of the customer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.conditions import Condition, facts_in, in_plain_words, references_of, rule_of
from nodes.contract import Batch, Need, NodeType, Result
from wayfare.segments.facts import Fact, Kind, kind_of
from wayfare.segments.meaning import holds
from wayfare.segments.moment import Moment
from wayfare.segments.parts import ZONE

ELSE = "else"
PORT = r"^[\w][\w -]*$"


class Branch(BaseModel):
    """One way out of a split: a name and who takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str = Field(title="Name", min_length=1, max_length=64, pattern=PORT, json_schema_extra={"placeholder": "VIP"})
    when: Condition = Field(title="Who")


class SplitByRule(NodeType):
    """Customers take the first branch whose rule fits them; who fits none goes the way “Everyone else”."""

    key: ClassVar[str] = "flow.split_rule"
    label: ClassVar[str] = "Split by rule"
    icon: ClassVar[str] = "arrows-split"
    keywords: ClassVar[tuple[str, ...]] = (
        "segment",
        "branch",
        "VIP",
        "condition",
        "if",
        "else",
        "filter",
        "level",
        "fork",
    )
    rank: ClassVar[int] = 10

    branches: tuple[Branch, ...] = Field(
        min_length=1,
        max_length=50,
        title="Branches",
        json_schema_extra={
            "row_name": "branch",
            "by_segments": True,
            "help": "The first branch that fits counts.",
        },
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [branch.port for branch in self.branches]
        for name in names:
            if name == ELSE or names.count(name) > 1:
                reason = "is taken by everyone else" if name == ELSE else "is there twice"
                raise PydanticCustomError(
                    "duplicate_port",
                    "the branch name '{name}' {reason}; choose another",
                    {"name": name, "reason": reason},
                )
        return self

    @cached_property
    def asked(self) -> tuple[Fact, ...]:
        """The facts of all branches, in a fixed order."""
        facts = {fact for branch in self.branches for fact in facts_in(branch.when)}
        return tuple(sorted(facts, key=repr))

    def facts(self) -> Collection[Need]:
        return self.asked

    def ports(self) -> tuple[str, ...]:
        return (*(branch.port for branch in self.branches), ELSE)

    def step(self, batch: Batch) -> Result:
        moves: dict[str, list[int]] = {port: [] for port in self.ports()}
        choose = self._chooser(batch)
        columns = [batch.column(fact) for fact in self.asked]
        # JSON can hold 1 and true, which are equal keys but different values.
        exact = any((kind_of(fact.name) or Kind.ANY) is Kind.ANY for fact in self.asked)
        known: dict[Any, list[int]] = {}
        for id in batch.ids:
            values = tuple([column.get(id) for column in columns])
            key: Any = (values, tuple(map(type, values))) if exact else values
            try:
                way = known.get(key)
                if way is None:
                    way = known[key] = moves[choose(values)]
            except TypeError:  # a list or an object among the values cannot be a key
                way = moves[choose(values)]
            way.append(id)
        return Result(moves=moves)

    def _chooser(self, batch: Batch) -> Callable[[Sequence[Any]], str]:
        asked = self.asked
        rules = [(branch.port, rule_of(branch.when)) for branch in self.branches]
        zone_at = asked.index(ZONE) if ZONE in asked else None
        moments: dict[str | None, Moment] = {}

        def choose(values: Sequence[Any]) -> str:
            zone = None if zone_at is None else values[zone_at]
            moment = moments.get(zone)
            if moment is None:
                moment = moments[zone] = Moment(batch.now, zone, batch.zone)
            row: Mapping[Fact, Any] = dict(zip(asked, values, strict=True))
            return next((port for port, rule in rules if holds(rule, row, moment)), ELSE)

        return choose

    def summary(self) -> str:
        return ", ".join(branch.port for branch in self.branches) + ", everyone else"

    def explain(self, port: str) -> str:
        if port == ELSE:
            return "no branch fits"
        return next((in_plain_words(branch.when) for branch in self.branches if branch.port == port), "")

    def references(self) -> Collection[tuple[str, str]]:
        return sorted({pair for branch in self.branches for pair in references_of(branch.when)})
