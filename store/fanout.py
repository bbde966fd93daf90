"""Enrolling everyone who already belongs to a segment, chunk by chunk, resumable at any line."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.types import instant_of, sqlite_text


@dataclass(frozen=True, slots=True)
class Pending:
    """A fan-out that is not done, and how far it has come."""

    id: int
    version_id: int
    segment_id: int
    entry_key: str
    at: datetime
    last_customer_id: int


def pending(conn: Connection) -> list[Pending]:
    """Return the fan-outs of running journeys whose segment is built."""
    rows = conn.execute(
        text(
            """SELECT f.id, f.version_id, f.segment_id, f.entry_key, f.at, f.last_customer_id
            FROM fan_out f JOIN segment s ON s.id = f.segment_id JOIN journey_version v ON v.id = f.version_id
            JOIN journey j ON j.id = v.journey_id
            WHERE f.done_at IS NULL AND s.built_rev = s.rev AND j.status = 'live' ORDER BY f.id"""
        )
    )
    return [Pending(r[0], r[1], r[2], r[3], instant_of(r[4]), r[5]) for r in rows]


def lock_place(conn: Connection, id: int) -> int | None:
    """Lock a fan-out; return the customer it has come to, or None when it is done."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    return conn.execute(
        text(f"SELECT last_customer_id FROM fan_out WHERE id = :id AND done_at IS NULL{lock}"), {"id": id}
    ).scalar_one_or_none()


def members_after(conn: Connection, segment_id: int, customer_id: int, limit: int) -> list[int]:
    """Return the next members of a segment in the order of their ids; served by its primary key."""
    rows = conn.execute(
        text(
            """SELECT customer_id FROM segment_member WHERE segment_id = :segment AND customer_id > :after
            ORDER BY customer_id LIMIT :limit"""
        ),
        {"segment": segment_id, "after": customer_id, "limit": limit},
    )
    return [row[0] for row in rows]


def note_place(conn: Connection, id: int, customer_id: int, enrolled: int, *, done_at: datetime | None) -> None:
    """Note how far a fan-out has come, in the transaction that enrolled so far."""
    moment = sqlite_text(done_at) if done_at and conn.dialect.name == "sqlite" else done_at
    conn.execute(
        text("UPDATE fan_out SET last_customer_id = :last, enrolled = enrolled + :n, done_at = :done WHERE id = :id"),
        {"id": id, "last": customer_id, "n": enrolled, "done": moment},
    )
