"""Insert or update many rows in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from store.bulk import array_literal, raw_cursor, sqlite_value


def upsert_rows(
    conn: Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    *,
    keys: int,
    where: str = "",
) -> None:
    """Insert rows, or set their other columns where the first `keys` columns are known.

    `columns` are (name, PostgreSQL type). No key may come twice in `rows`. `where` narrows the update; it sees the
    stored row as `t` and the given one as `excluded`.
    """
    if not rows:
        return
    names = ", ".join(name for name, _ in columns)
    unique = ", ".join(name for name, _ in columns[:keys])
    settings = ", ".join(f"{name} = excluded.{name}" for name, _ in columns[keys:])
    update = f"ON CONFLICT ({unique}) DO UPDATE SET {settings}" + (f" WHERE {where}" if where else "")
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(
            f"INSERT INTO {table} AS t ({names}) VALUES ({marks}) {update}",
            [tuple(map(sqlite_value, row)) for row in rows],
        )
        return
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    cursor.execute(
        f"INSERT INTO {table} AS t ({names}) SELECT * FROM unnest({arrays}) {update}",
        [array_literal(column) for column in zip(*rows, strict=True)],
    )
