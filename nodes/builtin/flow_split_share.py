"""Divide customers by share."""

from decimal import Decimal
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nodes.builtin.flow_split_rule import PORT
from nodes.contract import Batch, NodeType, Result
from nodes.shares import check_shares, in_words
from wayfare.chance import share


class Share(BaseModel):
    """One way out and how many of a hundred customers take it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str = Field(title="Name", min_length=1, max_length=64, pattern=PORT)
    percent: Decimal = Field(title="Percent", gt=0, le=100, decimal_places=4, json_schema_extra={"unit": "%"})


class SplitByShare(NodeType):
    """Divides customers at random by shares that add up to 100 percent. A customer takes the same way each time."""

    key: ClassVar[str] = "flow.split_share"
    label: ClassVar[str] = "Split by share"
    icon: ClassVar[str] = "percentage"
    keywords: ClassVar[tuple[str, ...]] = ("percent", "random", "A/B", "test", "branch")
    rank: ClassVar[int] = 30

    shares: tuple[Share, ...] = Field(
        (Share(port="a", percent=Decimal(50)), Share(port="b", percent=Decimal(50))),
        min_length=1,
        max_length=50,
        title="Shares",
        json_schema_extra={"row_name": "share", "help": "They have to add up to 100 percent."},
    )

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        check_shares(self.shares)
        return self

    def ports(self) -> tuple[str, ...]:
        return tuple(one.port for one in self.shares)

    def step(self, batch: Batch) -> Result:
        customers = batch.column("customer")
        journey, node = batch.journey, batch.node
        moves: dict[str, list[int]] = {one.port: [] for one in self.shares}
        ways = []
        limit = Decimal(0)
        for one in self.shares:
            limit += one.percent
            ways.append((float(limit / 100), moves[one.port]))
        for id in batch.ids:
            place = share(journey, node, customers[id])
            for below, way in ways:
                if place < below:
                    way.append(id)
                    break
        return Result(moves=moves)

    def summary(self) -> str:
        return in_words(self.shares)
