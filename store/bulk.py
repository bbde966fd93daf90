"""Many rows in one statement: COPY and array parameters on PostgreSQL, executemany and JSON on SQLite.

Rows are plain tuples in plain Python values. Callers give instants as aware datetimes; this module writes them as each
database keeps them. No statement here depends on how many rows it carries.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from store.types import sqlite_text

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_rows(conn: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert all rows or none; a unique violation raises IntegrityError. Does nothing without rows."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        raw_cursor(conn).executemany(insert, [tuple(map(sqlite_value, row)) for row in rows])
        return
    copy_lines(conn, table, columns, "".join(["\t".join(map(copy_value, row)) + "\n" for row in rows]))


def copy_lines(conn: Connection, table: str, columns: Sequence[str], lines: str) -> None:
    """Stream rows that are already in PostgreSQL's COPY text format."""
    with raw_cursor(conn).copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write(lines)


def update_rows(
    conn: Connection,
    table: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    *,
    where: str = "",
    same: str = "",
) -> int:
    """Set columns of many rows by key in one statement; return how many rows changed.

    `columns` are (name, PostgreSQL type); the first one is the key. `where` narrows further, with `t` as the table;
    `same` is what every row is set to besides, as SQL. A column that has one value throughout is passed as that one
    value, which makes up to a quarter of the cost of a long batch.
    """
    if not rows:
        return 0
    key, values = columns[0][0], columns[1:]
    extra = f" AND {where}" if where else ""
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        settings = ", ".join([f"{name} = ?" for name, _ in values] + ([same] if same else []))
        update = f"UPDATE {table} AS t SET {settings} WHERE t.{key} = ?{extra}"
        cursor.executemany(update, [(*map(sqlite_value, row[1:]), row[0]) for row in rows])
        return int(cursor.rowcount)
    given = list(zip(columns, zip(*rows, strict=True), strict=True))
    varying = [given[0], *((column, found) for column, found in given[1:] if found.count(found[0]) < len(found))]
    names = [column[0] for column, _ in varying]
    constant = [(column, found[0]) for column, found in given[1:] if column[0] not in names]
    changes = [f"{name} = u.{name}" for name in names[1:]]
    changes += [f"{name} = %s::{kind}" for (name, kind), _ in constant] + ([same] if same else [])
    arrays = ", ".join(f"%s::{kind}[]" for (_, kind), _ in varying)
    cursor.execute(
        f"UPDATE {table} AS t SET {', '.join(changes)} FROM unnest({arrays}) AS u({', '.join(names)}) "
        f"WHERE t.{key} = u.{key}{extra}",
        [*(_plain(value) for _, value in constant), *(array_literal(found) for _, found in varying)],
    )
    return int(cursor.rowcount)


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def raw_cursor(conn: Connection) -> Any:
    """Return a cursor of the driver itself, inside the transaction of `conn`."""
    return conn.connection.cursor()


def id_list(conn: Connection, ids: Iterable[int]) -> str:
    """Return many ids as one parameter: an array literal on PostgreSQL, a JSON list on SQLite."""
    joined = ",".join(map(str, ids))
    return f"[{joined}]" if conn.dialect.name == "sqlite" else f"{{{joined}}}"


def in_ids(conn: Connection, column: str, parameter: str = "ids") -> str:
    """Return the condition `column` is one of the ids that `id_list` wrote into `:parameter`."""
    if conn.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"
    return f"{column} = ANY(CAST(:{parameter} AS bigint[]))"


def in_texts(conn: Connection, column: str, parameter: str) -> str:
    """Return the condition `column` is one of the texts that `text_list` wrote into `:parameter`."""
    if conn.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"
    return f"{column} = ANY(CAST(:{parameter} AS text[]))"


def text_list(conn: Connection, texts: Iterable[str]) -> str:
    """Return many texts as one parameter, as `id_list` does for ids."""
    if conn.dialect.name == "sqlite":
        return orjson.dumps(list(texts)).decode()
    return array_literal(list(texts))


def array_literal(values: Sequence[Any]) -> str:
    """Return a PostgreSQL array literal; three times as fast as adapting a list element by element."""
    first = values[0] if values else None
    if (first is None or isinstance(first, str | date)) and values.count(first) == len(values):
        return "{" + ",".join(["NULL" if first is None else _element(first)] * len(values)) + "}"
    seen: dict[Any, str] = {}  # columns of a batch repeat themselves: instants and node ids above all
    parts = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif type(value) is int:
            parts.append(str(value))
        elif isinstance(value, dict | list):
            parts.append(_quoted(orjson.dumps(value).decode()))
        elif isinstance(value, bytes):
            parts.append('"\\\\x' + value.hex() + '"')
        else:
            text = seen.get(value)
            if text is None:
                text = seen[value] = _element(value)
            parts.append(text)
    return "{" + ",".join(parts) + "}"


def _element(value: Any) -> str:
    return _quoted(value.isoformat() if isinstance(value, date) else str(value))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def copy_value(value: Any) -> str:
    """Return one value in COPY text format."""
    kind = type(value)
    if value is None:
        return "\\N"
    if kind is int:
        return str(value)
    if kind is str:
        return str(value.translate(_ESCAPES))
    if kind is bytes:
        return "\\\\x" + str(value.hex())
    if kind is bool:
        return "t" if value else "f"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode().translate(_ESCAPES)
    return str(value).translate(_ESCAPES)


_AS_THEY_ARE = frozenset((str, int, float, bytes, type(None)))


def sqlite_value(value: Any) -> Any:
    """Return one value as the column types of SQLite keep it."""
    if type(value) in _AS_THEY_ARE:  # nine in ten
        return value
    if isinstance(value, datetime):
        return sqlite_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return int(value)
    return value


def insert_new(
    conn: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]
) -> list[int]:
    """Insert the rows that break no unique constraint; return the ids of the new ones. `columns`: (name, type)."""
    if not rows:
        return []
    names = ", ".join(name for name, _ in columns)
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        before = cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # OR IGNORE would hide NULLs
        cursor.executemany(insert, [tuple(map(sqlite_value, row)) for row in rows])
        return [row[0] for row in cursor.execute(f"SELECT id FROM {table} WHERE id > ? ORDER BY id", (before,))]
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING RETURNING id",
        [array_literal(column) for column in zip(*rows, strict=True)],
    )
    return [row[0] for row in cursor.fetchall()]
