"""What tills did without a network: the snapshots they were given, the receipts they hand in, and what disagrees."""

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed

_OPEN = text("status = 'open'")


class TillSnapshot(SQLModel, table=True):
    """One snapshot that was given to a shop; its name stands in each receipt that was sold from it."""

    __tablename__ = "till_snapshot"
    id: str = Field(max_length=32, primary_key=True)
    store: str = Field(max_length=100)
    versions: list[Any] = document()  # numbers of the rule set's versions in it
    issued_at: datetime = instant()
    expires_at: datetime = instant(index=True)


class TillReceipt(SQLModel, table=True):
    """One receipt as a till handed it in: taken up once. Its shop, till and number are its key.

    `document` holds cart and quote without the texts of codes. What could not be read is kept sealed, word for word,
    and has no redemption.
    """

    __tablename__ = "till_receipt"
    __table_args__ = (UniqueConstraint("store", "till", "number"),)
    id: int = key()
    store: str = Field(max_length=100)
    till: str = Field(max_length=40)
    number: int = big()
    digest: bytes = sealed(nullable=False)  # of all that the till said
    snapshot: str | None = Field(default=None, max_length=32)  # none: the till had asked for the price
    version: int | None = big(None)
    sold_at: datetime | None = instant(nullable=True)
    received_at: datetime = instant()
    owner: str = Field(max_length=320)
    redemption_id: int | None = ref("redemption.id", index=True, nullable=True)
    currency: str = Field(default="", max_length=3)
    payable: int = big()
    expected: int | None = big(None)  # what the rules make of the cart
    document: dict[str, Any] = document()
    sealed: bytes | None = sealed()


class ReceiptConflict(SQLModel, table=True):
    """One thing in which a receipt disagrees with the rules, the limits or the codes: open until a person settles it.

    `excess` counts how often a code was used beyond what its batch allows because of this receipt.
    """

    __tablename__ = "receipt_conflict"
    __table_args__ = (
        Index("ix_receipt_conflict_open", "receipt_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_receipt_conflict_receipt_id", "receipt_id"),
    )
    id: int = key()
    receipt_id: int = ref("till_receipt.id")
    kind: str = Field(max_length=20)
    status: str = Field(default="open", max_length=8)  # open, settled
    detail: dict[str, Any] = document()
    code_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    excess: int = Field(default=0, sa_type=SmallInteger)
    settled_at: datetime | None = instant(nullable=True)
    settled_by: str = Field(default="", max_length=320)
    note: str = ""
