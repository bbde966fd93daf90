"""The outbox from a pending row to an outcome: claims, hand-overs, outcomes, and what a dead worker leaves behind.

Every function takes a whole claim and issues the same number of statements whatever its size. Leases run by the
database's clock; a worker that lost its lease changes no row, because every write names the token of its claim.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text

from store import code_doubts
from store.bulk import array_literal, id_list, in_ids, raw_cursor, sqlite_value, update_rows
from store.db import db_now
from store.messages import AttemptRow, MessageRow, attempts_of, list_messages
from store.types import Instant, sqlite_text

DEATH = 3
"""A death of the worker weighs as much as three refusals, so that a message that kills workers is soon alone."""
MOST_FAILURES = 15
"""Then a message is given up: five deaths, or refusals over about a day."""
SIZES = ((0, None), (5, 32))
"""How many messages are claimed together, by their failures: none, a whole claim; up to 5, 32; more, one."""

_COLUMNS = """m.id, m.enrollment_id, m.node, m.visit, m.channel, m.customer_id, m.version_id, m.purpose, m.created_at,
    m.due_at, m.not_after, m.variables, m.subject, m.body, m.body_hash, m.attempts, m.failures, m.first_sent_at,
    m.cap_date"""
_BANDS = ("< 5", "= 5", "> 5")
"""Priorities as index ranges: one range over all of them would walk over every message that is not due yet."""


@dataclass(slots=True)
class Queued:
    """One message of the outbox as a claim locked it; texts and variables are sealed."""

    id: int
    enrollment_id: int
    node: str
    visit: int
    channel: str
    customer_id: int
    version_id: int
    purpose: str
    created_at: datetime
    due_at: datetime
    not_after: datetime | None
    variables: bytes | None
    subject: bytes | None
    body: bytes | None
    body_hash: bytes | None
    attempts: int
    failures: int
    first_sent_at: datetime | None
    cap_date: str | None

    @property
    def is_transactional(self) -> bool:
        """Whether it needs no consent: an order's confirmation, a certificate that was paid for."""
        return self.purpose == "transactional"


@dataclass(frozen=True, slots=True)
class Tried:
    """One request to a provider: a row of the attempts, never changed afterwards."""

    started_at: datetime
    ended_at: datetime
    outcome: str
    key: str
    body_hash: bytes
    detail: str | None = None


@dataclass(slots=True)
class Settled:
    """What becomes of a claimed message: its new columns, and the request that led there, if one was made."""

    message: Queued
    status: str
    reason: str | None = None
    due_at: datetime | None = None  # None: as it was
    failures: int | None = None
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str | None = None
    tried: Tried | None = None


def due(conn: Connection, channel: str, *, now: datetime, limit: int) -> list[Queued]:
    """Lock up to `limit` messages that may go now, urgent ones first; those of paused journeys stay where they are.

    Who failed before is taken in small numbers, so that a message that kills its worker takes few others along.
    PostgreSQL: SKIP LOCKED lets other workers pass by. Served by ix_message_due (channel, priority, due_at, id) where
    status = 'pending'; the condition is written out because SQLite compares it as text.
    """
    skip = "" if conn.dialect.name == "sqlite" else "FOR UPDATE OF m SKIP LOCKED"
    found: list[Queued] = []
    for band in _BANDS:
        query = text(
            f"""SELECT {_COLUMNS} FROM message m
            WHERE m.channel = :channel AND m.status = 'pending' AND m.priority {band} AND m.due_at <= :now
            AND m.version_id NOT IN (SELECT v.id FROM journey_version v JOIN journey j ON j.id = v.journey_id
                WHERE j.status = 'paused')
            ORDER BY m.priority, m.due_at, m.id LIMIT :limit {skip}"""
        ).columns(created_at=Instant, due_at=Instant, not_after=Instant, first_sent_at=Instant)
        values = {"channel": channel, "now": _moment(conn, now), "limit": limit - len(found)}
        found += [Queued(*row) for row in conn.execute(query, values)]
        if len(found) >= limit:
            break
    return _together(found)


def _together(found: list[Queued]) -> list[Queued]:
    """Return those that may be claimed in one go with the first of them."""
    if not found:
        return []
    first = found[0].failures
    lowest = -1
    for most, size in SIZES:
        if first <= most:
            return [message for message in found if lowest < message.failures <= most][:size]
        lowest = most
    return found[:1]


def lease(
    conn: Connection, messages: Sequence[Queued], cap_dates: Mapping[int, str], *, token: int, length: timedelta
) -> None:
    """Take locked messages for one worker and count the attempt, in the rows and in `messages`.

    `cap_dates` are the places reserved under a cap.
    """
    until = db_now(conn) + length
    for message in messages:
        message.attempts += 1
        message.cap_date = cap_dates.get(message.id, message.cap_date)
    columns = [("id", "bigint"), ("status", "text"), ("lease_until", "timestamptz"), ("lease_token", "bigint")]
    columns += [("attempts", "smallint"), ("cap_date", "text")]
    update_rows(conn, "message", columns, [(m.id, "claimed", until, token, m.attempts, m.cap_date) for m in messages])


