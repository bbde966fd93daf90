"""Give a price of the customer's own."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nodes.contract import Batch, Category, GrantPrice, Need, NodeType, Place, Result
from nodes.localtime import end_of_day, to_local, zone_of
from nodes.plain_money import Currency, shown
from wayfare.segments.facts import Fact

WISHES = Fact("wish_list")
MOST = 20
_WORDS = {"event": "the product of the event", "wishes": "each product on the wish list"}
_MISSING = {"event": "the event names no product", "wishes": "the wish list is empty"}


class PersonalPrice(NodeType):
    """Gives each customer a price of their own, seen at every till and in the shop as soon as they buy; later messages
    can show it, from “Insert a value”. Who has no product that it could be for goes the way “None”.
    """

    key: ClassVar[str] = "action.personal_price"
    label: ClassVar[str] = "Personal price"
    category: ClassVar[Category] = Category.ACTION
    icon: ClassVar[str] = "tag"
    keywords: ClassVar[tuple[str, ...]] = ("discount", "offer", "wish list", "percent", "own price", "deal")
    rank: ClassVar[int] = 22
    gives: ClassVar[tuple[str, ...]] = ("price",)

    on: Literal["event", "wishes", "sku", "brand"] = Field(
        "event",
        title="On",
        description="The product of the 'event' that led here, each one on the 'wishes' list, one 'sku' or a 'brand'.",
        json_schema_extra={
            "labels": {
                "event": "The event's product",
                "wishes": "The wish list",
                "sku": "One product",
                "brand": "A brand",
            },
            "help": "",
        },
    )
    sku: str = Field(
        "",
        title="Product",
        max_length=100,
        description="Only for 'sku'.",
        json_schema_extra={"widget": "product", "only": {"on": "sku"}, "needed": True, "help": ""},
    )
    brand: str = Field(
        "",
        title="Brand",
        max_length=200,
        description="Only for 'brand'.",
        json_schema_extra={"widget": "brand", "only": {"on": "brand"}, "needed": True, "help": ""},
    )
    give: Literal["percent", "price"] = Field(
        "percent",
        title="Give",
        json_schema_extra={"labels": {"percent": "Percent off", "price": "A fixed price"}},
    )
    percent: Decimal = Field(
        Decimal(10),
        title="How much",
        gt=0,
        lt=100,
        max_digits=6,
        decimal_places=2,
        description="Only for 'percent': off the list price of the day on which they buy.",
        json_schema_extra={
            "unit": "%",
            "only": {"give": "percent"},
            "help": "Off the list price of the day on which they buy.",
        },
    )
    price: int = Field(
        0,
        title="Price of a piece",
        ge=0,
        le=10**12,
        description="Only for 'price'. A lower price still counts.",
        json_schema_extra={
            "widget": "money",
            "pair": "currency",
            "only": {"give": "price"},
            "help": "Where something else makes it cheaper, that counts.",
        },
    )
    currency: Currency = Field("UAH", title="Currency", json_schema_extra={"only": {"give": "price"}})
    days: int = Field(
        7,
        title="Valid for",
        ge=1,
        le=366,
        json_schema_extra={"unit": "days", "help": "To the end of the last day, where the customer lives."},
    )
    pieces: int = Field(
        1,
        title="At most",
        ge=1,
        le=1000,
        json_schema_extra={"unit": "pieces", "help": "Of each product; of a brand, of all its products together."},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.on in ("sku", "brand") and not getattr(self, self.on).strip():
            raise PydanticCustomError(f"missing_{self.on}", "choose the product or the brand that it is for")
        if self.give == "price" and self.on in ("wishes", "brand"):
            message = "products of different prices cannot all cost the same; give percent off"
            raise PydanticCustomError("one_price", "{message}", {"message": message})
        if self.give == "price" and self.price == 0:
            raise PydanticCustomError("missing_price", "say what a piece costs")
        return self

    @classmethod
    def fresh(cls, place: Place) -> dict[str, Any]:
        """Where no event leads here, the wish list has the product."""
        trigger = place.trigger
        return {} if trigger is None or trigger.listens() else {"on": "wishes"}

    def facts(self) -> Collection[Need]:
        facts: list[Need] = ["time_zone"]
        if self.on == "event":
            facts.append("event")
        elif self.on == "wishes":
            facts.append(WISHES)
        return facts

    def ports(self) -> tuple[str, ...]:
        return ("next", "none")

    def step(self, batch: Batch) -> Result:
        if self.on in ("sku", "brand"):
            found = {id: [self.sku] if self.on == "sku" else [] for id in batch.ids}
            lucky = sorted(batch.ids)
        else:
            column = batch.column("event" if self.on == "event" else WISHES)
            read = products_in if self.on == "event" else _texts
            found = {id: skus for id in batch.ids if (skus := read(column.get(id)))}
            lucky = sorted(found)
        none = sorted(batch.ids - set(lucky))
        grant = GrantPrice(
            lucky,
            self.pieces,
            self._ends(batch, lucky),
            skus={} if self.on == "brand" else found,
            brand=self.brand if self.on == "brand" else "",
            price=self.price if self.give == "price" else None,
            percent=f"{self.percent.normalize():f}" if self.give == "percent" else None,
            currency=self.currency if self.give == "price" else "",
        )
        return Result(
            moves={"next": lucky, "none": none},
            effects=(grant,) if lucky else (),
            reasons=dict.fromkeys(none, _MISSING.get(self.on, "")),
        )

    def _ends(self, batch: Batch, ids: Collection[int]) -> dict[int, Any]:
        since, zones = batch.column("since"), batch.column("time_zone")
        known: dict[Any, Any] = {}
        ends = {}
        for id in ids:
            key = (since[id], zones.get(id))
            if key not in known:
                zone = zone_of(key[1], batch.zone)
                known[key] = end_of_day(to_local(key[0], zone).date() + timedelta(days=self.days), zone)
            ends[id] = known[key]
        return ends

    def summary(self) -> str:
        what = _WORDS.get(self.on) or self.sku or self.brand or "…"
        most = "" if self.pieces == 1 else f", up to {self.pieces}"
        if self.give == "percent":
            return f"{self.percent.normalize():f} % off {what}{most}, {self.days} days"
        return f"{shown(self.price)} {self.currency} for {what}{most}, {self.days} days"

    def explain(self, port: str) -> str:
        return self.summary() if port == "next" else ""

    def references(self) -> Collection[tuple[str, str]]:
        return (("product", self.sku),) if self.on == "sku" else ()


def products_in(data: object) -> list[str]:
    """Return the SKUs that an event carries, in their order: in `sku`, or in the `sku` of each of its `lines`."""
    if not isinstance(data, Mapping):
        return []
    lines = data.get("lines")
    inner = [line.get("sku") for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []
    return _texts([data.get("sku"), *inner])


def _texts(values: Iterable[Any] | None) -> list[str]:
    """Return the different texts among values that can be a SKU, at most `MOST`."""
    found = (value.strip() for value in values or () if isinstance(value, str))
    return list(dict.fromkeys(text for text in found if text and len(text) <= 100 and "\0" not in text))[:MOST]
