"""How soon the list of journeys answers: 1,500 journeys, their counters and 200,000 customers on their way.

Run `python -m bench.shelf --help`. The application answers in this process, so the network is no part of it.
"""

import logging
import random
import secrets
import tempfile
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Annotated

import structlog
import typer
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.world import open_store
from builder.starters import starters
from builder.text import to_document
from store import accounts, bulk
from store.db import Connection, Store
from store.migrate import upgrade
from web.app import build
from web.config import WebConfig

PATHS = (
    "",
    "?sort=name",
    "?sort=-entered",
    "?sort=-active",
    "?q=birthday",
    "?tag=VIP",
    "?page=30",
    "?rows=400",
    "/new",
)
GOAL = 300
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def main(
    journeys: Annotated[int, typer.Option(help="How many journeys.")] = 1500,
    customers: Annotated[int, typer.Option(help="How many customers are on their way.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="How often each address is asked.")] = 15,
    url: Annotated[str, typer.Option(help="Database; without it a new SQLite file.")] = "",
) -> None:
    """Fill a database and ask for the list in every order. Exit code 1 when a median is above the goal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(url or f"sqlite:///{folder}/shelf.sqlite3")
        upgrade(store.url)
        session = secrets.token_urlsafe(32)
        store.run(lambda conn: _fill(conn, store, journeys, customers, session))
        config = WebConfig()
        client = build(store, config, clock=lambda: AT).test_client()
        client.set_cookie(config.cookie(), session, domain="127.0.0.1")
        table = Table("address", "median ms", "slowest ms", box=None)
        slow = False
        for path in PATHS:
            times = _ask(client, f"/journeys{path}", rounds)
            slow = slow or median(times) > GOAL
            table.add_row(f"/journeys{path}", f"{median(times):.0f}", f"{max(times):.0f}")
        Console().print(table)
        store.dispose()
    raise typer.Exit(1 if slow else 0)


def _ask(client: FlaskClient, path: str, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        answer = client.get(path, base_url="http://127.0.0.1:8000")
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise typer.BadParameter(f"{path} answered {answer.status_code}")
    return times[1:]  # the first one compiled the template


def _fill(conn: Connection, store: Store, journeys: int, customers: int, session: str) -> None:
    chance = random.Random(1)
    documents = [to_document(one.graph) for one in starters()]
    graphs = [documents[number % len(documents)] for number in range(journeys)]
    words, statuses = ("Birthday", "Sleeping", "Cart"), ("live", "live", "live", "live", "paused", "draft", "stopped")
    columns = ("key", "name", "description", "status", "pause_epoch", "draft", "rev", "created_at", "updated_at")
    rows = [
        (f"j{n}", f"{words[n % 3]} {n}", "Some words", chance.choice(statuses), 0, graph, 1, AT, AT)
        for n, graph in enumerate(graphs)
    ]
    bulk.insert_rows(conn, "journey", columns, rows)
    ids = range(1, journeys + 1)
    version = ("journey_id", "number", "graph", "node_order", "published_at", "published_by", "note")
    bulk.insert_rows(conn, "journey_version", version, [(id, 1, graphs[id - 1], [], AT, "bench", "") for id in ids])
    conn.execute(text("UPDATE journey SET live_version_id = id WHERE status <> 'draft'"))
    tags = [(id, tag) for id in ids for tag in chance.sample(["Dates", "VIP", "Autumn", "Kyiv", "B2B"], 2)]
    bulk.insert_rows(conn, "journey_tag", ("journey_id", "tag"), tags)
    ports = (("", "@entered"), ("", "@completed"), ("", "@exited"), ("n1", "next"), ("n2", "next"))
    counts = [(id, *port, f"2026-11-{day:02}", 5) for id in ids for day in range(1, 15) for port in ports]
    bulk.insert_rows(conn, "step_count", ("version_id", "node", "port", "day", "n"), counts)
    person = ("key", "attributes", "folded", "created_at", "updated_at", "is_synthetic")
    bulk.insert_rows(conn, "customer", person, [(f"c{n}", {}, {}, AT, AT, True) for n in range(2000)])
    enrolled = (
        *("journey_id", "version_id", "customer_id", "entry_key", "status", "node", "visit", "seq", "depth", "since"),
        *("wake_at", "attempts", "entered_at"),
    )
    chosen = [chance.randint(1, journeys) for _ in range(customers)]
    passages = [(id, id, n % 2000 + 1, f"k{n}", "waiting", "n2", 0, 1, 0, AT, AT, 0, AT) for n, id in enumerate(chosen)]
    bulk.insert_rows(conn, "enrollment", enrolled, passages)
    conn.execute(text("ANALYZE"))
    account = accounts.add_account(
        conn, email="bench@example.com", name="", role="admin", password_hash="!", must_change=False, now=AT
    )
    accounts.open_session(
        conn,
        digest=store.vault.digest("session", session),
        account_id=account,
        now=AT,
        lifetime=timedelta(hours=2),
        second_factor_at=AT,
        user_agent="bench",
        ip="127.0.0.1",
    )


if __name__ == "__main__":
    typer.run(main)
