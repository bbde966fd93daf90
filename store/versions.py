"""Published versions: what the engine needs to know of a journey's graph."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlmodel import col

from store.bulk import raw_cursor
from store.tables import Journey, Version
from store.types import sqlite_text

NOT_MOVING = """NOT EXISTS (SELECT 1 FROM moving m WHERE m.journey_id = j.id AND m.version_id > v.id
    AND m.done_at IS NULL)"""
"""The condition that no customers of version `v` of journey `j` wait to be moved; served by ix_moving_open."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version with the journey it belongs to."""

    id: int
    journey_id: int
    journey_key: str
    number: int
    graph: dict[str, Any]
    node_order: tuple[str, ...]


def load_version(conn: Connection, version_id: int) -> VersionRow | None:
    """Return a version, or None when there is none with this id."""
    query = (
        select(
            col(Version.id),
            col(Version.journey_id),
            col(Journey.key),
            col(Version.number),
            col(Version.graph),
            col(Version.node_order),
        )
        .join(Journey, col(Journey.id) == col(Version.journey_id))
        .where(col(Version.id) == version_id)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else VersionRow(row[0], row[1], row[2], row[3], row[4], tuple(row[5]))


def live_versions(conn: Connection) -> list[int]:
    """Return the ids of the versions that take customers in now."""
    rows = conn.execute(
        text("SELECT live_version_id FROM journey WHERE status = 'live' AND live_version_id IS NOT NULL ORDER BY id")
    )
    return [row[0] for row in rows]


def versions_of(conn: Connection, journey_key: str) -> list[int]:
    """Return the ids of all versions of a journey, the oldest first."""
    query = select(col(Version.id)).join(Journey, col(Journey.id) == col(Version.journey_id))
    return list(conn.execute(query.where(col(Journey.key) == journey_key).order_by(col(Version.id))).scalars())


def fingerprint(conn: Connection) -> tuple[int, ...]:
    """Return what changes whenever another set of versions is live."""
    row = conn.execute(
        text(
            """SELECT count(*), coalesce(sum(live_version_id), 0), coalesce(sum(live_version_id * live_version_id), 0)
            FROM journey WHERE status = 'live'"""
        )
    ).one()
    return tuple(int(value) for value in row)


def due_versions(conn: Connection, now: datetime) -> list[int]:
    """Return versions with due enrollments whose journey runs, longest due first.

    Those out of which customers are being moved wait until that is done. One probe of ix_enrollment_due a version.
    """
    sqlite = conn.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    query = f"""
        SELECT id FROM (
            SELECT v.id, (SELECT min(e.wake_at) FROM enrollment e
                WHERE e.version_id = v.id AND e.status IN ('active', 'waiting') AND e.wake_at <= {mark}) AS oldest
            FROM journey_version v JOIN journey j ON j.id = v.journey_id
            WHERE j.status IN ('live', 'closing') AND {NOT_MOVING}) AS due
        WHERE oldest IS NOT NULL ORDER BY oldest"""
    cursor = raw_cursor(conn)
    cursor.execute(query, (sqlite_text(now) if sqlite else now,))
    return [row[0] for row in cursor.fetchall()]
