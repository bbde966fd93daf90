"""Events that Wayfare itself lets happen: emitted by journeys, by segments, by the clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Connection

from store.bulk import insert_new

MAX_DEPTH = 16
"""How many journeys may lead to each other before an event is parked: they start each other in a circle."""

_COLUMNS = (
    ("customer_id", "bigint"),
    ("source", "text"),
    ("key", "text"),
    ("type", "text"),
    ("depth", "smallint"),
    ("data", "jsonb"),
    ("body_hash", "bytea"),
    ("at", "timestamptz"),
    ("received_at", "timestamptz"),
)


def body_hash(data: Mapping[str, Any]) -> bytes:
    """Return what tells two bodies under one key apart: a digest over canonical JSON."""
    return blake2b(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def insert_events(
    conn: Connection,
    events: Sequence[tuple[int, str, str, str, int, dict[str, Any]]],
    *,
    now: datetime,
    at: Sequence[datetime] | None = None,
) -> int:
    """Put events into the inbox, each (customer, source, key, type, depth, data); known keys are left alone.

    `at` are the instants at which they happened; without them it is now.
    """
    happened = [now] * len(events) if at is None else at
    rows = [(*event, body_hash(event[5]), moment, now) for event, moment in zip(events, happened, strict=True)]
    return len(insert_new(conn, "event", _COLUMNS, rows))
