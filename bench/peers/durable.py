"""DBOS: one durable workflow a customer, one step for each effect, everything recorded in PostgreSQL.

Instead of the day it sleeps for no time at all, which DBOS records as it would record the day.
"""

import json
import secrets
import threading
from collections.abc import Callable

import psycopg
from dbos import DBOS, DBOSConfig

from bench.peers.crew import timed
from bench.peers.tables import CODE, CUSTOMER, MESSAGE, STEP, send_of

_THREADS = 16
_here = threading.local()
_url: list[str] = []


def work(url: str, customers: int, workers: int) -> float:
    """Take everyone to the end with so many processes; return seconds."""
    with psycopg.connect(url) as conn:
        conn.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
    timed(_migrate, [(url,)])
    return timed(_serve, [(url, number, list(range(1 + number, customers + 1, workers))) for number in range(workers)])


def _migrate(url: str) -> Callable[[], None]:
    _launch(url, "migrate")
    return lambda: DBOS.destroy()


def _serve(url: str, number: int, ids: list[int]) -> Callable[[], None]:
    _url[:] = [url]
    _launch(url, f"bench-{number}")

    def walk() -> None:
        handles = [DBOS.start_workflow(journey, id) for id in ids]
        for handle in handles:
            handle.get_result()
        DBOS.destroy()

    return walk


def _launch(url: str, executor: str) -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "executor_id": executor,
        "sys_db_pool_size": _THREADS,
        "max_executor_threads": _THREADS,
        "run_admin_server": False,
        "console_log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()


def _connection() -> psycopg.Connection:
    """Return the connection of this thread, which stays open."""
    conn: psycopg.Connection | None = getattr(_here, "conn", None)
    if conn is None:
        conn = _here.conn = psycopg.connect(_url[0], autocommit=True)
    return conn


@DBOS.workflow()
def journey(id: int) -> None:
    """The whole journey of one customer."""
    first_name = enter(id)
    DBOS.sleep(0)
    code = promo(id)
    gift(id, first_name, code)


@DBOS.step()
def enter(id: int) -> str:
    """Trigger, split and first message: one commit of ours, one of DBOS."""
    conn = _connection()
    with conn.transaction():
        row = conn.execute(CUSTOMER, (id,)).fetchone()
        assert row is not None
        port, node = send_of(row[0])
        with conn.pipeline():
            for step in ((id, "n1", "next"), (id, "n2", port), (id, node, "next")):
                conn.execute(STEP, step)
            conn.execute(MESSAGE, (id, node, json.dumps({"first_name": row[1]})))
    return str(row[1])


@DBOS.step()
def promo(id: int) -> str:
    """End of the wait, and a code."""
    code = secrets.token_hex(5)
    conn = _connection()
    with conn.transaction(), conn.pipeline():
        conn.execute(STEP, (id, "n5", "next"))
        conn.execute(STEP, (id, "n6", "next"))
        conn.execute(CODE, (code, id))
    return code


@DBOS.step()
def gift(id: int, first_name: str, code: str) -> None:
    """The second message."""
    conn = _connection()
    with conn.transaction(), conn.pipeline():
        conn.execute(STEP, (id, "n7", "next"))
        conn.execute(MESSAGE, (id, "n7", json.dumps({"first_name": first_name, "code": code})))
