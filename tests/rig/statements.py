"""Counting statements, also those that go straight to the driver."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from store import bulk
from store.db import Store


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Yield a list that fills with every statement sent; one executemany or COPY counts as one."""
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    original = bulk.raw_cursor
    modules = [module for name, module in sys.modules.items() if name.startswith("store.")]
    patched = [module for module in modules if getattr(module, "raw_cursor", None) is original]
    event.listen(store.engine, "before_cursor_execute", note)
    for module in patched:
        vars(module)["raw_cursor"] = lambda conn: _Counting(original(conn), seen)
    try:
        yield seen
    finally:
        for module in patched:
            vars(module)["raw_cursor"] = original
        event.remove(store.engine, "before_cursor_execute", note)


class _Counting:
    """A driver's cursor that notes what it is asked to do."""

    def __init__(self, cursor: Any, seen: list[str]) -> None:
        self._cursor, self._seen = cursor, seen

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._cursor, name)
        if name not in ("execute", "executemany", "copy"):
            return member

        def noted(statement: str, *rest: Any) -> Any:
            self._seen.append(statement)
            return member(statement, *rest)

        return noted
