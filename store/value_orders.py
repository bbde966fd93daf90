"""What the forecast and the cost to serve are reckoned from: orders, messages and service, as arrays by customer."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, Numeric, column, text

from store.json_sql import number_at, text_at
from store.numbers import Numbers, columns, epoch
from store.value_days import local_days

_ALIVE = "NOT EXISTS (SELECT 1 FROM customer c WHERE c.id = o.customer_id AND c.erased_at IS NOT NULL)"
_PRIME, _RING = 7919, 1_000_003
_SENT = "status IN ('sent', 'uncertain')"
_THOUSAND = 1000


def orders(conn: Connection, after: int, upto: int, now: datetime) -> tuple[Numbers, Numbers, Numbers]:
    """Return (customer, local day, total) of the orders up to `now` of the customers in (after, upto], in order.

    Served by ix_sales_order_customer_at.
    """
    return _orders(conn, "o.customer_id > :after AND o.customer_id <= :upto", {"after": after, "upto": upto}, now)


def sampled_orders(conn: Connection, share: float, now: datetime) -> tuple[Numbers, Numbers, Numbers]:
    """Return the same of a share of all customers: always the same ones, spread over all ids."""
    if share >= 1:
        return _orders(conn, "1 = 1", {}, now)
    limit = {"limit": int(share * _RING)}
    return _orders(conn, f"(o.customer_id * {_PRIME}) % {_RING} < :limit", limit, now)


def _orders(conn: Connection, which: str, values: dict[str, int], now: datetime) -> tuple[Numbers, Numbers, Numbers]:
    named = {"customer": "o.customer_id", "at": epoch(conn, "o.at"), "total": "o.total"}
    found = columns(conn, named, f"FROM sales_order o WHERE {which} AND {_ALIVE} ORDER BY o.customer_id, o.at", values)
    is_past = found["at"] <= int(now.timestamp())
    return found["customer"][is_past], local_days(conn, found["at"])[is_past], found["total"][is_past]


def message_counts(
    conn: Connection, after: int, upto: int, since: datetime, channels: Sequence[str]
) -> tuple[Numbers, Numbers, Numbers]:
    """Return (customer, place in `channels`, how many) of messages sent since an instant.

    By way of the enrollments, whose unique key begins with the customer: messages have no index of their own for it.
    """
    if not channels:
        none = np.empty(0, dtype=np.int64)
        return none, none, none
    cases = " ".join(f"WHEN '{_quoted(name)}' THEN {place}" for place, name in enumerate(channels))
    channel = f"CASE m.channel {cases} ELSE -1 END"
    named = {"customer": "e.customer_id", "channel": channel, "n": "count(*)"}
    query = f"""FROM enrollment e JOIN message m ON m.enrollment_id = e.id
        WHERE e.customer_id > :after AND e.customer_id <= :upto AND m.{_SENT} AND {epoch(conn, "m.sent_at")} >= :since
        GROUP BY 1, 2"""
    found = columns(conn, named, query, {"after": after, "upto": upto, "since": int(since.timestamp())})
    known = found["channel"] >= 0
    return found["customer"][known], found["channel"][known], found["n"][known]


def service_hours(conn: Connection, after: int, upto: int, attribute: str) -> tuple[Numbers, Numbers]:
    """Return (customer, thousandths of an hour a month) that an attribute says of customers; others are left out."""
    number = number_at(conn.dialect.name, column("attributes"), attribute, Numeric())
    sql = str(number.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True}))
    query = "FROM customer WHERE id > :after AND id <= :upto ORDER BY id"
    named = {"customer": "id", "hours": f"coalesce(CAST(round(({sql}) * {_THOUSAND}) AS bigint), 0)"}
    found = columns(conn, named, query, {"after": after, "upto": upto})
    is_some = (found["hours"] > 0) & (found["hours"] < 10**9)
    return found["customer"][is_some], found["hours"][is_some]


def service_minutes(
    conn: Connection, after: int, upto: int, type: str, field: str, since: datetime
) -> tuple[Numbers, Numbers]:
    """Return (customer, thousandths of a minute) that events of a type tell since an instant."""
    number = number_at(conn.dialect.name, column("data"), field, Numeric())
    sql = str(number.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True}))
    query = f"""FROM event WHERE customer_id > :after AND customer_id <= :upto AND type = '{_quoted(type)}'
        AND {epoch(conn, "at")} >= :since GROUP BY 1 ORDER BY 1"""
    named = {"customer": "customer_id", "minutes": f"coalesce(CAST(round(sum({sql}) * {_THOUSAND}) AS bigint), 0)"}
    found = columns(conn, named, query, {"after": after, "upto": upto, "since": int(since.timestamp())})
    is_some = (found["minutes"] > 0) & (found["minutes"] < 10**10)
    return found["customer"][is_some], found["minutes"][is_some]


def sources(conn: Connection, after: int, upto: int, attribute: str) -> dict[int, str]:
    """Return by customer the text of the attribute that says what brought them; others are left out."""
    value = text_at(conn.dialect.name, column("attributes"), attribute)
    sql = str(value.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True}))
    query = f"SELECT id, {sql} FROM customer WHERE id > :after AND id <= :upto AND {sql} IS NOT NULL"
    rows = conn.execute(text(query.replace("::", "\\:\\:")), {"after": after, "upto": upto})
    return {row[0]: str(row[1])[:100] for row in rows}


def _quoted(word: str) -> str:
    return word.replace("'", "''")
