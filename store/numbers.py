"""Whole columns of numbers as arrays: what is reckoned about a million customers never becomes a million rows."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from store.bulk import raw_cursor

Numbers = NDArray[np.int64]


def columns(
    conn: Connection, named: Mapping[str, str], query: str, values: Mapping[str, int] | None = None
) -> dict[str, Numbers]:
    """Return columns of whole numbers as arrays: `named` says the SQL of each, `query` goes on from FROM.

    No value may be NULL. `:name` in `query` stands for a whole number of `values`. PostgreSQL packs each
    column into one value, in the order of `query`, so nothing here looks at a single row: COPY costs ten times as much.
    """
    for name, value in (values or {}).items():
        query = re.sub(rf":{name}\b", str(int(value)), query)
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.execute(f"SELECT {', '.join(named.values())} {query}")
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, len(named))
        return {name: rows[:, at].copy() for at, name in enumerate(named)}
    select = ", ".join(f"({sql})::bigint AS c{at}" for at, sql in enumerate(named.values()))
    packed = ", ".join(f"string_agg(int8send(c{at}), '')" for at in range(len(named)))
    cursor.execute(f"SELECT count(*), {packed} FROM (SELECT {select} {query}) AS found", binary=True)
    count, *found = cursor.fetchone()
    arrays = [np.frombuffer(column or b"", dtype=">i8").astype(np.int64) for column in found]
    if any(len(column) != count for column in arrays):
        raise ValueError("a number is NULL where none may be")
    return dict(zip(named, arrays, strict=True))


def epoch(conn: Connection, column: str) -> str:
    """Return the SQL of an instant as whole seconds since 1970."""
    if conn.dialect.name == "sqlite":
        return f"CAST(strftime('%s', {column}) AS INTEGER)"
    return f"floor(extract(epoch FROM {column}))"
