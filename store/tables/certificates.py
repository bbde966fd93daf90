"""Gift certificates, the ledger of their money, and short messages that carry a one-time password."""

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed

_HELD = text("status = 'held'")
_GIVEN = text("enrollment_id IS NOT NULL")
_PENDING = text("status IN ('pending', 'sending')")


class Certificate(SQLModel, table=True):
    """Prepaid value: a means of payment, not a discount.

    `balance` and `held` are the sums of its postings, kept for speed; both change only together with postings. The
    number finds it and is worth nothing alone: a phone's one-time password, the QR code's secret or a plastic card's
    PIN must come with it. inactive (a plastic card nobody bought) → active → void or expired. One that a journey gave
    away has the effect key of its step.
    """

    __table_args__ = (
        UniqueConstraint("number_digest"),
        UniqueConstraint("order_key", "line"),
        CheckConstraint("balance >= 0 AND held >= 0 AND balance + held <= face", name="balance"),
        Index("ix_certificate_phone", "phone_digest"),
        Index(
            "ix_certificate_valid",
            "valid_until",
            sqlite_where=text("status = 'active'"),
            postgresql_where=text("status = 'active'"),
        ),
        Index(
            "uq_certificate_effect",
            "enrollment_id",
            "node",
            "visit",
            unique=True,
            sqlite_where=_GIVEN,
            postgresql_where=_GIVEN,
        ),
    )
    id: int = key()
    number_digest: bytes = sealed(nullable=False)
    last4: str = Field(max_length=4)
    secret_digest: bytes | None = sealed()  # of the QR code: 115 bits, so a keyed digest is enough
    pin_hash: str | None = Field(default=None, max_length=200)  # of a plastic card: argon2id
    kind: str = Field(max_length=8)  # egift, plastic
    currency: str = Field(max_length=3)
    face: int = big()
    balance: int = big()
    held: int = big()
    status: str = Field(max_length=12)
    phone_digest: bytes | None = sealed()
    order_key: str | None = Field(default=None, max_length=100)
    line: str | None = Field(default=None, max_length=100)
    batch: str | None = Field(default=None, max_length=100)
    created_at: datetime = instant()
    activated_at: datetime | None = instant(nullable=True)
    valid_until: datetime | None = instant(nullable=True)
    password_digest: bytes | None = sealed()  # one-time; keyed with a secret outside the database
    password_until: datetime | None = instant(nullable=True)
    password_tries: int = Field(default=0, sa_type=SmallInteger)
    tries: int = Field(default=0, sa_type=SmallInteger)  # wrong secrets in a row
    locked_until: datetime | None = instant(nullable=True)
    enrollment_id: int | None = big(None)
    node: str | None = Field(default=None, max_length=64)
    visit: int | None = Field(default=None, sa_type=SmallInteger, nullable=True)


class Journal(SQLModel, table=True):
    """Append-only: one movement of money. Its postings add up to nothing in each currency."""

    __table_args__ = (UniqueConstraint("key"),)
    id: int = key()
    key: str = Field(max_length=200)
    kind: str = Field(max_length=16)  # issue, authorise, capture, release, refund, expire, void
    at: datetime = instant()
    order_key: str | None = Field(default=None, max_length=100)
    by: str = Field(default="", max_length=320)


class Posting(SQLModel, table=True):
    """Append-only: one side of a movement. `certificate:ID` and `held:ID` belong to one certificate each."""

    id: int = key()
    journal_id: int = ref("journal.id", index=True)
    account: str = Field(max_length=64, index=True)
    currency: str = Field(max_length=3)
    amount: int = big()


class CertificateHold(SQLModel, table=True):
    """Money of a certificate that a till has set aside: held → captured (all or a part), released."""

    __tablename__ = "certificate_hold"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("captured >= 0 AND refunded >= 0 AND captured <= amount AND refunded <= captured", name="sums"),
        Index("ix_certificate_hold_until", "expires_at", sqlite_where=_HELD, postgresql_where=_HELD),
    )
    id: int = key()
    key: str = Field(max_length=200)
    certificate_id: int = ref("certificate.id", index=True)
    amount: int = big()
    captured: int = big(0)
    refunded: int = big(0)
    status: str = Field(max_length=12)
    order_key: str | None = Field(default=None, max_length=100)
    owner: str = Field(default="", max_length=320)
    created_at: datetime = instant()
    expires_at: datetime = instant()


class CertificateRequest(SQLModel, table=True):
    """What one person asked for by hand and another must approve; `digest` binds the approval to the content."""

    __tablename__ = "certificate_request"
    id: int = key()
    kind: str = Field(max_length=8)  # issue, refund
    body: dict[str, Any] = document()
    phone: bytes | None = sealed()
    amount: int = big()
    currency: str = Field(max_length=3)
    reason: str = Field(max_length=500)
    digest: bytes = sealed(nullable=False)
    status: str = Field(max_length=12)  # waiting, approved, refused
    created_at: datetime = instant()
    created_by: str = Field(max_length=320)
    decided_at: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, max_length=320)


class Notice(SQLModel, table=True):
    """A short message outside any journey, such as a one-time password; address and text are sealed and then gone."""

    __table_args__ = (Index("ix_notice_due", "channel", "due_at", sqlite_where=_PENDING, postgresql_where=_PENDING),)
    id: int = key()
    channel: str = Field(max_length=32)
    address: bytes | None = sealed()
    body: bytes | None = sealed()
    status: str = Field(default="pending", max_length=12)  # pending, sending, sent, failed, expired
    created_at: datetime = instant()
    due_at: datetime = instant()
    not_after: datetime = instant()
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease_token: int | None = Field(default=None, sa_type=BigInteger)
    lease_until: datetime | None = instant(nullable=True)
    reason: str | None = Field(default=None, max_length=500)
