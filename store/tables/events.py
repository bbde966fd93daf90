"""The inbox: every accepted event, kept for ever, matched once."""

from sqlalchemy import Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed

_NEW = text("matched_at IS NULL")


class Event(SQLModel, table=True):
    """Something that happened to a customer. `match_no` is the order in which events took effect."""

    __table_args__ = (
        UniqueConstraint("source", "key"),
        Index("ix_event_new", "id", sqlite_where=_NEW, postgresql_where=_NEW),
        Index("ix_event_customer_type_at", "customer_id", "type", "at"),
    )
    id: int = key()
    source: str = Field(max_length=64)
    key: str = Field(max_length=200)
    customer_id: int = ref("customer.id")
    type: str = Field(max_length=100)
    at: datetime = instant()
    received_at: datetime = instant()
    data: dict[str, Any] = document()
    body_hash: bytes = sealed(nullable=False)
    depth: int = Field(default=0, sa_type=SmallInteger)  # how many journeys led to it; above 16 it is parked
    matched_at: datetime | None = instant(nullable=True)
    match_no: int | None = big(None)
    note: str | None = Field(default=None, max_length=200)  # why it moved nobody: late, history, parked


class EventConflict(SQLModel, table=True):
    """A second event under a known source and key but with other content: the first one won."""

    __tablename__ = "event_conflict"
    id: int = key()
    event_id: int = ref("event.id", index=True)
    received_at: datetime = instant()
    body_hash: bytes = sealed(nullable=False)
    body: dict[str, Any] = document()


class Idempotency(SQLModel, table=True):
    """The answer to a write under an `Idempotency-Key`: same body, same answer; other body, 409."""

    __table_args__ = (UniqueConstraint("owner", "key"),)
    id: int = key()
    owner: str = Field(max_length=100)
    key: str = Field(max_length=255)
    request_hash: bytes = sealed(nullable=False)
    status: int | None = None  # None while the first request is under way
    response: Any = document(nullable=True)
    created_at: datetime = instant(index=True)
