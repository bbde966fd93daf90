"""Questions to the past: asked, claimed, gone on with, answered; and the receipts and costs that they read."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, literal_column, or_, select, text, update

from store.bulk import in_texts, text_list, update_rows
from store.db import db_now
from store.tables import metadata
from wayfare.errors import Conflict, NotFound

TABLE = metadata.tables["what_if"]
WORST = metadata.tables["worst_price"]
PRODUCT = metadata.tables["product"]
REDEMPTION = metadata.tables["redemption"]
MOST_ATTEMPTS = 3
"""Claims without any progress, after which a question is given up: its worker dies each time."""

_BOUGHT = ("confirmed", "part_returned", "returned")
_LARGE = ("old_body", "new_body", "file", "state", "result")


@dataclass(frozen=True, slots=True)
class Row:
    """One question. What is large (the rules, the file, the state, the result) is empty where a list was asked for."""

    id: int
    kind: str
    old_name: str
    new_name: str
    old_body: str
    new_body: str
    spec: dict[str, Any]
    file: bytes | None
    status: str
    total: int | None
    seen: int
    position: int
    state: str
    result: dict[str, Any] | None
    error: str
    attempts: int
    token: str
    lease_until: datetime | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.status in ("queued", "running")


@dataclass(frozen=True, slots=True)
class Order:
    """One order that was confirmed."""

    id: int
    store: str
    key: str
    cart: dict[str, Any]


def ask(conn: Connection, values: Mapping[str, Any], *, by: str, now: datetime) -> int:
    """Add a question to those that wait; return its id."""
    fixed = {"status": "queued", "created_at": now, "created_by": by[:320]}
    empty = {"seen": 0, "position": 0, "state": "", "error": "", "attempts": 0, "token": ""}
    names = {"old_name": "", "new_name": "", "old_body": "", "new_body": ""}
    return int(
        conn.execute(insert(TABLE).values({**names, **empty, **fixed, **values}).returning(TABLE.c.id)).scalar_one()
    )


def get(conn: Connection, id: int, kind: str = "") -> Row:
    """Return a question with everything. Raises NotFound."""
    row = conn.execute(select(TABLE).where(TABLE.c.id == id)).one_or_none() if id < 2**63 else None
    if row is None or (kind and row.kind != kind):
        raise NotFound(f"there is no question {id} to the past")
    return Row(**row._mapping)


def small(conn: Connection, id: int) -> Row:
    """Return a question without what is large: for those who wait for it. Raises NotFound."""
    row = conn.execute(_small().where(TABLE.c.id == id)).one_or_none() if id < 2**63 else None
    if row is None:
        raise NotFound(f"there is no question {id} to the past")
    return Row(**row._mapping)


def listed(conn: Connection, kind: str, *, before: int | None = None, limit: int = 25) -> list[Row]:
    """Return questions of a kind without what is large, the latest first."""
    query = _small().where(TABLE.c.kind == kind).order_by(TABLE.c.id.desc()).limit(limit)
    return [Row(**row._mapping) for row in conn.execute(query if before is None else query.where(TABLE.c.id < before))]


def claim(conn: Connection, lease: timedelta) -> Row | None:
    """Take the oldest question that nobody works on, and count the attempt; None when there is none.

    One whose worker died, again and again at the same place, is given up: its status says failed.
    """
    now = db_now(conn)
    free = or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until < now)
    query = select(TABLE.c.id, TABLE.c.attempts).where(text("status IN ('queued', 'running')"), free)
    query = query.order_by(TABLE.c.id).limit(1).with_for_update(skip_locked=True)
    while (found := conn.execute(query).one_or_none()) is not None:
        mine = update(TABLE).where(TABLE.c.id == found.id)
        if found.attempts >= MOST_ATTEMPTS:
            words = f"the worker died {MOST_ATTEMPTS} times without coming further; start it again, with fewer receipts"
            conn.execute(mine.values(status="failed", error=words, finished_at=now, lease_until=None))
            continue
        token = secrets.token_hex(8)
        lent = {"token": token, "lease_until": now + lease, "attempts": found.attempts + 1}
        conn.execute(mine.values(status="running", **lent))
        return get(conn, found.id)
    return None


def is_waiting(conn: Connection) -> bool:
    """Return whether any question has no answer yet."""
    return conn.execute(select(TABLE.c.id).where(text("status IN ('queued', 'running')")).limit(1)).first() is not None


def note(conn: Connection, row: Row, *, lease: timedelta, **values: Any) -> bool:
    """Note how far a question has come; False when it is no longer ours: cancelled, or taken by another worker."""
    mine = update(TABLE).where(TABLE.c.id == row.id, TABLE.c.token == row.token, TABLE.c.status == "running")
    fresh = {"lease_until": db_now(conn) + lease, "attempts": 0}
    return conn.execute(mine.values(**fresh, **values)).rowcount == 1


def end(conn: Connection, row: Row, status: str, now: datetime, **values: Any) -> bool:
    """Answer a question, or give it up; False when it is no longer ours."""
    mine = update(TABLE).where(TABLE.c.id == row.id, TABLE.c.token == row.token, TABLE.c.status == "running")
    closed = {"status": status, "finished_at": now, "lease_until": None, "state": ""}
    return conn.execute(mine.values(**closed, **values)).rowcount == 1


def let_go(conn: Connection, row: Row) -> None:
    """Leave a question to the next worker: this one stops."""
    mine = update(TABLE).where(TABLE.c.id == row.id, TABLE.c.token == row.token, TABLE.c.status == "running")
    conn.execute(mine.values(lease_until=None, attempts=0))


def unlease(conn: Connection, row: Row) -> None:
    """Leave a question to the next try after something went wrong; the attempt stays counted."""
    mine = update(TABLE).where(TABLE.c.id == row.id, TABLE.c.token == row.token, TABLE.c.status == "running")
    conn.execute(mine.values(lease_until=None))


def cancel(conn: Connection, id: int, now: datetime) -> bool:
    """Stop a question; False when it has its answer already. Whoever works on it notices at the next note."""
    mine = (TABLE.c.id == id, text("status IN ('queued', 'running')"))
    closed = {"status": "cancelled", "finished_at": now, "lease_until": None, "state": ""}
    return conn.execute(update(TABLE).where(*mine).values(**closed)).rowcount == 1


def again(conn: Connection, id: int) -> None:
    """Ask a question anew from its beginning. Raises Conflict while it is being answered."""
    mine = (TABLE.c.id == id, text("status IN ('failed', 'cancelled', 'done')"))
    fresh = {"status": "queued", "seen": 0, "position": 0, "state": "", "error": "", "attempts": 0, "token": ""}
    values = {**fresh, "result": None, "finished_at": None, "lease_until": None, "total": None}
    conn.execute(delete(WORST).where(WORST.c.what_if_id == id))
    if not conn.execute(update(TABLE).where(*mine).values(**values)).rowcount:
        raise Conflict("it is being worked on; stop it first")


def remove(conn: Connection, id: int) -> None:
    """Forget a question with its answer and its file."""
    conn.execute(delete(WORST).where(WORST.c.what_if_id == id))
    conn.execute(delete(TABLE).where(TABLE.c.id == id))


def orders(conn: Connection, since: datetime, until: datetime, *, after: int = 0, limit: int = 500) -> list[Order]:
    """Return orders that were confirmed within a time, in the order of their ids."""
    columns = (REDEMPTION.c.id, REDEMPTION.c.store, REDEMPTION.c.order_key, REDEMPTION.c.cart)
    query = select(*columns).where(*_confirmed(since, until), REDEMPTION.c.id > after)
    return [Order(*row) for row in conn.execute(query.order_by(REDEMPTION.c.id).limit(limit))]


def count_orders(conn: Connection, since: datetime, until: datetime) -> int:
    """Return how many orders were confirmed within a time."""
    return int(conn.execute(select(func.count()).where(*_confirmed(since, until))).scalar_one())


def costs(conn: Connection, skus: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return the cost of one unit and its currency, of those products whose cost is known."""
    query = select(PRODUCT.c.sku, PRODUCT.c.cost, PRODUCT.c.currency).where(
        text(in_texts(conn, "sku", "skus")), PRODUCT.c.cost.is_not(None)
    )
    return {row.sku: (row.cost, row.currency) for row in conn.execute(query, {"skus": text_list(conn, sorted(skus))})}


