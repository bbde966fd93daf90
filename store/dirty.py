"""Marks on customers whose segments must be looked at again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from store.bulk import id_list, raw_cursor
from store.types import sqlite_text


def mark_dirty(conn: Connection, customer_ids: Iterable[int], now: datetime) -> None:
    """Mark customers; a mark on a marked one counts up, so that whoever took the old mark sees the new one."""
    ids = sorted(set(customer_ids))
    if not ids:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.execute(
            """INSERT INTO customer_dirty (customer_id, marked_at, mark)
            SELECT value, ?, 0 FROM json_each(?) WHERE true
            ON CONFLICT (customer_id) DO UPDATE SET mark = mark + 1, marked_at = excluded.marked_at""",
            (sqlite_text(now), id_list(conn, ids)),
        )
        return
    cursor.execute(
        """INSERT INTO customer_dirty (customer_id, marked_at, mark)
        SELECT id, %s, 0 FROM unnest(%s::bigint[]) AS id
        ON CONFLICT (customer_id) DO UPDATE SET mark = customer_dirty.mark + 1, marked_at = excluded.marked_at""",
        (now, id_list(conn, ids)),
    )
