"""Segments in the database: rules, members, history, and the customers that must be looked at again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store.bulk import array_literal, id_list, in_ids, insert_new, raw_cursor, sqlite_value
from store.events import body_hash
from store.types import instant_of

Pair = tuple[int, int]
"""(segment id, customer id)"""

_NONE: Mapping[int, int] = {}
ENTERED, LEFT = "segment.entered", "segment.left"


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment as it is stored. It was never built while `built_rev` is 0."""

    id: int
    key: str
    name: str
    description: str
    rule: dict[str, Any]
    rev: int
    built_rev: int
    build_after_id: int
    size: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """What changes about a segment while it is kept up to date; the rule is another matter."""

    id: int
    key: str
    rev: int
    built_rev: int
    build_after_id: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A customer entered or left a segment at an instant."""

    segment_id: int
    customer_id: int
    at: datetime
    entered: bool


_COLUMNS = "id, key, name, description, rule, rev, built_rev, build_after_id, size, updated_at"


def all_segments(conn: Connection) -> list[SegmentRow]:
    """Return every segment in the order of the keys."""
    return [_row(row) for row in conn.execute(text(f"SELECT {_COLUMNS} FROM segment ORDER BY key"))]


def heads(conn: Connection) -> list[Head]:
    """Return every segment without its rule, in the order of the keys."""
    rows = conn.execute(
        text("SELECT id, key, rev, built_rev, build_after_id, updated_at FROM segment ORDER BY key")
    ).all()
    return [Head(row[0], row[1], row[2], row[3], row[4], instant_of(row[5])) for row in rows]


def rules_of(conn: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the rules of these segments by id."""
    rows = conn.execute(
        text(f"SELECT id, rule FROM segment WHERE {in_ids(conn, 'id')}"), {"ids": id_list(conn, ids)}
    ).all()
    return {row[0]: orjson.loads(row[1]) if isinstance(row[1], str) else row[1] for row in rows}


def find_segment(conn: Connection, key: str) -> SegmentRow | None:
    """Return the segment with this key, or None."""
    row = conn.execute(text(f"SELECT {_COLUMNS} FROM segment WHERE key = :key"), {"key": key}).one_or_none()
    return None if row is None else _row(row)


def list_keys(conn: Connection) -> set[str]:
    """Return the keys of all static lists."""
    return {row[0] for row in conn.execute(text("SELECT key FROM customer_list"))}


def insert_segment(
    conn: Connection, key: str, name: str, description: str, rule: Mapping[str, Any], now: datetime
) -> int:
    """Insert a segment that is not built yet; return its id, or 0 when its key or name is taken."""
    row = (key, name, description, dict(rule), 1, 0, 0, 0, now, now)
    new = insert_new(conn, "segment", _NEW, [row])
    return new[0] if new else 0


def update_segment(
    conn: Connection, old: SegmentRow, name: str, description: str, rule: Mapping[str, Any], now: datetime
) -> bool:
    """Change a segment if it is still at the revision that was read; say whether it was.

    A changed rule starts the build anew; a new name alone does not.
    """
    changed = dict(rule) != old.rule
    built = old.rev + 1 if old.built_rev == old.rev and not changed else old.built_rev
    cursor = raw_cursor(conn)
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    cursor.execute(
        f"""UPDATE segment SET name = {mark}, description = {mark}, rule = {mark}, rev = rev + 1, built_rev = {mark},
        build_after_id = CASE WHEN {mark} = 1 THEN 0 ELSE build_after_id END, updated_at = {mark}
        WHERE id = {mark} AND rev = {mark}""",
        (
            name,
            description,
            orjson.dumps(rule).decode(),
            *(built, int(changed), sqlite_value(now) if mark == "?" else now, old.id, old.rev),
        ),
    )
    return bool(cursor.rowcount == 1)


