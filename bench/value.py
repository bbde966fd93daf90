"""RFM and value of a million customers: how long it takes, beside one statement with ntile() on the same database.

Run `python -m bench.value --help`. On PostgreSQL. Each measure is taken in turns with its counterpart, and the load of
the machine stands beside the figures.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import typer
from sqlalchemy import text

from bench import machine
from bench.server import postgres
from engine.value import advance, compute
from store.bulk import copy_lines
from store.db import Store
from store.migrate import upgrade
from store.value_models import last_models
from store.value_runs import RFM, VALUE, ask, open_run
from wayfare import clock
from wayfare.vault import Vault

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_BLOCK = 50_000
NTILE = """CREATE TABLE plain AS SELECT customer_id, r, f, m, CASE WHEN r >= 4 AND f + m >= 9 THEN 'champions'
    WHEN f + m >= 7 THEN 'loyal' WHEN r <= 2 AND f + m >= 5 THEN 'at_risk' WHEN r = 1 THEN 'lost' ELSE 'other' END
    AS rfm_group FROM (SELECT customer_id, ntile(5) OVER (ORDER BY last_order_at) AS r,
    ntile(5) OVER (ORDER BY order_count) AS f, ntile(5) OVER (ORDER BY order_sum) AS m
    FROM customer_fact WHERE order_count > 0) AS scored"""


def main(
    customers: int = 1_000_000,
    orders: float = typer.Option(4, help="Orders a customer, on average."),
    url: str = typer.Option("", help="An empty PostgreSQL database; by default a server is started for this."),
) -> None:
    """Fill a database, measure, print."""
    with ExitStack() as stack:
        dsn = stack.enter_context(postgres(url or None))
        for line in machine.describe(dsn):
            print(line, flush=True)
        address = dsn.replace("postgresql://", "postgresql+psycopg://")
        upgrade(address)
        store = Store(address, Vault(b"a secret that only benches know!"))
        stack.callback(store.dispose)
        told("fill", lambda: fill(store, customers, orders))
        measure(store)


def measure(store: Store) -> None:
    """Compute for the first time, again with nothing new, and again after a day of purchases; ntile() in between."""
    plain = [told("one statement with ntile()", lambda: ntile(store))]
    told("first RFM computation, with the history of months", lambda: compute(store, RFM, NOW, "bench"))
    again = []
    for day in (1, 2, 3):
        plain.append(told("one statement with ntile()", lambda: ntile(store)))
        purchases(store, day)
        again.append(told("RFM computed again, after a day's purchases", computing(store, RFM, day)))
    print(f"ratio to ntile(): {sum(again) / len(again) / (sum(plain) / len(plain)):.2f}")
    at = NOW + timedelta(days=4)
    told("values: RFM, fit, forecast, costs", lambda: phases(store, at))
    with store.read() as conn:
        model = last_models(conn)[0]
    print(f"fit: {model.customers} customers, {model.parameters or model.problem}")


def computing(store: Store, kind: str, day: int) -> Callable[[], object]:
    """Return a computation some days later."""
    return lambda: compute(store, kind, NOW + timedelta(days=day), "bench")


def phases(store: Store, now: datetime) -> None:
    """Compute values, telling how long each phase takes."""
    store.run(lambda conn: ask(conn, VALUE, now, "bench"))
    begin, last = clock.monotonic(), ""
    while True:
        with store.read() as conn:
            run = open_run(conn)
        phase = run.phase if run else ""
        if last and phase != last:
            print(f"    {last}: {clock.monotonic() - begin:.1f} s", flush=True)
            begin = clock.monotonic()
        last = phase
        if run is None:
            return
        advance(store, now)


def ntile(store: Store) -> None:
    """Do it as one does it by hand: into a table without keys, history or segments."""
    with store.write() as conn:
        conn.execute(text("DROP TABLE IF EXISTS plain"))
        conn.execute(text(NTILE))


def purchases(store: Store, day: int) -> None:
    """Let one customer in fifty buy, as the figures show it."""
    with store.write() as conn:
        conn.execute(
            text(
                """UPDATE customer_fact SET order_count = order_count + 1, order_sum = order_sum + 5000,
                last_order_at = :at WHERE customer_id % 50 = :day"""
            ),
            {"at": NOW + timedelta(days=day), "day": day},
        )


def fill(store: Store, customers: int, mean: float) -> None:
    """Make customers who buy at rates of their own and stop one day, as the model has it."""
    chance = np.random.default_rng(7)
    for first in range(1, customers + 1, _BLOCK):
        block(store, range(first, min(first + _BLOCK, customers + 1)), mean, chance)
    with store.write() as conn:
        conn.execute(text("ANALYZE"))


def block(store: Store, ids: range, mean: float, chance: np.random.Generator) -> None:
    """Make some customers with their orders and figures."""
    size = len(ids)
    begin = chance.integers(30, 1000, size)
    rate = chance.gamma(0.3, mean / 300, size)  # purchases a day
    stops = chance.beta(0.8, 2.4, size)
    made: dict[str, list[Any]] = {"customer": [], "sales_order": [], "customer_fact": []}
    for place, id in enumerate(ids):
        made["customer"].append(f"{id}\tc{id}\t{{}}\t{{}}\t{NOW}\t{NOW}\tt\n")
        lasts = int(chance.geometric(max(stops[place], 1e-6)))
        gaps = np.cumsum(chance.exponential(1 / max(rate[place], 1e-9), min(lasts - 1, 60)))
        days = sorted({int(begin[place]), *(begin[place] - gaps[gaps < begin[place]]).astype(int).tolist()})
        totals = (chance.gamma(4.0, 900.0, len(days)) + 100).astype(int).tolist()
        instants = [NOW - timedelta(days=day) for day in reversed(days)]
        made["sales_order"] += [
            f"bench\t{id}-{number}\t{id}\t{at}\tUAH\t{total}\n"
            for number, (at, total) in enumerate(zip(instants, totals, strict=True))
        ]
        made["customer_fact"].append(f"{id}\t{len(days)}\t{sum(totals)}\t{instants[0]}\t{instants[-1]}\n")
    columns = {
        "customer": ("id", "key", "attributes", "folded", "created_at", "updated_at", "is_synthetic"),
        "sales_order": ("source", "key", "customer_id", "at", "currency", "total"),
        "customer_fact": ("customer_id", "order_count", "order_sum", "first_order_at", "last_order_at"),
    }
    with store.write() as conn:
        for table, lines in made.items():
            copy_lines(conn, table, columns[table], "".join(lines))


def told(what: str, work: Callable[[], object]) -> float:
    """Do it, print how long it took, and return that."""
    begin = clock.monotonic()
    work()
    seconds = clock.monotonic() - begin
    print(f"{what}: {seconds:.1f} s (load {os.getloadavg()[0]:.1f})", flush=True)
    return seconds


if __name__ == "__main__":
    typer.run(main)
