"""Give a gift certificate."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Batch, Category, IssueCertificate, Need, NodeType, Result
from nodes.localtime import end_of_day, to_local, zone_of
from nodes.plain_money import Currency, major, shown

_MOST = 1_000_000_00


class GiftCertificate(NodeType):
    """Gives each customer a gift certificate as a present of the shop, bound to their phone; later messages can show
    its number, from “Insert a value”. Who has no phone number, or comes when the budget is used up, goes the way
    “None”.
    """

    key: ClassVar[str] = "action.certificate"
    label: ClassVar[str] = "Gift certificate"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "gift"
    keywords: ClassVar[tuple[str, ...]] = ("present", "voucher", "e-gift", "money", "gift card", "balance")
    rank: ClassVar[int] = 21
    gives: ClassVar[tuple[str, ...]] = ("certificate",)
    remembers: ClassVar[bool] = True

    amount: int = Field(
        100_00,
        title="Worth",
        ge=1,
        le=_MOST,
        json_schema_extra={"widget": "money", "pair": "currency"},
    )
    currency: Currency = Field("UAH", title="Currency")
    budget: int = Field(
        1_000_00,
        title="Budget of this step",
        ge=1,
        le=100 * _MOST,
        description="All its certificates together; who comes later gets none. Above the workspace's limit for "
        "certificates, somebody else must publish the journey than who wrote it.",
        json_schema_extra={"widget": "money"},
    )
    days: int = Field(
        180,
        title="Valid for",
        ge=1,
        le=3660,
        json_schema_extra={"unit": "days", "help": "To the end of the last day, where the customer lives."},
    )

    @model_validator(mode="after")
    def _suffices_for_one(self) -> Self:
        if self.budget < self.amount:
            message = "the budget does not suffice for one certificate; raise it"
            raise PydanticCustomError("budget_too_small", "{message}", {"message": message})
        return self

    def facts(self) -> Collection[Need]:
        return ("phone", "time_zone")

    def ports(self) -> tuple[str, ...]:
        return ("next", "none")

    def step(self, batch: Batch) -> Result:
        since, phones, zones = batch.column("since"), batch.column("phone"), batch.column("time_zone")
        spent = int(batch.memory.get("spent", 0))
        room = max(0, (self.budget - spent) // self.amount)
        order = sorted(batch.ids, key=lambda id: (since[id], id))
        reasons = {id: "has no phone number" for id in order if not phones.get(id)}
        reached = [id for id in order if id not in reasons]
        lucky = reached[:room]
        reasons.update(dict.fromkeys(reached[room:], "the budget is used up"))
        issue = IssueCertificate(lucky, self.amount, self.currency, self._ends(batch, lucky, since, zones))
        return Result(
            moves={"next": lucky, "none": list(reasons)},
            effects=(issue,) if lucky else (),
            reasons=reasons,
            memory={"spent": spent + len(lucky) * self.amount} if lucky else None,
        )

    def _ends(self, batch: Batch, ids: Collection[int], since: Any, zones: Any) -> dict[int, Any]:
        known: dict[Any, Any] = {}
        ends = {}
        for id in ids:
            key = (since[id], zones.get(id))
            if key not in known:
                zone = zone_of(key[1], batch.zone)
                known[key] = end_of_day(to_local(key[0], zone).date() + timedelta(days=self.days), zone)
            ends[id] = known[key]
        return ends

    def outlay(self) -> tuple[int, str]:
        return self.budget, self.currency

    def summary(self) -> str:
        most = f"{self.budget // self.amount:,}".replace(",", " ")
        return f"{shown(self.amount)} {self.currency} each, for at most {most} customers"

    def explain(self, port: str) -> str:
        return f"a certificate of {major(self.amount)} {self.currency}" if port == "next" else ""
