"""Customers and what they did, written straight into the tables: a world for a test in a few lines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, insert

from store.db import Store
from store.tables import metadata
from wayfare.segments.text import folded_copies
from wayfare.vault import Vault

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def open_store(url: str) -> Iterator[Store]:
    """Open a store with a throw-away secret and close it at the end."""
    store = Store(url, Vault(b"a secret for tests, long enough!"))
    try:
        yield store
    finally:
        store.dispose()


def add(conn: Connection, table: str, **values: Any) -> int:
    """Insert one row; return its id, or 0 in a table that has none."""
    target = metadata.tables[table]
    query = insert(target).values(**values)
    if "id" not in target.c:
        conn.execute(query)
        return 0
    return int(conn.execute(query.returning(target.c.id)).scalar_one())


def a_customer(conn: Connection, key: str, attributes: Mapping[str, Any] | None = None, **profile: Any) -> int:
    """Insert a customer as intake does; return the id."""
    attributes = dict(attributes or {})
    birthday: date | None = profile.get("birthday")
    profile.setdefault("created_at", LONG_AGO)
    return add(
        conn,
        "customer",
        key=key,
        attributes=attributes,
        folded=folded_copies({"key": key, **profile}, attributes),
        birthday_md=birthday.month * 100 + birthday.day if birthday else None,
        updated_at=LONG_AGO,
        is_synthetic=False,
        **profile,
    )


def an_event(conn: Connection, customer: int, type: str, at: datetime, data: Mapping[str, Any] | None = None) -> int:
    """Insert an event that is matched already; return the id."""
    return add(
        conn,
        "event",
        source="test",
        key=f"{customer}-{type}-{at.isoformat()}-{data}",
        customer_id=customer,
        type=type,
        at=at,
        received_at=at,
        data=dict(data or {}),
        body_hash=b"",
        depth=0,
        matched_at=at,
    )


def an_order(conn: Connection, customer: int, at: datetime, *lines: tuple[str, int, int], store: str = "web") -> int:
    """Insert an order of (sku, quantity, price) lines and count it in the customer's figures; return the id."""
    total = sum(quantity * price for _, quantity, price in lines)
    key = f"{customer}-{at.isoformat()}"
    id = add(
        conn,
        "sales_order",
        source="test",
        key=key,
        customer_id=customer,
        at=at,
        store=store,
        currency="UAH",
        total=total,
    )
    for number, (sku, quantity, price) in enumerate(lines, start=1):
        add(conn, "order_line", order_id=id, number=number, sku=sku, quantity=quantity, price=price)
    fact = metadata.tables["customer_fact"]
    known = conn.execute(fact.select().where(fact.c.customer_id == customer)).one_or_none()
    if known is None:
        add(
            conn,
            "customer_fact",
            customer_id=customer,
            order_count=1,
            order_sum=total,
            first_order_at=at,
            last_order_at=at,
        )
    else:
        conn.execute(
            fact.update()
            .where(fact.c.customer_id == customer)
            .values(
                order_count=known.order_count + 1,
                order_sum=known.order_sum + total,
                first_order_at=min(known.first_order_at, at),
                last_order_at=max(known.last_order_at, at),
            )
        )
    return id
