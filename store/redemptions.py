"""Redemptions: one row an order, changed under its lock; returns beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from store.bulk import in_texts, text_list
from store.tables import metadata
from wayfare.errors import NotFound

TABLE = metadata.tables["redemption"]
RETURN = metadata.tables["redemption_return"]
_CLOSED = ("released", "expired")


@dataclass(frozen=True, slots=True)
class Row:
    """One redemption. `codes` holds the id of each used code with the promotions that it opened; `returned`, by line,
    how many units of each group of the quote came back.
    """

    id: int
    store: str
    order_key: str
    owner: str
    request_hash: str
    customer: str | None
    version: int
    status: str
    cart: dict[str, Any]
    quote: dict[str, Any]
    codes: list[dict[str, Any]]
    returned: dict[str, list[int]]
    currency: str
    payable: int
    refunded: int
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    closed_at: datetime | None

    @property
    def code_ids(self) -> list[int]:
        """The codes that this order uses."""
        return [int(one["id"]) for one in self.codes]


def add(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Add a redemption and return its id; None when its order has one."""
    try:
        with conn.begin_nested():
            return int(conn.execute(insert(TABLE).values(**values).returning(TABLE.c.id)).scalar_one())
    except IntegrityError:
        return None


def of_order(conn: Connection, store: str, order: str) -> Row | None:
    """Return the redemption of an order that is neither released nor expired."""
    query = select(TABLE).where(
        TABLE.c.store == store, TABLE.c.order_key == order, text("status NOT IN ('released', 'expired')")
    )
    row = conn.execute(query).one_or_none()
    return Row(**row._mapping) if row else None


def get(conn: Connection, id: int, *, lock: bool = False, store: str | None = None) -> Row:
    """Return a redemption, locked if it is to change. Raises NotFound, also for one of another `store`."""
    query = select(TABLE).where(TABLE.c.id == id)
    if store is not None:
        query = query.where(TABLE.c.store == store)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none() if id < 2**63 else None
    if row is None:
        raise NotFound(f"there is no redemption {id}")
    return Row(**row._mapping)


def listed(
    conn: Connection,
    *,
    store: str | None = None,
    order: str = "",
    customer: str = "",
    status: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Row]:
    """Return redemptions, the latest first."""
    query = select(TABLE).order_by(TABLE.c.id.desc()).limit(limit)
    wanted = {"store": store or None, "order_key": order, "customer": customer, "status": status}
    for name, value in wanted.items():
        if value:
            query = query.where(TABLE.c[name] == value)
    if before is not None:
        query = query.where(TABLE.c.id < before)
    return [Row(**row._mapping) for row in conn.execute(query)]


def change(conn: Connection, id: int, values: Mapping[str, Any]) -> None:
    """Change a redemption whose lock the caller holds."""
    conn.execute(update(TABLE).where(TABLE.c.id == id).values(**values))


def close(conn: Connection, ids: Sequence[int], status: str, now: datetime) -> None:
    """End redemptions whose locks the caller holds, in one statement."""
    conn.execute(update(TABLE).where(TABLE.c.id.in_(list(ids))).values(status=status, closed_at=now))


def overdue(conn: Connection, now: datetime, limit: int) -> list[Row]:
    """Return reservations whose time is over, locked; those that somebody works on are left for later."""
    query = select(TABLE).where(text("status = 'reserved'"), TABLE.c.expires_at <= now).order_by(TABLE.c.id)
    rows = conn.execute(query.limit(limit).with_for_update(skip_locked=True))
    return [Row(**row._mapping) for row in rows]


def find_return(conn: Connection, redemption_id: int, key: str) -> tuple[str, dict[str, Any]] | None:
    """Return the request's hash and the answer of a return that was made."""
    query = select(RETURN.c.request_hash, RETURN.c.answer)
    row = conn.execute(query.where(RETURN.c.redemption_id == redemption_id, RETURN.c.key == key)).one_or_none()
    return (row[0], row[1]) if row else None


def add_return(conn: Connection, values: Mapping[str, Any]) -> None:
    """Write a return down; the caller holds the redemption's lock."""
    conn.execute(insert(RETURN).values(**values))


def owners_of_codes(conn: Connection, ids: Sequence[int]) -> list[tuple[int, str, str, str | None]]:
    """Return (id, batch, last four, key of the customer it was issued to) of codes."""
    if not ids:
        return []
    numbers = ", ".join(str(int(id)) for id in ids)
    rows = conn.execute(
        text(
            f"""SELECT c.id, b.key, c.last4, k.key FROM code c
            JOIN code_batch b ON b.id = c.batch_id LEFT JOIN enrollment e ON e.id = c.enrollment_id
            LEFT JOIN customer k ON k.id = e.customer_id WHERE c.id IN ({numbers}) ORDER BY c.id"""
        )
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def guarded(conn: Connection, unlocks: Iterable[str]) -> set[str]:
    """Return those words that are opened by codes of a batch only."""
    query = "SELECT DISTINCT coalesce(unlock, upper(key)) FROM code_batch "
    query += f"WHERE {in_texts(conn, 'coalesce(unlock, upper(key))', 'words')}"
    return {str(word) for word in conn.execute(text(query), {"words": text_list(conn, sorted(unlocks))}).scalars()}


def phone_of(conn: Connection, customer: str) -> str | None:
    """Return a customer's phone number."""
    return conn.execute(text("SELECT phone FROM customer WHERE key = :key"), {"key": customer}).scalar_one_or_none()


def savepoint(conn: Connection) -> Any:
    """Return a part of the transaction that is undone when it is left with an error."""
    return conn.begin_nested()
