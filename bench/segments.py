"""What 300 segments cost: the first build, and keeping them up to date, beside counting everything anew.

Run `python -m bench.segments --help`. On PostgreSQL, with ten events a customer. Afterwards the members of every
segment must be those that plain SQL over the whole database finds.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import column, insert, literal, select, table, text

from bench import machine
from bench.server import postgres
from bench.world import open_store
from engine.match import match
from engine.runtime import Runtime
from engine.segment_rules import save_segment
from engine.segments import refresh
from nodes.registry import Registry, builtin_types
from store import segments as rows
from store.bulk import insert_new
from store.db import Connection, Store
from store.events import body_hash
from store.migrate import upgrade
from store.segment_sql import members
from wayfare.segments import parse_rule

console = Console()
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BRANDS, SKUS, COUNTRIES = 50, 50, ("UA", "PL", "KZ", "AZ", "GE")
ANEW = table("anew", column("segment_id"), column("customer_id"))
_EMPTIED = (
    "segment_member, segment_span, customer_timer, segment, customer_dirty, order_line, sales_order, wish_list_item, "
    "cart, customer_fact, event, customer"
)


def main(
    customers: int = 100_000,
    events: int = typer.Option(10, help="Events a customer."),
    touched: int = typer.Option(10_000, help="Customers who are touched at once, by two events each."),
    singles: int = typer.Option(30, help="Single purchases, each followed until its segments have changed."),
    url: str = typer.Option("", help="An empty PostgreSQL database; by default a server is started for this."),
) -> None:
    """Measure and print."""
    shown = Table("what", "seconds", "per customer and segment, µs", "beside counting anew")
    with ExitStack() as stack:
        dsn = stack.enter_context(postgres(url or None))
        for line in machine.describe(dsn):
            console.print(line)
        store = open_store(dsn)
        runtime = Runtime(store, Registry(builtin_types()), store.vault, now=lambda: NOW)
        console.print(f"filling: {timed(lambda: fill(store, customers, events)):.0f} s")
        for number, rule in enumerate(rules()):
            save_segment(store, f"s{number:03}", f"Segment {number}", rule, NOW)
        n = len(rules())
        build = timed(lambda: drain(store))
        vacuum(store)
        plain = timed(lambda: store.run(count_anew))
        check(store)
        console.print(f"{members_now(store):,} memberships in {n} segments of {customers:,} customers")
        each = 1e6 / customers / n
        shown.add_row("first build", f"{build:.1f}", f"{build * each:.2f}", f"{build / plain:.2f} ×")
        shown.add_row("counting all anew, plain SQL", f"{plain:.1f}", f"{plain * each:.2f}", "1")

        store.run(partial(happen, customers=customers, touched=touched, events=2 * touched))
        took = timed(lambda: settle(runtime))
        plain = timed(lambda: store.run(count_anew))
        check(store)
        per = took * 1e6 / touched / n
        shown.add_row(f"{touched:,} customers touched", f"{took:.2f}", f"{per:.2f}", f"{took / plain:.3f} ×")
        delays = [timed(partial(purchase, runtime, customers, number)) for number in range(singles)]
        if delays:
            p95 = quantiles(delays, n=20)[18] if len(delays) > 1 else delays[0]
            shown.add_row("one purchase, p50", f"{median(delays):.3f}", "", f"{median(delays) / plain:.4f} ×")
            shown.add_row("one purchase, p95", f"{p95:.3f}", "", "")
        later = NOW + timedelta(days=1)
        took = timed(lambda: drain(store, later))
        shown.add_row("a day goes by", f"{took:.1f}", "", f"{took / plain:.2f} ×")
        check(store, later)
    console.print(shown)


def rules() -> list[dict[str, Any]]:
    """Return 300 rules: 125 by recency, count and sum; 50 wishes; 50 by country and age; 25 recency; 50 views."""
    days = [(0, 90), (91, 180), (181, 360), (361, 700), (701, 5000)]
    found = [
        both(
            {"type": "days_since", "fact": "orders.last_at", "op": "between", "value": list(days[r])},
            {
                "type": "compare",
                "fact": "orders.count",
                "op": "between",
                "value": [[1, 1], [2, 2], [3, 3], [4, 5], [6, 999]][f],
            },
            {
                "type": "compare",
                "fact": "orders.sum",
                "op": "between",
                "value": [m * 40_000 + (m > 0), (m + 1) * 40_000 if m < 4 else 10**12],
            },
        )
        for r in range(5)
        for f in range(5)
        for m in range(5)
    ]
    found += [
        {
            "type": "events",
            "event": "wishlist.added",
            "op": ">=",
            "value": 1,
            "where": [{"field": "sku", "value": f"S{n}"}],
        }
        for n in range(SKUS)
    ]
    found += [
        both(
            {"type": "compare", "fact": "country", "op": "=", "value": country},
            {"type": "days_since", "fact": "birthday", "op": "between", "value": [years * 365, (years + 5) * 365]},
        )
        for country in COUNTRIES
        for years in range(18, 68, 5)
    ]
    found += [
        {"type": "days_since", "fact": "orders.last_at", "op": "between", "value": [30 * n, 30 * n + 29]}
        for n in range(25)
    ]
    found += [
        {
            "type": "events",
            "event": "product.viewed",
            "op": ">=",
            "value": 1,
            "within_days": 30,
            "where": [{"field": "brand", "value": f"B{n}"}],
        }
        for n in range(BRANDS)
    ]
    return found


def both(*some: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that all of these hold."""
    return {"type": "all", "rules": list(some)}


