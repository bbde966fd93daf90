"""How many events a second come in through HTTP, stored for good, and how soon customers take their next step.

Run `python -m bench.intake --help`. The real server of `wayfare web` answers, on PostgreSQL and on SQLite; the client
shares the machine with both. Afterwards every accepted event must be in the database.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.server import postgres
from bench.world import SECRET, open_store
from builder.publish import publish
from builder.text import from_document
from nodes.registry import open_registry
from store.db import Store
from store.migrate import upgrade
from wayfare.supervise import valkey
from wayfare.supervise.ports import any_free
from web import accounts

console = Console()
GRAPH = {
    "schema": 1,
    "nodes": [
        {"id": "n1", "type": "trigger.event", "settings": {"event": "shop.visited"}},
        {"id": "n2", "type": "flow.wait", "settings": {"amount": 1, "unit": "days"}},
        {"id": "n3", "type": "flow.exit", "settings": {}},
    ],
    "edges": [{"from": "n1", "port": "next", "to": "n2"}, {"from": "n2", "port": "next", "to": "n3"}],
    "entry": {"reentry": "always"},
}


@dataclass
class Load:
    """What a run sent, and how long each request took."""

    accepted: int = 0
    seconds: float = 0.0
    requests: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Accepted events a second."""
        return self.accepted / self.seconds

    def at(self, percent: int) -> float:
        """Milliseconds within which so many percent of the requests were answered."""
        return quantiles(self.requests, n=100)[percent - 1] * 1000


def main(
    seconds: float = 10,
    batch: int = 1000,
    connections: int = 4,
    singles: int = 16,
    customers: int = 20_000,
    rate: int = typer.Option(1000, help="Events a second while the customers' next steps are timed."),
    url: str = typer.Option("", help="An empty PostgreSQL database; by default a server is started for this."),
    latency: bool = typer.Option(True, help="Time the customers' next steps, with a running worker."),
    sqlite: bool = True,
) -> None:
    """Measure and print rates and answer times."""
    table = Table("database", "what", "events/s", "p50 ms", "p99 ms")
    with ExitStack() as stack:
        databases = {"PostgreSQL": stack.enter_context(postgres(url or None))}
        if sqlite:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            databases["SQLite"] = f"sqlite:///{folder}/bench.sqlite3"
        for name, dsn in databases.items():
            with served(dsn) as (store, port, key):
                for size, lanes in ((batch, connections), (1, singles)):
                    load = send(port, key, size, lanes, seconds, customers)
                    assert stored(store) >= load.accepted, "an accepted event is missing"
                    what = f"{size} in a request, {lanes} connections"
                    console.print(f"{name}, {what}: {load.rate:,.0f} events/s")
                    table.add_row(name, what, f"{load.rate:,.0f}", f"{load.at(50):.1f}", f"{load.at(99):.1f}")
            if latency:
                p50, p95, n, took = next_steps(dsn, rate, seconds, customers)
                what = f"next step at {rate} events/s (p50, p95; {n:,} events in {took:.1f} s)"
                table.add_row(name, what, f"{n / took:,.0f}", f"{p50:.0f}", f"{p95:.0f}")
    console.print(table)


@contextmanager
def served(dsn: str, *more: tuple[str, ...], redis: str = "") -> Iterator[tuple[Store, int, str]]:
    """Yield an emptied store, the port of a web server on it, and a key; `more` are other commands to run beside."""
    store = open_store(dsn)
    upgrade(store.url)
    store.run(_empty)
    _, token = accounts.add_key(
        store, "bench", "ingest", ["events.write"], by="bench", now=datetime.now(UTC), expires_at=None, shop=None
    )
    port = any_free()
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "WAYFARE_DATABASE_URL": dsn,
            "WAYFARE_DATA_DIR": folder,
            "WAYFARE_SECRET_KEY": SECRET.decode(),
            "WAYFARE_PORT": str(port),
            "WAYFARE_LOG_LEVEL": "warning",
            "WAYFARE_REDIS_URL": redis,
        }
        commands = [("web",), *more]
        started = [subprocess.Popen([sys.executable, "-m", "wayfare", *one], env=environment) for one in commands]
        try:
            _wait_until_live(port)
            yield store, port, token
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)
            store.dispose()


