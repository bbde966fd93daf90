"""Many counts and sums over events and orders at once: one statement for all that look at the same thing.

Figures of one event type that narrow by the same fields make a family: 'viewed brand A in 30 days', 'viewed brand B in
7 days'. A family costs one statement, grouped by the values of those fields, however many values and windows are asked.
Order lines are grouped likewise by sku, brand and store. Categories overlap, so each figure of one is a family alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Float, Select, Text, and_, cast, distinct, func, select

from store.bulk import id_list, in_ids
from store.figures import EVENT, LINE, ORDER, PRODUCT, figure, narrowed, turning_points, turns_at
from store.json_sql import number_at, text_at
from store.types import instant_of
from wayfare.segments.facts import Fact

Column = dict[int, Any]
Value = tuple[str, Any]
"""What a field is compared by: "s" with text, "n" with a number, "b" with a truth value."""

_TURNS = ".turns_at"


@dataclass(frozen=True, slots=True)
class _Family:
    """What the figures of one statement have in common. `key` is the event type; "" for orders."""

    source: str
    key: str
    fields: tuple[str, ...]


def load_figures(conn: Connection, ids: Sequence[int], facts: Iterable[Fact], now: datetime) -> dict[Fact, Column]:
    """Return the column of each windowed figure, and of each `turns_at` beside one, for these customers.

    A figure over nothing is 0; one that time alone never changes turns at None.
    """
    loaded: dict[Fact, Column] = {}
    families: dict[_Family, list[Fact]] = {}
    for fact in facts:
        names = tuple(name for name, _ in fact.where)
        source = fact.name.partition(".")[0]
        if source == "orders" and "category" in names:
            loaded[fact] = _alone(conn, ids, fact, now)
        else:
            families.setdefault(_Family(source, fact.key, names), []).append(fact)
    for family, members in families.items():
        loaded.update(_Reading(conn.dialect.name, family, members, now).read(conn, ids))
    return loaded


class _Reading:
    """One statement for one family, and what its rows mean for each figure."""

    def __init__(self, dialect: str, family: _Family, facts: Sequence[Fact], now: datetime) -> None:
        self.dialect, self.family, self.facts, self.now = dialect, family, facts, now
        self.has_lines = family.source == "orders" and bool({"sku", "brand"} & set(family.fields))
        self.at = (EVENT if family.source == "events" else ORDER).c.at
        self.columns: dict[Any, ColumnElement[Any]] = {}
        self.wanted = {fact: tuple(_value(value) for _, value in fact.where) for fact in facts}
        for fact in facts:
            for name in self._needs(fact):
                self.columns.setdefault(name, self._column(name))

    def read(self, conn: Connection, ids: Sequence[int]) -> dict[Fact, Column]:
        """Run the statement for these customers."""
        query = narrowed(self._query(), in_ids(conn, "customer_id"))
        groups: dict[tuple[Value, ...], list[Any]] = {}
        known = set(self.wanted.values())
        width = len(self.family.fields)
        for row in conn.execute(query, {"ids": id_list(conn, ids)}):
            group = tuple(map(self._read_value, row[1 : 1 + width])) if width else ()
            if group in known:
                groups.setdefault(group, []).append(row)
        places = {name: 1 + width + number for number, name in enumerate(self.columns)}
        return {fact: self._fact(fact, ids, groups.get(self.wanted[fact], []), places) for fact in self.facts}

    def _query(self) -> Select[Any]:
        table = EVENT if self.family.source == "events" else ORDER
        values = [self._group(name) for name in self.family.fields]
        labelled = [value.label(f"g{number}") for number, value in enumerate(values)]
        figures = [column.label(f"f{number}") for number, column in enumerate(self.columns.values())]
        query = select(table.c.customer_id, *labelled, *figures).select_from(table)
        if self.has_lines:
            query = query.join(LINE, LINE.c.order_id == ORDER.c.id)
        if "brand" in self.family.fields and self.family.source == "orders":
            query = query.join(PRODUCT, PRODUCT.c.sku == LINE.c.sku)
        if self.family.source == "events":
            query = query.where(EVENT.c.type == self.family.key)
        for number, name in enumerate(self.family.fields):
            texts = {group[number] for group in self.wanted.values()}
            if all(kind == "s" for kind, _ in texts):
                query = query.where(self._text(name).in_(sorted(value for _, value in texts)))
        if all(fact.within_days is not None for fact in self.facts):
            longest = max(fact.within_days or 0 for fact in self.facts)
            query = query.where(self.at > self.now - timedelta(days=longest))
        return query.group_by(table.c.customer_id, *values)

    def _needs(self, fact: Fact) -> list[Any]:
        """Return the aggregates that a figure is made of: (what, field, window in days)."""
        if fact.name.endswith(_TURNS):
            coming = [("coming", "", None)]
            return coming if fact.within_days is None else [("earliest", "", fact.within_days), *coming]
        return [("sum" if fact.name.endswith("sum") else "count", fact.field, fact.within_days)]

    def _column(self, name: tuple[str, str, int | None]) -> ColumnElement[Any]:
        what, field, days = name
        inside = [self.at <= self.now]
        if days is not None:
            inside.append(self.at > self.now - timedelta(days=days))
        is_order = self.family.source == "orders"
        match what:
            case "coming":
                return func.min(self.at).filter(self.at > self.now)
            case "earliest":
                return func.min(self.at).filter(and_(*inside))
            case "count":
                counted = func.count(distinct(ORDER.c.id)) if self.has_lines else func.count()
                return counted.filter(and_(*inside))
        if is_order:
            amount = LINE.c.quantity * LINE.c.price if self.has_lines else ORDER.c.total
            return func.sum(amount).filter(and_(*inside))
        return func.sum(number_at(self.dialect, EVENT.c.data, field, Float()), type_=Float()).filter(and_(*inside))

    def _group(self, name: str) -> ColumnElement[Any]:
        """Return what rows are grouped by: a column of orders, or a field of the data as JSON text."""
        if self.family.source == "orders":
            return self._text(name)
        if self.dialect == "sqlite":
            return EVENT.c.data.op("->", return_type=Text())(f'$."{name}"')
        return cast(func.jsonb_extract_path(EVENT.c.data, name), Text())

    def _text(self, name: str) -> ColumnElement[Any]:
        if self.family.source == "events":
            return text_at(self.dialect, EVENT.c.data, name)
        return {"sku": LINE.c.sku, "brand": PRODUCT.c.brand, "store": ORDER.c.store}[name]

    def _read_value(self, value: Any) -> Value:
        return ("s", value) if self.family.source == "orders" else _json_value(value)

    def _fact(self, fact: Fact, ids: Sequence[int], rows: Sequence[Any], places: dict[Any, int]) -> Column:
        needs = [places[name] for name in self._needs(fact)]
        if not fact.name.endswith(_TURNS):
            (place,) = needs
            column: Column = dict.fromkeys(ids, 0)
            for row in rows:
                if row[place] is not None:
                    column[row[0]] += row[place]
            return {id: int(n) if n == int(n) else float(n) for id, n in column.items()}
        column = dict.fromkeys(ids)
        for row in rows:  # several where a number is written in several ways, such as 1 and 1.0
            *first, coming = (None if row[place] is None else instant_of(row[place]) for place in needs)
            at = turns_at(fact, first[0] if first else None, coming)
            if at is not None and (column[row[0]] is None or at < column[row[0]]):
                column[row[0]] = at
        return column


def _value(value: str | float | bool) -> Value:
    if isinstance(value, bool):
        return "b", value
    return ("s", value) if isinstance(value, str) else ("n", float(value))


@lru_cache(maxsize=20_000)
def _json_value(written: str | None) -> Value:
    """Read a field's JSON; what cannot be compared with a constant equals none."""
    value = None if written is None else orjson.loads(written)
    return _value(value) if isinstance(value, str | int | float) else ("", None)


def _alone(conn: Connection, ids: Sequence[int], fact: Fact, now: datetime) -> Column:
    if fact.name.endswith(_TURNS):
        query = narrowed(turning_points(fact, now, conn.dialect.name), in_ids(conn, "customer_id"))
        column: Column = dict.fromkeys(ids)
        for customer, earliest, coming in conn.execute(query, {"ids": id_list(conn, ids)}):
            column[customer] = turns_at(fact, earliest, coming)
        return column
    query = narrowed(figure(fact, now, conn.dialect.name), in_ids(conn, "customer_id"))
    column = dict.fromkeys(ids, 0)
    for customer, n in conn.execute(query, {"ids": id_list(conn, ids)}):
        column[customer] = int(n) if n == int(n) else float(n)
    return column
