"""Filling the tables for a measurement: customers, one published version, enrollments that are due."""

from functools import partial
from typing import Any

from sqlalchemy import text

from bench.journey import GRAPH, ORDER, START
from store import bulk
from store.db import Connection, Store
from store.migrate import upgrade
from wayfare.vault import Vault

SECRET = b"a secret for measurements, 32 bytes"
_CHUNK = 50_000
_EMPTIED = "step_log, message, code, step_count, enrollment, journey_version, journey, code_batch, customer"


def open_store(url: str) -> Store:
    """Open the store of a measurement."""
    return Store(url.replace("postgresql://", "postgresql+psycopg://"), Vault(SECRET))


def fill(store: Store, customers: int) -> None:
    """Empty the tables and put `customers` enrollments at the trigger, in an order unlike that of the customers."""
    upgrade(store.url)
    store.run(_empty)
    store.run(_journey)
    chunks = [range(first, min(first + _CHUNK, customers + 1)) for first in range(1, customers + 1, _CHUNK)]
    for ids in chunks:
        store.run(partial(_people, ids=ids))
    for ids in chunks:
        store.run(partial(_entries, ids=ids, customers=customers))
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM ANALYZE"))
            conn.execute(text("CHECKPOINT"))
    else:
        store.run(lambda conn: conn.execute(text("ANALYZE")))


def _empty(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"TRUNCATE {_EMPTIED} RESTART IDENTITY CASCADE"))
        return
    for table in _EMPTIED.split(", "):
        conn.execute(text(f"DELETE FROM {table}"))


def _journey(conn: Connection) -> None:
    columns = ("id", "key", "name", "description", "status", "pause_epoch", "draft", "rev", "created_at", "updated_at")
    bulk.insert_rows(conn, "journey", columns, [(1, "bench", "Bench", "", "live", 0, {}, 0, START, START)])
    published = ("id", "journey_id", "number", "graph", "node_order", "published_at", "published_by", "note")
    bulk.insert_rows(conn, "journey_version", published, [(1, 1, 1, GRAPH, ORDER, START, "", "")])
    bulk.insert_rows(conn, "code_batch", ("id", "key", "name", "prefix", "created_at"), [(1, "bench", "B", "", START)])


def _people(conn: Connection, ids: range) -> None:
    columns = (
        *("id", "key", "first_name", "phone", "email", "country", "time_zone", "attributes", "folded"),
        *("created_at", "updated_at", "is_synthetic"),
    )
    rows: list[tuple[Any, ...]] = [
        (
            *(id, f"c{id}", "Оксана", f"+38067{id:07}", f"c{id}@example.com", "UA" if id % 100 < 69 else "PL"),
            *("Europe/Kyiv", {}, {}, START, START, True),
        )
        for id in ids
    ]
    bulk.insert_rows(conn, "customer", columns, rows)


def _entries(conn: Connection, ids: range, customers: int) -> None:
    columns = (
        *("id", "journey_id", "version_id", "customer_id", "entry_key", "status", "node", "visit", "seq", "depth"),
        *("since", "wake_at", "attempts", "entered_at"),
    )
    entries = [
        (id, 1, 1, id * 7919 % customers + 1, "once", "active", "n1", 0, 0, 0, START, START, 0, START) for id in ids
    ]
    bulk.insert_rows(conn, "enrollment", columns, entries)
