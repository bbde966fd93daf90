"""Products from outside, with the history of their prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from engine.customers import UpsertResult
from engine.parse import MOST_ITEMS, Broken
from engine.problems import Problem, explain, problem
from engine.shapes import ProductIn
from store.db import Connection, Store
from store.products import PriceStep, Product, lock_products, write_products
from store.what_if import set_costs
from wayfare.errors import InputRefused


def upsert_products(store: Store, items: Sequence[Any], *, now: datetime, source: str) -> UpsertResult:
    """Create and update up to 5,000 products; when this returns, it is committed.

    Fields left out stay as they are; a price that changes goes to the history. Of a SKU that comes twice the later
    item counts.
    """
    if len(items) > MOST_ITEMS:
        raise InputRefused("too_many_items", f"{len(items)} items; send at most {MOST_ITEMS} at once")
    errors: list[Problem] = []
    given = [(at, one) for at, item in enumerate(items) if (one := _read(at, item, errors))]
    if not given:
        return UpsertResult(errors=errors)

    def work(conn: Connection) -> UpsertResult:
        return _write(conn, given, now=now, source=source)

    done = store.run(work)
    errors += done.errors
    errors.sort(key=lambda error: error["index"])
    return UpsertResult(done.created, done.updated, errors)


def _read(index: int, item: Any, errors: list[Problem]) -> ProductIn | None:
    if isinstance(item, Broken):
        errors.append(item.at(index))
        return None
    try:
        return ProductIn.model_validate(item)
    except ValidationError as error:
        errors.extend(explain(index, error))
        return None


def _write(conn: Connection, given: Sequence[tuple[int, ProductIn]], *, now: datetime, source: str) -> UpsertResult:
    known = lock_products(conn, {one.sku for _, one in given})
    before = set(known)
    errors: list[Problem] = []
    prices: list[PriceStep] = []
    touched: dict[str, Product] = {}
    for index, one in given:
        old = known.get(one.sku) or Product(one.sku, one.name or one.sku, None, (), None, "")
        new = _merged(old, one)
        if new.price is not None and not new.currency:
            message = "a price needs a currency beside it, such as UAH; add it"
            errors.append(problem(index, "currency", "missing", message))
            continue
        step = _step(old, new)
        if step is not None:
            prices.append(step)
        known[one.sku] = touched[one.sku] = new
    write_products(conn, list(touched.values()), prices, now=now, source=source)
    set_costs(conn, {one.sku: one.cost for _, one in given if "cost" in one.model_fields_set and one.sku in touched})
    return UpsertResult(len(touched.keys() - before), len(touched.keys() & before), errors)


def _step(old: Product, new: Product) -> PriceStep | None:
    """Return what goes to the history: a new price, or another brand or category under a price that stays."""
    is_other = (old.price, old.currency) != (new.price, new.currency)
    is_moved = new.price is not None and (old.brand, old.categories) != (new.brand, new.categories)
    if not is_other and not is_moved:
        return None
    fell = old.price is not None and new.price is not None and new.price < old.price
    is_drop = fell and old.currency == new.currency
    return PriceStep(new.sku, old.price, new.price, new.currency, new.brand, new.categories, is_drop)


def _merged(old: Product, given: ProductIn) -> Product:
    names = given.model_fields_set
    return Product(
        old.sku,
        given.name or old.name,
        (given.brand or None) if "brand" in names else old.brand,
        tuple(given.categories or ()) if "categories" in names else old.categories,
        given.price if "price" in names else old.price,
        given.currency or old.currency,
    )
