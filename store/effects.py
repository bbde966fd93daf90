"""What a walk's effects leave behind: messages in the outbox and issued codes, one COPY each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, text

from store.bulk import copy_lines, in_texts, insert_rows, text_list, update_rows

MESSAGE_COLUMNS = (
    "enrollment_id",
    "node",
    "visit",
    "channel",
    "customer_id",
    "version_id",
    "purpose",
    "priority",
    "status",
    "created_at",
    "due_at",
    "attempts",
    "not_after",
    "variables",
)


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Messages of one node on one channel; rows are (enrollment, visit, customer), `not_after` by enrollment."""

    node: str
    channel: str
    purpose: str
    priority: int
    rows: Sequence[tuple[int, int, int]]
    not_after: Mapping[int, datetime] = field(default_factory=dict)


def write_messages(
    conn: Connection, groups: Sequence[NewMessages], variables: Sequence[bytes], version_id: int, now: datetime
) -> None:
    """Put messages into the outbox; their effect key is unique. `variables` are sealed, in the order of the rows."""
    if not variables:
        return
    sealed = iter(variables)
    if conn.dialect.name == "sqlite":
        rows: list[tuple[Any, ...]] = []
        for group in groups:
            same = (version_id, group.purpose, group.priority, "pending", now, now, 0)
            for enrollment, visit, customer in group.rows:
                effect = (enrollment, group.node, visit, group.channel)
                rows.append((*effect, customer, *same, group.not_after.get(enrollment), next(sealed)))
        insert_rows(conn, "message", MESSAGE_COLUMNS, rows)
        return
    lines: list[str] = []
    at = now.isoformat()
    for group in groups:
        node, channel = group.node, group.channel
        tail = f"{version_id}\t{group.purpose}\t{group.priority}\tpending\t{at}\t{at}\t0"
        ends = map(_at, map(group.not_after.get, [row[0] for row in group.rows])) if group.not_after else repeat("\\N")
        lines += [
            f"{enrollment}\t{node}\t{visit}\t{channel}\t{customer}\t{tail}\t{end}\t\\\\x{next(sealed).hex()}\n"
            for (enrollment, visit, customer), end in zip(group.rows, ends, strict=False)
        ]
    copy_lines(conn, "message", MESSAGE_COLUMNS, "".join(lines))


CODE_COLUMNS = (
    "batch_id",
    "status",
    "node",
    "issued_at",
    "enrollment_id",
    "visit",
    "customer_id",
    "digest",
    "last4",
    "phone_digest",
    "valid_from",
    "valid_until",
)


@dataclass(frozen=True, slots=True)
class NewCodes:
    """Codes that one node issues from one batch; rows are (enrollment, visit, customer, digest, last four, phone
    digest, valid from, valid until)."""

    node: str
    batch_id: int
    rows: Sequence[tuple[int, int, int, bytes, str, bytes | None, datetime | None, datetime | None]]


def write_codes(conn: Connection, groups: Sequence[NewCodes], now: datetime) -> None:
    """Issue codes; digest and effect key are unique."""
    if not groups:
        return
    if conn.dialect.name == "sqlite":
        rows = [(group.batch_id, "issued", group.node, now, *row) for group in groups for row in group.rows]
        insert_rows(conn, "code", CODE_COLUMNS, rows)
        return
    lines: list[str] = []
    written: dict[datetime | None, str] = {None: "\\N"}  # few instants for many codes
    for group in groups:
        head = f"{group.batch_id}\tissued\t{group.node}\t{now.isoformat()}"
        lines += [
            f"{head}\t{enrollment}\t{visit}\t{customer}\t\\\\x{digest.hex()}\t{last4}\t"
            f"{_bytes(phone)}\t{written.get(start) or written.setdefault(start, _at(start))}\t"
            f"{written.get(until) or written.setdefault(until, _at(until))}\n"
            for enrollment, visit, customer, digest, last4, phone, start, until in group.rows
        ]
    copy_lines(conn, "code", CODE_COLUMNS, "".join(lines))


@dataclass(frozen=True, slots=True)
class CodeSource:
    """Where a node's codes come from: made at once, drawn from a pool, or one that everybody shares."""

    id: int
    uses_pool: bool
    returns: bool
    shared_text: str | None
    is_void: bool


def code_batches(conn: Connection, keys: Iterable[str]) -> dict[str, CodeSource]:
    """Return code batches by key."""
    rows = conn.execute(
        text(
            f"""SELECT key, id, uses_pool, on_failed_send = 'return', shared_text, voided_at IS NOT NULL
            FROM code_batch WHERE {in_texts(conn, "key", "keys")}"""
        ),
        {"keys": text_list(conn, sorted(set(keys)))},
    )
    return {row[0]: CodeSource(row[1], bool(row[2]), bool(row[3]), row[4], bool(row[5])) for row in rows}


DRAWN_COLUMNS = (
    ("id", "bigint"),
    ("enrollment_id", "bigint"),
    ("visit", "smallint"),
    ("customer_id", "bigint"),
    ("phone_digest", "bytea"),
    ("valid_from", "timestamptz"),
    ("valid_until", "timestamptz"),
    ("status", "text"),
    ("node", "text"),
    ("issued_at", "timestamptz"),
)


def draw_codes(
    conn: Connection,
    source: CodeSource,
    node: str,
    wanted: Sequence[tuple[int, int, int, bytes | None, datetime | None, datetime | None]],
    now: datetime,
) -> list[bytes]:
    """Give codes of a pool to passages, in their order, as far as there are any; return the sealed texts.

    `wanted` are (enrollment, visit, customer, phone digest, valid from, valid until). Codes that another walk is
    giving away are passed by. A text stays in the row only where it may have to come back. Served by ix_code_free.
    """
    skip = "" if conn.dialect.name == "sqlite" else " FOR UPDATE SKIP LOCKED"
    free = conn.execute(
        text(
            f"""SELECT id, sealed_text FROM code WHERE batch_id = :batch AND status = 'free'
            ORDER BY id LIMIT :count{skip}"""
        ),
        {"batch": source.id, "count": len(wanted)},
    ).all()
    rows = [(code[0], *one, "issued", node, now) for code, one in zip(free, wanted, strict=False)]
    update_rows(conn, "code", DRAWN_COLUMNS, rows, same="" if source.returns else "sealed_text = NULL")
    return [bytes(code[1]) for code in free]


def _at(value: datetime | None) -> str:
    return "\\N" if value is None else value.isoformat()


def _bytes(value: bytes | None) -> str:
    return "\\N" if value is None else "\\\\x" + value.hex()
