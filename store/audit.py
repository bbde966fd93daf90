"""The audit trail: append-only, each row carrying the digest of the one before, so that a change shows.

Write `audit.record(conn, actor, "journey.published", "journey:welcome", {"version": 3}, now)` in the transaction that
does the thing. Refer to customers by key or id, never by name, address or phone: an erasure must not break the chain.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, text

from store.tables import metadata

AUDIT = metadata.tables["audit"]
GENESIS = bytes(32)
_LOCK = 0x7761_7503  # PostgreSQL advisory lock: rows join the chain one at a time
_CHUNK = 1000

_REFUSAL = "the audit trail is append-only"
PROTECT: Mapping[str, Sequence[str]] = {
    "sqlite": (
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ),
    "postgresql": (
        f"""CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ),
}
"""Statements by dialect that make the database itself refuse to change the trail."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    ip: str
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many rows were read, the last good one, and the first bad one with the reason."""

    rows: int
    last_id: int
    last_digest: bytes
    bad_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows a reader asks for; empty fields ask for all."""

    text: str = ""  # part of actor, action or subject
    actor: str = ""  # exactly this one
    action: str = ""  # this one, or all that begin with it and a dot
    since: datetime | None = None
    until: datetime | None = None


def record(
    conn: Connection,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None,
    now: datetime,
    *,
    ip: str = "",
) -> int:
    """Append one row and return its id. `detail` holds strings, whole numbers, booleans, None, lists and objects.

    Rows join the chain one at a time: under BEGIN IMMEDIATE on SQLite, under an advisory lock on PostgreSQL.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = conn.execute(select(AUDIT.c.digest).order_by(AUDIT.c.id.desc()).limit(1)).scalar_one_or_none()
    previous = GENESIS if last is None else bytes(last)
    values: dict[str, Any] = {
        "at": now.astimezone(UTC),
        "actor": actor[:320],
        "action": action[:100],
        "subject": subject[:300],
        "detail": dict(detail or {}),
        "ip": ip[:64],
    }
    digest = _digest(previous, values)
    row = insert(AUDIT).values(**values, previous=previous, digest=digest)
    return int(conn.execute(row.returning(AUDIT.c.id)).scalar_one())


def verify(conn: Connection, anchors: Mapping[int, bytes] | None = None) -> Verdict:
    """Walk the whole chain and name the first row that does not fit.

    Finds rows that were changed, removed, put in between or put in another order. `anchors` are ids and digests that
    were noted outside the database: with them it finds a cut tail and a chain written anew as well.
    """
    previous, count, last_id = GENESIS, 0, 0
    missing = dict(anchors or {})
    for row in _rows(conn):
        values = {name: getattr(row, name) for name in ("at", "actor", "action", "subject", "detail", "ip")}
        if row.previous != previous:
            return Verdict(count, last_id, previous, row.id, "it does not follow the row before it")
        if _digest(previous, values) != row.digest:
            return Verdict(count, last_id, previous, row.id, "it was changed after it was written")
        if missing.pop(row.id, row.digest) != row.digest:
            return Verdict(count, last_id, previous, row.id, "it is another row than the one that was noted outside")
        previous, count, last_id = row.digest, count + 1, row.id
    if missing:
        lost = min(missing)
        return Verdict(count, last_id, previous, lost, "it was noted outside the database and is gone")
    return Verdict(count, last_id, previous)


def head(conn: Connection) -> tuple[int, bytes] | None:
    """Return id and digest of the latest row: what to note outside the database as an anchor."""
    row = conn.execute(select(AUDIT.c.id, AUDIT.c.digest).order_by(AUDIT.c.id.desc()).limit(1)).one_or_none()
    return (int(row[0]), bytes(row[1])) if row else None


def search(conn: Connection, wanted: Filter, *, skip: int = 0, limit: int = 50) -> list[AuditRow]:
    """Return matching rows, the latest first, after the first `skip`. Read backwards along the primary key."""
    query = _filtered(select(AUDIT), wanted).order_by(AUDIT.c.id.desc()).offset(skip).limit(limit)
    return [_row(row) for row in conn.execute(query)]


def of_subject(conn: Connection, subject: str, *, limit: int = 50) -> list[AuditRow]:
    """Return what was done to one thing, the latest first."""
    query = select(AUDIT).where(AUDIT.c.subject == subject).order_by(AUDIT.c.id.desc()).limit(limit)
    return [_row(row) for row in conn.execute(query)]


def actions(conn: Connection) -> list[str]:
    """Return every action that occurs, by name."""
    return list(conn.execute(select(AUDIT.c.action).distinct().order_by(AUDIT.c.action)).scalars())


def count(conn: Connection, wanted: Filter) -> int:
    """Return how many rows match."""
    return int(conn.execute(_filtered(select(func.count()).select_from(AUDIT), wanted)).scalar_one())


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.text:
        fields = (AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject)
        part = wanted.text.replace("\0", "")
        matches = [field.icontains(part, autoescape=True) for field in fields]
        query = query.where(matches[0] | matches[1] | matches[2])
    if wanted.actor:
        query = query.where(AUDIT.c.actor == wanted.actor)
    if wanted.action:
        query = query.where(
            (AUDIT.c.action == wanted.action) | AUDIT.c.action.startswith(wanted.action + ".", autoescape=True)
        )
    if wanted.since:
        query = query.where(AUDIT.c.at >= wanted.since)
    if wanted.until:
        query = query.where(AUDIT.c.at < wanted.until)
    return query


def _rows(conn: Connection) -> Iterator[AuditRow]:
    """Yield all rows in order, a thousand at a time: the trail may be long."""
    after = -1
    while chunk := conn.execute(select(AUDIT).where(AUDIT.c.id > after).order_by(AUDIT.c.id).limit(_CHUNK)).all():
        yield from map(_row, chunk)
        after = chunk[-1].id


def _row(row: Any) -> AuditRow:
    return AuditRow(**row._mapping)


def _digest(previous: bytes, values: Mapping[str, Any]) -> bytes:
    """Return the digest of one row. Floats are refused: databases write them in more than one way."""
    body = json.dumps({**values, "at": values["at"].isoformat()}, sort_keys=True, ensure_ascii=False)
    if _has_float(values["detail"]):
        raise ValueError("an audit detail holds whole numbers and text, no floats")
    return hashlib.sha256(previous + body.encode()).digest()


def _has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_float, value))
    return isinstance(value, float)