def owned(conn: Connection, ids: Iterable[int], token: int, *, remaining: timedelta | None = None) -> set[int]:
    """Lock and return those messages that are still ours, with at least `remaining` of the lease left."""
    lock = "" if conn.dialect.name == "sqlite" else "ORDER BY id FOR UPDATE"
    fresh = "" if remaining is None else "AND lease_until > :least"
    query = text(
        f"""SELECT id FROM message WHERE {in_ids(conn, "id")} AND lease_token = :token
        AND status IN ('claimed', 'sending') {fresh} {lock}"""
    )
    values: dict[str, Any] = {"ids": id_list(conn, ids), "token": token}
    if remaining is not None:
        values["least"] = _moment(conn, db_now(conn) + remaining)
    return {row[0] for row in conn.execute(query, values)}


def begin(
    conn: Connection,
    texts: Sequence[tuple[Queued, bytes, bytes, bytes]],
    *,
    provider: str,
    retry_class: str,
) -> dict[int, datetime]:
    """Store what is about to go out (sealed subject, sealed body, hash); from now on the provider may have it.

    The variables go: from here on the text itself is what every retry sends. Returns since when the provider may have
    each message. The caller owns the rows.
    """
    began = db_now(conn)
    since = {message.id: message.first_sent_at or began for message, *_ in texts}
    columns = [("id", "bigint"), ("status", "text"), ("subject", "bytea"), ("body", "bytea"), ("body_hash", "bytea")]
    columns += [("variables", "bytea"), ("first_sent_at", "timestamptz"), ("provider", "text"), ("retry_class", "text")]
    rows = [
        (message.id, "sending", subject, body, digest, None, since[message.id], provider, retry_class)
        for message, subject, body, digest in texts
    ]
    update_rows(conn, "message", columns, rows)
    return since


def record(conn: Connection, settled: Sequence[Settled], *, token: int, provider: str) -> set[int]:
    """Write what became of claimed messages and give them back; return the ids of those that were no longer ours.

    The request itself is kept in any case: it was made.
    """
    if not settled:
        return set()
    mine = owned(conn, [one.message.id for one in settled], token)
    kept = [one for one in settled if one.message.id in mine]
    _change(conn, kept)
    _keep_attempts(conn, [(one.message, one.tried) for one in settled if one.tried], provider)
    _note_unsent(conn, kept)
    return {one.message.id for one in settled} - mine


UNSENT = ("suppressed", "capped", "expired", "cancelled", "failed")
"""States in which nobody got the message: its place under a cap is free again."""


def settle(conn: Connection, settled: Sequence[Settled]) -> None:
    """Write what becomes of messages that this transaction locked and nobody claimed."""
    _change(conn, settled)
    _note_unsent(conn, settled)


def _note_unsent(conn: Connection, settled: Sequence[Settled]) -> None:
    """Give back what messages took that nobody will get: places under a cap, and perhaps their codes."""
    unsent = [one.message for one in settled if one.status in UNSENT]
    give_back(conn, unsent)
    if unsent:
        code_doubts.note(conn, [message.enrollment_id for message in unsent], db_now(conn))


def _change(conn: Connection, settled: Sequence[Settled]) -> None:
    columns = [("id", "bigint"), ("status", "text"), ("reason", "text"), ("due_at", "timestamptz")]
    columns += [("failures", "smallint"), ("first_sent_at", "timestamptz"), ("sent_at", "timestamptz")]
    columns += [("provider_id", "text"), ("lease_until", "timestamptz"), ("lease_token", "bigint")]
    rows = []
    for one in settled:
        message = one.message
        due_at = one.due_at or message.due_at
        failures = message.failures if one.failures is None else one.failures
        reason, provider_id = one.reason and one.reason[:500], one.provider_id and one.provider_id[:200]
        row = (message.id, one.status, reason, due_at, failures, one.first_sent_at, one.sent_at, provider_id)
        rows.append((*row, None, None))
    update_rows(conn, "message", columns, rows)


