"""When time alone may change which segments a customer is in: one instant a customer, never later than the change.

An early look is harmless, a late one is a mistake. One row a customer, whatever the number of segments: a customer who
is due is asked about every segment that time can change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from store.bulk import array_literal, id_list, raw_cursor, sqlite_value
from store.types import instant_of


@dataclass(frozen=True, slots=True)
class Timer:
    """The next look at a customer, and the next at which segments that count in windows must be asked too."""

    due_at: datetime
    figures_at: datetime | None


def take_due(conn: Connection, now: datetime, limit: int) -> dict[int, Timer]:
    """Return up to `limit` due customers, the earliest first. Served by ix_customer_timer_due_at."""
    cursor = raw_cursor(conn)
    is_sqlite = conn.dialect.name == "sqlite"
    mark = "?" if is_sqlite else "%s"
    cursor.execute(
        f"""SELECT customer_id, due_at, figures_at FROM customer_timer
        WHERE due_at <= {mark} ORDER BY due_at LIMIT {mark}""",
        (sqlite_value(now) if is_sqlite else now, limit),
    )
    return _timers(cursor.fetchall())


def timers_of(conn: Connection, customers: Collection[int]) -> dict[int, Timer]:
    """Return the timers of these customers, where they have one."""
    cursor = raw_cursor(conn)
    narrow = "IN (SELECT value FROM json_each(?))" if conn.dialect.name == "sqlite" else "= ANY(%s::bigint[])"
    cursor.execute(
        f"SELECT customer_id, due_at, figures_at FROM customer_timer WHERE customer_id {narrow}",
        (id_list(conn, customers),),
    )
    return _timers(cursor.fetchall())


def write_timers(conn: Connection, timers: Mapping[int, Timer | None]) -> None:
    """Set timers, or remove those that are None."""
    cursor = raw_cursor(conn)
    gone = sorted(customer for customer, timer in timers.items() if timer is None)
    kept = [
        (customer, timer.due_at, timer.figures_at) for customer, timer in sorted(timers.items()) if timer is not None
    ]
    update = """ON CONFLICT (customer_id) DO UPDATE SET due_at = excluded.due_at, figures_at = excluded.figures_at"""
    if conn.dialect.name == "sqlite":
        cursor.executemany("DELETE FROM customer_timer WHERE customer_id = ?", [(id,) for id in gone])
        cursor.executemany(
            f"INSERT INTO customer_timer (customer_id, due_at, figures_at) VALUES (?, ?, ?) {update}",
            [tuple(map(sqlite_value, row)) for row in kept],
        )
        return
    if gone:
        cursor.execute("DELETE FROM customer_timer WHERE customer_id = ANY(%s::bigint[])", (array_literal(gone),))
    if kept:
        cursor.execute(
            f"""INSERT INTO customer_timer (customer_id, due_at, figures_at)
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) {update}""",
            [array_literal(column) for column in zip(*kept, strict=True)],
        )


def _timers(rows: Sequence[Any]) -> dict[int, Timer]:
    return {row[0]: Timer(instant_of(row[1]), None if row[2] is None else instant_of(row[2])) for row in rows}
