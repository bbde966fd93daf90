"""Products come in with the history of their prices."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine.customers import UpsertResult
from engine.products import upsert_products
from store.db import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Rows = Callable[..., list[tuple[Any, ...]]]


def upsert(store: Store, *items: Any) -> UpsertResult:
    return upsert_products(store, items, now=NOW, source="api")


def test_prices_have_a_history(store: Store, rows: Rows) -> None:
    tea = {"sku": "tea", "name": "Чай", "brand": "Карпати", "categories": ["drinks"], "price": 9900, "currency": "uah"}
    assert upsert(store, tea) == UpsertResult(created=1)
    assert upsert(store, {"sku": "tea", "price": 8900}, {"sku": "tea", "price": 7900}) == UpsertResult(updated=1)
    upsert(store, {"sku": "tea", "price": 7900})
    assert rows("SELECT name, brand, price, currency FROM product") == [("Чай", "Карпати", 7900, "UAH")]
    assert rows("SELECT old, new FROM price_change ORDER BY id") == [(None, 9900), (9900, 8900), (8900, 7900)]


def test_a_bad_product_costs_no_neighbour(store: Store, rows: Rows) -> None:
    result = upsert(
        store,
        {"sku": "a", "price": 100},
        {"sku": "b", "price": 1.5, "currency": "UAH"},
        {"sku": "c\0"},
        {"sku": "d", "categories": ["x", 5]},
        {"sku": "e"},
    )
    assert [(error["index"], error["path"], error["code"]) for error in result.errors] == [
        (0, "currency", "missing"),
        (1, "price", "wrong_type"),
        (2, "sku", "control_character"),
        (3, "categories[1]", "wrong_type"),
    ]
    assert rows("SELECT sku, name FROM product") == [("e", "e")]
