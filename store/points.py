"""Bonus points: an append-only ledger by customer, what is left of each gain, and balances kept for speed.

Everything here takes many customers at once in a number of statements that does not grow with them. Whoever changes
points locks the accounts first, in the order of the customers; each entry has a key and is written once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_new
from store.dirty import mark_dirty
from store.types import instant_of, sqlite_text

_NONE: Mapping[int, int] = {}
_REFUSAL = "the ledger of points is append-only"
_ENTRY = (
    ("customer_id", "bigint"),
    ("key", "text"),
    ("kind", "text"),
    ("amount", "bigint"),
    ("expires_at", "timestamptz"),
    ("source", "text"),
    ("at", "timestamptz"),
)


@dataclass(frozen=True, slots=True)
class Movement:
    """Points that come (`amount` above 0) or go. `kind`: given, taken, cashback, returned, expired."""

    customer_id: int
    key: str
    kind: str
    amount: int
    expires_at: datetime | None = None
    source: str = ""


def lock(conn: Connection, customer_ids: Iterable[int], now: datetime) -> None:
    """Lock the accounts of customers until the transaction ends; those that are missing are made."""
    given = {"ids": id_list(conn, sorted(set(customer_ids))), "now": _at(conn, now)}
    moment = ":now" if conn.dialect.name == "sqlite" else "CAST(:now AS timestamptz)"
    conn.execute(
        text(
            f"""INSERT INTO points_account (customer_id, balance, updated_at) SELECT id, 0, {moment} FROM customer
            WHERE {in_ids(conn, "id")} ORDER BY id ON CONFLICT DO NOTHING"""
        ),
        given,
    )
    if conn.dialect.name == "postgresql":
        query = f"SELECT 1 FROM points_account WHERE {in_ids(conn, 'customer_id')} ORDER BY customer_id FOR UPDATE"
        conn.execute(text(query), {"ids": given["ids"]})


def move(conn: Connection, movements: Sequence[Movement], now: datetime, depths: Mapping[int, int] = _NONE) -> set[int]:
    """Write movements whose keys are new, and what follows from them; the caller holds the locks. Return the customers
    whose balance is below zero now. Their segments are looked at again; for `depths` see `mark_dirty`.

    Of what goes, the points that expire first go first. What comes in pays a balance below zero first.
    """
    if not movements:
        return set()
    rows = [(m.customer_id, m.key, m.kind, m.amount, m.expires_at, m.source[:200], now) for m in movements]
    new = insert_new(conn, "points_entry", _ENTRY, rows)
    if not new:
        return set()
    fresh = {"new": id_list(conn, new)}
    conn.execute(
        text(
            f"""INSERT INTO points_lot (entry_id, customer_id, amount, remaining, expires_at)
            SELECT id, customer_id, amount, amount, expires_at FROM points_entry
            WHERE {in_ids(conn, "id", "new")} AND amount > 0 ORDER BY id"""
        ),
        fresh,
    )
    conn.execute(
        text(
            f"""UPDATE points_account SET balance = balance + e.amount, updated_at = :now FROM (
            SELECT customer_id AS who, sum(amount) AS amount FROM points_entry
            WHERE {in_ids(conn, "id", "new")} GROUP BY customer_id) AS e WHERE e.who = customer_id"""
        ),
        fresh | {"now": _at(conn, now)},
    )
    customers = {"ids": id_list(conn, sorted({m.customer_id for m in movements}))}
    _trim(conn, customers)
    mark_dirty(conn, (m.customer_id for m in movements), now, depths=depths)
    below = text(f"SELECT customer_id FROM points_account WHERE {in_ids(conn, 'customer_id')} AND balance < 0")
    return {row[0] for row in conn.execute(below, customers)}


def _trim(conn: Connection, customers: dict[str, str]) -> None:
    """Take from what is left of gains whatever is more than the balance, from those that expire first."""
    mine = in_ids(conn, "l.customer_id")
    conn.execute(
        text(
            f"""UPDATE points_lot SET remaining = t.keep FROM (
                SELECT s.id AS lot, CASE WHEN s.surplus - s.earlier <= 0 THEN s.remaining
                    WHEN s.surplus - s.earlier >= s.remaining THEN 0
                    ELSE s.remaining - (s.surplus - s.earlier) END AS keep
                FROM (SELECT l.id, l.remaining,
                    sum(l.remaining) OVER (PARTITION BY l.customer_id ORDER BY l.expires_at IS NULL, l.expires_at, l.id)
                        - l.remaining AS earlier,
                    sum(l.remaining) OVER (PARTITION BY l.customer_id)
                        - CASE WHEN a.balance > 0 THEN a.balance ELSE 0 END AS surplus
                    FROM points_lot l JOIN points_account a ON a.customer_id = l.customer_id
                    WHERE l.remaining > 0 AND {mine}) AS s) AS t
            WHERE t.lot = id AND t.keep <> remaining"""
        ),
        customers,
    )


def balances(conn: Connection, customer_ids: Iterable[int]) -> dict[int, int]:
    """Return the points of customers; those who never had any are left out."""
    rows = conn.execute(
        text(f"SELECT customer_id, balance FROM points_account WHERE {in_ids(conn, 'customer_id')}"),
        {"ids": id_list(conn, sorted(set(customer_ids)))},
    )
    return {row[0]: int(row[1]) for row in rows}


def outstanding(conn: Connection) -> tuple[int, int]:
    """Return how many customers have points, and how many points they have together."""
    row = conn.execute(text("SELECT count(*), coalesce(sum(balance), 0) FROM points_account WHERE balance > 0")).one()
    return int(row[0]), int(row[1])


def amount_of(conn: Connection, key: str) -> int | None:
    """Return what the movement of this key did; None when it was never made."""
    found = conn.execute(text("SELECT amount FROM points_entry WHERE key = :key"), {"key": key}).scalar_one_or_none()
    return None if found is None else int(found)


def expire(conn: Connection, now: datetime, limit: int = 1000) -> int:
    """Take points away whose time is over, of so many gains at once; return of how many."""
    due = text(
        """SELECT DISTINCT customer_id FROM (SELECT customer_id FROM points_lot
        WHERE remaining > 0 AND expires_at <= :now ORDER BY expires_at LIMIT :most) AS due"""
    )
    customers = [row[0] for row in conn.execute(due, {"now": _at(conn, now), "most": limit})]
    if not customers:
        return 0
    lock(conn, customers, now)
    lots = conn.execute(
        text(
            f"""SELECT id, customer_id, remaining FROM points_lot
            WHERE {in_ids(conn, "customer_id")} AND remaining > 0 AND expires_at <= :now ORDER BY id"""
        ),
        {"ids": id_list(conn, customers), "now": _at(conn, now)},
    ).all()
    move(conn, [Movement(who, f"expire:{lot}", "expired", -left) for lot, who, left in lots], now)
    return len(lots)


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement as a customer's page shows it."""

    at: datetime
    kind: str
    amount: int
    expires_at: datetime | None
    source: str


