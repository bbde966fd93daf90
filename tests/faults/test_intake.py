"""While the database is away, full or too busy, nobody is told that an event was taken; afterwards all is well."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from engine.intake import ingest_events
from rig.postgres import PostgresServer
from rig.web import NOON, Web, a_web
from store.db import Store
from wayfare.vault import Vault

pytestmark = pytest.mark.faults


def an_event(key: str) -> dict[str, Any]:
    return {"key": key, "customer": "alice", "type": "page.viewed"}


def count(store: Store) -> int:
    with store.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM event")).scalar_one())


@pytest.fixture
def web(postgres_url: str) -> Iterator[Web]:
    served = a_web(postgres_url)
    yield served
    served.store.dispose()


def test_a_database_that_is_away_is_told_and_nothing_is_lost_with_a_2xx(
    web: Web, postgres_server: PostgresServer
) -> None:
    key = web.key("ingest", "events.write")
    assert web.client.post("/api/v1/events", json=[an_event("before")], headers=key).status_code == 202
    postgres_server.stop()
    try:
        away = web.client.post("/api/v1/events", json=[an_event("during")], headers=key)
    finally:
        postgres_server.start()
    assert (away.status_code, away.get_json()["errors"][0]["code"]) == (503, "unavailable")
    assert int(away.headers["Retry-After"]) > 0
    assert web.client.post("/api/v1/events", json=[an_event("after")], headers=key).status_code == 202
    assert count(web.store) == 2


def test_a_crash_of_the_database_in_the_middle_costs_no_accepted_event(
    web: Web, postgres_server: PostgresServer
) -> None:
    key = web.key("ingest", "events.write")
    accepted: list[int] = []
    stop = threading.Event()

    def post(lane: int) -> None:
        n = 0
        while not stop.is_set():
            body = [an_event(f"{lane}-{n}-{i}") for i in range(20)]
            answer = web.app.test_client().post("/api/v1/events", json=body, headers=key)
            assert answer.status_code in (202, 503), answer.text
            if answer.status_code == 202:
                accepted.append(answer.get_json()["accepted"] + answer.get_json()["duplicates"])
                n += 1

    lanes = [threading.Thread(target=post, args=(lane,)) for lane in range(4)]
    for lane in lanes:
        lane.start()
    for _ in range(2):
        seen = len(accepted)
        while len(accepted) < seen + 8:
            stop.wait(0.05)
        postgres_server.restart_immediate()
    seen = len(accepted)
    while len(accepted) < seen + 8:
        stop.wait(0.05)
    stop.set()
    for lane in lanes:
        lane.join()
    assert count(web.store) >= sum(accepted)
    keys = "SELECT count(*), count(DISTINCT key) FROM event"
    with web.store.read() as conn:
        rows, different = conn.execute(text(keys)).one()
    assert rows == different


def test_fifty_clients_and_two_connections(postgres_url: str) -> None:
    store = Store(postgres_url, Vault(b"a secret for tests, long enough!"), pool_size=2)
    results: list[int] = []

    def post(number: int) -> None:
        items = [an_event(f"{number}-{n}") for n in range(10)]
        results.append(ingest_events(store, items, source_default="api", now=NOON).accepted)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results, count(store)) == ([10] * 50, 500)
    store.dispose()


def test_a_full_disk_refuses_and_heals_without_hands(sqlite_url: str) -> None:
    web = a_web(sqlite_url)
    key = web.key("ingest", "events.write")
    limit: list[str] = ["PRAGMA max_page_count = 1"]  # SQLite answers as it does when the disk is full

    def squeeze(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(limit[0])

    event.listen(web.store.engine, "checkout", squeeze)
    big = [{**an_event(f"e{n}"), "data": {"text": "x" * 9000}} for n in range(200)]
    full = web.client.post("/api/v1/events", json=big, headers=key)
    assert full.status_code in (503, 507)
    assert count(web.store) == 0
    limit[0] = "PRAGMA max_page_count = 1000000"
    assert web.client.post("/api/v1/events", json=big, headers=key).status_code == 202
    assert count(web.store) == 200
    web.store.dispose()
