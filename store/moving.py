"""Customers at a step that a journey no longer has: what was decided about them, and carrying it out in batches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from store.bulk import id_list, in_ids, in_texts, insert_rows, text_list
from store.days import day_of
from store.matching import end
from store.tables import Journey, Moving
from store.types import instant_of, sqlite_text
from store.walk import write_steps

MOVED = "@moved"
"""The port in the step log by which somebody's decision took customers out of a step."""

_COLUMNS = """m.id, m.journey_id, j.key, m.version_id, v.number, m.node, m.title, m.action, m.target, m.target_title,
    m.behind, m.by, m.total, m.last_enrollment_id, m.seen, m.changed, m.at, m.done_at"""
_FROM = "moving m JOIN journey j ON j.id = m.journey_id JOIN journey_version v ON v.id = m.version_id"
_OPEN = "m.done_at IS NULL AND j.status IN ('live', 'paused', 'closing')"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of those at `node`, which people know as `title`: "exit", or "move" to the step `target`.

    `behind` are the target and all steps that can be reached from it.
    """

    node: str
    title: str
    action: str
    target: str = ""
    target_title: str = ""
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """A decision and how far it has come: `seen` of `total` customers were looked at, `changed` of them moved or left.

    `total` is None until the first batch has counted them. Those who were at the target or behind it before stay.
    """

    id: int
    journey_id: int
    journey_key: str
    version_id: int
    number: int
    node: str
    title: str
    action: str
    target: str
    target_title: str
    behind: tuple[str, ...]
    by: str
    total: int | None
    last_enrollment_id: int
    seen: int
    changed: int
    at: datetime
    done_at: datetime | None


def decide(
    conn: Connection, journey_id: int, version_id: int, decisions: Sequence[Decision], *, now: datetime, by: str
) -> None:
    """Note decisions of a publication as work; one for the same version and step that is under way stays as it is.

    The pause epoch grows, so that a worker that has customers of older versions in hand lets go of them.
    """
    if not decisions:
        return
    make = sqlite.insert(Moving) if conn.dialect.name == "sqlite" else postgresql.insert(Moving)
    for one in decisions:
        values = {
            "journey_id": journey_id,
            "version_id": version_id,
            "node": one.node,
            "title": one.title[:500],
            "action": one.action,
            "target": one.target,
            "target_title": one.target_title[:500],
            "behind": list(one.behind),
            "by": by[:320],
            "at": now,
            "last_enrollment_id": 0,
            "seen": 0,
            "changed": 0,
        }
        again = {name: value for name, value in values.items() if name not in ("journey_id", "version_id", "node")}
        is_done = col(Moving.done_at).is_not(None)
        conn.execute(
            make.values(**values).on_conflict_do_update(
                index_elements=["version_id", "node"], set_={**again, "total": None, "done_at": None}, where=is_done
            )
        )
    _fence(conn, journey_id)


def unfinished(conn: Connection) -> list[int]:
    """Return the work to go on with: of each journey the oldest that is not done, served by ix_moving_open.

    One after the other, because a later publication may decide about those whom an earlier one moves.
    """
    rows = conn.execute(text(f"SELECT min(m.id) FROM {_FROM} WHERE {_OPEN} GROUP BY m.journey_id ORDER BY 1"))
    return [row[0] for row in rows]


def take(conn: Connection, id: int) -> Progress | None:
    """Lock a piece of work until the transaction ends; None when it is done, or another worker is at it."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE OF m SKIP LOCKED"
    row = conn.execute(text(f"SELECT {_COLUMNS} FROM {_FROM} WHERE m.id = :id AND {_OPEN}{lock}"), {"id": id})
    found = row.one_or_none()
    return None if found is None else _progress(found)


def note_progress(
    conn: Connection, one: Progress, *, total: int, last: int, seen: int, changed: int, done_at: datetime | None
) -> None:
    """Note how far a piece of work has come, in the transaction that came so far."""
    values = {"total": total, "last_enrollment_id": last, "seen": seen, "changed": changed, "done_at": done_at}
    conn.execute(update(Moving).where(col(Moving.id) == one.id).values(**values))


