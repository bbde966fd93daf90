"""Settings of the workspace as documents by name, and whether anything is in the database yet."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, text

from store.tables import metadata
from store.upserts import upsert_rows

_SETTING = metadata.tables["setting"]


def read_setting(conn: Connection, name: str) -> Any:
    """Return the value of a setting; None when it was never set."""
    return conn.execute(select(_SETTING.c.value).where(_SETTING.c.name == name)).scalar_one_or_none()


def write_setting(conn: Connection, name: str, value: Any, *, now: datetime) -> None:
    """Set a setting to a JSON value."""
    columns = (("name", "text"), ("value", "jsonb"), ("updated_at", "timestamptz"))
    upsert_rows(conn, "setting", columns, [(name, orjson.dumps(value).decode(), now)], keys=1)


def is_empty(conn: Connection) -> bool:
    """Say whether there are no customers, journeys, segments and promotions yet; people who sign in do not count."""
    query = " UNION ALL ".join(f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {name})" for name in _CONTENT)
    return conn.execute(text(query)).first() is None


_CONTENT = ("customer", "journey", "segment", "draft_promotion", "ruleset_version")
