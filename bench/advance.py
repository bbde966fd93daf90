"""How many customer-steps a second: Wayfare beside hand-written SQL and beside other ways to do the same.

Run `python -m bench.advance --help`. All contestants run one after the other against the same PostgreSQL server;
Wayfare and the limit take turns, so that what else the machine does hits both.
"""

import multiprocessing as mp
import resource
import time
from collections.abc import Callable
from datetime import datetime
from statistics import median

import typer
from rich.console import Console
from rich.table import Table

from bench import limit, peers
from bench.journey import START, STEPS
from bench.server import postgres
from bench.world import fill, open_store

console = Console()


def main(
    customers: int = 100_000,
    batch: int = 5_000,
    rounds: int = 3,
    workers: str = "1,2",
    url: str = typer.Option("", help="An empty PostgreSQL database; by default a server is started for this."),
    sqlite: bool = typer.Option(False, help="Measure Wayfare on SQLite as well."),
    with_peers: bool = typer.Option(False, help="SpiffWorkflow, DBOS and one RQ job a customer and step, too."),
) -> None:
    """Measure and print rates, ratios, worst batch and memory."""
    found: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    with postgres(url or None) as dsn:
        for _ in range(rounds):
            for count in (int(number) for number in workers.split(",")):
                for name, target in (("limit", _limit), ("wayfare", _wayfare)):
                    rate, note = measure(dsn, customers, batch, count, target)
                    found.setdefault(f"{name}, {count} worker{'s' * (count > 1)}", []).append(rate)
                    notes[f"{name}, {count} worker{'s' * (count > 1)}"] = note
                    console.print(f"{name} x{count}: {rate:,.0f} customer-steps/s ({note})")
        if with_peers:
            for name, rate in peers.run(dsn):
                found[name] = [rate]
                console.print(f"{name}: {rate:,.0f} customer-steps/s")
    if sqlite:
        rate, note = measure_sqlite(customers, batch)
        found["wayfare on SQLite, 1 worker"] = [rate]
        notes["wayfare on SQLite, 1 worker"] = note
    _print(found, notes)


def measure(dsn: str, customers: int, batch: int, workers: int, target: Callable[..., None]) -> tuple[float, str]:
    """Walk everyone through both legs with so many processes; return customer-steps a second and a note."""
    store = open_store(dsn)
    fill(store, customers)
    store.dispose()
    elapsed = 0.0
    worst = 0.0
    memory = 0
    for now, first in limit.legs(START):
        context = mp.get_context("spawn")
        ready, go, results = context.Barrier(workers + 1), context.Event(), context.Queue()
        processes = [
            context.Process(target=target, args=(dsn, now, first, batch, ready, go, results)) for _ in range(workers)
        ]
        for process in processes:
            process.start()
        ready.wait()
        began = time.perf_counter()
        go.set()
        outcomes = [results.get() for _ in processes]
        elapsed += time.perf_counter() - began
        for process in processes:
            process.join()
        done = sum(outcome[0] for outcome in outcomes)
        if done != customers:
            raise SystemExit(f"{done} of {customers} enrollments were walked")
        worst = max(worst, *(outcome[1] for outcome in outcomes))
        memory = max(memory, *(outcome[2] for outcome in outcomes))
    _check(dsn, customers)
    return customers * STEPS / elapsed, f"worst batch {worst * 1000:.0f} ms, {memory} MB a worker"


def _check(dsn: str, customers: int) -> None:
    """Refuse a figure whose effects are not all there."""
    store = open_store(dsn)
    from sqlalchemy import text

    with store.read() as conn:
        for table, expected in (("step_log", STEPS * customers), ("message", 2 * customers), ("code", customers)):
            there = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            if there != expected:
                raise SystemExit(f"{table} has {there} rows, expected {expected}")
    store.dispose()


def _limit(
    dsn: str, now: datetime, first: bool, batch: int, ready: mp.Barrier, go: mp.Event, results: mp.Queue
) -> None:
    ready.wait()
    go.wait()
    done = limit.work(dsn, now, batch, first)
    results.put((done, 0.0, _memory()))


def _wayfare(
    dsn: str, now: datetime, first: bool, batch: int, ready: mp.Barrier, go: mp.Event, results: mp.Queue
) -> None:
    from engine.runtime import Runtime
    from engine.tune import tune
    from engine.walk import advance
    from nodes.registry import open_registry

    store = open_store(dsn)
    runtime = Runtime(store, open_registry(), store.vault)
    with store.read() as conn:
        runtime.versions.get(conn, 1)
    tune()
    ready.wait()
    go.wait()
    done, worst = 0, 0.0
    while True:
        began = time.perf_counter()
        walked = advance(runtime, 1, now=now, limit=batch)
        if not walked.enrollments:
            break
        worst = max(worst, time.perf_counter() - began)
        done += walked.enrollments
    results.put((done, worst, _memory()))


def measure_sqlite(customers: int, batch: int) -> tuple[float, str]:
    """The same on an SQLite file, in this process."""
    import tempfile

    from engine.runtime import Runtime
    from engine.walk import advance
    from nodes.registry import open_registry

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/bench.sqlite3")
        fill(store, customers)
        runtime = Runtime(store, open_registry(), store.vault)
        began, worst = time.perf_counter(), 0.0
        for now, _ in limit.legs(START):
            while True:
                batch_began = time.perf_counter()
                if not advance(runtime, 1, now=now, limit=batch).enrollments:
                    break
                worst = max(worst, time.perf_counter() - batch_began)
        elapsed = time.perf_counter() - began
        store.dispose()
    return customers * STEPS / elapsed, f"worst batch {worst * 1000:.0f} ms"


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _print(found: dict[str, list[float]], notes: dict[str, str]) -> None:
    table = Table("contestant", "customer-steps/s (median)", "lowest–highest", "Wayfare is", "notes")
    for name, rates in found.items():
        workers = "2" if ("2 workers" in name or "worker" not in name) and "wayfare, 2 workers" in found else "1"
        ours = median(found.get(f"wayfare, {workers} worker{'s' * (workers == '2')}", rates))
        table.add_row(
            name,
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f}–{max(rates):,.0f}",
            f"{ours / median(rates):.2f} ×",
            notes.get(name, ""),
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