def progress(
    conn: Connection, journey_id: int, now: datetime, *, keep: timedelta = timedelta(minutes=10)
) -> list[Progress]:
    """Return what is under way in a journey, and what was done within the last `keep`, in the order of its making."""
    at = now - keep
    rows = conn.execute(
        text(
            f"""SELECT {_COLUMNS} FROM {_FROM} WHERE m.journey_id = :journey
            AND ({_OPEN} OR m.done_at >= :since) ORDER BY m.id"""
        ),
        {"journey": journey_id, "since": sqlite_text(at) if conn.dialect.name == "sqlite" else at},
    )
    return [_progress(row) for row in rows]


def _progress(row: Any) -> Progress:
    parts = list(row)
    parts[10] = tuple(orjson.loads(row[10]) if isinstance(row[10], str) else row[10])
    parts[16] = instant_of(row[16])
    parts[17] = None if row[17] is None else instant_of(row[17])
    return Progress(*parts)


def _fence(conn: Connection, journey_id: int) -> None:
    epoch = {"pause_epoch": Journey.pause_epoch + 1}
    conn.execute(update(Journey).where(col(Journey.id) == journey_id).values(**epoch))


def standing_at(conn: Connection, journey_id: int, version_id: int, node: str) -> int:
    """Return how many stand at `node` in older versions than this one. A walk over ix_enrollment_journey."""
    values = {"journey": journey_id, "after": 0, "node": node, "version": version_id}
    return int(conn.execute(text(f"SELECT count(*) FROM enrollment WHERE {_THERE}"), values).scalar_one())


_THERE = """journey_id = :journey AND id > :after AND node = :node AND version_id < :version
    AND status IN ('active', 'waiting', 'parked')"""


@dataclass(frozen=True, slots=True)
class Batch:
    """The last enrollment of a batch, from where to go on, how many it had, and of how many something changed."""

    last: int
    seen: int
    changed: int


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
) -> Batch:
    """Move the next enrollments that stand at `node` in older versions to `to` in this version, in id order.

    Whoever was already at one of the steps `behind` stays: nobody goes the same way twice, nor gets a message twice.
    The pause epoch grows, so a worker that has some of them in hand lets go of them; those whose walk is under way
    are waited for.
    """
    _fence(conn, journey_id)
    rows = _standing(conn, journey_id, version_id, node, after, limit)
    if not rows:
        return Batch(after, 0, 0)
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
                "now": sqlite_text(now) if conn.dialect.name == "sqlite" else now,
                "ids": id_list(conn, [row[0] for row in moving]),
            },
        )
        _log(conn, moving, version_id, node, reason, now)
    return Batch(rows[-1][0], len(rows), len(moving))


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
) -> Batch:
    """End the next enrollments that stand at `node` in older versions than this one. Answers as `move_some`."""
    rows = _standing(conn, journey_id, version_id, node, after, limit)
    end(conn, [(row[0], row[1], reason) for row in rows], status="exited", now=now)
    return Batch(rows[-1][0] if rows else after, len(rows), len(rows))


Row = tuple[int, int, int, int]


def _standing(conn: Connection, journey_id: int, version_id: int, node: str, after: int, limit: int) -> list[Row]:
    """Lock and return (id, version, visit, seq) of who stands at a node. A walk over ix_enrollment_journey."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    rows = conn.execute(
        text(
            f"""SELECT id, version_id, visit, seq FROM enrollment WHERE {_THERE}
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
    day = day_of(conn, now).isoformat()
    counts = []
    for version, n in Counter(row[1] for row in rows).items():
        steps = [(id, node, visit, seq, MOVED, reason) for id, old, visit, seq in rows if old == version]
        write_steps(conn, steps, version, now)
        counts += [(version, node, MOVED, day, n), (version, "", "@entered", day, -n)]
    counts.append((version_id, "", "@entered", day, len(rows)))
    insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), counts)