def _keep_attempts(conn: Connection, tried: Sequence[tuple[Queued, Tried]], provider: str) -> None:
    """Add attempts; one that a transaction with a lost answer already added stays as it is."""
    if not tried:
        return
    columns = "message_id, number, started_at, ended_at, outcome, provider, idempotency_key, body_hash, detail"
    rows = []
    for message, one in tried:
        row = (message.id, message.attempts, one.started_at, one.ended_at, one.outcome, provider, one.key)
        rows.append((*row, one.body_hash, one.detail and one.detail[:500]))
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        values = [tuple(map(sqlite_value, row)) for row in rows]
        cursor.executemany(f"INSERT OR IGNORE INTO attempt ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        return
    kinds = ("bigint", "int", "timestamptz", "timestamptz", "text", "text", "text", "bytea", "text")
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    cursor.execute(
        f"INSERT INTO attempt ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT (message_id, number) DO NOTHING",
        [array_literal(column) for column in zip(*rows, strict=True)],
    )


def reserve(conn: Connection, channel: str, wants: Sequence[tuple[int, int, str]], cap: int) -> set[int]:
    """Reserve places under a frequency cap for (message, customer, local date); return who got one.

    One statement makes and locks the counters and tells their state, so that claims of the same customer wait for
    each other; in order of the customer, so that they do not wait in a ring. The second writes what was granted.
    """
    if not wants:
        return set()
    pairs = sorted({(customer, day) for _, customer, day in wants})
    returning = "ON CONFLICT (customer_id, channel, local_date) DO UPDATE SET n = cap_counter.n RETURNING "
    returning += "customer_id, local_date, n"
    head = "INSERT INTO cap_counter (customer_id, channel, local_date, n)"
    cursor = raw_cursor(conn)
    customers, days = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if conn.dialect.name == "sqlite":
        pair = "json_extract(value, '$[0]'), ?, json_extract(value, '$[1]'), 0 FROM json_each(?)"
        cursor.execute(f"{head} SELECT {pair} WHERE true {returning}", (channel, orjson.dumps(pairs).decode()))
    else:
        pair = "customer_id, %s, day, 0 FROM unnest(%s::bigint[], %s::text[]) AS u(customer_id, day)"
        values = (channel, array_literal(customers), array_literal(days))
        cursor.execute(f"{head} SELECT {pair} ORDER BY customer_id, day {returning}", values)
    used: Counter[tuple[int, str]] = Counter({(row[0], row[1]): row[2] for row in cursor.fetchall()})
    granted, spent = set(), Counter[tuple[int, str]]()
    for message, customer, day in wants:
        if used[customer, day] + spent[customer, day] < cap:
            spent[customer, day] += 1
            granted.add(message)
    _count(conn, channel, spent)
    return granted


def give_back(conn: Connection, messages: Iterable[Queued]) -> None:
    """Free the places under caps that messages hold which nobody will get."""
    freed: dict[str, Counter[tuple[int, str]]] = {}
    for message in messages:
        if message.cap_date:
            freed.setdefault(message.channel, Counter())[message.customer_id, message.cap_date] -= 1
    for channel, counts in freed.items():
        _count(conn, channel, counts)


def _count(conn: Connection, channel: str, changes: Mapping[tuple[int, str], int]) -> None:
    """Add to the counters of one channel, per customer and local date."""
    if not changes:
        return
    rows = [(n, customer, day) for (customer, day), n in sorted(changes.items())]
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        query = "UPDATE cap_counter SET n = n + ? WHERE customer_id = ? AND local_date = ? AND channel = ?"
        cursor.executemany(query, [(*row, channel) for row in rows])
        return
    cursor.execute(
        """UPDATE cap_counter c SET n = c.n + u.n FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS u(n, id, day)
        WHERE c.channel = %s AND c.customer_id = u.id AND c.local_date = u.day""",
        [*(array_literal(column) for column in zip(*rows, strict=True)), channel],
    )


def recover(conn: Connection, now: datetime, *, limit: int = 5000) -> int:
    """Give back what workers held that died or froze; return how many messages.

    What a class C provider may have already becomes `uncertain`, unless it is transactional: those go out again.
    Everything else is pending again and goes out under its old key. A message that keeps killing workers is given up.
    """
    skip = "" if conn.dialect.name == "sqlite" else "FOR UPDATE OF m SKIP LOCKED"
    query = text(
        f"""SELECT m.status, m.retry_class, {_COLUMNS} FROM message m
        WHERE m.status IN ('claimed', 'sending') AND m.lease_until < :clock ORDER BY m.id LIMIT :limit {skip}"""
    ).columns(created_at=Instant, due_at=Instant, not_after=Instant, first_sent_at=Instant)
    rows = conn.execute(query, {"clock": _moment(conn, db_now(conn)), "limit": limit}).all()
    settle(conn, [_recovered(Queued(*row[2:]), row[0], row[1], now) for row in rows])
    return len(rows)


def _recovered(message: Queued, status: str, retry_class: str | None, now: datetime) -> Settled:
    failures = message.failures + DEATH
    sent = message.first_sent_at
    if status == "sending" and retry_class == "C" and not message.is_transactional:
        why = "the worker stopped while the message was with the provider; look there, then send again or close it"
        return Settled(message, "uncertain", why, failures=failures, first_sent_at=sent)
    if failures >= MOST_FAILURES:
        why = "the worker stopped each time it handled this message"
        return Settled(message, "uncertain" if sent else "failed", why, failures=failures, first_sent_at=sent)
    return Settled(message, "pending", None, failures=failures, first_sent_at=sent, due_at=min(message.due_at, now))


def _moment(conn: Connection, value: datetime) -> Any:
    return sqlite_text(value) if conn.dialect.name == "sqlite" else value


__all__ = [
    "DEATH",
    "MOST_FAILURES",
    "AttemptRow",
    "MessageRow",
    "Queued",
    "Settled",
    "Tried",
    "attempts_of",
    "begin",
    "due",
    "give_back",
    "lease",
    "list_messages",
    "owned",
    "record",
    "recover",
    "reserve",
    "settle",
]
