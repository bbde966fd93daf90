"""The outbox: what we intend to say, and each attempt to hand it over."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, instant, key, ref, sealed

_PENDING = "status = 'pending'"
_LEASED = "status IN ('claimed', 'sending')"
_TROUBLE = "status NOT IN ('pending', 'claimed', 'sending', 'sent')"


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Message(SQLModel, table=True):
    """One message; its effect key is (enrollment, node, visit, channel).

    pending → claimed (leased) → sending (the provider may have it) → sent, or suppressed, capped, expired,
    cancelled, failed, uncertain, each with a reason. The walk stores sealed variables; the first claim
    renders once and stores body and hash; every retry sends those bytes. `attempts` counts claims,
    `failures` those that failed: a refusal, or a worker that died. `first_sent_at` is set while the provider may have
    it. `cap_date` is the local date on which a place under the frequency cap is reserved.
    """

    __table_args__ = (
        UniqueConstraint("enrollment_id", "node", "visit", "channel"),
        Index("ix_message_due", "channel", "priority", "due_at", "id", **_only(_PENDING)),
        Index("ix_message_leased", "lease_until", **_only(_LEASED)),
        Index("ix_message_trouble", "status", "id", **_only(_TROUBLE)),
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
    failures: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": "0"})
    cap_date: str | None = Field(default=None, max_length=10)
    retry_class: str | None = Field(default=None, max_length=1)  # of the channel it was handed to last
    lease_until: datetime | None = instant(nullable=True)  # by the database's clock
    lease_token: int | None = Field(default=None, sa_type=BigInteger)
    first_sent_at: datetime | None = instant(nullable=True)
    sent_at: datetime | None = instant(nullable=True)
    reason: str | None = Field(default=None, max_length=500)


class Attempt(SQLModel, table=True):
    """Append-only: one request to a provider and what came of it. `number` is the claim that it was made under."""

    __table_args__ = (UniqueConstraint("message_id", "number"),)
    id: int = key()
    message_id: int = ref("message.id")
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


class ChannelState(SQLModel, table=True):
    """What all workers know of one channel's provider: how it fares, and when the next message may go.

    `open_until` ends a pause (circuit open, a 429's Retry-After); `next_at` is the next free place under the rate
    limit. Both by the database's clock. `stopped_reason` says what an operator must put right.
    """

    __tablename__ = "channel_state"
    channel: str = Field(max_length=32, primary_key=True)
    failures: int = 0
    open_until: datetime | None = instant(nullable=True)
    next_at: datetime | None = instant(nullable=True)
    stopped_reason: str | None = Field(default=None, max_length=500)
    updated_at: datetime = instant()