def set_costs(conn: Connection, by_sku: Mapping[str, int | None]) -> None:
    """Write what products cost us; None forgets it."""
    update_rows(conn, "product", (("sku", "text"), ("cost", "bigint")), sorted(by_sku.items()))


@dataclass(frozen=True, slots=True)
class Priced:
    """A product that has a price."""

    id: int
    sku: str
    name: str
    brand: str | None
    categories: list[str]
    price: int
    cost: int | None
    currency: str


def priced_products(conn: Connection, after: int, limit: int) -> list[Priced]:
    """Return products that have a price above 0, in the order of their ids."""
    columns = (PRODUCT.c[name] for name in Priced.__dataclass_fields__)
    query = select(*columns).where(PRODUCT.c.id > after, PRODUCT.c.price > 0).order_by(PRODUCT.c.id).limit(limit)
    return [Priced(*row) for row in conn.execute(query)]


def count_priced(conn: Connection) -> int:
    """Return how many products have a price above 0."""
    return int(conn.execute(select(func.count()).where(PRODUCT.c.price > 0)).scalar_one())


def add_worst(conn: Connection, id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add worst prices of products to a question's answer."""
    if rows:
        conn.execute(insert(WORST), [{"what_if_id": id, **row} for row in rows])


@dataclass(frozen=True, slots=True)
class Worst:
    """The lowest price of one piece of a product; see the table."""

    sku: str
    name: str
    brand: str
    price: int
    lowest: int
    off: int
    cost: int | None
    margin: int | None
    proven: bool
    promotions: list[str]
    cart: dict[str, Any]


def worst_prices(
    conn: Connection,
    id: int,
    *,
    search: str = "",
    above: int | None = None,
    only_below_cost: bool = False,
    order: str = "off",
    is_descending: bool = True,
    page: int = 1,
    size: int = 25,
) -> tuple[list[Worst], int]:
    """Return some worst prices, and how many there are. `above`: hundredths of a percent off the list price.

    `search` looks into SKU, name and brand, whatever the case of Latin letters.
    """
    where = [WORST.c.what_if_id == id]
    if search:
        wanted = f"%{search.lower().replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        columns = (WORST.c.sku, WORST.c.name, WORST.c.brand)
        where.append(or_(*(func.lower(one).like(wanted, escape="!") for one in columns)))
    if above is not None:
        where.append(WORST.c.off > above)
    if only_below_cost:
        where.append(WORST.c.margin < 0)
    total = int(conn.execute(select(func.count()).where(*where)).scalar_one())
    column = WORST.c[order]
    placed = column.desc().nulls_last() if is_descending else column.asc().nulls_last()
    query = select(*(WORST.c[name] for name in Worst.__dataclass_fields__)).where(*where)
    rows = conn.execute(query.order_by(placed, WORST.c.sku).offset((page - 1) * size).limit(size))
    return [Worst(*row) for row in rows], total


def newest_product(conn: Connection) -> datetime | None:
    """Return when a product was last changed."""
    return conn.execute(select(func.max(PRODUCT.c.updated_at))).scalar_one_or_none()


def _small() -> Any:
    empty = {"file": "NULL", "result": "NULL"}
    columns: list[Any] = [
        literal_column(empty.get(name, "''")).label(name) if name in _LARGE else TABLE.c[name]
        for name in Row.__dataclass_fields__
    ]
    return select(*columns)


def _confirmed(since: datetime, until: datetime) -> tuple[Any, ...]:
    return (
        REDEMPTION.c.status.in_(_BOUGHT),
        REDEMPTION.c.confirmed_at >= since,
        REDEMPTION.c.confirmed_at < until,
    )
