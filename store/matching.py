"""What the matcher reads and writes: new events, live enrollments of the customers they touch, and the outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store import code_doubts
from store.bulk import id_list, in_ids, raw_cursor, update_rows
from store.claims import count_ends
from store.types import instant_of

HISTORY = "history"
"""The note of events that were loaded as history."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that nobody matched yet."""

    id: int
    source: str
    key: str
    customer_id: int
    type: str
    at: datetime
    received_at: datetime
    data: dict[str, Any]
    depth: int
    note: str | None = None

    @property
    def is_history(self) -> bool:
        """Whether it was loaded as history: it updates the projections and moves nobody."""
        return self.note == HISTORY


@dataclass(slots=True)
class Live:
    """An enrollment that an event may wake or end."""

    id: int
    customer_id: int
    journey_id: int
    version_id: int
    node: str
    status: str
    since: datetime
    wake_at: datetime
    wait_type: str | None
    event_id: int | None
    woken_event_id: int | None
    entered_at: datetime
    goal_at: datetime | None


def take_new(conn: Connection, limit: int) -> list[NewEvent]:
    """Return up to `limit` unmatched events in the order of their arrival.

    By state, never by a remembered id: ids are handed out before their transactions commit. Served by ix_event_new.
    """
    cursor = raw_cursor(conn)
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    cursor.execute(
        f"""SELECT id, source, key, customer_id, type, at, received_at, data, depth, note FROM event
        WHERE matched_at IS NULL ORDER BY id LIMIT {mark}""",
        (limit,),
    )
    rows = cursor.fetchall()
    if conn.dialect.name == "sqlite":
        rows = [(*row[:5], instant_of(row[5]), instant_of(row[6]), orjson.loads(row[7]), *row[8:]) for row in rows]
    return [NewEvent(*row) for row in rows]


_LIVE = """id, customer_id, journey_id, version_id, node, status, since, wake_at, wait_type, event_id, woken_event_id,
    entered_at, goal_at"""


def lock_live(conn: Connection, customer_ids: Iterable[int]) -> list[Live]:
    """Lock the live enrollments of these customers in the order of their ids, before anything is decided.

    A walk that arms a wait holds the same locks, so it either has committed (the wait is seen here) or comes after
    (it re-reads the events that are matched here).
    """
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    rows = conn.execute(
        text(
            f"""SELECT {_LIVE} FROM enrollment WHERE {in_ids(conn, "customer_id")}
            AND status IN ('active', 'waiting', 'parked') ORDER BY id{lock}"""
        ),
        {"ids": id_list(conn, sorted(set(customer_ids)))},
    )
    return [_live(row) for row in rows]


def read_enrollments(conn: Connection, ids: Sequence[int]) -> list[Live]:
    """Return enrollments by id, as `lock_live` does, without locking: for those that this transaction made."""
    rows = conn.execute(
        text(f"SELECT {_LIVE} FROM enrollment WHERE {in_ids(conn, 'id')} ORDER BY id"), {"ids": id_list(conn, ids)}
    )
    return [_live(row) for row in rows]


def _live(row: Any) -> Live:
    live = Live(*row)
    live.since, live.entered_at = instant_of(live.since), instant_of(live.entered_at)
    live.wake_at = instant_of(live.wake_at) if live.wake_at else live.since
    live.goal_at = instant_of(live.goal_at) if live.goal_at else None
    return live


def wake(conn: Connection, woken: Sequence[tuple[int, datetime, int]]) -> None:
    """Wake waiting enrollments, each (id, the event's time, the event's id); a walk that has them in hand sees it."""
    columns = (("id", "bigint"), ("wake_at", "timestamptz"), ("woken_event_id", "bigint"), ("woken_by", "text"))
    update_rows(conn, "enrollment", columns, [(*one, "event") for one in woken], where="t.status = 'waiting'")


def note_goals(conn: Connection, reached: Sequence[tuple[int, datetime]]) -> None:
    """Note when enrollments reached a goal."""
    update_rows(conn, "enrollment", (("id", "bigint"), ("goal_at", "timestamptz")), reached)


def end(conn: Connection, ended: Sequence[tuple[int, int, str]], *, status: str, now: datetime) -> None:
    """End live enrollments, each (id, version, reason). Codes in hand are forgotten."""
    columns = (
        ("id", "bigint"),
        ("reason", "text"),
        ("status", "text"),
        ("ended_at", "timestamptz"),
        ("wake_at", "timestamptz"),
        ("wait_type", "text"),
        ("secrets", "bytea"),
    )
    code_doubts.note_holding(conn, [id for id, _, _ in ended], now)
    rows = [(id, reason, status, now, None, None, None) for id, _, reason in ended]
    update_rows(conn, "enrollment", columns, rows, where="t.status IN ('active', 'waiting', 'parked')")
    count_ends(conn, [(version, status) for _, version, _ in ended], now)


def mark_matched(conn: Connection, events: Sequence[NewEvent], notes: dict[int, str], now: datetime) -> None:
    """Mark events as matched, numbered in the order in which they took effect."""
    if not events:
        return
    conn.execute(text("INSERT INTO quota (scope, period, used) VALUES ('match_no', '', 0) ON CONFLICT DO NOTHING"))
    last = conn.execute(
        text("UPDATE quota SET used = used + :n WHERE scope = 'match_no' AND period = '' RETURNING used"),
        {"n": len(events)},
    ).scalar_one()
    first = last - len(events) + 1
    columns = (("id", "bigint"), ("matched_at", "timestamptz"), ("match_no", "bigint"), ("note", "text"))
    rows = [(event.id, now, first + number, notes.get(event.id, event.note)) for number, event in enumerate(events)]
    update_rows(conn, "event", columns, rows)
