"""Changes of profile attributes that journeys make, with their history."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_rows, update_rows
from store.dirty import mark_dirty
from wayfare.segments.text import fold

_NONE: Mapping[int, int] = {}


def change_attributes(
    conn: Connection,
    changes: Sequence[tuple[int, str, Any]],
    *,
    now: datetime,
    source: str,
    depths: Mapping[int, int] = _NONE,
) -> int:
    """Set attributes, each (customer, name, value); None removes one. Return how many values changed.

    Locks the customers in the order of their ids, writes old and new value to the history and marks the customers
    for the segments, as deep as `depths` says. Later changes of one attribute win.
    """
    if not changes:
        return 0
    wanted: dict[int, dict[str, Any]] = defaultdict(dict)
    for customer, name, value in changes:
        wanted[customer][name] = value
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    rows = conn.execute(
        text(
            f"SELECT id, attributes, folded FROM customer WHERE {in_ids(conn, 'id')} AND erased_at IS NULL "
            f"ORDER BY id{lock}"
        ),
        {"ids": id_list(conn, sorted(wanted))},
    ).all()
    updates: list[tuple[Any, ...]] = []
    history: list[tuple[Any, ...]] = []
    for id, attributes, folded in rows:
        attributes, folded = _loaded(attributes), _loaded(folded)
        before = len(history)
        for name, value in wanted[id].items():
            old = attributes.get(name)
            if old == value and type(old) is type(value):
                continue
            history.append((id, f"attrs.{name}", orjson.dumps(old).decode(), orjson.dumps(value).decode(), now, source))
            _set(attributes, name, value)
            _set(folded, f"attrs.{name}", fold(value) if isinstance(value, str) else None)
        if len(history) > before:
            updates.append((id, attributes, folded, now))
    columns = (("id", "bigint"), ("attributes", "jsonb"), ("folded", "jsonb"), ("updated_at", "timestamptz"))
    update_rows(conn, "customer", columns, updates)
    insert_rows(conn, "attribute_change", ("customer_id", "name", "old", "new", "at", "source"), history)
    mark_dirty(conn, [row[0] for row in updates], now, depths=depths)
    return len(history)


def _loaded(value: Any) -> dict[str, Any]:
    return dict(orjson.loads(value)) if isinstance(value, str) else dict(value)


def _set(values: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
