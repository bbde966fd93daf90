"""Pieces that the queries of pages share."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, Table, func, select, text

from store.tables import metadata

LIVE = text("enrollment.status IN ('active', 'waiting')")
"""Written out, because SQLite uses a partial index only for the very condition that it was made with."""


def table(name: str) -> Table:
    """Return a table by its name in the database."""
    return metadata.tables[name]


def hold_still(conn: Connection) -> None:
    """Let all queries of this transaction see the database at one moment; call it before the first of them.

    Counters and rows agree at every commit, and only then: read at two moments they would differ.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def bucket(conn: Connection, column: Column[Any], length: int) -> ColumnElement[str]:
    """Return an instant cut to its UTC day (`length` 10, 2026-03-02) or hour (13, 2026-03-02 09)."""
    if conn.dialect.name == "sqlite":
        return func.substr(column, 1, length, type_=String)
    return func.to_char(column, "YYYY-MM-DD HH24"[: length if length == 10 else None], type_=String)


def first_id_since(conn: Connection, name: str, column: str, since: datetime) -> int:
    """Return the id from which on the rows of a table are of `since` or later, by halving over the primary key.

    For tables that only grow and whose ids follow that instant, give or take some disorder that the caller filters
    out: about 20 look-ups stand in for an index that every insert would pay for.
    """
    rows = table(name)
    id, at = rows.c.id, rows.c[column]
    low, high = conn.execute(select(func.min(id), func.max(id))).one()
    if low is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        found = conn.execute(select(id, at).where(id >= middle).order_by(id).limit(1)).one_or_none()
        if found is None or found[1] >= since:
            high = middle
        else:
            low = found[0] + 1
    return int(low)
