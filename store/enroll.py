"""Enrolling: who may enter, decided and written for many customers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_new, raw_cursor
from store.claims import count_ends
from store.days import day_of
from store.types import instant_of, sqlite_text

_ENROLLMENT = (
    ("journey_id", "bigint"),
    ("version_id", "bigint"),
    ("customer_id", "bigint"),
    ("entry_key", "text"),
    ("status", "text"),
    ("node", "text"),
    ("visit", "smallint"),
    ("seq", "smallint"),
    ("depth", "smallint"),
    ("since", "timestamptz"),
    ("wake_at", "timestamptz"),
    ("event_id", "bigint"),
    ("attempts", "smallint"),
    ("entered_at", "timestamptz"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer whom a trigger would take in, at an instant of journey time.

    `token` tells this occasion from others (the event, the local date); `position` orders the candidates of a batch.
    """

    customer_id: int
    at: datetime
    token: str
    node: str
    event_id: int | None = None
    depth: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Who may enter a journey, and how often."""

    journey_id: int
    journey_key: str
    version_id: int
    reentry: str = "never"
    after_days: int | None = None
    exclude_segment: str | None = None
    holdout: float = 0.0  # share in [0, 1]
    limit_per_day: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a customer's earlier entries into a journey come to."""

    last_entered_at: datetime
    is_live: bool


def enroll(
    conn: Connection,
    rule: EntryRule,
    candidates: Sequence[Candidate],
    *,
    now: datetime,
    held_out: Mapping[int, bool],
    left_at: Mapping[int, int] | None = None,
) -> list[int]:
    """Enroll those whom the entry rule admits; return the ids of the new enrollments.

    `held_out` says for each customer whether chance keeps them out; `left_at` gives the position in the batch at which
    a customer's live enrollment ends. The caller holds the lock of the matcher, so nobody else enrolls meanwhile; the
    unique entry key holds even without it.
    """
    candidates = [one for one in candidates if _is_open(rule, one.at)]
    if not candidates:
        return []
    customers = sorted({one.customer_id for one in candidates})
    barred = _barred(conn, customers, rule.exclude_segment)
    past = _past(conn, rule.journey_id, customers)
    kept_out = sorted({id for id in customers if held_out.get(id) and id not in barred and id not in past})
    _keep_out(conn, rule.journey_id, kept_out, now)
    admitted: list[Candidate] = []
    for one in sorted(candidates, key=lambda one: one.position):
        if one.customer_id in barred or held_out.get(one.customer_id):
            continue
        before = past.get(one.customer_id)
        left = (left_at or {}).get(one.customer_id)
        if before is not None and before.is_live and left is not None and left < one.position:
            before = Past(before.last_entered_at, is_live=False)
        if _admits(rule, before, one):
            admitted.append(one)
            if rule.reentry != "per_key":
                past[one.customer_id] = Past(one.at, is_live=True)
    if rule.limit_per_day is not None:
        admitted = admitted[: _take_quota(conn, rule, len(admitted), now)]
    ids = insert_new(conn, "enrollment", _ENROLLMENT, [_row(rule, one) for one in admitted])
    if ids:
        count_ends(conn, [(rule.version_id, "entered")] * len(ids), now)
    return ids


def _is_open(rule: EntryRule, at: datetime) -> bool:
    return (rule.opens_at is None or at >= rule.opens_at) and (rule.closes_at is None or at < rule.closes_at)


def _admits(rule: EntryRule, past: Past | None, one: Candidate) -> bool:
    if rule.reentry == "per_key" or past is None:
        return True
    if rule.reentry == "never" or past.is_live:
        return False
    return rule.reentry == "always" or one.at >= past.last_entered_at + timedelta(days=rule.after_days or 0)


def _row(rule: EntryRule, one: Candidate) -> tuple[Any, ...]:
    key = "once" if rule.reentry == "never" else one.token
    return (
        *(rule.journey_id, rule.version_id, one.customer_id, key, "active", one.node, 0, 0, one.depth),
        *(one.at, one.at, one.event_id, 0, one.at),
    )


def _barred(conn: Connection, customers: Sequence[int], segment: str | None) -> set[int]:
    """Return who is erased or in the segment that stays out."""
    rows = conn.execute(
        text(
            f"""SELECT id FROM customer WHERE {in_ids(conn, "id")} AND erased_at IS NOT NULL
            UNION ALL SELECT m.customer_id FROM segment_member m JOIN segment s ON s.id = m.segment_id
            WHERE s.key = :segment AND {in_ids(conn, "m.customer_id")}"""
        ),
        {"ids": id_list(conn, customers), "segment": segment or ""},
    )
    return {row[0] for row in rows}


def _past(conn: Connection, journey_id: int, customers: Sequence[int]) -> dict[int, Past]:
    """Return earlier entries by customer; served by the unique key (journey, customer, entry key)."""
    rows = conn.execute(
        text(
            f"""SELECT customer_id, max(entered_at),
            max(CASE WHEN status IN ('active', 'waiting', 'parked') THEN 1 ELSE 0 END)
            FROM enrollment WHERE journey_id = :journey AND {in_ids(conn, "customer_id")} GROUP BY customer_id"""
        ),
        {"journey": journey_id, "ids": id_list(conn, customers)},
    )
    return {row[0]: Past(instant_of(row[1]), bool(row[2])) for row in rows}


def _keep_out(conn: Connection, journey_id: int, customers: Sequence[int], now: datetime) -> None:
    if not customers:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.execute(
            "INSERT OR IGNORE INTO holdout (journey_id, customer_id, at) SELECT ?, value, ? FROM json_each(?)",
            (journey_id, sqlite_text(now), id_list(conn, customers)),
        )
        return
    cursor.execute(
        """INSERT INTO holdout (journey_id, customer_id, at)
        SELECT %s, id, %s FROM unnest(%s::bigint[]) AS id ON CONFLICT DO NOTHING""",
        (journey_id, now, id_list(conn, customers)),
    )


def _take_quota(conn: Connection, rule: EntryRule, wanted: int, now: datetime) -> int:
    """Reserve up to `wanted` entries of today's limit; the row is locked by the update itself."""
    limit = rule.limit_per_day or 0
    key = {"scope": f"enroll:{rule.journey_id}", "period": day_of(conn, now).isoformat()}
    conn.execute(
        text("INSERT INTO quota (scope, period, used) VALUES (:scope, :period, 0) ON CONFLICT DO NOTHING"), key
    )
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    used = conn.execute(text(f"SELECT used FROM quota WHERE scope = :scope AND period = :period{lock}"), key)
    granted = max(0, min(wanted, limit - int(used.scalar_one())))
    conn.execute(
        text("UPDATE quota SET used = used + :n WHERE scope = :scope AND period = :period"), key | {"n": granted}
    )
    return granted
