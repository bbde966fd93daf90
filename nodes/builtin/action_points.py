"""Give bonus points, or take them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from nodes.contract import Batch, Category, MovePoints, Need, NodeType, Result
from nodes.localtime import end_of_day, to_local, zone_of
from wayfare.segments.facts import Fact

BALANCE = Fact("points.balance")


class BonusPoints(NodeType):
    """Gives each customer bonus points, or takes some away; later messages can show how many, and the new balance, from
    “Insert a value”. Points are taken only from who has enough of them; everyone else goes the way “Too few”.
    """

    key: ClassVar[str] = "action.points"
    label: ClassVar[str] = "Bonus points"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "coin"
    keywords: ClassVar[tuple[str, ...]] = ("bonus", "loyalty", "cashback", "reward", "balance", "points")
    rank: ClassVar[int] = 23
    gives: ClassVar[tuple[str, ...]] = ("points",)

    do: Literal["give", "take"] = Field(
        "give", title="What to do", json_schema_extra={"labels": {"give": "Give points", "take": "Take points"}}
    )
    points: int = Field(100, title="Points", ge=1, le=10_000_000)
    days: int | None = Field(
        365,
        title="They expire after",
        ge=1,
        le=3660,
        description="Only for 'give'. Empty: never.",
        json_schema_extra={"unit": "days", "only": {"do": "give"}, "help": "Empty: they never expire."},
    )

    def facts(self) -> Collection[Need]:
        return ("time_zone", BALANCE)

    def ports(self) -> tuple[str, ...]:
        return ("next", "too_few") if self.do == "take" else ("next",)

    def step(self, batch: Batch) -> Result:
        if self.do == "give":
            give = MovePoints(batch.ids, self.points, self._ends(batch))
            return Result(moves={"next": batch.ids}, effects=(give,))
        customers, balances = batch.column("customer"), batch.column(BALANCE)
        left: dict[int, int] = {}
        enough: list[int] = []
        too_few: list[int] = []
        for id in sorted(batch.ids):  # a customer may be here more than once
            has = left.get(customers[id], balances.get(id) or 0)
            (enough if has >= self.points else too_few).append(id)
            left[customers[id]] = has - self.points if has >= self.points else has
        effects = (MovePoints(enough, -self.points),) if enough else ()
        return Result(moves={"next": enough, "too_few": too_few}, effects=effects)

    def _ends(self, batch: Batch) -> dict[int, Any]:
        if self.days is None:
            return {}
        since, zones = batch.column("since"), batch.column("time_zone")
        known: dict[Any, Any] = {}
        ends = {}
        for id in batch.ids:
            key = (since[id], zones.get(id))
            if key not in known:
                zone = zone_of(key[1], batch.zone)
                known[key] = end_of_day(to_local(key[0], zone).date() + timedelta(days=self.days), zone)
            ends[id] = known[key]
        return ends

    def summary(self) -> str:
        points = f"{self.points:,} point{'' if self.points == 1 else 's'}".replace(",", " ")
        if self.do == "take":
            return f"Take {points}"
        return f"Give {points}" + (f", for {self.days} days" if self.days else "")

    def explain(self, port: str) -> str:
        return f"has fewer than {self.points} points" if port == "too_few" else ""
