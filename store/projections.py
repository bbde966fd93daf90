"""Projections: orders, carts, wish lists and figures per customer, kept up to date as events are matched."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from store.bulk import array_literal, insert_rows, raw_cursor, sqlite_value
from store.matching import NewEvent

_ORDER = (
    ("source", "text"),
    ("key", "text"),
    ("customer_id", "bigint"),
    ("event_id", "bigint"),
    ("at", "timestamptz"),
    ("store", "text"),
    ("channel", "text"),
    ("currency", "text"),
    ("total", "bigint"),
)


def apply(conn: Connection, events: Sequence[NewEvent]) -> None:
    """Bring the projections up to date with events that are being matched, in their order; repeats change nothing."""
    _orders(conn, [event for event in events if event.type == "purchase"])
    _carts(conn, [event for event in events if event.type == "cart.updated"])
    _wishes(conn, [event for event in events if event.type in ("wishlist.added", "wishlist.removed")])
    _last_events(conn, events)


def _upsert(
    conn: Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    conflict: str,
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Insert rows with an ON CONFLICT clause in one statement; SQLite's executemany cannot return rows."""
    if not rows:
        return []
    names = ", ".join(name for name, _ in columns)
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}",
            [tuple(map(sqlite_value, row)) for row in rows],
        )
        return []
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    statement = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) {conflict}"
    cursor.execute(
        statement + (f" RETURNING {returning}" if returning else ""),
        [array_literal(column) for column in zip(*rows, strict=True)],
    )
    return list(cursor.fetchall()) if returning else []


def _orders(conn: Connection, events: Sequence[NewEvent]) -> None:
    by_key: dict[tuple[str, str], NewEvent] = {}
    for event in events:
        by_key.setdefault((event.source, str(event.data.get("order") or event.key)), event)
    rows = [
        (
            *(source, key, event.customer_id, event.id, event.at, event.data.get("store"), event.data.get("channel")),
            *(event.data.get("currency") or "", _total(event.data)),
        )
        for (source, key), event in by_key.items()
    ]
    new = _new_orders(conn, rows)
    lines: list[tuple[Any, ...]] = []
    facts: dict[int, list[Any]] = {}
    for id, source, key in new:
        event = by_key[source, key]
        for number, line in enumerate(event.data.get("lines", ()), start=1):
            lines.append((id, number, line["sku"], line.get("quantity", 1), line.get("price", 0)))
        total = _total(event.data)
        known = facts.get(event.customer_id)
        if known is None:
            facts[event.customer_id] = [1, total, event.at, event.at]
        else:
            first, last = min(known[2], event.at), max(known[3], event.at)
            facts[event.customer_id] = [known[0] + 1, known[1] + total, first, last]
    insert_rows(conn, "order_line", ("order_id", "number", "sku", "quantity", "price"), lines)
    _add_facts(conn, [(customer, *values) for customer, values in sorted(facts.items())])


def _new_orders(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    if conn.dialect.name == "sqlite":
        cursor = raw_cursor(conn)
        before = cursor.execute("SELECT coalesce(max(id), 0) FROM sales_order").fetchone()[0]
        _upsert(conn, "sales_order", _ORDER, rows, "ON CONFLICT DO NOTHING")
        cursor.execute("SELECT id, source, key FROM sales_order WHERE id > ? ORDER BY id", (before,))
        return list(cursor.fetchall())
    new = _upsert(conn, "sales_order", _ORDER, rows, "ON CONFLICT DO NOTHING", "id, source, key")
    return [(row[0], row[1], row[2]) for row in new]


def _total(data: dict[str, Any]) -> int:
    """Return what an order came to in minor units: the stated total, or the sum of its lines."""
    if isinstance(data.get("total"), int):
        return int(data["total"])
    return sum(line.get("quantity", 1) * line.get("price", 0) for line in data.get("lines", ()))


def _add_facts(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    columns = (
        ("customer_id", "bigint"),
        ("order_count", "int"),
        ("order_sum", "bigint"),
        ("first_order_at", "timestamptz"),
        ("last_order_at", "timestamptz"),
    )
    least, greatest = ("min", "max") if conn.dialect.name == "sqlite" else ("least", "greatest")
    old, new = "customer_fact", "excluded"
    _upsert(
        conn,
        "customer_fact",
        columns,
        rows,
        f"""ON CONFLICT (customer_id) DO UPDATE SET order_count = {old}.order_count + {new}.order_count,
        order_sum = {old}.order_sum + {new}.order_sum,
        first_order_at = {least}(coalesce({old}.first_order_at, {new}.first_order_at), {new}.first_order_at),
        last_order_at = {greatest}(coalesce({old}.last_order_at, {new}.last_order_at), {new}.last_order_at)""",
    )


def _carts(conn: Connection, events: Sequence[NewEvent]) -> None:
    newest: dict[int, NewEvent] = {}
    for event in events:
        if event.customer_id not in newest or event.at >= newest[event.customer_id].at:
            newest[event.customer_id] = event
    rows = [(event.customer_id, list(event.data.get("lines", ())), event.at) for event in newest.values()]
    columns = (("customer_id", "bigint"), ("lines", "jsonb"), ("at", "timestamptz"))
    conflict = "ON CONFLICT (customer_id) DO UPDATE SET lines = excluded.lines, at = excluded.at"
    _upsert(conn, "cart", columns, sorted(rows), f"{conflict} WHERE cart.at <= excluded.at")


def _wishes(conn: Connection, events: Sequence[NewEvent]) -> None:
    last: dict[tuple[int, str], NewEvent] = {}
    for event in sorted(events, key=lambda event: event.at):
        if isinstance(event.data.get("sku"), str):
            last[event.customer_id, event.data["sku"]] = event
    added = [(*key, event.at) for key, event in sorted(last.items(), key=lambda one: one[0]) if _adds(event)]
    removed = [(*key, event.at) for key, event in sorted(last.items(), key=lambda one: one[0]) if not _adds(event)]
    columns = (("customer_id", "bigint"), ("sku", "text"), ("at", "timestamptz"))
    _upsert(conn, "wish_list_item", columns, added, "ON CONFLICT DO NOTHING")
    if not removed:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.executemany(
            "DELETE FROM wish_list_item WHERE customer_id = ? AND sku = ? AND at <= ?",
            [tuple(map(sqlite_value, row)) for row in removed],
        )
        return
    cursor.execute(
        """DELETE FROM wish_list_item w USING unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS u(id, sku, at)
        WHERE w.customer_id = u.id AND w.sku = u.sku AND w.at <= u.at""",
        [array_literal(column) for column in zip(*removed, strict=True)],
    )


def _adds(event: NewEvent) -> bool:
    return event.type == "wishlist.added"


def _last_events(conn: Connection, events: Sequence[NewEvent]) -> None:
    last: dict[int, datetime] = {}
    for event in events:
        if event.source not in ("segment", "journey", "price"):
            last[event.customer_id] = max(last.get(event.customer_id, event.at), event.at)
    rows = [(customer, 0, 0, at) for customer, at in sorted(last.items())]
    columns = (
        ("customer_id", "bigint"),
        ("order_count", "int"),
        ("order_sum", "bigint"),
        ("last_event_at", "timestamptz"),
    )
    greatest = "max" if conn.dialect.name == "sqlite" else "greatest"
    _upsert(
        conn,
        "customer_fact",
        columns,
        rows,
        "ON CONFLICT (customer_id) DO UPDATE SET last_event_at = "
        f"{greatest}(coalesce(customer_fact.last_event_at, excluded.last_event_at), excluded.last_event_at)",
    )
