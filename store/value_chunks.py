"""Chunk by chunk: what is known of customers as arrays, and the classes and values that were reckoned from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_rows, update_rows
from store.dirty import mark_dirty
from store.locks import lock
from store.numbers import Numbers, columns, epoch
from store.segments import all_segments
from store.types import instant_of
from store.value_days import local_days, months
from store.value_rfm import MOVE
from wayfare.value.rfm import GROUPS

KEYS = tuple(group.key for group in GROUPS)
_NUMBER = {key: number for number, key in enumerate(KEYS)}
_NONE = -(2**62)
"""Stands for NULL in arrays."""
_READ = 250_000

_ALIVE = """FROM customer_fact f WHERE f.customer_id > :after AND f.customer_id <= :upto AND f.order_count > 0
    AND NOT EXISTS (SELECT 1 FROM customer c WHERE c.id = f.customer_id AND c.erased_at IS NOT NULL)"""

VALUES = ("alive", "orders_expected", "predicted", "lifetime", "brought", "cost", "profit")
_VALUE_TYPES = {"alive": "smallint", "orders_expected": "float8"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Customers with orders, by id. Days are local ones as numbers, amounts minor units."""

    ids: Numbers
    orders: Numbers
    spent: Numbers
    last_day: Numbers
    first_day: Numbers


@dataclass(frozen=True, slots=True)
class Classes:
    """What was reckoned of customers: classes 1 to 5, and the group as its place in `KEYS`."""

    recency: NDArray[np.int8]
    frequency: NDArray[np.int8]
    monetary: NDArray[np.int8]
    group: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Written:
    """How many customers a chunk held, and how many of them changed their group."""

    customers: int
    changed: int


def last_id(conn: Connection) -> int:
    """Return the highest id of a customer of whom figures are kept; 0 without any."""
    return int(conn.execute(text("SELECT coalesce(max(customer_id), 0) FROM customer_fact")).scalar_one())


def chunk_end(conn: Connection, after: int, size: int) -> int | None:
    """Return the id with which the next chunk of `size` customers ends; None when fewer are left."""
    query = "SELECT customer_id FROM customer_fact WHERE customer_id > :after ORDER BY customer_id LIMIT 1 OFFSET :n"
    found = conn.execute(text(query), {"after": after, "n": size - 1}).scalar_one_or_none()
    return None if found is None else int(found)


def figures(conn: Connection, after: int, upto: int) -> Figures:
    """Return the customers with orders whose id is above `after` and not above `upto`; erased ones are left out."""
    named = {
        "id": "f.customer_id",
        "orders": "f.order_count",
        "spent": "f.order_sum",
        "last": epoch(conn, "f.last_order_at"),
        "first": epoch(conn, "f.first_order_at"),
    }
    found = columns(conn, named, f"{_ALIVE} ORDER BY f.customer_id", {"after": after, "upto": upto})
    days = local_days(conn, found["last"]), local_days(conn, found["first"])
    return Figures(found["id"], found["orders"], found["spent"], *days)


def everyone(conn: Connection) -> Figures:
    """Return all customers with orders: some forty bytes each."""
    last = last_id(conn)
    parts = [figures(conn, after, after + _READ) for after in range(0, last + 1, _READ)]
    names = ("ids", "orders", "spent", "last_day", "first_day")
    return Figures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def write(
    conn: Connection,
    span: tuple[int, int],
    known: Figures,
    classes: Classes,
    now: datetime,
    values: Mapping[str, NDArray[Any]] | None = None,
    sources: Sequence[str] | None = None,
) -> Written:
    """Write what was reckoned of the customers in (after, upto]: only what is not so already.

    A constant number of statements. Whoever has no orders any more loses the row. Customers are marked dirty when a
    value changed that a rule of a segment asks for.
    """
    old = _present(conn, span)
    place = np.searchsorted(old["id"], known.ids)
    place = np.minimum(place, max(len(old["id"]) - 1, 0))
    is_new = old["id"][place] != known.ids if len(old["id"]) else np.ones(len(known.ids), dtype=bool)
    before = {name: column[place] if len(column) else np.full(len(known.ids), _NONE) for name, column in old.items()}
    gone = np.setdiff1d(old["id"], known.ids)
    if len(gone):
        conn.execute(
            text(f"DELETE FROM customer_value WHERE {in_ids(conn, 'customer_id')}"),
            {"ids": id_list(conn, gone.tolist())},
        )
    given = {name: _whole(column) for name, column in (values or {}).items()}
    differs: dict[str, NDArray[np.bool_]] = {
        "rfm.recency": is_new | (before["recency"] != classes.recency),
        "rfm.frequency": is_new | (before["frequency"] != classes.frequency),
        "rfm.monetary": is_new | (before["monetary"] != classes.monetary),
        "rfm.group": is_new | (before["rfm_group"] != classes.group),
        **{f"value.{name}": is_new | (before[name] != column) for name, column in given.items()},
    }
    differs["rfm.since"] = differs["rfm.group"]
    figures_changed = (before["orders"] != known.orders) | (before["spent"] != known.spent)
    any_change = np.logical_or.reduce([*differs.values(), figures_changed])
    table = _Table(conn, span, known, classes, now, values, sources)
    table.insert(np.flatnonzero(is_new))
    table.update(np.flatnonzero(any_change & ~is_new), np.flatnonzero(differs["rfm.group"] & ~is_new), before)
    changed = table.moves
    insert_rows(conn, "rfm_move", MOVE, changed)
    if any_change.any():
        lock(conn, "segments")  # a rule that is built before this sees old values, and is seen here
        asked = asked_facts(conn) & differs.keys()
        if asked:
            marked = np.logical_or.reduce([differs[name] for name in asked])
            mark_dirty(conn, known.ids[marked].tolist(), now)
    if len(gone):
        mark_dirty(conn, gone.tolist(), now)
    return Written(len(known.ids), len(changed))


