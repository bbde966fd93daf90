"""Counters of limits: taken by conditional updates, in the order of their names, and kept as the sums of entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import in_texts, text_list
from store.types import sqlite_text


@dataclass(frozen=True, slots=True)
class Taking:
    """What one redemption wants of a counter. `limit` is the most that may be used and reserved together."""

    name: str
    amount: int
    limit: int | None


def taken(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return what is used and reserved by name; a counter that never moved is not there."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    query = f"SELECT name, used + reserved FROM usage_counter WHERE {in_texts(conn, 'name', 'names')}"
    return {row[0]: int(row[1]) for row in conn.execute(text(query), {"names": text_list(conn, wanted)})}


def sums(conn: Connection, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return what is used, and what is reserved, by name; a counter that never moved is not there."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    query = f"SELECT name, used, reserved FROM usage_counter WHERE {in_texts(conn, 'name', 'names')}"
    rows = conn.execute(text(query), {"names": text_list(conn, wanted)})
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def take(conn: Connection, redemption_id: int, takings: Iterable[Taking], now: datetime) -> str | None:
    """Reserve all of it and return None, or return the name of the first counter that has not so much left.

    What was taken before that one stays taken: the caller rolls back. Counters are locked in the order of their
    names, whoever comes: two redemptions never wait for each other in a circle.
    """
    for one in sorted(takings, key=lambda taking: taking.name):
        conn.execute(
            text("INSERT INTO usage_counter (name, used, reserved) VALUES (:name, 0, 0) ON CONFLICT (name) DO NOTHING"),
            {"name": one.name},
        )
        found = conn.execute(
            text(
                """UPDATE usage_counter SET reserved = reserved + :amount WHERE name = :name
                AND (CAST(:most AS BIGINT) IS NULL OR used + reserved + :amount <= :most) RETURNING id"""
            ),
            {"name": one.name, "amount": one.amount, "most": one.limit},
        ).scalar_one_or_none()
        if found is None:
            return one.name
        conn.execute(
            text(
                """INSERT INTO usage_entry (redemption_id, counter_id, kind, part, amount, at)
                VALUES (:redemption, :counter, 'reserve', '', :amount, :at)"""
            ),
            {"redemption": redemption_id, "counter": found, "amount": one.amount, "at": _at(conn, now)},
        )
    return None


@dataclass(frozen=True, slots=True)
class Over:
    """A counter that is used and reserved beyond its limit."""

    name: str
    limit: int
    total: int


def take_anyway(conn: Connection, redemption_id: int, takings: Iterable[Taking], now: datetime) -> list[Over]:
    """Reserve all of it whatever the limits say, and return those that are exceeded now: the goods are gone already."""
    wanted = list(takings)
    refused = take(conn, redemption_id, [Taking(one.name, one.amount, None) for one in wanted], now)
    assert refused is None  # noqa: S101  nothing can refuse without a limit
    total = taken(conn, [one.name for one in wanted])
    return [
        Over(one.name, one.limit, total[one.name])
        for one in sorted(wanted, key=lambda taking: taking.name)
        if one.limit is not None and total[one.name] > one.limit
    ]


def confirm(conn: Connection, redemption_ids: Iterable[int], now: datetime) -> None:
    """Make what redemptions reserved a use."""
    _settle(conn, redemption_ids, "confirm", "reserved = reserved - e.amount, used = used + e.amount", now)


def release(conn: Connection, redemption_ids: Iterable[int], now: datetime) -> None:
    """Give back what redemptions reserved."""
    _settle(conn, redemption_ids, "release", "reserved = reserved - e.amount", now)


def give_back(conn: Connection, redemption_id: int, part: str, amounts: Mapping[str, int], now: datetime) -> None:
    """Give back a part of what one redemption used: `part` names the return."""
    for name in sorted(name for name, amount in amounts.items() if amount):
        given = {"name": name, "amount": amounts[name], "redemption": redemption_id, "part": part, "at": _at(conn, now)}
        found = conn.execute(
            text("UPDATE usage_counter SET used = used - :amount WHERE name = :name RETURNING id"), given
        ).scalar_one()
        conn.execute(
            text(
                """INSERT INTO usage_entry (redemption_id, counter_id, kind, part, amount, at)
                VALUES (:redemption, :counter, 'return', :part, :amount, :at)"""
            ),
            given | {"counter": found},
        )


def used_by(conn: Connection, redemption_id: int) -> dict[str, int]:
    """Return what a confirmed redemption uses of each counter, after what it gave back."""
    rows = conn.execute(
        text(
            """SELECT c.name, sum(CASE e.kind WHEN 'confirm' THEN e.amount WHEN 'return' THEN -e.amount ELSE 0 END)
            FROM usage_entry e JOIN usage_counter c ON c.id = e.counter_id
            WHERE e.redemption_id = :id GROUP BY c.name"""
        ),
        {"id": redemption_id},
    )
    return {row[0]: int(row[1]) for row in rows}


def _settle(conn: Connection, redemption_ids: Iterable[int], kind: str, changes: str, now: datetime) -> None:
    ids = sorted(set(redemption_ids))
    if not ids:
        return
    numbers = ", ".join(map(str, ids))
    mine = f"""SELECT counter_id, sum(amount) AS amount FROM usage_entry
        WHERE kind = 'reserve' AND redemption_id IN ({numbers}) GROUP BY counter_id"""
    if conn.dialect.name == "postgresql":
        of_mine = f"SELECT counter_id FROM usage_entry WHERE redemption_id IN ({numbers})"
        in_order = 'ORDER BY name COLLATE "C"'  # as Python sorts them
        conn.execute(text(f"SELECT 1 FROM usage_counter WHERE id IN ({of_mine}) {in_order} FOR UPDATE"))
    conn.execute(text(f"UPDATE usage_counter SET {changes} FROM ({mine}) e WHERE e.counter_id = usage_counter.id"))
    conn.execute(
        text(
            f"""INSERT INTO usage_entry (redemption_id, counter_id, kind, part, amount, at)
            SELECT redemption_id, counter_id, :kind, '', amount, :at FROM usage_entry
            WHERE kind = 'reserve' AND redemption_id IN ({numbers})"""
        ),
        {"kind": kind, "at": _at(conn, now)},
    )


def _at(conn: Connection, moment: datetime) -> object:
    return sqlite_text(moment) if conn.dialect.name == "sqlite" else moment
