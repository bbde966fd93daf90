"""Messages as people look at them: lists with search, one message with its attempts. Texts stay sealed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from store.types import Instant

STATUSES = (
    "pending",
    "claimed",
    "sending",
    "sent",
    "suppressed",
    "capped",
    "expired",
    "cancelled",
    "failed",
    "uncertain",
)
_BUSY = ("pending", "claimed", "sending", "sent")


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of the list."""

    id: int
    channel: str
    purpose: str
    status: str
    reason: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    provider: str | None
    node: str
    version_id: int
    enrollment_id: int
    customer_id: int
    customer_key: str
    first_name: str | None
    last_name: str | None
    journey_id: int
    journey_key: str
    journey_name: str


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """One message with its sealed texts."""

    row: MessageRow
    not_after: datetime | None
    provider_id: str | None
    subject: bytes | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One request to a provider."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    provider: str
    idempotency_key: str
    detail: str | None


_SELECT = """SELECT m.id, m.channel, m.purpose, m.status, m.reason, m.created_at, m.due_at, m.sent_at, m.attempts,
    m.provider, m.node, m.version_id, m.enrollment_id, m.customer_id, c.key, c.first_name, c.last_name, j.id,
    j.key, j.name {more}
    FROM message m JOIN customer c ON c.id = m.customer_id JOIN journey_version v ON v.id = m.version_id
    JOIN journey j ON j.id = v.journey_id"""
_INSTANTS = {"created_at": Instant, "due_at": Instant, "sent_at": Instant}


def list_messages(
    conn: Connection,
    *,
    search: str = "",
    statuses: Collection[str] = (),
    channel: str | None = None,
    customer_id: int | None = None,
    journey_id: int | None = None,
    node: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[MessageRow]:
    """Return messages, newest first; `before_id` is the last id of the page before.

    `search` is the beginning of a customer's key, e-mail address, phone number or name; upper and lower case are one
    for ASCII only. By customer served by the unique keys of enrollments and messages, by a state of trouble by
    ix_message_trouble, else backwards over the primary key.
    """
    where, values = ["true"], dict[str, Any](limit=limit)
    if search:
        pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        like = "LIKE" if conn.dialect.name == "sqlite" else "ILIKE"
        columns = ("key", "email", "phone", "first_name", "last_name")
        matches = " OR ".join(f"s.{column} {like} :search ESCAPE '\\'" for column in columns)
        theirs = "SELECT e.id FROM enrollment e JOIN customer s ON s.id = e.customer_id"
        where.append(f"m.enrollment_id IN ({theirs} WHERE {matches})")
        values["search"] = pattern
    if statuses:
        wanted = [status for status in STATUSES if status in statuses]
        where.append("m.status IN (" + ", ".join(f"'{status}'" for status in wanted or ["none"]) + ")")
        if not set(wanted) & set(_BUSY):
            where.append("m.status NOT IN ('pending', 'claimed', 'sending', 'sent')")
    if customer_id is not None:
        where.append("m.enrollment_id IN (SELECT e.id FROM enrollment e WHERE e.customer_id = :customer)")
        values["customer"] = customer_id
    simple = {"m.channel": channel, "j.id": journey_id, "m.node": node}
    for number, (column, value) in enumerate(simple.items()):
        if value is not None:
            where.append(f"{column} = :value{number}")
            values[f"value{number}"] = value
    if before_id is not None:
        where.append("m.id < :before")
        values["before"] = before_id
    query = f"{_SELECT.format(more='')} WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT :limit"
    return [MessageRow(*row) for row in conn.execute(text(query).columns(**_INSTANTS), values)]


def message_detail(conn: Connection, message_id: int) -> MessageDetail | None:
    """Return one message, or None."""
    query = text(f"{_SELECT.format(more=', m.not_after, m.provider_id, m.subject, m.body')} WHERE m.id = :id")
    found = conn.execute(query.columns(**_INSTANTS, not_after=Instant), {"id": message_id}).one_or_none()
    if found is None:
        return None
    *head, not_after, provider_id, subject, body = found
    return MessageDetail(MessageRow(*head), not_after, provider_id, subject, body)


def attempts_of(conn: Connection, message_id: int) -> list[AttemptRow]:
    """Return the requests that were made for one message, in order."""
    query = text(
        """SELECT number, started_at, ended_at, outcome, provider, idempotency_key, detail FROM attempt
        WHERE message_id = :id ORDER BY number"""
    ).columns(started_at=Instant, ended_at=Instant)
    return [AttemptRow(*row) for row in conn.execute(query, {"id": message_id})]
