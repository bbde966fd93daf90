"""Customers: who they are, what they agreed to, and how that came about."""

from datetime import date

from sqlalchemy import Index, SmallInteger, UniqueConstraint, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed


class Customer(SQLModel, table=True):
    """A person we may write to. `folded` holds casefolded NFC copies of all text for comparisons in SQL."""

    __table_args__ = (
        Index("ix_customer_zone_birthday", "time_zone", "birthday_md"),
        Index("ix_customer_phone", "phone"),
        Index("ix_customer_email", "email"),
    )
    id: int = key()
    key: str = Field(max_length=200, unique=True)
    phone: str | None = Field(default=None, max_length=20)  # E.164
    email: str | None = Field(default=None, max_length=320)
    first_name: str | None = Field(default=None, max_length=200)
    last_name: str | None = Field(default=None, max_length=200)
    birthday: date | None = None
    birthday_md: int | None = None  # month * 100 + day, 229 on 29 February: what date triggers look up
    sex: str | None = Field(default=None, max_length=10)
    city: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=2)
    locale: str | None = Field(default=None, max_length=20)
    time_zone: str | None = Field(default=None, max_length=64)
    level: str | None = Field(default=None, max_length=64)
    attributes: dict[str, Any] = document()
    folded: dict[str, Any] = document()
    created_at: datetime = instant()
    updated_at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)
    is_synthetic: bool = False  # made for the demo; no such person exists


class CustomerFact(SQLModel, table=True):
    """Figures kept per customer as events are matched, so that rules need no scan. Sums in minor units."""

    __tablename__ = "customer_fact"
    __table_args__ = (Index("ix_customer_fact_last_order", "last_order_at"),)
    customer_id: int = ref("customer.id", primary_key=True)
    order_count: int = 0
    order_sum: int = big(0)
    first_order_at: datetime | None = instant(nullable=True)
    last_order_at: datetime | None = instant(nullable=True)
    last_event_at: datetime | None = instant(nullable=True)


class Identity(SQLModel, table=True):
    """One handle under which a customer is known: phone, email, device, messenger id."""

    __table_args__ = (UniqueConstraint("kind", "value"),)
    id: int = key()
    customer_id: int = ref("customer.id", index=True)
    kind: str = Field(max_length=32)
    value: str = Field(max_length=320)
    verified_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class Consent(SQLModel, table=True):
    """The consent in force per customer, channel and purpose; its history is `ConsentChange`."""

    customer_id: int = ref("customer.id", primary_key=True)
    channel: str = Field(max_length=32, primary_key=True)
    purpose: str = Field(max_length=32, primary_key=True)
    granted: bool
    source: str = Field(default="", max_length=200)
    at: datetime = instant()


class ConsentChange(SQLModel, table=True):
    """Append-only: who agreed to what, when, by which text and where."""

    __tablename__ = "consent_change"
    id: int = key()
    customer_id: int = ref("customer.id", index=True)
    channel: str = Field(max_length=32)
    purpose: str = Field(max_length=32)
    granted: bool
    source: str = Field(default="", max_length=200)
    at: datetime = instant()
    received_at: datetime = instant()


class AttributeChange(SQLModel, table=True):
    """Append-only: one change of one profile field or attribute (old, new, when, by whom)."""

    __tablename__ = "attribute_change"
    id: int = key()
    customer_id: int = ref("customer.id", index=True)
    name: str = Field(max_length=200)
    old: Any = document(nullable=True)
    new: Any = document(nullable=True)
    at: datetime = instant()
    source: str = Field(default="", max_length=200)


class Suppression(SQLModel, table=True):
    """An address nobody writes to (bounce, complaint, unsubscribe, erasure), kept as a digest only."""

    __table_args__ = (UniqueConstraint("address_digest", "channel"),)
    id: int = key()
    address_digest: bytes = sealed(nullable=False)
    channel: str = Field(max_length=32)
    reason: str = Field(max_length=200)
    at: datetime = instant()


class CustomerList(SQLModel, table=True):
    """A static list that people or journeys add customers to."""

    __tablename__ = "customer_list"
    id: int = key()
    key: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200)
    created_at: datetime = instant()


class ListMember(SQLModel, table=True):
    """Who is on a list now."""

    __tablename__ = "list_member"
    list_id: int = ref("customer_list.id", primary_key=True)
    customer_id: int = ref("customer.id", primary_key=True, index=True)
    since: datetime = instant()


class ListSpan(SQLModel, table=True):
    """Append-only history of list membership; `until_at` is set once, when the customer leaves."""

    __tablename__ = "list_span"
    id: int = key()
    list_id: int = ref("customer_list.id")
    customer_id: int = ref("customer.id", index=True)
    from_at: datetime = instant()
    until_at: datetime | None = instant(nullable=True)


class CustomerDirty(SQLModel, table=True):
    """Customers whose segments must be looked at again. The version tells a later mark from the one seen; `depth` is
    how many journeys led to it.
    """

    __tablename__ = "customer_dirty"
    customer_id: int = ref("customer.id", primary_key=True)
    marked_at: datetime = instant()
    mark: int = big(0)
    depth: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("0")})