def fill(store: Store, customers: int, events: int) -> None:
    """Empty the tables and make everything in the database itself, the same each time."""
    upgrade(store.url)
    store.run(lambda conn: conn.execute(text(f"TRUNCATE {_EMPTIED} RESTART IDENTITY CASCADE")))
    store.run(partial(_people, customers=customers))
    total, chunk = customers * events, 1_000_000
    for first in range(1, total + 1, chunk):
        store.run(partial(_events, first=first, last=min(first + chunk - 1, total), customers=customers))
    store.run(_projections)
    vacuum(store)


def vacuum(store: Store) -> None:
    """Let the database know what it holds, as it does by itself after a while."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))


def _people(conn: Connection, customers: int) -> None:
    conn.execute(
        text(
            """INSERT INTO customer (id, key, country, birthday, birthday_md, time_zone, attributes, folded, created_at,
                updated_at, is_synthetic)
            SELECT i, 'c' || i, c, b, extract(month FROM b) * 100 + extract(day FROM b), 'Europe/Kyiv', '{}',
                jsonb_build_object('key', 'c' || i, 'country', lower(c), 'time_zone', 'europe/kyiv'), :now, :now, true
            FROM (SELECT i, (CAST(:countries AS text[]))[1 + i % 5] AS c, date '1950-01-01' + (i * 7919 % 20000)::int
                AS b FROM generate_series(1, :n) AS i) AS people"""
        ),
        {"n": customers, "now": NOW, "countries": list(COUNTRIES)},
    )


def _events(conn: Connection, first: int, last: int, customers: int) -> None:
    conn.execute(
        text(
            """INSERT INTO event (source, key, customer_id, type, at, received_at, data, body_hash, depth, matched_at,
                match_no)
            SELECT 'bench', 'e' || i, 1 + abs(h / 11) % :customers, type, at, at,
                CASE type WHEN 'purchase' THEN jsonb_build_object('order', 'o' || i, 'currency', 'UAH', 'total', total)
                WHEN 'wishlist.added' THEN jsonb_build_object('sku', sku)
                ELSE jsonb_build_object('brand', 'B' || abs(h / 17) % 200, 'sku', sku) END, '', 0, at, i
            FROM (SELECT i, h, 'S' || abs(h / 13) % 500 AS sku,
                CASE WHEN abs(h / 7) % 10 < 2 THEN 'purchase' WHEN abs(h / 7) % 10 = 2 THEN 'wishlist.added'
                    ELSE 'product.viewed' END AS type,
                CAST(:now AS timestamptz) - make_interval(mins => (abs(h) % 1440000)::int) AS at,
                1000 + abs(h) % 90000 AS total
                FROM (SELECT i, hashint8(i)::bigint AS h FROM generate_series(:first, :last) AS i) AS hashed) AS made"""
        ),
        {"first": first, "last": last, "customers": customers, "now": NOW},
    )


def _projections(conn: Connection) -> None:
    conn.execute(
        text(
            """INSERT INTO sales_order (source, key, customer_id, event_id, at, currency, total)
            SELECT source, data ->> 'order', customer_id, id, at, 'UAH', (data ->> 'total')::bigint FROM event
            WHERE type = 'purchase'"""
        )
    )
    conn.execute(
        text(
            """INSERT INTO customer_fact (customer_id, order_count, order_sum, first_order_at, last_order_at,
                last_event_at)
            SELECT customer_id, count(*), sum(total), min(at), max(at), max(at) FROM sales_order GROUP BY 1"""
        )
    )


def drain(store: Store, now: datetime = NOW) -> None:
    """Refresh until nothing is left."""
    while refresh(store, now):
        pass


def settle(runtime: Runtime) -> None:
    """Match and refresh until nothing is left."""
    while match(runtime, now=NOW) + refresh(runtime.store, NOW):
        pass


def count_anew(conn: Connection, now: datetime = NOW) -> None:
    """Compute all members from nothing: one INSERT ... SELECT a segment into a table of its own, and its key."""
    conn.execute(text("DROP TABLE IF EXISTS anew"))
    conn.execute(text("CREATE TABLE anew (segment_id bigint, customer_id bigint)"))
    for row in rows.all_segments(conn):
        found = members(conn, parse_rule(row.rule), now).subquery()
        conn.execute(insert(ANEW).from_select(["segment_id", "customer_id"], select(literal(row.id), found.c.id)))
    conn.execute(text("ALTER TABLE anew ADD PRIMARY KEY (segment_id, customer_id)"))


def check(store: Store, now: datetime = NOW) -> None:
    """Compare the members of every segment with those counted anew."""
    if now != NOW:
        store.run(partial(count_anew, now=now))
    difference = """SELECT count(*) FROM (
        (SELECT segment_id, customer_id FROM anew EXCEPT SELECT segment_id, customer_id FROM segment_member)
        UNION ALL
        (SELECT segment_id, customer_id FROM segment_member EXCEPT SELECT segment_id, customer_id FROM anew)) AS d"""
    with store.read() as conn:
        wrong = conn.execute(text(difference)).scalar_one()
    assert wrong == 0, f"{wrong} memberships differ from plain SQL"


def members_now(store: Store) -> int:
    """Return how many memberships there are."""
    with store.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM segment_member")).scalar_one())


def happen(conn: Connection, customers: int, touched: int, events: int) -> None:
    """Put new events of `touched` customers into the inbox: half purchases, half views."""
    step = max(1, customers // touched)
    made = []
    for number in range(events):
        id = 1 + (number % touched) * step
        is_purchase = number % 2 == 0
        data: dict[str, Any] = (
            {"order": f"n{number}", "currency": "UAH", "total": 25_000, "lines": []}
            if is_purchase
            else {"brand": f"B{number % BRANDS}", "sku": "S1"}
        )
        type = "purchase" if is_purchase else "product.viewed"
        made.append((id, "bench", f"new{number}", type, 0, data, body_hash(data), NOW, NOW))
    insert_new(conn, "event", rows._EVENT, made)


def purchase(runtime: Runtime, customers: int, number: int) -> None:
    """Let one customer buy, and wait until the segments know."""
    data = {"order": f"single{number}", "currency": "UAH", "total": 10**7, "lines": []}
    row = (1 + number * 31 % customers, "bench", f"single{number}", "purchase", 0, data, body_hash(data), NOW, NOW)
    runtime.store.run(lambda conn: insert_new(conn, "event", rows._EVENT, [row]))
    settle(runtime)


def timed(what: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    before = time.perf_counter()
    what()
    return time.perf_counter() - before


if __name__ == "__main__":
    typer.run(main)