def send(
    port: int, key: str, size: int, lanes: int, seconds: float, customers: int, pause: float = 0, tag: str = ""
) -> Load:
    """Post requests of `size` events over so many connections for so long; `pause` seconds between two of one lane."""
    load, lock = Load(), threading.Lock()
    tag = tag or f"{size}-{time.time_ns()}"
    start = time.monotonic()

    def lane(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        taken, times = 0, []
        n = 0
        while (began := time.monotonic()) < start + seconds:
            body = _body(f"{tag}-{number}-{n}", size, number, n * size, lanes, customers)
            asked = time.monotonic()
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            times.append(time.monotonic() - asked)
            assert answer.status == 202, told
            assert not told["errors"], told["errors"][0]
            taken += told["accepted"]
            n += 1
            time.sleep(max(0.0, began + pause - time.monotonic()))
        connection.close()
        with lock:
            load.accepted += taken
            load.requests += times

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.monotonic() - start
    return load


def _body(tag: str, size: int, lane: int, first: int, lanes: int, customers: int) -> bytes:
    """Return a request's body, put together from text: the client must not cost more than the server.

    Each lane has customers of its own and takes them in turn, so that nobody enters who is inside.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    rows = [
        f'{{"key":"{tag}-{n}","customer":"c{((first + n) * lanes + lane) % customers}",'
        f'"type":"shop.visited","at":"{at}",'
        f'"data":{{"shop":"kyiv-{n % 9}","minutes":{n % 60}}}}}'
        for n in range(size)
    ]
    return ("[" + ",".join(rows) + "]").encode()


def next_steps(dsn: str, rate: int, seconds: float, customers: int) -> tuple[float, float, int, float]:
    """Return the milliseconds from an event's arrival to its customer's first step on the disk: p50, p95, events, s.

    Events come one batch of 50 at a time. When a step is on the disk is seen by looking, every few milliseconds, how
    many steps there are: the nth step belongs to the nth event, since one worker takes them in turn.
    """
    lanes, size = 2, 50
    with _valkey() as redis, served(dsn, ("worker",), ("scheduler",), redis=redis) as (store, port, key):
        publish(store, open_registry(), "bench", from_document(GRAPH), datetime.now(UTC), "bench", name="Bench")
        send(port, key, size, lanes, 3, customers, pause=0.2)  # everything is warm then
        before = _settled(store)
        store.run(lambda conn: conn.execute(text("UPDATE enrollment SET status = 'completed', ended_at = entered_at")))
        seen: list[tuple[float, int]] = []
        done = threading.Event()

        def watch() -> None:
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                while not done.wait(0.01):
                    seen.append((time.time(), int(conn.execute(text("SELECT count(*) FROM step_log")).scalar_one())))

        watcher = threading.Thread(target=watch)
        watcher.start()
        load = send(port, key, size, lanes, seconds, customers, pause=lanes * size / rate)
        deadline = time.monotonic() + 60
        while not (seen and seen[-1][1] >= before + load.accepted) and time.monotonic() < deadline:
            time.sleep(0.05)
        done.set()
        watcher.join()
        with store.read() as conn:
            arrivals = conn.execute(text("SELECT received_at FROM event ORDER BY received_at, id")).scalars().all()
    times = _matched([_seconds(at) for at in arrivals][before:], seen, before)
    cuts = quantiles(times, n=100)
    return cuts[49] * 1000, cuts[94] * 1000, len(times), load.seconds


def _matched(arrivals: list[float], seen: list[tuple[float, int]], before: int) -> list[float]:
    times, at = [], 0
    for n, arrived in enumerate(arrivals, start=1):
        while at < len(seen) and seen[at][1] < before + n:
            at += 1
        if at == len(seen):
            raise SystemExit(f"{len(arrivals) - n + 1} events led to no step")
        times.append(max(0.0, seen[at][0] - arrived))
    return times


def _settled(store: Store) -> int:
    """Return the number of steps once every event has led to one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with store.read() as conn:
            events, steps = (
                conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in ("event", "step_log")
            )
        if events == steps:
            return int(steps)
        time.sleep(0.1)
    raise SystemExit(f"{events} events led to {steps} steps")


def _seconds(at: Any) -> float:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
    return float(moment.timestamp())


@contextmanager
def _valkey() -> Iterator[str]:
    """Yield the URL of a Valkey of our own, or an empty text when there is none: workers then poll."""
    server = valkey.find_server()
    if server is None:
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder:
        child, url = valkey.make_child(server, Path(folder), env=os.environ)
        child.start()
        valkey.wait_ready(child, url, Path(folder))
        try:
            yield url
        finally:
            child.stop()


def stored(store: Store) -> int:
    """Return how many events are in the database."""
    with store.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM event")).scalar_one())


def _empty(conn: Any) -> None:
    tables = (
        "step_log, step_count, enrollment, journey_version, journey, event, customer_fact, customer_dirty, customer"
    )
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        return
    for table in tables.split(", "):
        conn.execute(text(f"DELETE FROM {table}"))


def _wait_until_live(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit("the web server did not start within two minutes")


if __name__ == "__main__":
    typer.run(main)
