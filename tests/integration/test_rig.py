"""The servers that all other tests stand on."""

import psycopg
import pytest
import redis
from playwright.sync_api import Page
from sqlalchemy import create_engine, inspect

from rig.postgres import PostgresServer
from rig.valkey import ValkeyServer


def test_a_database_is_migrated_and_empty(database_url: str) -> None:
    engine = create_engine(database_url)
    try:
        assert inspect(engine).get_table_names()
    finally:
        engine.dispose()


def test_postgresql_speaks_tls_where_it_can_and_survives_a_crash(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    url = postgres_url.replace("+psycopg", "")
    with psycopg.connect(url) as conn:
        assert conn.pgconn.ssl_in_use == postgres_server.has_tls
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept VALUES (1)")
    with psycopg.connect(url) as conn:
        postgres_server.restart_immediate()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_valkey_keeps_its_keys_when_it_is_killed(valkey_server: ValkeyServer, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("kept", "1")
        valkey_server.kill()
        valkey_server.start()
        assert client.get("kept") == b"1"


@pytest.mark.browser
def test_chromium_shows_a_page(page: Page) -> None:
    page.set_content("<h1>Wayfare</h1>")
    assert page.inner_text("h1") == "Wayfare"
