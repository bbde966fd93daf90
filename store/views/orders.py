"""Orders as pages show them: a filtered list of redemptions, and the goods that came back of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from store.views._parts import table

REDEMPTION, RETURN = table("redemption"), table("redemption_return")
STATES = ("reserved", "confirmed", "part_returned", "returned", "released", "expired")
_NEWEST = 5000
_NAMES = ("id", "order_key", "store", "status", "customer", "version", "currency", "payable", "refunded")


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """Which orders. `text` is part of the order's number; `store` None is every shop, empty a shop without stores."""

    text: str = ""
    store: str | None = None
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in a list; `discount` is that of its goods."""

    id: int
    order_key: str
    store: str
    status: str
    customer: str | None
    version: int
    currency: str
    payable: int
    refunded: int
    created_at: datetime
    expires_at: datetime
    discount: int


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Goods that came back at one time: pieces by line, and the money for them."""

    key: str
    refund: int
    at: datetime
    by: str
    lines: dict[str, int]


def search(conn: Connection, wanted: OrderSearch, *, before: int | None = None, limit: int = 50) -> list[OrderLine]:
    """Return orders, the latest first, read along the primary key; `before` is the last id of the page before."""
    discount = func.coalesce(REDEMPTION.c.quote["goods"]["discount"].as_integer(), 0)
    columns: list[Any] = [*(REDEMPTION.c[name] for name in _NAMES), REDEMPTION.c.created_at, REDEMPTION.c.expires_at]
    query = select(*columns, discount).order_by(REDEMPTION.c.id.desc()).limit(limit)
    if wanted.text:
        query = query.where(REDEMPTION.c.order_key.icontains(wanted.text, autoescape=True))
    if wanted.store is not None:
        query = query.where(REDEMPTION.c.store == wanted.store)
    if wanted.status:
        query = query.where(REDEMPTION.c.status == wanted.status)
    if wanted.since:
        query = query.where(REDEMPTION.c.created_at >= wanted.since)
    if wanted.until:
        query = query.where(REDEMPTION.c.created_at < wanted.until)
    if before is not None:
        query = query.where(REDEMPTION.c.id < before)
    return [OrderLine(*tuple(row)) for row in conn.execute(query)]


def is_any(conn: Connection) -> bool:
    """Say whether there is any order."""
    return conn.execute(select(REDEMPTION.c.id).limit(1)).first() is not None


def stores(conn: Connection) -> list[str]:
    """Return the stores of the newest orders, by name."""
    newest = select(REDEMPTION.c.store).order_by(REDEMPTION.c.id.desc()).limit(_NEWEST).subquery()
    return sorted(conn.execute(select(newest.c.store).distinct()).scalars())


def returns(conn: Connection, redemption_id: int) -> list[ReturnLine]:
    """Return what came back of an order, the first time first."""
    query = select(RETURN.c.key, RETURN.c.refund, RETURN.c.at, RETURN.c.by, RETURN.c.answer)
    rows = conn.execute(query.where(RETURN.c.redemption_id == redemption_id).order_by(RETURN.c.id))
    return [ReturnLine(row[0], row[1], row[2], row[3], row[4].get("lines", {})) for row in rows]