def note_build(conn: Connection, segment: SegmentRow | Head, after_id: int, *, done: bool) -> None:
    """Note how far a build has come; nothing when the segment was changed meanwhile, for then it starts anew."""
    parameters = {"id": segment.id, "rev": segment.rev, "after": after_id}
    if done:
        statement = """UPDATE segment SET built_rev = rev, build_after_id = 0,
            size = (SELECT count(*) FROM segment_member WHERE segment_id = :id) WHERE id = :id AND rev = :rev"""
    else:
        statement = "UPDATE segment SET build_after_id = :after WHERE id = :id AND rev = :rev"
    conn.execute(text(statement), parameters)


def take_dirty(conn: Connection, limit: int) -> tuple[dict[int, int], dict[int, int]]:
    """Return up to `limit` marked customers, the longest marked first: by customer the mark that was seen, and how many
    journeys led to it where any did.
    """
    rows = conn.execute(
        text("SELECT customer_id, mark, depth FROM customer_dirty ORDER BY marked_at, customer_id LIMIT :limit"),
        {"limit": limit},
    ).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows if row[2]}


def forget_dirty(conn: Connection, taken: Mapping[int, int]) -> None:
    """Remove the marks that were seen. One that was made meanwhile has another number, or is locked by its maker
    just now: it stays, and the customer is looked at again."""
    if not taken:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.executemany("DELETE FROM customer_dirty WHERE customer_id = ? AND mark = ?", list(taken.items()))
        return
    cursor.execute(
        """DELETE FROM customer_dirty WHERE customer_id IN (
            SELECT d.customer_id FROM customer_dirty d
            JOIN unnest(%s::bigint[], %s::bigint[]) AS seen(id, mark) ON d.customer_id = seen.id AND d.mark = seen.mark
            ORDER BY d.customer_id FOR UPDATE OF d SKIP LOCKED)""",
        (array_literal(list(taken)), array_literal(list(taken.values()))),
    )


def members_among(conn: Connection, segments: Collection[int], customers: Iterable[int]) -> dict[int, set[int]]:
    """Return which of these customers are in each segment now. Served by ix_segment_member_customer_id."""
    rows = conn.execute(
        text(f"SELECT segment_id, customer_id FROM segment_member WHERE {in_ids(conn, 'customer_id')}"),
        {"ids": id_list(conn, customers)},
    )
    members: dict[int, set[int]] = {id: set() for id in segments}
    for segment, customer in rows:
        if segment in members:
            members[segment].add(customer)
    return members


def customers_after(conn: Connection, after_id: int, limit: int) -> list[int]:
    """Return the next customers in the order of their ids."""
    rows = conn.execute(
        text("SELECT id FROM customer WHERE id > :after ORDER BY id LIMIT :limit"), {"after": after_id, "limit": limit}
    )
    return [row[0] for row in rows]


def write_changes(
    conn: Connection,
    changes: Sequence[Change],
    keys: Mapping[int, str],
    *,
    silent: Collection[int],
    now: datetime,
    depths: Mapping[int, int] = _NONE,
) -> None:
    """Write members, history, sizes and events of what changed; at most one change a customer and segment.

    An event is as deep as the change of the customer that led to it.

    Segments in `silent` make no events. The key of an event names the stay that began or ended, so one stay has one
    entry and one exit, whatever is repeated.
    """
    if not changes:
        return
    entered = _begin(conn, [(one.segment_id, one.customer_id, one.at) for one in changes if one.entered])
    left = _end(conn, [(one.segment_id, one.customer_id, one.at) for one in changes if not one.entered])
    deltas: dict[int, int] = {}
    events: list[tuple[Any, ...]] = []
    for one in changes:
        pair = (one.segment_id, one.customer_id)
        stay = (entered if one.entered else left).get(pair)
        deltas[one.segment_id] = deltas.get(one.segment_id, 0) + (1 if one.entered else -1)
        if one.segment_id in silent or stay is None:
            continue
        type = ENTERED if one.entered else LEFT
        data = {"segment": keys[one.segment_id]}
        key = f"{data['segment']}:{one.customer_id}:{stay}:{'in' if one.entered else 'out'}"
        events.append(
            (one.customer_id, "segment", key, type, depths.get(one.customer_id, 0), data, body_hash(data), one.at, now)
        )
    insert_new(conn, "event", _EVENT, events)
    for id, delta in sorted(deltas.items()):
        if delta:
            conn.execute(text("UPDATE segment SET size = size + :delta WHERE id = :id"), {"delta": delta, "id": id})