def asked_facts(conn: Connection) -> set[str]:
    """Return the names of all facts that rules of segments ask for."""
    found: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("fact"), str):
                found.add(part["fact"])
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    for segment in all_segments(conn):
        look(segment.rule)
    return found


def _present(conn: Connection, span: tuple[int, int]) -> dict[str, Numbers]:
    """Return the rows that are there, by id; no value is `_NONE`."""
    cases = " ".join(f"WHEN '{key}' THEN {number}" for key, number in _NUMBER.items())
    named = {
        "id": "customer_id",
        "recency": "recency",
        "frequency": "frequency",
        "monetary": "monetary",
        "rfm_group": f"CASE rfm_group {cases} ELSE -1 END",
        "orders": "orders",
        "spent": "spent",
        **{name: f"coalesce({name}, {_NONE})" for name in VALUES},
        "orders_expected": f"coalesce(round(orders_expected * 100), {_NONE})",
    }
    query = "FROM customer_value WHERE customer_id > :after AND customer_id <= :upto ORDER BY customer_id"
    return columns(conn, named, query, {"after": span[0], "upto": span[1]})


def _whole(column: NDArray[Any]) -> Numbers:
    """Return values as whole numbers, to compare them with those that are stored: shares of orders in hundredths."""
    if column.dtype.kind != "f":
        return column.astype(np.int64)
    found = np.full(len(column), _NONE, dtype=np.int64)
    is_set = ~np.isnan(column)
    found[is_set] = np.rint(column[is_set] * 100).astype(np.int64)
    return found


def none_where(missing: NDArray[np.bool_], column: Numbers) -> Numbers:
    """Return a column with no value where one is missing."""
    return np.where(missing, _NONE, column)


class _Table:
    """The rows of one chunk on their way into `customer_value`."""

    def __init__(
        self,
        conn: Connection,
        span: tuple[int, int],
        known: Figures,
        classes: Classes,
        now: datetime,
        values: Mapping[str, NDArray[Any]] | None,
        sources: Sequence[str] | None,
    ) -> None:
        self.conn, self.span, self.now = conn, span, now
        self.moves: list[tuple[Any, ...]] = []
        self.ids = known.ids.tolist()
        self.groups = [KEYS[number] for number in classes.group.tolist()]
        self.columns: dict[str, tuple[str, list[Any]]] = {
            "recency": ("smallint", classes.recency.tolist()),
            "frequency": ("smallint", classes.frequency.tolist()),
            "monetary": ("smallint", classes.monetary.tolist()),
            "orders": ("int", known.orders.tolist()),
            "spent": ("bigint", known.spent.tolist()),
            "first_month": ("int", months(known.first_day).tolist()),
        }
        if values is not None:
            for name, column in values.items():
                self.columns[name] = (_VALUE_TYPES.get(name, "bigint"), _plain(column))
            self.columns["valued_at"] = ("timestamptz", [now] * len(self.ids))
        if sources is not None:
            self.columns["source"] = ("text", list(sources))

    def insert(self, rows: NDArray[np.intp]) -> None:
        """Insert customers who have no row; the group that history knows of them is where they come from."""
        if not len(rows):
            return
        query = (
            "SELECT customer_id, to_group, at FROM rfm_move WHERE customer_id > :a AND customer_id <= :b ORDER BY id"
        )
        found = self.conn.execute(text(query), {"a": self.span[0], "b": self.span[1]})
        last = {row[0]: (row[1], instant_of(row[2])) for row in found}
        made = []
        for row in rows.tolist():
            id, group = self.ids[row], self.groups[row]
            was, since = last.get(id, (None, self.now))
            if was != group:
                self.moves.append((id, self.now, was, group))
                since = self.now
            made.append((id, group, since, *(column[row] for _, column in self.columns.values())))
        insert_rows(self.conn, "customer_value", ("customer_id", "rfm_group", "rfm_since", *self.columns), made)

    def update(self, rows: NDArray[np.intp], moved: NDArray[np.intp], before: Mapping[str, Numbers]) -> None:
        """Set what changed; a new group has a new beginning."""
        types = (("customer_id", "bigint"), *((name, kind) for name, (kind, _) in self.columns.items()))
        given = [(self.ids[row], *(column[row] for _, column in self.columns.values())) for row in rows.tolist()]
        update_rows(self.conn, "customer_value", types, given)
        was = before["rfm_group"]
        together = [(self.ids[row], self.groups[row], self.now) for row in moved.tolist()]
        types = (("customer_id", "bigint"), ("rfm_group", "text"), ("rfm_since", "timestamptz"))
        update_rows(self.conn, "customer_value", types, together)
        for row in moved.tolist():
            known = KEYS[was[row]] if was[row] >= 0 else None
            self.moves.append((self.ids[row], self.now, known, self.groups[row]))


def _plain(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "f":
        return [None if value != value else round(value, 2) for value in column.tolist()]
    return [None if value == _NONE else value for value in column.tolist()]
