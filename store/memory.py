"""What nodes remember for all their customers: one row a node, locked before the node steps."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, in_texts, raw_cursor, text_list
from store.types import sqlite_text

Memory = dict[str, Any]


def lock_memories(conn: Connection, journey_id: int, kinds: Mapping[str, str]) -> dict[str, Memory]:
    """Return what these nodes, each with its kind, remember, locked in the order of their ids until the end.

    The rows are made where they are missing, so that there is something to lock.
    """
    sqlite = conn.dialect.name == "sqlite"
    conn.execute(
        text(
            f"""INSERT INTO node_memory (journey_id, node, kind, data) SELECT :journey, n.node, n.kind, '{{}}'
            FROM ({_each(conn)}) AS n WHERE true ON CONFLICT DO NOTHING"""
        ),
        _parameters(conn, journey_id, kinds),
    )
    return _read(conn, journey_id, kinds, "" if sqlite else " FOR UPDATE OF m")


def read_memories(conn: Connection, journey_id: int, kinds: Mapping[str, str]) -> dict[str, Memory]:
    """Return what these nodes, each with its kind, remember now, without a lock; none for those that never stepped."""
    return _read(conn, journey_id, kinds, "")


def _read(conn: Connection, journey_id: int, kinds: Mapping[str, str], lock: str) -> dict[str, Memory]:
    rows = conn.execute(
        text(
            f"""SELECT m.node, m.data FROM node_memory m JOIN ({_each(conn)}) AS n ON n.node = m.node
            AND n.kind = m.kind WHERE m.journey_id = :journey ORDER BY m.node{lock}"""
        ),
        _parameters(conn, journey_id, kinds),
    )
    return {node: orjson.loads(data) if isinstance(data, str) else data for node, data in rows}


def _each(conn: Connection) -> str:
    if conn.dialect.name == "sqlite":
        return "SELECT key AS node, value AS kind FROM json_each(:pairs)"
    return "SELECT key AS node, value AS kind FROM jsonb_each_text(CAST(:pairs AS jsonb))"


def _parameters(conn: Connection, journey_id: int, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {"journey": journey_id, "pairs": orjson.dumps(dict(kinds)).decode()}


def write_memories(
    conn: Connection, journey_id: int, kinds: Mapping[str, str], memories: Mapping[str, Mapping[str, Any]]
) -> None:
    """Keep what nodes remember from now on; the caller locked the rows."""
    if not memories:
        return
    kind = "" if conn.dialect.name == "sqlite" else "::jsonb"
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    raw_cursor(conn).executemany(
        f"""UPDATE node_memory SET data = {mark}{kind}
        WHERE journey_id = {mark} AND node = {mark} AND kind = {mark}""",
        [(orjson.dumps(dict(data)).decode(), journey_id, node, kinds[node]) for node, data in sorted(memories.items())],
    )


def versions_waiting(conn: Connection, since: datetime) -> list[int]:
    """Return versions of running journeys in which somebody waits until `since` or later: at a gate.

    One probe of ix_enrollment_due a version.
    """
    sqlite = conn.dialect.name == "sqlite"
    rows = conn.execute(
        text(
            """SELECT v.id FROM journey_version v JOIN journey j ON j.id = v.journey_id
            WHERE j.status IN ('live', 'closing') AND EXISTS (SELECT 1 FROM enrollment e WHERE e.version_id = v.id
            AND e.status IN ('active', 'waiting') AND e.wake_at >= :since) ORDER BY v.id"""
        ),
        {"since": sqlite_text(since) if sqlite else since},
    )
    return [row[0] for row in rows]


def let_go(conn: Connection, version_ids: Collection[int], node: str, now: datetime) -> int:
    """Wake everyone who waits at a node of these versions; return how many.

    Locks in the order of the ids, as the matcher does. Served by ix_enrollment_due.
    """
    sqlite = conn.dialect.name == "sqlite"
    changed = conn.execute(
        text(
            f"""UPDATE enrollment SET wake_at = :now, wake_local = NULL, woken_by = 'answer' WHERE id IN (
            SELECT id FROM enrollment WHERE {in_ids(conn, "version_id")} AND status = 'waiting' AND node = :node
            AND wake_at > :now ORDER BY id{"" if sqlite else " FOR UPDATE"})"""
        ),
        {"now": sqlite_text(now) if sqlite else now, "node": node, "ids": id_list(conn, version_ids)},
    )
    return changed.rowcount


def waiting_at(conn: Connection, journey_id: int, nodes: Collection[str]) -> dict[str, int]:
    """Return how many wait at each of these nodes of a journey, in all its versions."""
    rows = conn.execute(
        text(
            f"""SELECT node, count(*) FROM enrollment WHERE journey_id = :journey AND status = 'waiting'
            AND {in_texts(conn, "node", "nodes")} GROUP BY node"""
        ),
        {"journey": journey_id, "nodes": text_list(conn, sorted(nodes))},
    )
    return {row[0]: row[1] for row in rows}


def segment_size(conn: Connection, key: str) -> int:
    """Return how many customers are in a segment now; 0 when there is none of this key."""
    return int(conn.execute(text("SELECT size FROM segment WHERE key = :key"), {"key": key}).scalar_one_or_none() or 0)


def count_success(conn: Connection, journey_id: int, node: str, event: str | None) -> dict[str, tuple[int, int]]:
    """Return by port how many left a node, and how many of them reached the goal, or did `event`, afterwards.

    Reads the passages of the journey, served by ix_enrollment_journey: as dear as a report, so ask seldom.
    """
    done = "e.goal_at >= s.at"
    parameters: dict[str, Any] = {"journey": journey_id, "node": node}
    if event is not None:
        done = """EXISTS (SELECT 1 FROM event v WHERE v.customer_id = e.customer_id AND v.type = :event
            AND v.at >= s.at AND v.matched_at IS NOT NULL)"""
        parameters["event"] = event
    rows = conn.execute(
        text(
            f"""SELECT s.port, count(*), sum(CASE WHEN {done} THEN 1 ELSE 0 END) FROM enrollment e
            JOIN step_log s ON s.enrollment_id = e.id AND s.node = :node AND s.visit = e.visit
            WHERE e.journey_id = :journey GROUP BY s.port"""
        ),
        parameters,
    )
    return {row[0]: (int(row[1]), int(row[2] or 0)) for row in rows}
