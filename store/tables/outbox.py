"""The outbox: what we intend to say, and each attempt to hand it over."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Field, SQLModel, big, datetime, instant, key, ref, sealed

_OPEN = text("status IN ('pending', 'claimed', 'sending')")


class Message(SQLModel, table=True):
    """One message; its effect key is (enrollment, node, visit, channel).

    pending → claimed (leased) → sending (the provider may have it) → sent, or suppressed, capped, expired,
    cancelled, failed, uncertain, each with a reason. The walk stores sealed variables; the first claim
    renders once and stores body and hash; every retry sends those bytes.
    """

    __table_args__ = (
        UniqueConstraint("enrollment_id", "node", "visit", "channel"),
        Index("ix_message_due", "channel", "priority", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_message_customer", "customer_id", "id"),
    )
    id: int = key()
    enrollment_id: int = Field(sa_type=BigInteger)  # no foreign keys here: each costs a look-up a row on the hot path
    node: str = Field(max_length=64)
    visit: int = Field(default=0, sa_type=SmallInteger)
    channel: str = Field(max_length=32)
    customer_id: int = Field(sa_type=BigInteger)
    version_id: int = Field(sa_type=BigInteger)
    purpose: str = Field(default="marketing", max_length=32)
    priority: int = Field(default=5, sa_type=SmallInteger)  # transactional before marketing: lower goes first
    status: str = Field(default="pending", max_length=12)
    created_at: datetime = instant()
    due_at: datetime = instant()
    not_after: datetime | None = instant(nullable=True)
    variables: bytes | None = sealed()
    subject: bytes | None = sealed()
    body: bytes | None = sealed()
    body_hash: bytes | None = sealed()
    provider: str | None = Field(default=None, max_length=64)
    provider_id: str | None = Field(default=None, max_length=200)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease_until: datetime | None = instant(nullable=True)  # by the database's clock
    lease_token: int | None = Field(default=None, sa_type=BigInteger)
    first_sent_at: datetime | None = instant(nullable=True)
    sent_at: datetime | None = instant(nullable=True)
    reason: str | None = Field(default=None, max_length=500)


class Attempt(SQLModel, table=True):
    """Append-only: one request to a provider and what came of it."""

    id: int = key()
    message_id: int = ref("message.id", index=True)
    number: int
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    outcome: str = Field(max_length=16)  # sent, retry, failed, uncertain
    provider: str = Field(max_length=64)
    idempotency_key: str = Field(max_length=100)
    body_hash: bytes = sealed(nullable=False)
    detail: str | None = Field(default=None, max_length=500)


class CapCounter(SQLModel, table=True):
    """Messages reserved per customer, channel and local date, for frequency caps."""

    __tablename__ = "cap_counter"
    customer_id: int = ref("customer.id", primary_key=True)
    channel: str = Field(max_length=32, primary_key=True)
    local_date: str = Field(max_length=10, primary_key=True)
    n: int = big(0)
