"""Promo codes: batches of them with their rules, and each code as a digest beside its last four characters."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, instant, key, sealed

_ISSUED = text("enrollment_id IS NOT NULL")
_FREE = text("status = 'free'")
_BY_ITSELF = text("0")


def _flag() -> Any:
    return Field(default=False, sa_column_kwargs={"server_default": text("false")})


class CodeBatch(SQLModel, table=True):
    """A family of codes that unlock the same promotions.

    `unlock` is what promotions name in `requires_code`; NULL means the key in capitals. `uses_pool`: journeys draw
    from codes that were made before, instead of making each at once. `max_uses` counts per code; NULL is no limit.
    A shared code's text is public and stands in `shared_text`.
    """

    __tablename__ = "code_batch"
    id: int = key()
    key: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200)
    prefix: str = Field(default="", max_length=12)
    kind: str = Field(default="unique", max_length=8, sa_column_kwargs={"server_default": "unique"})  # unique, shared
    unlock: str | None = Field(default=None, max_length=100)
    length: int = Field(default=10, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("10")})
    bind_phone: bool = _flag()
    with_pin: bool = _flag()
    activation: str = Field(default="at_once", max_length=12, sa_column_kwargs={"server_default": "at_once"})
    activation_event: str | None = Field(default=None, max_length=64)  # of by_event: the type that activates
    valid_from: datetime | None = instant(nullable=True)
    valid_until: datetime | None = instant(nullable=True)
    valid_days: int | None = Field(default=None, sa_type=SmallInteger, nullable=True)
    max_uses: int | None = Field(default=1, nullable=True, sa_column_kwargs={"server_default": text("1")})
    max_uses_customer: int | None = Field(default=None, nullable=True)
    partner: str | None = Field(default=None, max_length=100)
    uses_pool: bool = _flag()
    pool_warn: int | None = Field(default=None, nullable=True)
    on_failed_send: str = Field(default="void", max_length=8, sa_column_kwargs={"server_default": "void"})
    is_test: bool = _flag()
    offline: bool = _flag()
    shared_text: str | None = Field(default=None, max_length=64)
    created_at: datetime = instant()
    voided_at: datetime | None = instant(nullable=True)


class Code(SQLModel, table=True):
    """One code, kept as HMAC and last four characters: a leaked database spends nothing.

    free (in a pool, nobody has it) → issued → activated → reserved → redeemed, or released (usable again), void,
    expired. A code with more than one use stays issued or activated: `held` counts reservations, `uses` redemptions.
    `sealed_text` is there only while the code waits in a pool, or may have to go back to it.
    """

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
        Index("ix_code_free", "batch_id", "id", sqlite_where=_FREE, postgresql_where=_FREE),
    )
    id: int = key()
    batch_id: int = Field(sa_type=BigInteger, index=True)  # no foreign keys here: each costs a look-up a row
    digest: bytes = sealed(nullable=False)
    last4: str = Field(max_length=4)
    status: str = Field(default="issued", max_length=12)
    customer_id: int | None = Field(default=None, sa_type=BigInteger)  # of an issued code: by the enrollment
    phone_digest: bytes | None = sealed()
    enrollment_id: int | None = big(None)
    node: str | None = Field(default=None, max_length=64)
    visit: int = Field(default=0, sa_type=SmallInteger)
    issued_at: datetime = instant()
    valid_from: datetime | None = instant(nullable=True)
    valid_until: datetime | None = instant(nullable=True)
    pin_digest: bytes | None = sealed()
    tries: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": _BY_ITSELF})  # wrong PINs
    uses: int = Field(default=0, sa_column_kwargs={"server_default": _BY_ITSELF})
    held: int = Field(default=0, sa_column_kwargs={"server_default": _BY_ITSELF})
    activated_at: datetime | None = instant(nullable=True)
    redeemed_at: datetime | None = instant(nullable=True)  # its latest use
    sealed_text: bytes | None = sealed()


class CodeDoubt(SQLModel, table=True):
    """A passage that holds a code which its customer may never have seen: the sweep decides when it has ended."""

    __tablename__ = "code_doubt"
    enrollment_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    since: datetime = instant()
