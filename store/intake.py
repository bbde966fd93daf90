"""The inbox: events come in once, and a second body under a known key is kept as a conflict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from store.bulk import array_literal, insert_new, raw_cursor
from store.customers import ensure_customers


class Incoming(NamedTuple):
    """One valid event. `data` is canonical JSON; `body_hash` covers all that the sender said."""

    source: str
    key: str
    customer: str
    type: str
    at: datetime
    data: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a batch: ids of the new rows, and positions of events whose key has other content."""

    ids: list[int]
    conflicts: list[int]


_COLUMNS = (
    ("source", "text"),
    ("key", "text"),
    ("customer_id", "bigint"),
    ("type", "text"),
    ("at", "timestamptz"),
    ("received_at", "timestamptz"),
    ("data", "jsonb"),
    ("body_hash", "bytea"),
    ("depth", "smallint"),
)


def add_events(conn: Connection, events: Sequence[Incoming], *, now: datetime) -> Added:
    """Put events into the inbox and create customers that nobody knew.

    A known source and key is left alone: with the same content it is a duplicate, with other content a conflict, which
    is kept beside the first. No (source, key) may come twice in `events`. The number of statements does not depend on
    the number of events.
    """
    customers = ensure_customers(conn, {event.customer for event in events}, now=now)
    rows = [
        (event.source, event.key, customers[event.customer], event.type, event.at, now, event.data, event.body_hash, 0)
        for event in events
    ]
    ids = insert_new(conn, "event", _COLUMNS, rows)
    if len(ids) == len(events):
        return Added(ids, [])
    first = _known(conn, events)
    conflicts = [at for at, event in enumerate(events) if first[event.source, event.key][1] != event.body_hash]
    _keep_conflicts(conn, [(first[events[at].source, events[at].key][0], events[at]) for at in conflicts], now)
    return Added(ids, conflicts)


def _known(conn: Connection, events: Sequence[Incoming]) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Return id and content digest by source and key. Served by the unique index."""
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.execute(
            """SELECT e.source, e.key, e.id, e.body_hash FROM json_each(?) AS wanted
            JOIN event e ON e.source = json_extract(wanted.value, '$[0]') AND e.key = json_extract(wanted.value, '$[1]')
            """,
            (orjson.dumps([event[:2] for event in events]).decode(),),
        )
    else:
        cursor.execute(
            """SELECT e.source, e.key, e.id, e.body_hash FROM unnest(%s::text[], %s::text[]) AS wanted (source, key)
            JOIN event e ON e.source = wanted.source AND e.key = wanted.key""",
            (array_literal([event.source for event in events]), array_literal([event.key for event in events])),
        )
    return {(source, key): (id, bytes(digest)) for source, key, id, digest in cursor.fetchall()}


def _keep_conflicts(conn: Connection, conflicts: Sequence[tuple[int, Incoming]], now: datetime) -> None:
    """Keep each other body once, however often it is sent."""
    if not conflicts:
        return
    bodies = [
        {
            "event_id": id,
            "hash": event.body_hash.hex(),
            "body": {
                "customer": event.customer,
                "type": event.type,
                "at": event.at.isoformat(),
                "data": orjson.loads(event.data),
            },
        }
        for id, event in conflicts
    ]
    if conn.dialect.name == "sqlite":
        source = """SELECT json_extract(value, '$.event_id') AS event_id, unhex(json_extract(value, '$.hash')) AS hash,
            json_extract(value, '$.body') AS body FROM json_each(:bodies)"""
        instant: Any = now.replace(tzinfo=None).isoformat(" ", "microseconds")
    else:
        source = """SELECT event_id, decode(hash, 'hex') AS hash, body
            FROM jsonb_to_recordset(CAST(:bodies AS jsonb)) AS bodies (event_id bigint, hash text, body jsonb)"""
        instant = now
    conn.execute(
        text(
            f"""INSERT INTO event_conflict (event_id, received_at, body_hash, body)
            SELECT event_id, :now, hash, body FROM ({source}) AS other WHERE NOT EXISTS (
                SELECT 1 FROM event_conflict c WHERE c.event_id = other.event_id AND c.body_hash = other.hash)"""
        ),
        {"bodies": orjson.dumps(bodies).decode(), "now": instant},
    )
