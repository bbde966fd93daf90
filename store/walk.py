"""What the batch walk reads and writes: one read and one write a table and batch, whatever its size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import copy_lines, id_list, in_ids, in_texts, insert_rows, raw_cursor, text_list, update_rows
from store.days import day_of
from store.types import instant_of, sqlite_text
from store.versions import NOT_MOVING

_READ = """id, customer_id, node, visit, seq, depth, since, wake_at, woken_by, event_id, woken_event_id, state, secrets,
    goal_at, status"""


@dataclass(slots=True)
class Standing:
    """One enrollment as it was locked: where it stands and since when."""

    id: int
    customer_id: int
    node: str
    visit: int
    seq: int
    depth: int
    since: datetime
    wake_at: datetime
    woken_by: str | None
    event_id: int | None
    woken_event_id: int | None
    state: dict[str, Any] | None
    secrets: bytes | None
    goal_at: datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event that already took effect, for waits that are armed after it."""

    id: int
    customer_id: int
    type: str
    at: datetime
    data: dict[str, Any]


def journey_runs(conn: Connection, version_id: int, pause_epoch: int) -> bool:
    """Say whether the version still runs as it did at the claim, and keep it so until the transaction ends.

    It does not while customers of the version wait to be moved out of a step that is gone.
    """
    share = "" if conn.dialect.name == "sqlite" else " FOR SHARE OF j"
    row = conn.execute(
        text(
            "SELECT j.status, j.pause_epoch FROM journey j JOIN journey_version v ON v.journey_id = j.id "
            f"WHERE v.id = :version AND {NOT_MOVING}{share}"
        ),
        {"version": version_id},
    ).one_or_none()
    return row is not None and row[0] in ("live", "closing") and row[1] == pause_epoch


def lock_standing(conn: Connection, ids: Sequence[int], now: datetime) -> list[Standing]:
    """Lock those enrollments that are still due, in the order of their ids; the others are not returned."""
    query = f"""SELECT {_READ} FROM enrollment WHERE {{}} AND status IN ('active', 'waiting')
        AND wake_at <= {{}} ORDER BY id"""
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        where = "id IN (SELECT value FROM json_each(?))"
        cursor.execute(query.format(where, "?"), (id_list(conn, ids), sqlite_text(now)))
        return [_from_sqlite(row) for row in cursor.fetchall()]
    cursor.execute(query.format("id = ANY(%s::bigint[])", "%s") + " FOR UPDATE", (id_list(conn, ids), now))
    return [Standing(*row) for row in cursor.fetchall()]


def _from_sqlite(row: tuple[Any, ...]) -> Standing:
    standing = Standing(*row)
    standing.since = instant_of(row[6])
    standing.wake_at = instant_of(row[7])
    standing.state = None if row[11] is None else orjson.loads(row[11])
    standing.goal_at = None if row[13] is None else instant_of(row[13])
    return standing


def event_data(conn: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the data of events by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = conn.execute(
        text(f"SELECT id, data FROM event WHERE {in_ids(conn, 'id')}"), {"ids": id_list(conn, sorted(wanted))}
    )
    return {id: orjson.loads(data) if isinstance(data, str) else data for id, data in rows}


def events_since(
    conn: Connection, customer_ids: Iterable[int], types: Iterable[str], earliest: datetime
) -> list[PastEvent]:
    """Return matched events of these customers and types from `earliest` on, in the order in which they happened.

    A new statement under the lock on the enrollments: what the matcher committed before it took or waited for that
    lock is seen here, what it commits later finds the wait armed. Served by ix_event_customer_type_at.
    """
    sqlite = conn.dialect.name == "sqlite"
    rows = conn.execute(
        text(
            f"""SELECT id, customer_id, type, at, data FROM event WHERE {in_ids(conn, "customer_id")}
            AND {in_texts(conn, "type", "types")} AND at >= :earliest AND matched_at IS NOT NULL ORDER BY at, id"""
        ),
        {
            "ids": id_list(conn, sorted(set(customer_ids))),
            "types": text_list(conn, sorted(set(types))),
            "earliest": sqlite_text(earliest) if sqlite else earliest,
        },
    )
    if sqlite:
        return [PastEvent(r[0], r[1], r[2], instant_of(r[3]), orjson.loads(r[4])) for r in rows]
    return [PastEvent(*row) for row in rows]


STEP_COLUMNS = ("enrollment_id", "visit", "seq", "node", "port", "version_id", "at", "reason")


def write_steps(
    conn: Connection, rows: Sequence[tuple[int, str, int, int, str, str | None]], version_id: int, now: datetime
) -> None:
    """Append to the step log; rows are (enrollment, node, visit, seq, port, reason)."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        at = sqlite_text(now)
        raw_cursor(conn).executemany(
            f"INSERT INTO step_log ({', '.join(STEP_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(id, visit, seq, node, port, version_id, at, reason) for id, node, visit, seq, port, reason in rows],
        )
        return
    tail = f"\t{version_id}\t{now.isoformat()}\t"
    unexplained = f"{tail}\\N\n"
    lines = [
        f"{id}\t{visit}\t{seq}\t{node}\t{port}" + (unexplained if reason is None else f"{tail}{_text(reason)}\n")
        for id, node, visit, seq, port, reason in rows
    ]
    copy_lines(conn, "step_log", STEP_COLUMNS, "".join(lines))


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ")


MOVE_COLUMNS = (
    ("id", "bigint"),
    ("status", "text"),
    ("node", "text"),
    ("seq", "smallint"),
    ("since", "timestamptz"),
    ("wake_at", "timestamptz"),
    ("wake_local", "text"),
    ("wait_type", "text"),
    ("woken_by", "text"),
    ("woken_event_id", "bigint"),
    ("state", "jsonb"),
    ("secrets", "bytea"),
    ("reason", "text"),
    ("goal_at", "timestamptz"),
    ("ended_at", "timestamptz"),
)


def write_moves(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Move enrollments that are locked (columns of MOVE_COLUMNS) and forget failed attempts.

    Columns that are empty throughout the batch, and were so before, are passed as one array of NULLs all the same:
    the statement never changes.
    """
    update_rows(conn, "enrollment", MOVE_COLUMNS, rows, same="attempts = 0")


def write_counts(conn: Connection, counts: dict[tuple[str, str], int], version_id: int, now: datetime) -> None:
    """Add deltas to the counters of nodes and ports."""
    day = day_of(conn, now).isoformat()
    rows = [(version_id, node, port, day, n) for (node, port), n in sorted(counts.items())]
    insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), rows)


def set_aside(conn: Connection, id: int, reason: str, now: datetime) -> bool:
    """Quarantine one enrollment that is still live, with the reason; say whether it was."""
    changed = conn.execute(
        text(
            """UPDATE enrollment SET status = 'quarantined', reason = :reason, ended_at = :now, secrets = NULL
            WHERE id = :id AND status IN ('active', 'waiting')"""
        ),
        {"id": id, "reason": reason, "now": sqlite_text(now) if conn.dialect.name == "sqlite" else now},
    )
    return changed.rowcount == 1
