"""Products in, and what they cost in the past."""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from engine.products import upsert_products
from engine.shapes import ProductIn
from offers.prices import lowest as past
from offers.prices.history import Reference
from offers.prices.seasons import Place
from store import audit
from store.db import Connection
from store.prices import priced_products
from web.api.base import BATCH, Answer, Api, Call, In, problem
from web.api.customers import Upserted
from web.api.refusal import Refusal
from web.context import now, store

api = Api("products", "Data in")
bp = api.bp
MOST_SKUS = 1000
_BEGAN = "When the reduction began, where you know better than the history."


class PlaceIn(In):
    """Where a price is shown. What holds in some channels, shops or regions only counts there."""

    channel: str | None = Field(None, max_length=200)
    store: str | None = Field(None, max_length=200)
    region: str | None = Field(None, max_length=200)
    began: AwareDatetime | None = Field(None, description=_BEGAN)

    @property
    def place(self) -> Place:
        """The place alone."""
        return Place(self.channel, self.store, self.region)


class HistoryIn(PlaceIn):
    """How far back, and where."""

    days: int = Field(90, ge=1, le=400)


class LowestIn(PlaceIn):
    """Products by SKU."""

    skus: list[str] = Field(min_length=1, max_length=MOST_SKUS)


class LowestOut(Answer):
    """What stands beside a product's price.

    `price` is what everyone pays for one piece now, `list_price` what it costs without promotions. `cause` says what
    reduces the price: a `promotion`, a lower list `price` for thirty days, or nothing (empty); `began` since when, or
    the present instant. `lowest_30_days` is the lowest price of the thirty days before `began`, first shown at `since`;
    null when it was not sold then. `is_complete` is false when the history does not reach back so far.
    `is_higher_than_lowest`: the list price must not be shown as the price before.
    """

    sku: str
    currency: str
    price: int | None
    list_price: int | None
    cause: Literal["promotion", "price", ""]
    began: datetime
    lowest_30_days: int | None
    since: datetime | None
    is_complete: bool
    is_higher_than_lowest: bool


class Interval(Answer):
    """From when until before when everyone paid the same for one piece, and because of which promotions."""

    start: datetime
    until: datetime
    currency: str
    list_price: int
    price: int
    promotions: list[str]


class Changed(Answer):
    """A change of the list price, and who made it; null took the product off the shelf."""

    at: datetime
    price: int | None
    currency: str
    source: str


class HistoryOut(LowestOut):
    """The lowest price, how it came about, and every change."""

    name: str
    intervals: list[Interval]
    changes: list[Changed]


class LowestMany(Answer):
    """One answer a known product, in the order asked; `unknown` are the others."""

    products: list[LowestOut]
    unknown: list[str]


class PriceSettings(In):
    """`progressive`: a reduction that grows step by step without a pause counts from its first step."""

    progressive: bool


class PriceSettingsOut(Answer):
    """How reductions are counted."""

    progressive: bool


@api.post("/products", needs="products.write", batch=ProductIn, answer=Upserted, max_bytes=BATCH)
def take_products(call: Call) -> dict[str, Any]:
    """Take products in.

    Fields left out stay as they are. `price` is in minor units of `currency`; a price that changes goes to its history.
    """
    result = upsert_products(store(), call.batch, now=now(), source=call.who.actor)
    return {"created": result.created, "updated": result.updated, "errors": result.errors}


@api.get("/products/<path:sku>/price-history", needs="promotions.read", query=HistoryIn, answer=HistoryOut)
def get_price_history(call: Call, sku: str) -> HistoryOut:
    """Return what a product cost everyone, and the lowest price of the thirty days before its present reduction.

    Public promotions are part of the price: those without code, segment, level, birthday, threshold or multi-buy.
    """
    asked: HistoryIn = call.query
    with store().read() as conn:
        found = past.lowest(conn, [sku], now(), place=asked.place, began=asked.began)
        if sku not in found:
            raise Refusal(404, [problem("not_found", f"there is no product '{sku}'")])
        products = priced_products(conn, [sku])
        since = now() - timedelta(days=asked.days)
        history = past.histories(conn, products, since, now() + timedelta.resolution, place=asked.place)[0]
    intervals = [
        Interval(
            start=one.start,
            until=min(one.until, now()),
            currency=one.currency,
            list_price=one.listed,
            price=one.price,
            promotions=list(one.promotions),
        )
        for one in history.stretches
    ]
    changes = [Changed(at=one.at, price=one.price, currency=one.currency, source=one.source) for one in history.changes]
    values = lowest_out(sku, found[sku]).model_dump()
    return HistoryOut(**values, name=products[0].name, intervals=intervals, changes=changes)


@api.post("/products/lowest-prices", needs="promotions.read", body=LowestIn, answer=LowestMany)
def get_lowest_prices(call: Call) -> LowestMany:
    """Return the lowest price of the thirty days before their present reduction, of up to 1,000 products."""
    asked: LowestIn = call.body
    with store().read() as conn:
        found = past.lowest(conn, set(asked.skus), now(), place=asked.place, began=asked.began)
    skus = list(dict.fromkeys(asked.skus))
    known = [lowest_out(sku, found[sku]) for sku in skus if sku in found]
    return LowestMany(products=known, unknown=[sku for sku in skus if sku not in found])


@api.get("/products/price-settings", needs="promotions.read", answer=PriceSettingsOut)
def get_price_settings(call: Call) -> PriceSettingsOut:
    """Return how reductions are counted."""
    with store().read() as conn:
        return PriceSettingsOut(progressive=past.is_progressive(conn))


@api.put("/products/price-settings", needs="promotions.publish", body=PriceSettings, answer=PriceSettingsOut)
def set_price_settings(call: Call) -> PriceSettingsOut:
    """Set how reductions are counted."""
    given: PriceSettings = call.body

    def work(conn: Connection) -> None:
        past.set_progressive(conn, given.progressive, now())
        audit.record(
            conn, call.who.actor, "prices.settings_changed", "prices", {"progressive": given.progressive}, now()
        )

    store().run(work)
    return PriceSettingsOut(progressive=given.progressive)


def lowest_out(sku: str, one: Reference) -> LowestOut:
    """Return a reference as the API tells it."""
    return LowestOut(
        sku=sku,
        currency=one.currency,
        price=one.price,
        list_price=one.listed,
        cause=one.cause,
        began=one.began,
        lowest_30_days=one.lowest,
        since=one.lowest_at,
        is_complete=one.is_complete,
        is_higher_than_lowest=one.is_higher_than_lowest,
    )
