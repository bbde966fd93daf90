"""Promo codes: batches of them, and each code as a digest beside its last four characters."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Field, SQLModel, big, datetime, instant, key, sealed

_ISSUED = text("enrollment_id IS NOT NULL")


class CodeBatch(SQLModel, table=True):
    """A family of codes that unlock the same promotion."""

    __tablename__ = "code_batch"
    id: int = key()
    key: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200)
    prefix: str = Field(default="", max_length=12)
    promotion: str | None = Field(default=None, max_length=100)
    created_at: datetime = instant()


class Code(SQLModel, table=True):
    """One code, kept as HMAC and last four characters: a leaked database spends nothing."""

    __table_args__ = (
        UniqueConstraint("digest"),
        Index(
            "uq_code_effect",
            "enrollment_id",
            "node",
            "visit",
            unique=True,
            sqlite_where=_ISSUED,
            postgresql_where=_ISSUED,
        ),
    )
    id: int = key()
    batch_id: int = Field(sa_type=BigInteger, index=True)  # no foreign keys here: each costs a look-up a row
    digest: bytes = sealed(nullable=False)
    last4: str = Field(max_length=4)
    status: str = Field(
        default="issued", max_length=12
    )  # issued, activated, reserved, redeemed, released, void, expired
    customer_id: int | None = Field(default=None, sa_type=BigInteger)  # of an issued code: by the enrollment
    phone_digest: bytes | None = sealed()
    enrollment_id: int | None = big(None)
    node: str | None = Field(default=None, max_length=64)
    visit: int = Field(default=0, sa_type=SmallInteger)
    issued_at: datetime = instant()
    valid_from: datetime | None = instant(nullable=True)
    valid_until: datetime | None = instant(nullable=True)
