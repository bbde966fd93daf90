"""What journeys grant to single customers: prices of their own, and bonus points with their ledger."""

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, instant, key

_OPEN = text("remaining > 0 AND expires_at IS NOT NULL")


def _customer(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)  # no foreign keys here: each costs a look-up a row


class PersonalPrice(SQLModel, table=True):
    """A price of a customer's own, for so many pieces and days. It never changes: how many pieces are gone is in the
    counter `personal:ID` of the limits.

    `kind` says what `what` is: a sku or a brand. Either `price`, in minor units of `currency`, or `percent` off.
    """

    __tablename__ = "personal_price"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "node", "visit", "kind", "what"),
        Index("ix_personal_price_customer", "customer_id", "valid_until"),
        CheckConstraint("(price IS NULL) <> (percent IS NULL)", name="one"),
    )
    id: int = key()
    customer_id: int = _customer()
    kind: str = Field(max_length=8)
    what: str = Field(max_length=200)
    price: int | None = big(None)
    percent: str | None = Field(default=None, max_length=12)
    currency: str = Field(max_length=3)
    pieces: int
    valid_from: datetime = instant()
    valid_until: datetime = instant()
    enrollment_id: int = big()
    node: str = Field(max_length=64)
    visit: int = Field(default=0, sa_type=SmallInteger)
    source: str = Field(default="", max_length=200)
    created_at: datetime = instant()


class PointsAccount(SQLModel, table=True):
    """How many points a customer has: the sum of their entries, kept for speed. Below zero only after returns of what
    was spent already.
    """

    __tablename__ = "points_account"
    customer_id: int = _customer(primary_key=True, sa_column_kwargs={"autoincrement": False})
    balance: int = big()
    updated_at: datetime = instant()


class PointsEntry(SQLModel, table=True):
    """Append-only: one movement of a customer's points, once for each key."""

    __tablename__ = "points_entry"
    __table_args__ = (UniqueConstraint("key"), Index("ix_points_entry_customer", "customer_id", "id"))
    id: int = key()
    customer_id: int = _customer()
    key: str = Field(max_length=200)
    kind: str = Field(max_length=12)  # given, taken, cashback, returned, expired
    amount: int = big()
    at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    source: str = Field(default="", max_length=200)  # the journey, or the order


class PointsLot(SQLModel, table=True):
    """What is left of points that came in together: the ones that expire first are spent first."""

    __tablename__ = "points_lot"
    __table_args__ = (
        UniqueConstraint("entry_id"),
        CheckConstraint("remaining >= 0 AND remaining <= amount", name="left"),
        Index("ix_points_lot_customer", "customer_id", "expires_at", "id"),
        Index("ix_points_lot_expiry", "expires_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )
    id: int = key()
    entry_id: int = big()
    customer_id: int = _customer()
    amount: int = big()
    remaining: int = big()
    expires_at: datetime | None = instant(nullable=True)
