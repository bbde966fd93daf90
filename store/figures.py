"""Counts and sums over events and orders as SELECTs: one row a customer, none for customers without any."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, Select, Table, cast, distinct, func, select, text

from store.json_sql import equals_at, number_at
from store.tables import metadata
from wayfare.segments.facts import Fact

EVENT = metadata.tables["event"]
ORDER = metadata.tables["sales_order"]
LINE = metadata.tables["order_line"]
PRODUCT = metadata.tables["product"]


@dataclass(frozen=True)
class _Source:
    table: Table
    conditions: list[ColumnElement[bool]]
    figure: ColumnElement[Any]
    needs_lines: bool = False


def figure(fact: Fact, now: datetime, dialect: str) -> Select[Any]:
    """Return (customer_id, n) for what happened in the window up to `now`.

    Served by ix_event_customer_type_at and ix_sales_order_customer_at when the caller narrows it to customers.
    """
    source = _source(fact, dialect)
    query = _from(source, source.table.c.customer_id, source.figure.label("n"))
    return query.where(source.table.c.at <= now, *_window(fact, source, now))


def turning_points(fact: Fact, now: datetime, dialect: str) -> Select[Any]:
    """Return (customer_id, earliest in the window, earliest after `now`), from which `turns_at` follows."""
    source = _source(fact, dialect)
    at = source.table.c.at
    earliest = func.min(at).filter(at <= now).label("earliest")
    coming = func.min(at).filter(at > now).label("coming")
    return _from(source, source.table.c.customer_id, earliest, coming).where(*_window(fact, source, now))


def turns_at(fact: Fact, earliest: datetime | None, coming: datetime | None) -> datetime | None:
    """Return the next change: the oldest one leaves the window, or one with a time to come begins to count."""
    leaves = None if earliest is None or fact.within_days is None else earliest + timedelta(days=fact.within_days)
    return min((at for at in (leaves, coming) if at is not None), default=None)


def narrowed(query: Select[Any], condition: str) -> Select[Any]:
    """Narrow a figure to customers by a condition on its column `customer_id`, written as text."""
    return query.where(text(condition))


def _from(source: _Source, *columns: ColumnElement[Any]) -> Select[Any]:
    query = select(*columns).select_from(source.table).where(*source.conditions).group_by(source.table.c.customer_id)
    return query.join(LINE, LINE.c.order_id == source.table.c.id) if source.needs_lines else query


def _window(fact: Fact, source: _Source, now: datetime) -> list[ColumnElement[bool]]:
    return [] if fact.within_days is None else [source.table.c.at > now - timedelta(days=fact.within_days)]


def _source(fact: Fact, dialect: str) -> _Source:
    return _events(fact, dialect) if fact.name.startswith("events.") else _orders(fact, dialect)


def _events(fact: Fact, dialect: str) -> _Source:
    conditions = [EVENT.c.type == fact.key]
    conditions += [equals_at(dialect, EVENT.c.data, name, value) for name, value in fact.where]
    if fact.field:
        amount = func.sum(number_at(dialect, EVENT.c.data, fact.field, Float()), type_=Float())
        return _Source(EVENT, conditions, func.coalesce(amount, 0))
    return _Source(EVENT, conditions, func.count())


def _orders(fact: Fact, dialect: str) -> _Source:
    conditions: list[ColumnElement[bool]] = []
    needs_lines = False
    for name, value in fact.where:
        if name == "store":
            conditions.append(ORDER.c.store == value)
            continue
        needs_lines = True
        if name == "sku":
            conditions.append(LINE.c.sku == value)
        elif name == "brand":
            conditions.append(LINE.c.sku.in_(select(PRODUCT.c.sku).where(PRODUCT.c.brand == value)))
        else:
            conditions.append(LINE.c.sku.in_(select(PRODUCT.c.sku).where(_in_category(dialect, str(value)))))
    if fact.name == "orders.window_sum":
        amount = LINE.c.quantity * LINE.c.price if needs_lines else ORDER.c.total
        return _Source(ORDER, conditions, cast(func.sum(amount), BigInteger), needs_lines)
    return _Source(ORDER, conditions, func.count(distinct(ORDER.c.id)) if needs_lines else func.count(), needs_lines)


def _in_category(dialect: str, category: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        each = func.json_each(PRODUCT.c.categories).table_valued("value", name="each_category")
        return select(each.c.value).where(each.c.value == category).exists()
    return func.jsonb_exists(PRODUCT.c.categories, category)
