"""The inbox: events come in once, and a second body under a known key is kept as a conflict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select, text

from store.bulk import array_literal, id_list, in_ids, insert_new, insert_rows, raw_cursor
from store.customers import ensure_customers
from store.matching import HISTORY
from store.tables import metadata

CONFLICT = metadata.tables["event_conflict"]


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
    ("note", "text"),
)


def add_events(conn: Connection, events: Sequence[Incoming], *, now: datetime, history: bool = False) -> Added:
    """Put events into the inbox and create customers that nobody knew.

    A known source and key is left alone: with the same content it is a duplicate, with other content a conflict, which
    is kept beside the first. No (source, key) may come twice in `events`. `history` moves nobody. The number of
    statements does not depend on the number of events.
    """
    customers = ensure_customers(conn, {event.customer for event in events}, now=now)
    note = HISTORY if history else None
    rows = [
        (one.source, one.key, customers[one.customer], one.type, one.at, now, one.data, one.body_hash, 0, note)
        for one in events
    ]
    ids = insert_new(conn, "event", _COLUMNS, rows)
    if len(ids) == len(events):
        return Added(ids, [])
    first = _known(conn, events)
    conflicts = [at for at, event in enumerate(events) if first[event.source, event.key][1] != event.body_hash]
    keep_conflicts(conn, [events[at] for at in conflicts], now=now)
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


def keep_conflicts(conn: Connection, events: Sequence[Incoming], *, now: datetime) -> None:
    """Keep events whose source and key others have, beside those: each body once, however often it is sent."""
    if not events:
        return
    first = _known(conn, events)
    conflicts = [(first[event.source, event.key][0], event) for event in events]
    known = conn.execute(
        select(CONFLICT.c.event_id, CONFLICT.c.body_hash).where(text(in_ids(conn, "event_id"))),
        {"ids": id_list(conn, {id for id, _ in conflicts})},
    )
    seen = {(id, bytes(digest)) for id, digest in known}
    new = [(id, now, event.body_hash, _body(event)) for id, event in conflicts if (id, event.body_hash) not in seen]
    insert_rows(conn, "event_conflict", ("event_id", "received_at", "body_hash", "body"), new)


def _body(event: Incoming) -> dict[str, Any]:
    return {
        "customer": event.customer,
        "type": event.type,
        "at": event.at.isoformat(),
        "data": orjson.loads(event.data),
    }
