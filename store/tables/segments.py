"""Segments, who is in them, and who was."""

from sqlalchemy import Index

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref


class Segment(SQLModel, table=True):
    """A rule that says which customers are in. `built_rev` < `rev` means that a rebuild is due."""

    id: int = key()
    key: str = Field(max_length=100, unique=True)
    name: str = Field(max_length=200, unique=True)
    description: str = ""
    rule: dict[str, Any] = document()
    rev: int = 1
    built_rev: int = 0
    build_after_id: int = big(0)  # customers up to this id are done in the build under way
    size: int = big(0)
    created_at: datetime = instant()
    updated_at: datetime = instant()


class SegmentMember(SQLModel, table=True):
    """Who is in a segment now."""

    __tablename__ = "segment_member"
    segment_id: int = ref("segment.id", primary_key=True)
    customer_id: int = ref("customer.id", primary_key=True, index=True)
    since: datetime = instant()


class SegmentSpan(SQLModel, table=True):
    """History of membership; `until_at` is set once, when the customer leaves."""

    __tablename__ = "segment_span"
    __table_args__ = (Index("ix_segment_span_customer", "customer_id", "segment_id"),)
    id: int = key()
    segment_id: int = ref("segment.id")
    customer_id: int = ref("customer.id")
    from_at: datetime = instant()
    until_at: datetime | None = instant(nullable=True)


class CustomerTimer(SQLModel, table=True):
    """When time alone may change which segments a customer is in: never later than the change itself.

    `figures_at` is the same for segments that count events or orders in windows.
    """

    __tablename__ = "customer_timer"
    customer_id: int = ref("customer.id", primary_key=True)
    due_at: datetime = instant(index=True)
    figures_at: datetime | None = instant(nullable=True)
