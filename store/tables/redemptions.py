"""Redemptions of orders, counters of promotions whose use is limited, and what moved them."""

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref

_OPEN = text("status NOT IN ('released', 'expired')")
_RESERVED = text("status = 'reserved'")


class Redemption(SQLModel, table=True):
    """One order's price with everything limited that it uses: reserved → confirmed → part_returned, returned; or
    released, expired. An order has one redemption that is neither released nor expired.
    """

    __table_args__ = (
        Index(
            "uq_redemption_order",
            "store",
            "order_key",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_redemption_until", "expires_at", sqlite_where=_RESERVED, postgresql_where=_RESERVED),
        CheckConstraint("refunded >= 0 AND refunded <= payable", name="refund"),
    )
    id: int = key()
    store: str = Field(default="", max_length=100)  # empty: a shop without stores
    order_key: str = Field(max_length=100)
    owner: str = Field(default="", max_length=320)  # the key or person that reserved
    request_hash: str = Field(max_length=64)
    customer: str | None = Field(default=None, max_length=200, index=True)  # its key; unknown at many tills
    version: int = Field(sa_type=BigInteger)
    status: str = Field(max_length=16)
    cart: dict[str, Any] = document()
    quote: dict[str, Any] = document()
    codes: list[Any] = document()  # that took part: id, and the promotions it opened
    returned: dict[str, Any] = document()  # by line: how many units of each group of the quote came back
    currency: str = Field(max_length=3)
    payable: int = big()
    refunded: int = big(0)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)


class UsageCounter(SQLModel, table=True):
    """How much of a limit is used and reserved: times, or minor units. The sums of its entries, kept for speed."""

    __tablename__ = "usage_counter"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("used >= 0 AND reserved >= 0", name="sums"),
    )
    id: int = key()
    name: str = Field(max_length=400)
    used: int = big(0)
    reserved: int = big(0)


class UsageEntry(SQLModel, table=True):
    """Append-only: what one redemption did to one counter, once a kind; returns once each."""

    __tablename__ = "usage_entry"
    __table_args__ = (UniqueConstraint("redemption_id", "counter_id", "kind", "part"),)
    id: int = key()
    redemption_id: int = ref("redemption.id")
    counter_id: int = ref("usage_counter.id", index=True)
    kind: str = Field(max_length=8)  # reserve, confirm, release, return
    part: str = Field(default="", max_length=100)  # the key of a return
    amount: int = big()
    at: datetime = instant()


class RedemptionReturn(SQLModel, table=True):
    """Goods that came back, and the money for them."""

    __tablename__ = "redemption_return"
    __table_args__ = (UniqueConstraint("redemption_id", "key"),)
    id: int = key()
    redemption_id: int = ref("redemption.id")
    key: str = Field(max_length=100)
    request_hash: str = Field(max_length=64)
    answer: dict[str, Any] = document()
    refund: int = big()
    at: datetime = instant()
    by: str = Field(default="", max_length=320)
