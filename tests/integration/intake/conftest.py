"""A store on each database, and statements counted."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from store.db import Store
from wayfare.vault import Vault

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, Vault(b"intake tests intake tests intake"))
    yield opened
    opened.dispose()


@pytest.fixture
def rows(store: Store) -> Callable[..., list[tuple[Any, ...]]]:
    """Read with plain SQL."""

    def read(sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with store.read() as conn:
            return [tuple(row) for row in conn.execute(text(sql), values)]

    return read


@pytest.fixture
def count_statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count what the database is asked: a call with many rows counts once."""
    from store import bulk

    @contextmanager
    def counting() -> Iterator[Callable[[], int]]:
        counted = [0]

        def count(*_: Any) -> None:
            counted[0] += 1

        class Cursor:
            def __init__(self, cursor: Any) -> None:
                self.cursor = cursor

            def __getattr__(self, name: str) -> Any:
                if name in ("execute", "executemany", "copy"):
                    count()
                return getattr(self.cursor, name)

        original = bulk.raw_cursor
        users = [module for module in map(sys.modules.get, list(sys.modules)) if hasattr(module, "raw_cursor")]
        with monkeypatch.context() as patch:
            for module in users:
                patch.setattr(module, "raw_cursor", lambda conn: Cursor(original(conn)))
            event.listen(store.engine, "before_cursor_execute", count)
            yield lambda: counted[0]
            event.remove(store.engine, "before_cursor_execute", count)

    return counting
