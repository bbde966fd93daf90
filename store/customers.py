"""Customers: looked up and created by key, read under a lock, and written with their history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, text

from store.bulk import id_list, in_ids, in_texts, insert_new, insert_rows, raw_cursor, text_list, update_rows
from store.tables import metadata
from store.types import Instant
from wayfare.segments.text import fold, folded_copies

CUSTOMER = metadata.tables["customer"]

PROFILE = (
    ("phone", "text"),
    ("email", "text"),
    ("first_name", "text"),
    ("last_name", "text"),
    ("birthday", "date"),
    ("sex", "text"),
    ("city", "text"),
    ("country", "text"),
    ("locale", "text"),
    ("time_zone", "text"),
    ("level", "text"),
)
"""Fields of a profile that come from outside, with their PostgreSQL types."""

_BARE = (
    ("key", "text"),
    ("attributes", "jsonb"),
    ("folded", "jsonb"),
    ("created_at", "timestamptz"),
    ("updated_at", "timestamptz"),
    ("is_synthetic", "boolean"),
)
_WRITTEN = (
    ("id", "bigint"),
    *PROFILE,
    ("birthday_md", "integer"),
    ("attributes", "jsonb"),
    ("folded", "jsonb"),
    ("updated_at", "timestamptz"),
)


@dataclass(slots=True)
class Profile:
    """What is known of one customer, as it was locked."""

    id: int
    key: str
    fields: dict[str, Any]
    attributes: dict[str, Any]
    is_erased: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One field or attribute (`attrs.` before its name) that got another value."""

    customer_id: int
    name: str
    old: Any
    new: Any


def find_customers(conn: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return ids by key; unknown keys are left out. Served by the unique index."""
    cursor = raw_cursor(conn)
    wanted = "key IN (SELECT value FROM json_each(?))" if conn.dialect.name == "sqlite" else "key = ANY(%s::text[])"
    cursor.execute(f"SELECT key, id FROM customer WHERE {wanted}", (text_list(conn, keys),))
    return dict(cursor.fetchall())


def ensure_customers(conn: Connection, keys: Collection[str], *, now: datetime) -> dict[str, int]:
    """Return ids by key, creating customers of whom nothing but the key is known."""
    known = find_customers(conn, keys)
    missing = set(keys) - known.keys()
    if missing:
        add_bare(conn, missing, now=now)
        known |= find_customers(conn, missing)
    return known


def add_bare(conn: Connection, keys: Collection[str], *, now: datetime, is_synthetic: bool = False) -> list[int]:
    """Create customers of whom nothing but the key is known; known keys are left alone. Return the new ids."""
    ordered = sorted(keys)  # so that two who create the same ones wait for each other in the same order
    return insert_new(
        conn, "customer", _BARE, [(key, {}, {"key": fold(key)}, now, now, is_synthetic) for key in ordered]
    )


def lock_profiles(conn: Connection, keys: Collection[str]) -> dict[str, Profile]:
    """Return the profiles of customers by key, locked in the order of their ids until the transaction ends.

    The lock lets others go on to refer to these customers.
    """
    columns = [CUSTOMER.c[name] for name in ("id", "key", "attributes", "erased_at", *(name for name, _ in PROFILE))]
    query = select(*columns).where(text(in_texts(conn, "key", "keys"))).order_by(CUSTOMER.c.id)
    if conn.dialect.name != "sqlite":
        query = query.with_for_update(key_share=True)
    found = {}
    for id, key, attributes, erased_at, *fields in conn.execute(query, {"keys": text_list(conn, keys)}):
        values = dict(zip((name for name, _ in PROFILE), fields, strict=True))
        found[key] = Profile(id, key, values, dict(attributes), erased_at is not None)
    return found


def write_profiles(conn: Connection, profiles: Sequence[Profile], *, now: datetime) -> None:
    """Write profiles whole, with the folded copies and the month and day of the birthday that queries use."""
    rows = []
    for profile in profiles:
        fields, birthday = profile.fields, profile.fields["birthday"]
        rows.append(
            (
                profile.id,
                *(fields[name] for name, _ in PROFILE),
                birthday.month * 100 + birthday.day if birthday else None,
                profile.attributes,
                folded_copies({"key": profile.key, **fields}, profile.attributes),
                now,
            )
        )
    update_rows(conn, "customer", _WRITTEN, rows)


def add_changes(conn: Connection, changes: Sequence[Change], *, now: datetime, source: str) -> None:
    """Append to the history of profiles."""
    rows = [(one.customer_id, one.name, _json(one.old), _json(one.new), now, source[:200]) for one in changes]
    insert_rows(conn, "attribute_change", ("customer_id", "name", "old", "new", "at", "source"), rows)


def move_identities(
    conn: Connection, kind: str, moves: Mapping[int, tuple[str | None, str | None]], now: datetime
) -> None:
    """Give customers, by id, a new handle in place of an old one; a handle that someone else has stays theirs."""
    old = {customer: pair[0] for customer, pair in moves.items() if pair[0] is not None}
    if old:
        conn.execute(
            text(
                f"DELETE FROM identity WHERE kind = :kind AND {in_ids(conn, 'customer_id')} "
                f"AND {in_texts(conn, 'value', 'values')}"
            ),
            {"kind": kind, "ids": id_list(conn, old), "values": text_list(conn, set(old.values()))},
        )
    columns = (("customer_id", "bigint"), ("kind", "text"), ("value", "text"), ("created_at", "timestamptz"))
    rows = [(customer, kind, pair[1], now) for customer, pair in sorted(moves.items()) if pair[1] is not None]
    insert_new(conn, "identity", columns, rows)


def waits_by_wall_time(
    conn: Connection, customer_ids: Collection[int], now: datetime
) -> list[tuple[int, int, str, str | None]]:
    """Return (enrollment, customer, wall time, the journey's zone) of timers that follow the customer's zone, locked.

    Timers that already woke, or that are due and may be in a worker's hand, are left out: they fire where they are.
    """
    if not customer_ids:
        return []
    zone, lock = "v.graph -> 'window' ->> 'time_zone'", " FOR UPDATE OF e"
    if conn.dialect.name == "sqlite":
        zone, lock = "json_extract(v.graph, '$.window.time_zone')", ""
    rows = conn.execute(
        text(
            f"""SELECT e.id, e.customer_id, e.wake_local, {zone} FROM enrollment e
            JOIN journey_version v ON v.id = e.version_id WHERE {in_ids(conn, "e.customer_id")}
            AND e.status = 'waiting' AND e.wake_local IS NOT NULL AND e.woken_by IS NULL
            AND e.wake_at > :now ORDER BY e.id{lock}"""
        ).bindparams(bindparam("now", type_=Instant())),
        {"ids": id_list(conn, sorted(customer_ids)), "now": now},
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def move_timers(conn: Connection, timers: Sequence[tuple[int, datetime]]) -> None:
    """Set when enrollments are due, each (id, instant), unless they moved on."""
    columns = (("id", "bigint"), ("wake_at", "timestamptz"))
    update_rows(conn, "enrollment", columns, timers, where="t.status = 'waiting' AND t.wake_local IS NOT NULL")


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
