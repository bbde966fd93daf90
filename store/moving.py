"""Moving customers from a step that a journey no longer has to one of its newest version."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text, update
from sqlmodel import col

from store.bulk import id_list, in_ids, in_texts, insert_rows, text_list
from store.matching import end
from store.tables import Journey
from store.types import sqlite_text
from store.walk import write_steps

MOVED = "@moved"
"""The port in the step log by which somebody's decision took customers out of a step."""


def move_some(
    conn: Connection,
    journey_id: int,
    version_id: int,
    node: str,
    to: str,
    behind: Sequence[str],
    reason: str,
    *,
    now: datetime,
    after: int = 0,
    limit: int = 5000,
) -> tuple[int | None, int]:
    """Move the next enrollments that stand at `node` in older versions to `to` in this version, in id order.

    Whoever was already at one of the steps `behind` stays: nobody goes the same way twice, nor gets a message twice.
    Return the last id, from where to go on (None: there are no more), and how many moved. The pause epoch grows, so a
    worker that has some of them in hand lets go of them; those whose walk is under way are waited for.
    """
    sqlite = conn.dialect.name == "sqlite"
    epoch = {"pause_epoch": Journey.pause_epoch + 1}
    conn.execute(update(Journey).where(col(Journey.id) == journey_id).values(**epoch))
    rows = _standing(conn, journey_id, version_id, node, after, limit)
    if not rows:
        return None, 0
    been = _been(conn, [row[0] for row in rows], behind)
    moving = [row for row in rows if row[0] not in been]
    if moving:
        conn.execute(
            text(
                f"""UPDATE enrollment SET version_id = :version, node = :to, status = 'active', seq = seq + 1,
                since = :now, wake_at = :now, wake_local = NULL, woken_by = NULL, wait_type = NULL, state = NULL,
                reason = NULL, attempts = 0 WHERE {in_ids(conn, "id")}"""
            ),
            {
                "version": version_id,
                "to": to,
                "now": sqlite_text(now) if sqlite else now,
                "ids": id_list(conn, [row[0] for row in moving]),
            },
        )
        _log(conn, moving, version_id, node, reason, now)
    return rows[-1][0], len(moving)


def exit_some_at(
    conn: Connection,
    journey_id: int,
    version_id: int,
    node: str,
    reason: str,
    *,
    now: datetime,
    after: int = 0,
    limit: int = 5000,
) -> tuple[int | None, int]:
    """End the next enrollments that stand at `node` in older versions than this one. Answers as `move_some`."""
    rows = _standing(conn, journey_id, version_id, node, after, limit)
    end(conn, [(row[0], row[1], reason) for row in rows], status="exited", now=now)
    return (rows[-1][0] if rows else None), len(rows)


Row = tuple[int, int, int, int]


def _standing(conn: Connection, journey_id: int, version_id: int, node: str, after: int, limit: int) -> list[Row]:
    """Lock and return (id, version, visit, seq) of who stands at a node. A walk over ix_enrollment_journey."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    rows = conn.execute(
        text(
            f"""SELECT id, version_id, visit, seq FROM enrollment WHERE journey_id = :journey AND id > :after
            AND node = :node AND version_id <> :version AND status IN ('active', 'waiting', 'parked')
            ORDER BY id LIMIT :limit{lock}"""
        ),
        {"journey": journey_id, "after": after, "node": node, "version": version_id, "limit": limit},
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _been(conn: Connection, ids: Sequence[int], nodes: Sequence[str]) -> set[int]:
    """Return who of these has left one of these nodes before; served by the step log's primary key."""
    where = f"{in_ids(conn, 'enrollment_id')} AND {in_texts(conn, 'node', 'nodes')}"
    rows = conn.execute(
        text(f"SELECT DISTINCT enrollment_id FROM step_log WHERE {where}"),
        {"ids": id_list(conn, ids), "nodes": text_list(conn, sorted(nodes))},
    )
    return {row[0] for row in rows}


def _log(conn: Connection, rows: Sequence[Row], version_id: int, node: str, reason: str, now: datetime) -> None:
    """Log the step out of the old version, and count these enrollments in the new one instead."""
    day = now.date().isoformat()
    counts = []
    for version, n in Counter(row[1] for row in rows).items():
        steps = [(id, node, visit, seq, MOVED, reason) for id, old, visit, seq in rows if old == version]
        write_steps(conn, steps, version, now)
        counts += [(version, node, MOVED, day, n), (version, "", "@entered", day, -n)]
    counts.append((version_id, "", "@entered", day, len(rows)))
    insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), counts)
