"""Products come in with the history of their prices."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.customers import UpsertResult
from engine.products import upsert_products
from store.db import Store
from store.prices import past_prices, priced_products

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


def test_what_promotions_ask_about_a_product_has_a_history_too(store: Store, rows: Rows) -> None:
    upsert(store, {"sku": "tea", "brand": "A", "categories": ["drinks"], "price": 9900, "currency": "UAH"})
    upsert(store, {"sku": "tea", "brand": "B"}, {"sku": "tea", "name": "Tea"})
    with store.read() as conn:
        product = priced_products(conn, ["tea"])[0]
        found = past_prices(conn, [product.id], NOW)[product.id]
    assert [(one.price, one.brand, one.categories) for one in found] == [(9900, "B", ("drinks",))]
    assert rows("SELECT old, new, brand FROM price_change ORDER BY id") == [(None, 9900, "A"), (9900, 9900, "B")]


def test_only_a_price_that_fell_in_its_currency_is_a_drop(store: Store, rows: Rows) -> None:
    for price, currency in ((9900, "UAH"), (10900, "UAH"), (8900, "UAH"), (200, "EUR"), (None, "EUR"), (100, "EUR")):
        upsert(store, {"sku": "tea", "price": price, "currency": currency})
    assert rows("SELECT sku, old, new, currency FROM price_drop") == [("tea", 10900, 8900, "UAH")]


@pytest.mark.parametrize("statement", ["UPDATE price_change SET new = 1", "DELETE FROM price_change"])
def test_nobody_changes_what_a_product_cost(store: Store, statement: str) -> None:
    upsert(store, {"sku": "tea", "price": 9900, "currency": "UAH"})
    with pytest.raises(DBAPIError, match="append-only"):
        store.run(lambda conn: conn.execute(text(statement)))


def test_the_number_of_statements_does_not_depend_on_that_of_products(store: Store, count_statements: Any) -> None:
    counts = []
    for size in (10, 2000):
        for price in (200, 100):
            items = [{"sku": f"{size}-{n}", "price": price, "currency": "UAH"} for n in range(size)]
            with count_statements() as counted:
                upsert(store, *items)
                counts.append(counted())
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]


def test_what_a_product_costs_us_is_kept_until_something_else_is_said(store: Store, rows: Rows) -> None:
    upsert(store, {"sku": "a", "price": 900, "cost": 400, "currency": "UAH"}, {"sku": "b", "cost": 400}, {"sku": "c"})
    upsert(
        store, {"sku": "a", "price": 800}, {"sku": "b", "cost": None}, {"sku": "c", "cost": 7}, {"sku": "c", "cost": 9}
    )
    assert rows("SELECT sku, cost FROM product ORDER BY sku") == [("a", 400), ("b", None), ("c", 9)]
