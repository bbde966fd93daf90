"""What happens now: the last hours, what needs a person, and the latest events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text

from store.views._parts import LIVE, bucket, first_id_since, table

ENROLLMENT, EVENT, ATTEMPT = table("enrollment"), table("event"), table("attempt")
CUSTOMER, CHANNEL, MESSAGE = table("customer"), table("channel_state"), table("message")
_LOOK_BACK = 500  # events; segments make many at once
Hours = dict[str, int]
"""Counts by UTC hour, as 2026-03-02 09; hours without any are left out."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, with whom it happened to."""

    id: int
    type: str
    source: str
    at: datetime
    received_at: datetime
    customer_id: int
    customer_key: str
    first_name: str | None
    last_name: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """A channel that does not send: until an instant, or until somebody puts right what `reason` says."""

    channel: str
    reason: str | None
    until: datetime | None


def entered_by_hour(conn: Connection, since: datetime) -> Hours:
    """Return how many customers entered journeys, by hour."""
    first = first_id_since(conn, "enrollment", "entered_at", since)
    return _by_hour(conn, ENROLLMENT, "entered_at", since, first)


def events_by_hour(conn: Connection, since: datetime) -> Hours:
    """Return how many events came in, by hour."""
    return _by_hour(conn, EVENT, "received_at", since, first_id_since(conn, "event", "received_at", since))


def sent_by_hour(conn: Connection, since: datetime) -> Hours:
    """Return how many messages providers took, by hour."""
    first = first_id_since(conn, "attempt", "started_at", since)
    return _by_hour(conn, ATTEMPT, "started_at", since, first, ATTEMPT.c.outcome == "sent")


def _by_hour(conn: Connection, rows: Any, column: str, since: datetime, first: int, *where: Any) -> Hours:
    hour = bucket(conn, rows.c[column], 13)
    query = select(hour, func.count()).where(rows.c.id >= first, rows.c[column] >= since, *where).group_by(hour)
    return {row[0]: row[1] for row in conn.execute(query)}


def live_count(conn: Connection) -> int:
    """Return how many enrollments are due or waiting. Counted in ix_enrollment_due."""
    return int(conn.execute(select(func.count()).select_from(ENROLLMENT).where(LIVE)).scalar_one())


def troubled_messages(conn: Connection, since: datetime) -> dict[str, int]:
    """Return how many messages are uncertain, and how many failed since an instant. Served by ix_message_trouble."""
    trouble = text("message.status NOT IN ('pending', 'claimed', 'sending', 'sent')")
    first = first_id_since(conn, "message", "created_at", since)
    query = select(MESSAGE.c.status, func.count()).where(
        trouble, (MESSAGE.c.status == "uncertain") | ((MESSAGE.c.status == "failed") & (MESSAGE.c.id >= first))
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(MESSAGE.c.status))}


def closed_channels(conn: Connection, now: datetime) -> Sequence[Closed]:
    """Return the channels that do not send at present."""
    query = select(CHANNEL.c.channel, CHANNEL.c.stopped_reason, CHANNEL.c.open_until)
    query = query.where(CHANNEL.c.stopped_reason.is_not(None) | (CHANNEL.c.open_until > now))
    return [Closed(*row) for row in conn.execute(query.order_by(CHANNEL.c.channel))]


def oldest_unmatched(conn: Connection) -> datetime | None:
    """Return since when the oldest event waits to take effect. Served by ix_event_new."""
    query = select(EVENT.c.received_at).where(text("event.matched_at IS NULL")).order_by(EVENT.c.id).limit(1)
    return conn.execute(query).scalar_one_or_none()


def latest_events(conn: Connection, limit: int = 10) -> list[EventLine]:
    """Return the events that came in last. Those that segments make are shown only when there is nothing else."""
    latest = select(EVENT.c.id, EVENT.c.source).order_by(EVENT.c.id.desc()).limit(_LOOK_BACK).subquery()
    ids = select(latest.c.id).order_by(latest.c.source == "segment", latest.c.id.desc()).limit(limit)
    columns: list[Any] = [EVENT.c[name] for name in ("id", "type", "source", "at", "received_at")]
    columns += [CUSTOMER.c[name] for name in ("id", "key", "first_name", "last_name")]
    query: Any = select(*columns, EVENT.c.note).join(CUSTOMER, CUSTOMER.c.id == EVENT.c.customer_id)
    return [EventLine(*row) for row in conn.execute(query.where(EVENT.c.id.in_(ids)).order_by(EVENT.c.id.desc()))]


def is_empty(conn: Connection) -> bool:
    """Say whether nobody has put anything in yet: no customer and no journey."""
    has_customer = conn.execute(select(CUSTOMER.c.id).limit(1)).first() is not None
    return not has_customer and conn.execute(select(table("journey").c.id).limit(1)).first() is None
