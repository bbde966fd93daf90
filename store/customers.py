"""Customers: looked up and created by key."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from store.bulk import insert_new, raw_cursor, text_list
from wayfare.segments.text import fold

_BARE = (
    ("key", "text"),
    ("attributes", "jsonb"),
    ("folded", "jsonb"),
    ("created_at", "timestamptz"),
    ("updated_at", "timestamptz"),
    ("is_synthetic", "boolean"),
)


def find_customers(conn: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return ids by key; unknown keys are left out. Served by the unique index."""
    cursor = raw_cursor(conn)
    wanted = "key IN (SELECT value FROM json_each(?))" if conn.dialect.name == "sqlite" else "key = ANY(%s::text[])"
    cursor.execute(f"SELECT key, id FROM customer WHERE {wanted}", (text_list(conn, keys),))
    return dict(cursor.fetchall())


def ensure_customers(conn: Connection, keys: Collection[str], *, now: datetime) -> dict[str, int]:
    """Return ids by key, creating customers of whom nothing but the key is known."""
    known = find_customers(conn, keys)
    missing = sorted(set(keys) - known.keys())  # sorted: two that create the same ones wait in the same order
    if missing:
        add_bare(conn, missing, now=now)
        known |= find_customers(conn, missing)
    return known


def add_bare(conn: Connection, keys: Collection[str], *, now: datetime) -> list[int]:
    """Create customers of whom nothing but the key is known; known keys are left alone. Return the new ids."""
    return insert_new(conn, "customer", _BARE, [(key, {}, {"key": fold(key)}, now, now, False) for key in keys])
