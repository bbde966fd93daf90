"""Counting tries, so that guessing is slow and nobody is locked out for good."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, text

from store.tables import metadata

ATTEMPTS = metadata.tables["login_attempt"]
WINDOW = timedelta(minutes=15)
_LOCK = 0x7761_7502  # PostgreSQL advisory lock class


def reserve(conn: Connection, limits: Mapping[str, int], now: datetime) -> timedelta | None:
    """Count one try against every subject, unless one of them is over its limit: then return how long to wait.

    The try is counted before it is made, so that a hundred made at once are not all let through. A success gives its
    own try back with `forget`.
    """
    conn.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at < now - timedelta(days=1)))
    for subject in sorted(limits):
        if conn.dialect.name == "postgresql":
            conn.execute(
                text("SELECT pg_advisory_xact_lock(:lock, hashtext(:subject))"), {"lock": _LOCK, "subject": subject}
            )
    for subject, limit in limits.items():
        recent = select(func.count(), func.min(ATTEMPTS.c.at)).where(
            ATTEMPTS.c.subject == subject, ATTEMPTS.c.at > now - WINDOW
        )
        count, oldest = conn.execute(recent).one()
        if count >= limit:
            wait: timedelta = oldest + WINDOW - now
            return max(wait, timedelta(seconds=1))
    conn.execute(insert(ATTEMPTS), [{"subject": subject, "at": now} for subject in limits])
    return None


def wait_for(conn: Connection, limits: Mapping[str, int], now: datetime) -> timedelta | None:
    """Say how long nobody is listened to for one of these subjects, or None; counts nothing."""
    recent = (
        select(ATTEMPTS.c.subject, func.count(), func.min(ATTEMPTS.c.at))
        .where(ATTEMPTS.c.subject.in_(list(limits)), ATTEMPTS.c.at > now - WINDOW)
        .group_by(ATTEMPTS.c.subject)
    )
    waits = [at + WINDOW - now for subject, count, at in conn.execute(recent) if count >= limits[subject]]
    return max([timedelta(seconds=1), *waits]) if waits else None


def note(conn: Connection, subjects: Sequence[str], now: datetime) -> None:
    """Count something against these subjects, one that is named twice twice."""
    conn.execute(insert(ATTEMPTS), [{"subject": subject, "at": now} for subject in subjects])


def forget(conn: Connection, subjects: Sequence[str]) -> None:
    """Drop what was counted against these subjects."""
    conn.execute(delete(ATTEMPTS).where(ATTEMPTS.c.subject.in_(subjects)))