_NEW = (
    ("key", "text"),
    ("name", "text"),
    ("description", "text"),
    ("rule", "jsonb"),
    ("rev", "int"),
    ("built_rev", "int"),
    ("build_after_id", "bigint"),
    ("size", "bigint"),
    ("created_at", "timestamptz"),
    ("updated_at", "timestamptz"),
)
_EVENT = (
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


def _begin(conn: Connection, rows: Sequence[tuple[int, int, datetime]]) -> dict[Pair, int]:
    """Insert members and the beginning of their stays; return the id of each stay."""
    if not rows:
        return {}
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        written = [(segment, customer, sqlite_value(at)) for segment, customer, at in rows]
        cursor.executemany("INSERT INTO segment_member (segment_id, customer_id, since) VALUES (?, ?, ?)", written)
        cursor.execute(
            """INSERT INTO segment_span (segment_id, customer_id, from_at)
            SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
            FROM json_each(?) RETURNING segment_id, customer_id, id""",
            (orjson.dumps(written).decode(),),
        )
    else:
        arrays = _arrays(rows)
        source = "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])"
        cursor.execute(f"INSERT INTO segment_member (segment_id, customer_id, since) {source}", arrays)
        cursor.execute(
            f"""INSERT INTO segment_span (segment_id, customer_id, from_at) {source}
            RETURNING segment_id, customer_id, id""",
            arrays,
        )
    return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _end(conn: Connection, rows: Sequence[tuple[int, int, datetime]]) -> dict[Pair, int]:
    """Remove members and end their stays; return the id of each stay."""
    if not rows:
        return {}
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        written = [(segment, customer, sqlite_value(at)) for segment, customer, at in rows]
        cursor.executemany(
            "DELETE FROM segment_member WHERE segment_id = ? AND customer_id = ?", [row[:2] for row in written]
        )
        cursor.execute(
            """UPDATE segment_span SET until_at = json_extract(gone.value, '$[2]') FROM json_each(?) AS gone
            WHERE segment_span.customer_id = json_extract(gone.value, '$[1]')
            AND segment_span.segment_id = json_extract(gone.value, '$[0]') AND segment_span.until_at IS NULL
            RETURNING segment_id, customer_id, id""",
            (orjson.dumps(written).decode(),),
        )
    else:
        arrays = _arrays(rows)
        gone = "unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS gone(segment, customer, at)"
        cursor.execute(
            f"""DELETE FROM segment_member m USING {gone}
            WHERE m.segment_id = gone.segment AND m.customer_id = gone.customer""",
            arrays,
        )
        cursor.execute(
            f"""UPDATE segment_span s SET until_at = gone.at FROM {gone}
            WHERE s.customer_id = gone.customer AND s.segment_id = gone.segment AND s.until_at IS NULL
            RETURNING s.segment_id, s.customer_id, s.id""",
            arrays,
        )
    return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _arrays(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [array_literal(column) for column in zip(*rows, strict=True)]


def _row(row: Any) -> SegmentRow:
    id, key, name, description, rule, rev, built_rev, build_after_id, size, updated_at = row
    rule = orjson.loads(rule) if isinstance(rule, str) else rule
    return SegmentRow(id, key, name, description, rule, rev, built_rev, build_after_id, size, instant_of(updated_at))
