"""Marks on customers whose segments must be looked at again."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from store.bulk import array_literal, raw_cursor
from store.types import sqlite_text

_NONE: Mapping[int, int] = {}


def mark_dirty(
    conn: Connection, customer_ids: Iterable[int], now: datetime, *, depths: Mapping[int, int] = _NONE
) -> None:
    """Mark customers; a mark on a marked one counts up, so that whoever took the old mark sees the new one.

    `depths` says how many journeys led to the change of a customer: entries into segments that come of it are as deep,
    so that journeys that start each other through a segment come to an end. Of several the deepest counts.
    """
    ids = sorted(set(customer_ids))
    if not ids:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        at = sqlite_text(now)
        cursor.executemany(
            """INSERT INTO customer_dirty (customer_id, marked_at, mark, depth) VALUES (?, ?, 0, ?)
            ON CONFLICT (customer_id) DO UPDATE SET mark = mark + 1, marked_at = excluded.marked_at,
            depth = max(depth, excluded.depth)""",
            [(id, at, depths.get(id, 0)) for id in ids],
        )
        return
    cursor.execute(
        """INSERT INTO customer_dirty (customer_id, marked_at, mark, depth)
        SELECT id, %s, 0, depth FROM unnest(%s::bigint[], %s::smallint[]) AS u(id, depth)
        ON CONFLICT (customer_id) DO UPDATE SET mark = customer_dirty.mark + 1, marked_at = excluded.marked_at,
        depth = greatest(customer_dirty.depth, excluded.depth)""",
        (now, array_literal(ids), array_literal([depths.get(id, 0) for id in ids])),
    )
