"""Purchases of the log, and what newcomers do, in the shape in which events come in."""

from datetime import datetime
from typing import Any

from wayfare.cli.demo.cdnow import SOURCE, Row, customer_key

CURRENCY = "USD"
STORE = "web"

SYNTHETIC = "demo"
"""The source of events that the log does not have."""

PRICE_CLASSES = (
    (0, "CD-GIFT", "CD, free of charge"),
    (999, "CD-BUDGET", "CD below 10 dollars"),
    (1499, "CD-REGULAR", "CD from 10 to 15 dollars"),
    (2499, "CD-PREMIUM", "CD from 15 to 25 dollars"),
    (10**9, "CD-BOX", "CD box set of 25 dollars and more"),
)
"""The log does not say which CDs were bought, so the price of one makes the product: (at most cents, SKU, name)."""


def sku_of(cents: int) -> str:
    """Return the product for the price of one CD."""
    return next(sku for limit, sku, _ in PRICE_CLASSES if cents <= limit)


def products() -> list[dict[str, Any]]:
    """Return the price classes as products; only some have one price, so none has."""
    return [{"sku": sku, "name": name, "categories": ["cd"], "currency": CURRENCY} for _, sku, name in PRICE_CLASSES]


def lines(units: int, cents: int) -> list[dict[str, Any]]:
    """Return lines of an order that add up to `cents`: a second line where the units cannot cost the same."""
    price, rest = divmod(cents, units)
    sku = sku_of(price)
    parts = [(units - rest, price), (rest, price + 1)]
    return [{"sku": sku, "quantity": quantity, "price": each} for quantity, each in parts if quantity]


def purchase_of(row: Row, at: datetime) -> dict[str, Any]:
    """Return the event of one line of the log."""
    key = f"{SOURCE}-{row.number:05d}"
    data = {
        "order": key,
        "store": STORE,
        "channel": "web",
        "currency": CURRENCY,
        "lines": lines(row.units, row.cents),
    }
    return {"key": key, "customer": customer_key(row.customer), "type": "purchase", "at": at, "data": data}


def synthetic(key: str, customer: str, type: str, at: datetime, **data: Any) -> dict[str, Any]:
    """Return an event that was made up, and says so."""
    body = {**data, "attributes": {"synthetic": True}}
    return {"key": key, "customer": customer, "type": type, "at": at, "source": SYNTHETIC, "data": body}


def synthetic_purchase(key: str, customer: str, at: datetime, units: int, cents: int) -> dict[str, Any]:
    """Return a purchase that was made up."""
    order = {"order": key, "store": STORE, "channel": "web", "currency": CURRENCY, "lines": lines(units, cents)}
    return synthetic(key, customer, "purchase", at, **order)