def entries_of(conn: Connection, customer_id: int, limit: int = 50) -> list[Entry]:
    """Return the movements of one customer, the latest first."""
    rows = conn.execute(
        text(
            """SELECT at, kind, amount, expires_at, source FROM points_entry WHERE customer_id = :who
            ORDER BY id DESC LIMIT :most"""
        ),
        {"who": customer_id, "most": limit},
    )
    return [
        Entry(instant_of(at), kind, int(amount), instant_of(until) if until else None, source)
        for at, kind, amount, until, source in rows
    ]


def _at(conn: Connection, moment: datetime) -> object:
    return sqlite_text(moment) if conn.dialect.name == "sqlite" else moment


def protect(conn: Connection) -> None:
    """Make the database itself refuse to change what was written."""
    if conn.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            conn.exec_driver_sql(
                f"CREATE TRIGGER points_entry_no_{act.lower()} BEFORE {act} ON points_entry "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    conn.exec_driver_sql(
        f"CREATE FUNCTION points_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER points_entry_no_change BEFORE UPDATE OR DELETE ON points_entry "
        "FOR EACH ROW EXECUTE FUNCTION points_refuse()"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER points_entry_no_truncate BEFORE TRUNCATE ON points_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION points_refuse()"
    )


def unprotect(conn: Connection) -> None:
    """Take the protection away, on the way back to a database that has no points."""
    if conn.dialect.name == "sqlite":
        return  # a trigger goes with its table
    conn.exec_driver_sql("DROP TRIGGER points_entry_no_change ON points_entry")
    conn.exec_driver_sql("DROP TRIGGER points_entry_no_truncate ON points_entry")
    conn.exec_driver_sql("DROP FUNCTION points_refuse()")
