"""The audit trail: one chain, which nobody changes unseen."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rig.web import NOON, SECRET, Web, a_web
from store import audit
from store.db import Store
from wayfare.vault import Vault
from web import anchors
from web.config import WebConfig


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, Vault(SECRET), pool_size=10)
    yield opened
    opened.dispose()


def _write(store: Store, count: int = 5) -> None:
    for number in range(count):
        with store.write() as conn:
            detail = {"number": number, "слово": ["ґ", None, True], "inner": {"b": 1, "a": 2}}
            audit.record(conn, "alice", "thing.done", "thing:1", detail, NOON)


def _verify(store: Store, noted: dict[int, bytes] | None = None) -> audit.Verdict:
    with store.read() as conn:
        return audit.verify(conn, noted)


def _as_superuser(store: Store, statement: str) -> None:
    """Do what somebody can do who owns the database: the triggers go first."""
    with store.write() as conn:
        if store.dialect == "sqlite":
            conn.execute(text("DROP TRIGGER IF EXISTS audit_no_update"))
            conn.execute(text("DROP TRIGGER IF EXISTS audit_no_delete"))
        else:
            conn.execute(text("DROP TRIGGER IF EXISTS audit_no_change ON audit"))
        conn.execute(text(statement))


def test_an_untouched_trail_holds(store: Store) -> None:
    _write(store)
    verdict = _verify(store)
    assert (verdict.rows, verdict.bad_id) == (5, None)


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ("UPDATE audit SET actor = 'mallory' WHERE id = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE id = 2", 2),
        ("UPDATE audit SET ip = '1.1.1.1' WHERE id = 5", 5),
        ("DELETE FROM audit WHERE id = 3", 4),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET id = 100 WHERE id = 2", 3),
        ("UPDATE audit SET previous = digest WHERE id = 4", 4),
    ],
)
def test_a_change_behind_its_back_is_named(store: Store, change: str, bad: int) -> None:
    _write(store)
    _as_superuser(store, change)
    assert _verify(store).bad_id == bad


def test_a_cut_tail_and_a_chain_written_anew_show_against_the_anchor(store: Store) -> None:
    _write(store)
    with store.read() as conn:
        head = audit.head(conn)
    assert head
    _as_superuser(store, "DELETE FROM audit WHERE id > 3")
    assert _verify(store).bad_id is None, "the chain alone cannot know of its end"
    assert _verify(store, {head[0]: head[1]}).bad_id == 5
    _write(store)
    assert _verify(store, {head[0]: head[1]}).bad_id == 5


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_it(store: Store, change: str) -> None:
    _write(store, 1)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as conn:
        conn.execute(text(change))
    assert _verify(store).rows == 1


def test_postgresql_refuses_to_empty_it(postgres_url: str) -> None:
    store = Store(postgres_url, Vault(SECRET))
    _write(store, 1)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as conn:
        conn.execute(text("TRUNCATE audit"))
    store.dispose()


def test_many_writers_make_one_chain(store: Store) -> None:
    threads = [threading.Thread(target=_write, args=(store, 5)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = _verify(store)
    assert (verdict.rows, verdict.bad_id) == (50, None)


def test_what_two_databases_write_in_two_ways_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no floats"):
        store.run(lambda conn: audit.record(conn, "a", "b", "c", {"deep": [{"x": 0.1}]}, NOON))


def test_what_is_undone_leaves_no_entry(store: Store) -> None:
    def fail(conn: object) -> None:
        audit.record(conn, "a", "b", "c", {}, NOON)  # type: ignore[arg-type]  # run() passes a connection
        raise KeyError

    with pytest.raises(KeyError):
        store.run(fail)
    assert _verify(store).rows == 0


def test_the_head_is_noted_at_the_start_and_a_forged_note_is_worth_nothing(sqlite_url: str, tmp_path: Path) -> None:
    store = Store(sqlite_url, Vault(SECRET))
    _write(store, 2)
    web = a_web(sqlite_url, WebConfig(data_dir=tmp_path))
    assert list(anchors.read(web.store, tmp_path)) == [2]
    with (tmp_path / anchors.NAME).open("a") as file:
        file.write(f"99 {'00' * 32} {'00' * 32}\nnonsense\n")
    assert list(anchors.read(web.store, tmp_path)) == [2]
    assert (tmp_path / anchors.NAME).stat().st_mode & 0o077 == 0
    boss = web.sign_in("admin")
    boss.post("/audit/verify")
    _as_superuser(store, "DELETE FROM audit WHERE id = 2")
    boss.post("/audit/verify")
    assert "Entry 2 does not hold" in boss.get("/audit").text
    web.store.dispose()
    store.dispose()


def test_the_page_searches_and_shows_only_ones_own_to_those_who_may_not_see_all(web: Web) -> None:
    person = web.user("marketer", "marta")
    with web.store.write() as conn:
        audit.record(conn, "marta", "journey.published", "journey:welcome", {"version": 3}, NOON)
        audit.record(conn, "olena", "key.revoked", "key:abcd", {}, NOON)
    boss, marta = web.sign_in("admin"), web.sign_in("marketer", person)
    assert "key:abcd" in boss.get("/audit").text
    assert "key:abcd" not in boss.get("/audit?q=WELCOME").text
    assert "journey:welcome" in boss.get("/audit?q=WELCOME").text
    assert "key:abcd" not in boss.get("/audit?action=journey").text
    assert "Nothing matches" in boss.get("/audit?q=%25").text, "a percent sign is no wildcard"
    assert "Nothing matches" in boss.get("/audit?since=2030-01-01").text
    assert "journey:welcome" in boss.get("/audit?since=2026-11-24&until=2026-11-24").text
    own = marta.get("/audit").text
    assert "journey:welcome" in own
    assert "key:abcd" not in own
    assert web.sign_in("analyst").get("/audit").status_code == 403


def test_what_administrators_do_is_written_down_without_secrets(web: Web) -> None:
    boss = web.sign_in("admin")
    text_ = boss.post("/settings/users/new", {"login": "new@x.example", "name": "", "role": "analyst"}).text
    password = text_.split('id="first-password">')[1].split("<")[0]
    shown = boss.post("/settings/keys/new", {"name": "Shop", "kind": "ingest", "life": "90"}).text
    token = shown.split('id="api-key">')[1].split("<")[0]
    with web.store.read() as conn:
        rows = audit.search(conn, audit.Filter())
        dump = "".join(str(conn.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in ("audit", "api_key"))
    assert {"user.added", "key.added"} <= {row.action for row in rows}
    assert password not in dump
    assert token not in dump
    assert token.split("_")[2] not in dump
