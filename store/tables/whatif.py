"""Questions to the past: what receipts would have cost under other rules, and the worst price of each product."""

from sqlalchemy import Index, text

from store.tables._base import Any, Field, SQLModel, big, datetime, document, instant, key, ref, sealed

_OPEN = text("status IN ('queued', 'running')")


class WhatIf(SQLModel, table=True):
    """One question with its answer: queued → running → done, failed, cancelled.

    Both rule sets are kept as they were, so that the same question gives the same answer. `state` holds what was
    counted up to `position`: whoever goes on begins there.
    """

    __tablename__ = "what_if"
    __table_args__ = (
        Index("ix_what_if_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_what_if_kind", "kind", "id"),
    )
    id: int = key()
    kind: str = Field(max_length=8)  # whatif, worst
    old_name: str = Field(default="", max_length=120)
    new_name: str = Field(default="", max_length=120)
    old_body: str = ""  # canonical JSON
    new_body: str = ""
    spec: dict[str, Any] = document()
    file: bytes | None = sealed()  # receipts that somebody brought
    status: str = Field(max_length=12)
    total: int | None = big(None)  # receipts or products
    seen: int = big(0)
    position: int = big(0)
    state: str = ""
    result: dict[str, Any] | None = document(nullable=True)
    error: str = ""
    attempts: int = 0  # claims since it last came further
    token: str = Field(default="", max_length=32)
    lease_until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    created_by: str = Field(max_length=320)
    finished_at: datetime | None = instant(nullable=True)


class WorstPrice(SQLModel, table=True):
    """The lowest price that was found for one piece of a product; amounts in minor units."""

    __tablename__ = "worst_price"
    __table_args__ = (Index("ix_worst_price_off", "what_if_id", "off", "sku"),)
    what_if_id: int = ref("what_if.id", primary_key=True)
    sku: str = Field(max_length=100, primary_key=True)
    name: str = Field(max_length=400)
    brand: str = Field(default="", max_length=200)
    price: int = big()
    lowest: int = big()  # of one piece, rounded down
    off: int  # of the list price, in hundredths of a percent
    cost: int | None = big(None)
    margin: int | None = big(None)  # lowest less cost
    proven: bool = True  # no cart that was tried could cost less than the engine found
    promotions: list[Any] = document()
    cart: dict[str, Any] = document()
