"""The migration and the table definitions must make the same database."""

import json
import re
import threading
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text

from store.db import open_engine
from store.migrate import _config, newest, upgrade
from store.tables import metadata

POSTGRES_SCHEMA = """
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'column', table_name, column_name,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default, is_identity)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'storage', relname, '', array_to_string(reloptions, ',') FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def schema(conn: Connection) -> set[tuple[Any, ...]]:
    """All that the database itself says of its tables, except Alembic's own."""
    if conn.dialect.name == "sqlite":
        rows = conn.execute(text("SELECT type, tbl_name, name, sql FROM sqlite_master WHERE type <> 'trigger'"))
        # Order and quotation marks depend on how a table came about, and say nothing.
        facts: set[tuple[Any, ...]] = {(*row[:3], *sorted(re.split(r"[\s,\"]+", row.sql or ""))) for row in rows}
    else:
        facts = {tuple(row) for row in conn.execute(text(POSTGRES_SCHEMA)).all()}
    return {fact for fact in facts if fact[1] != "alembic_version"}


def test_the_migration_makes_what_the_tables_say(database_url: str) -> None:
    engine = open_engine(database_url, 1)
    with engine.connect() as conn:
        migrated = schema(conn)
        conn.rollback()
        for statement in drop_everything(conn):
            conn.exec_driver_sql(statement)
        metadata.create_all(conn)
        conn.commit()
        defined = schema(conn)
    engine.dispose()
    assert sorted(map(str, migrated - defined)) == sorted(map(str, defined - migrated)) == []
    assert len(defined) > 100


def drop_everything(conn: Connection) -> list[str]:
    if conn.dialect.name == "postgresql":
        return ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]
    names = [name for name in inspect(conn).get_table_names() if name != "alembic_version"]
    return ["PRAGMA foreign_keys=OFF", *[f"DROP TABLE {name}" for name in names]]


def test_a_second_upgrade_has_nothing_to_do(database_url: str) -> None:
    assert newest() is not None
    assert upgrade(database_url) is False


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_migrate_once(kind: str, request: pytest.FixtureRequest, tmp_path: Any) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'fresh.sqlite3'}"
    else:
        server = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database())
    changed: list[bool] = []
    threads = [threading.Thread(target=lambda: changed.append(upgrade(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, False, True]


def test_drafts_are_numbered_by_the_migration_and_the_way_back_is_open(database_url: str) -> None:
    engine = open_engine(database_url, 1)
    with engine.connect() as conn:
        command.downgrade(_config(conn), "0002")
        assert "last_node" not in {column["name"] for column in inspect(conn).get_columns("journey")}
        assert not {"draft_edit", "draft_presence"} & set(inspect(conn).get_table_names())
        graphs = {"old": {"nodes": [{"id": "n7"}, {"id": "n30x"}, {"id": "t"}]}, "empty": {}}
        for key, graph in graphs.items():
            conn.execute(
                text(
                    "INSERT INTO journey (key, name, description, status, pause_epoch, draft, rev, created_at, "
                    "updated_at) VALUES (:key, :key, '', 'draft', 0, :graph, 1, :at, :at)"
                ),
                {"key": key, "graph": json.dumps(graph), "at": "2026-11-24 12:00:00.000000"},
            )
        conn.commit()
        command.upgrade(_config(conn), "head")
        found = {row[0]: row[1] for row in conn.execute(text("SELECT key, last_node FROM journey"))}
    engine.dispose()
    assert found == {"old": 7, "empty": 0}
