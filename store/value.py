"""What pages show of classes and values: the cube, groups, movement, sums, and one customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from store.tables import metadata
from store.types import instant_of, sqlite_text
from store.value_past import GROUP
from wayfare.value.rfm import Cell

VALUE, SUMMARY = metadata.tables["customer_value"], metadata.tables["value_summary"]
CUSTOMER, MOVE = metadata.tables["customer"], metadata.tables["rfm_move"]


@dataclass(frozen=True, slots=True)
class ValueOf:
    """One customer: classes, group, and what was reckoned (None where it was not). Amounts in minor units."""

    recency: int
    frequency: int
    monetary: int
    group: str
    since: datetime
    orders: int
    spent: int
    source: str
    alive: int | None
    orders_expected: float | None
    predicted: int | None
    lifetime: int | None
    brought: int | None
    cost: int | None
    profit: int | None
    valued_at: datetime | None


@dataclass(frozen=True, slots=True)
class CellSum:
    """One cell of the cube, with the customers in it."""

    cell: Cell
    group: str
    customers: int
    spent: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Customers who are alike in something: of a group, source, month or segment; see `ValueSummary`."""

    name: str
    customers: int
    orders: int
    spent: int
    predicted: int | None
    lifetime: int | None
    brought: int | None
    cost: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One customer in a list."""

    key: str
    first_name: str | None
    last_name: str | None
    brought: int
    cost: int
    profit: int
    predicted: int | None


def value_of(conn: Connection, customer_id: int) -> ValueOf | None:
    """Return what is known of one customer's value; None without orders, or before the first computation."""
    names = (
        *("recency", "frequency", "monetary", "rfm_group", "rfm_since", "orders", "spent", "source", "alive"),
        *("orders_expected", "predicted", "lifetime", "brought", "cost", "profit", "valued_at"),
    )
    query = select(*(VALUE.c[name] for name in names)).where(VALUE.c.customer_id == customer_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else ValueOf(*row)


def cube(conn: Connection) -> list[CellSum]:
    """Return the cells that hold customers. One scan of `customer_value`."""
    columns = (VALUE.c.recency, VALUE.c.frequency, VALUE.c.monetary, VALUE.c.rfm_group)
    query = select(*columns, func.count(), func.sum(VALUE.c.spent)).group_by(*columns)
    return [CellSum((row[0], row[1], row[2]), row[3], row[4], int(row[5])) for row in conn.execute(query)]


def moves_since(conn: Connection, since: datetime) -> dict[tuple[str | None, str], int]:
    """Return how many customers are in another group than at an instant, by (then, now); None: they were in none.

    Served by ix_rfm_move_at: the first move since then says where a customer was, the last where it is.
    """
    at = sqlite_text(since) if conn.dialect.name == "sqlite" else since
    rows = conn.execute(
        text(
            """SELECT was, is_now, count(*) FROM (
                SELECT first_value(from_group) OVER w AS was, to_group AS is_now,
                    row_number() OVER (PARTITION BY customer_id ORDER BY id DESC) AS place
                FROM rfm_move WHERE at > :since WINDOW w AS (PARTITION BY customer_id ORDER BY id)) AS moves
            WHERE place = 1 AND (was IS NULL OR was <> is_now) GROUP BY was, is_now"""
        ),
        {"since": at},
    )
    return {(row[0], row[1]): row[2] for row in rows}


def first_move_at(conn: Connection) -> datetime | None:
    """Return when the history of groups begins."""
    found: datetime | None = conn.execute(select(func.min(MOVE.c.at))).scalar_one()
    return found


def group_sizes(conn: Connection) -> list[tuple[datetime, dict[str, int]]]:
    """Return the sizes of groups at the last look of each month, the oldest first: two years at most."""
    month = "substr(at, 1, 7)" if conn.dialect.name == "sqlite" else "to_char(at, 'YYYY-MM')"
    rows = conn.execute(
        text(
            f"""SELECT at, name, customers FROM value_summary WHERE kind = '{GROUP}' AND at IN (
            SELECT max(at) FROM value_summary WHERE kind = '{GROUP}' GROUP BY {month} ORDER BY 1 DESC LIMIT 24)
            ORDER BY at"""
        )
    )
    found: dict[datetime, dict[str, int]] = {}
    for at, name, customers in rows:
        found.setdefault(instant_of(at), {})[name] = customers
    return list(found.items())


def sums(conn: Connection, kind: str) -> tuple[datetime | None, list[Sum]]:
    """Return the latest sums of a kind that values were reckoned for, and when that was."""
    newest = select(func.max(SUMMARY.c.at)).where(SUMMARY.c.kind == kind, SUMMARY.c.lifetime.is_not(None))
    at = conn.execute(newest).scalar_one()
    if at is None:
        return None, []
    columns = ("name", "customers", "orders", "spent", "predicted", "lifetime", "brought", "cost")
    query = select(*(SUMMARY.c[name] for name in columns)).where(SUMMARY.c.kind == kind, SUMMARY.c.at == at)
    return at, [Sum(*row) for row in conn.execute(query.order_by(SUMMARY.c.lifetime.desc(), SUMMARY.c.name))]


def losing(conn: Connection, limit: int, offset: int = 0) -> Sequence[Line]:
    """Return customers whose service costs more than they bring, the worst first.

    Served by ix_customer_value_profit.
    """
    names = (CUSTOMER.c.key, CUSTOMER.c.first_name, CUSTOMER.c.last_name, VALUE.c.brought, VALUE.c.cost, VALUE.c.profit)
    query = select(*names, VALUE.c.predicted).join(CUSTOMER, CUSTOMER.c.id == VALUE.c.customer_id)
    query = query.where(VALUE.c.profit < 0).order_by(VALUE.c.profit, VALUE.c.customer_id).limit(limit).offset(offset)
    return [Line(*row) for row in conn.execute(query)]


def losing_sum(conn: Connection) -> tuple[int, int]:
    """Return how many customers cost more than they bring, and how much is lost with them (not above 0)."""
    row = conn.execute(select(func.count(), func.coalesce(func.sum(VALUE.c.profit), 0)).where(VALUE.c.profit < 0)).one()
    return row[0], int(row[1])


def channels_used(conn: Connection) -> list[str]:
    """Return the channels by which messages went out lately: each costs something."""
    newest = "SELECT channel FROM message ORDER BY id DESC LIMIT 20000"
    return [row[0] for row in conn.execute(text(f"SELECT DISTINCT channel FROM ({newest}) AS sent ORDER BY channel"))]
