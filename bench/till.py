"""How long a till waits for a price: `POST /quotes` under a till's key, through the real server, over kept connections.

Run `python -m bench.till --help`. The example hierarchy of 50 promotions is live; carts are random, of 5 and of 30
lines. The client shares the machine with the server. Beside it stands what the price itself costs in this process.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bench.server import postgres
from bench.world import SECRET, open_store
from offers.live import quote_with, rules_of
from offers.rules.author import Author
from offers.rules.book import draft_body, import_body
from offers.rules.release import approve, publish
from store.db import Connection
from store.migrate import upgrade
from wayfare.promotions import parse_cart
from wayfare.supervise.ports import any_free
from web import accounts

console = Console()
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "promotions" / "brocard.json"
GOAL_MS = 10.0
CATEGORIES = ("perfume", "makeup", "skincare", "haircare", "men", "home", "kids", "bags")
BRANDS = ("Brocard", "Maison Lys", "Atelier Noir", "Nomad Oud", "Lumina", "Salon Pro", "Aurea", "Verde")


def main(
    seconds: float = 10,
    carts: int = 200,
    sqlite: bool = True,
    url: str = typer.Option("", help="An empty PostgreSQL database; by default a server is started for this."),
    strict: bool = typer.Option(False, help="Exit code 1 when the median of one client is not under 10 ms."),
) -> None:
    """Measure and print answer times and quotes a second."""
    table = Table("database", "cart", "clients", "quotes/s", "p50 ms", "p95 ms", "price alone, p50 ms")
    missed = False
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        databases = {"PostgreSQL": stack.enter_context(postgres(url or None))}
        if sqlite:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            databases["SQLite"] = f"sqlite:///{folder}/bench.sqlite3"
        for name, dsn in databases.items():
            with served(dsn) as (port, key, body):
                for lines in (5, 30):
                    documents = [a_cart(random.Random(seed), lines) for seed in range(carts)]
                    alone = _alone(body, documents)
                    _send(port, key, documents, 1, 1)  # everything is warm then
                    for clients in (1, 4):
                        times, took = _send(port, key, documents, clients, seconds)
                        p50, p95 = median(times) * 1000, quantiles(times, n=20)[-1] * 1000
                        missed = missed or (clients == 1 and p50 >= GOAL_MS)
                        figures = (f"{len(times) / took:,.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{alone:.2f}")
                        table.add_row(name, f"{lines} lines", str(clients), *figures)
    console.print(table)
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    if strict and missed:
        sys.exit(1)


@contextmanager
def served(dsn: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield the port of a web server on which the example is live, the key of a till, and the rule set."""
    store, now = open_store(dsn), datetime.now(UTC)
    upgrade(store.url)
    author = Author("bench", "bench", is_person=False)

    def work(conn: Connection) -> dict[str, Any]:
        import_body(conn, json.loads(EXAMPLE.read_text(encoding="utf-8")), author, now)
        made = publish(conn, author, now)
        if made.reasons:
            approve(conn, made.version.number, Author("second", "second"), now)
        return draft_body(conn)

    body = store.run(work)
    _, token = accounts.add_key(
        store, "bench", "till", ["quotes.make"], by="bench", now=now, expires_at=None, shop="kyiv-01"
    )
    store.dispose()
    port = any_free()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DATABASE_URL": dsn, "DATA_DIR": folder, "SECRET_KEY": SECRET.decode(), "PORT": str(port)}
        settings |= {"LOG_LEVEL": "warning", "TIME_ZONE": "Europe/Kyiv"}
        environment = {**os.environ, **{f"WAYFARE_{name}": value for name, value in settings.items()}}
        process = subprocess.Popen([sys.executable, "-m", "wayfare", "web"], env=environment)
        try:
            _wait_until_live(port)
            yield port, token, body
        finally:
            process.terminate()
            process.wait(30)


def a_cart(chance: random.Random, lines: int) -> dict[str, Any]:
    """Return a random cart as a till sends it: no store, which the key says, and no moment, which is now."""
    goods = [
        {
            "id": f"L{number}",
            "sku": f"S{number}",
            "price": chance.randrange(5_000, 300_000, 10),
            "quantity": chance.randint(1, 3),
            "brand": chance.choice(BRANDS),
            "categories": [chance.choice(CATEGORIES)],
            "tax": "20",
        }
        for number in range(lines)
    ]
    customer = {"key": "c1", "level": chance.choice(["silver", "gold", "platinum"]), "segments": ["vip"]}
    codes = chance.choice([[], [], ["WELCOME"], ["OLENA"]])
    return {"currency": "UAH", "channel": "store", "customer": customer, "lines": goods, "codes": codes}


def _alone(body: dict[str, Any], documents: Sequence[dict[str, Any]]) -> float:
    """Return the milliseconds that the price alone takes, without reading the cart or writing the answer."""
    rules, times = rules_of(body), []
    carts = [parse_cart({**one, "at": datetime.now(UTC).isoformat()}) for one in documents]
    for cart in carts:
        start = time.perf_counter()
        quote_with(rules, cart)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def _send(
    port: int, key: str, documents: Sequence[dict[str, Any]], clients: int, seconds: float
) -> tuple[list[float], float]:
    """Post carts over so many connections for so long; return how long each took, and how long all took."""
    bodies = [json.dumps({"cart": one}).encode() for one in documents]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    times: list[float] = []
    lock = threading.Lock()
    start = time.monotonic()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        mine, n = [], number * 7
        while time.monotonic() < start + seconds:
            asked = time.perf_counter()
            connection.request("POST", "/api/v1/quotes", bodies[n % len(bodies)], headers)
            answer = connection.getresponse()
            told = answer.read()
            mine.append(time.perf_counter() - asked)
            assert answer.status == 200, told
            n += 1
        connection.close()
        with lock:
            times.extend(mine)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, time.monotonic() - start


def _wait_until_live(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit("the web server did not come up")


if __name__ == "__main__":
    typer.run(main)
