"""Transactions end well or leave nothing, whichever cursor spoke to the database."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from rig.people import a_customer, open_store
from store.bulk import insert_rows, raw_cursor
from store.db import Connection, Store, is_transient

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as opened:
        yield opened


def add_product(conn: Connection, sku: str) -> None:
    insert_rows(conn, "product", ("sku", "name", "categories", "currency", "updated_at"), [(sku, sku, [], "", NOW)])


def add_mug_and_tea(conn: Connection) -> None:
    add_product(conn, "mug")
    add_product(conn, "tea")


def count(store: Store) -> int:
    with store.read() as conn:
        return int(conn.execute(text("SELECT count(*) FROM product")).scalar_one())


def test_what_only_the_drivers_cursor_wrote_is_committed(store: Store) -> None:
    store.run(lambda conn: add_product(conn, "tea"))
    assert count(store) == 1


def test_what_the_drivers_cursor_raises_is_of_the_usual_kind(store: Store) -> None:
    store.run(lambda conn: add_product(conn, "tea"))
    with pytest.raises(IntegrityError) as refused:
        store.run(add_mug_and_tea)
    assert not is_transient(refused.value)
    assert count(store) == 1
    with pytest.raises(DBAPIError), store.read() as conn:
        raw_cursor(conn).execute("SELECT nonsense")


def test_errors_do_not_repeat_personal_values(store: Store) -> None:
    with pytest.raises(DBAPIError) as refused, store.write() as conn:
        conn.execute(text("INSERT INTO customer (key, phone) VALUES (:key, :phone)"), {"key": "a", "phone": "+38067"})
    assert "+38067" not in str(refused.value).partition("DETAIL")[0]


def test_a_deadlock_between_the_drivers_cursors_is_tried_again(postgres_url: str) -> None:
    with open_store(postgres_url) as store:
        with store.write() as conn:
            ids = [a_customer(conn, key) for key in ("alice", "bob")]
        both = threading.Barrier(2)
        tries: list[int] = []

        def swap(first: int, second: int) -> None:
            waited = False

            def work(conn: Connection) -> None:
                nonlocal waited
                tries.append(first)
                raw_cursor(conn).execute("UPDATE customer SET city = 'Kyiv' WHERE id = %s", (first,))
                if not waited:
                    waited = True
                    both.wait(20)
                raw_cursor(conn).execute("UPDATE customer SET city = 'Lviv' WHERE id = %s", (second,))

            store.run(work)

        threads = [threading.Thread(target=swap, args=pair) for pair in (ids, ids[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tries) == 3
