"""Claims: reserving due enrollments for one worker, and fencing those who come back too late."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_rows, raw_cursor
from store.db import db_now
from store.types import sqlite_text

SIZES = (None, 32, 1)
"""How many enrollments are claimed together, by how often they were claimed without success: a whole batch, then 32,
then one. Who fails alone is quarantined, so a poison customer costs three deaths and no more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Enrollments of one version that are ours while the lease lasts."""

    version_id: int
    token: int
    ids: tuple[int, ...]
    pause_epoch: int


def claim(conn: Connection, version_id: int, *, now: datetime, lease: timedelta, limit: int) -> Claim | None:
    """Lease up to `limit` due enrollments of a version and count the attempt; None when nothing is due.

    PostgreSQL: SKIP LOCKED lets other workers pass by instead of queueing. SQLite has one writer:
    the caller opened the transaction with BEGIN IMMEDIATE. Served by ix_enrollment_due (version_id,
    wake_at) where status in ('active', 'waiting'). `wake_at` is the intended time and never a lease;
    leases run by the database's clock.
    """
    journey = conn.execute(
        text(
            "SELECT j.status, j.pause_epoch FROM journey j JOIN journey_version v ON v.journey_id = j.id "
            "WHERE v.id = :version"
        ),
        {"version": version_id},
    ).one_or_none()
    if journey is None or journey[0] not in ("live", "closing"):
        return None
    token = secrets.randbits(62)
    for failed, size in enumerate(SIZES):
        ids = _claim(conn, version_id, now, lease, min(size or limit, limit), token, failed)
        if ids:
            return Claim(version_id, token, ids, journey[1])
    return None


def _claim(
    conn: Connection, version_id: int, now: datetime, lease: timedelta, limit: int, token: int, failed: int
) -> tuple[int, ...]:
    sqlite = conn.dialect.name == "sqlite"
    clock = db_now(conn) if sqlite else None
    due = """SELECT id FROM enrollment WHERE version_id = :version AND status IN ('active', 'waiting')
        AND wake_at <= :now AND attempts = :failed AND (lease_until IS NULL OR lease_until < {clock})
        ORDER BY wake_at, id LIMIT :limit"""
    if sqlite:
        due = due.format(clock=":clock")
        query = f"""UPDATE enrollment SET lease_until = :until, lease_token = :token, attempts = attempts + 1
            WHERE id IN ({due}) RETURNING id"""
    else:
        due = due.format(clock="clock_timestamp()")
        query = f"""WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED)
            UPDATE enrollment e SET lease_until = clock_timestamp() + :lease, lease_token = :token,
            attempts = attempts + 1 FROM due WHERE e.id = due.id RETURNING e.id"""
    values: dict[str, object] = {"version": version_id, "token": token, "limit": limit, "failed": failed}
    if clock is None:
        values |= {"now": now, "lease": lease}
    else:
        values |= {"now": sqlite_text(now), "clock": sqlite_text(clock), "until": sqlite_text(clock + lease)}
    return tuple(sorted(row[0] for row in conn.execute(text(query), values)))


def release(conn: Connection, claim: Claim, ids: tuple[int, ...]) -> None:
    """Give back what was claimed but not worked on, without counting the attempt."""
    conn.execute(
        text(
            "UPDATE enrollment SET lease_until = NULL, lease_token = NULL, attempts = attempts - 1 "
            f"WHERE {in_ids(conn, 'id')} AND lease_token = :token"
        ),
        {"ids": id_list(conn, ids), "token": claim.token},
    )


def quarantine_dead(conn: Connection, now: datetime) -> int:
    """Quarantine enrollments whose workers died three times; return how many."""
    cursor = raw_cursor(conn)
    sqlite = conn.dialect.name == "sqlite"
    clock = "?" if sqlite else "clock_timestamp()"
    mark = "?" if sqlite else "%s"
    moment = sqlite_text(now) if sqlite else now
    values = [moment, *([sqlite_text(db_now(conn))] if sqlite else [])]
    cursor.execute(
        f"""UPDATE enrollment SET status = 'quarantined', ended_at = {mark}, lease_token = NULL, lease_until = NULL,
            secrets = NULL, reason = 'the worker died three times while it stood here'
            WHERE status IN ('active', 'waiting') AND attempts >= 3 AND lease_until < {clock}
            RETURNING version_id""",
        values,
    )
    gone = cursor.fetchall()
    count_ends(conn, [(row[0], "quarantined") for row in gone], now)
    return len(gone)


def count_ends(conn: Connection, ended: list[tuple[int, str]], now: datetime) -> None:
    """Add to the counters of a version how many enrollments entered or ended, and how."""
    day = now.date().isoformat()
    rows = [(version, "", f"@{status}", day, n) for (version, status), n in Counter(ended).items()]
    insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), rows)
