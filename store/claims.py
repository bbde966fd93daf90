"""Claims: reserving due enrollments for one worker, and fencing those who come back too late.

A claim is one row that names its enrollments, so that claiming writes nothing into them. Who works on a claim holds
its row's lock; who finds it gone was too late.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_rows, raw_cursor
from store.days import day_of
from store.db import db_now
from store.locks import lock
from store.sweep import count_repair
from store.types import sqlite_text
from store.versions import NOT_MOVING

SIZES = (None, 32, 1)
"""How many enrollments are claimed together, by how often a claim on them ran out: a whole batch, then 32, then one.
Who fails alone is quarantined, so a poison customer costs three deaths and no more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Enrollments of one version that are ours while the claim's row is there."""

    version_id: int
    token: int
    ids: tuple[int, ...]
    pause_epoch: int


def claim(conn: Connection, version_id: int, *, now: datetime, lease: timedelta, limit: int) -> Claim | None:
    """Claim up to `limit` due enrollments of a version that nobody else has in hand; None when nothing is due.

    One claims at a time in a version, for a few milliseconds. Served by ix_enrollment_due (version_id, wake_at) where
    status in ('active', 'waiting'). `wake_at` is the intended time and never a lease; leases run by the database's
    clock.
    """
    journey = conn.execute(
        text(
            "SELECT j.status, j.pause_epoch FROM journey j JOIN journey_version v ON v.journey_id = j.id "
            f"WHERE v.id = :version AND {NOT_MOVING}"
        ),
        {"version": version_id},
    ).one_or_none()
    if journey is None or journey[0] not in ("live", "closing"):
        return None
    lock(conn, f"claim.{version_id}")
    count_repair(conn, DIED, expire(conn, now, version_id), now)
    for failed, size in enumerate(SIZES):
        ids = _due(conn, version_id, now, min(size or limit, limit), failed)
        if ids:
            token = secrets.randbits(62)
            until = db_now(conn) + lease
            insert_rows(
                conn,
                "claim",
                ("token", "version_id", "ids", "lease_until"),
                [(token, version_id, id_list(conn, ids), until)],
            )
            return Claim(version_id, token, ids, journey[1])
    return None


def _due(conn: Connection, version_id: int, now: datetime, limit: int, failed: int) -> tuple[int, ...]:
    sqlite = conn.dialect.name == "sqlite"
    in_hand = "SELECT value FROM claim, json_each(claim.ids)" if sqlite else "SELECT unnest(ids) FROM claim"
    mark = "?" if sqlite else "%s"
    cursor = raw_cursor(conn)
    cursor.execute(
        f"""SELECT id FROM enrollment WHERE version_id = {mark} AND status IN ('active', 'waiting')
        AND wake_at <= {mark} AND attempts = {mark} AND id NOT IN ({in_hand} WHERE version_id = {mark})
        ORDER BY wake_at, id LIMIT {mark}""",
        (version_id, sqlite_text(now) if sqlite else now, failed, version_id, limit),
    )
    return tuple(sorted([row[0] for row in cursor.fetchall()]))


def holds(conn: Connection, claim: Claim) -> bool:
    """Say whether the claim is still ours, and keep it so until the transaction ends."""
    mine = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    found = conn.execute(text(f"SELECT 1 FROM claim WHERE token = :token{mine}"), {"token": claim.token})
    return found.one_or_none() is not None


def give_up(conn: Connection, claim: Claim, ids: Sequence[int]) -> None:
    """Take enrollments out of a claim that is held, because they are done or will not be done."""
    token: dict[str, Any] = {"token": claim.token}
    if len(ids) < len(claim.ids):
        left = "SELECT unnest(ids) AS id" if conn.dialect.name != "sqlite" else "SELECT value AS id"
        gone = in_ids(conn, "id")
        query = f"UPDATE claim SET ids = ARRAY(SELECT id FROM ({left}) AS l WHERE NOT {gone}) WHERE token = :token"
        if conn.dialect.name == "sqlite":
            query = f"""UPDATE claim SET ids = (SELECT json_group_array(id) FROM ({left} FROM json_each(claim.ids))
                WHERE NOT {gone}) WHERE token = :token"""
        conn.execute(text(query), token | {"ids": id_list(conn, ids)})
        token["none"] = id_list(conn, ())
    only_empty = "" if len(ids) == len(claim.ids) else " AND ids = :none"
    if only_empty and conn.dialect.name != "sqlite":
        only_empty = " AND ids = CAST(:none AS bigint[])"
    conn.execute(text(f"DELETE FROM claim WHERE token = :token{only_empty}"), token)


DIED = "worker died three times"


def expire(conn: Connection, now: datetime, version_id: int | None = None) -> int:
    """Give back claims whose lease ran out, each counted as an attempt; return how many enrollments are quarantined.

    Those are the ones whose workers died three times. A claim whose row is locked is being worked on and left alone.
    """
    sqlite = conn.dialect.name == "sqlite"
    mine = " AND version_id = :version" if version_id is not None else ""
    skip = "" if sqlite else " FOR UPDATE SKIP LOCKED"
    late = ":clock" if sqlite else "clock_timestamp()"
    values: dict[str, Any] = {"version": version_id} if mine else {}
    if sqlite:
        values["clock"] = sqlite_text(db_now(conn))
    query = f"SELECT token, ids FROM claim WHERE lease_until < {late}{mine} ORDER BY token{skip}"
    rows = conn.execute(text(query), values).all()
    if not rows:
        return 0
    ids = sorted({id for row in rows for id in (orjson.loads(row[1]) if sqlite else row[1])})
    listed = {"ids": id_list(conn, ids)}
    where = f"{in_ids(conn, 'id')} AND status IN ('active', 'waiting')"
    conn.execute(text(f"UPDATE enrollment SET attempts = attempts + 1 WHERE {where}"), listed)
    gone = conn.execute(
        text(
            f"""UPDATE enrollment SET status = 'quarantined', ended_at = :now, secrets = NULL,
            reason = 'the worker died three times while it stood here'
            WHERE {where} AND attempts >= {len(SIZES)} RETURNING version_id"""
        ),
        listed | {"now": sqlite_text(now) if sqlite else now},
    ).all()
    count_ends(conn, [(row[0], "quarantined") for row in gone], now)
    conn.execute(
        text(f"DELETE FROM claim WHERE {in_ids(conn, 'token')}"), {"ids": id_list(conn, [row[0] for row in rows])}
    )
    return len(gone)


def count_ends(conn: Connection, ended: list[tuple[int, str]], now: datetime) -> None:
    """Add to the counters of a version how many enrollments entered or ended, and how."""
    day = day_of(conn, now).isoformat()
    rows = [(version, "", f"@{status}", day, n) for (version, status), n in Counter(ended).items()]
    insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), rows)
