"""What tills are given and what they hand in: snapshots, receipts, and what disagrees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.codes import BATCH, CODE, BatchRow
from store.tables import metadata
from wayfare.errors import NotFound

SNAPSHOT = metadata.tables["till_snapshot"]
RECEIPT = metadata.tables["till_receipt"]
CONFLICT = metadata.tables["receipt_conflict"]
REMEMBERED = timedelta(days=60)
"""How long after its end a snapshot is known, for receipts that come late."""


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One snapshot that a shop was given."""

    id: str
    store: str
    versions: list[int]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One receipt that was taken up; see the table for what the fields mean."""

    id: int
    store: str
    till: str
    number: int
    digest: bytes
    snapshot: str | None
    version: int | None
    sold_at: datetime | None
    received_at: datetime
    owner: str
    redemption_id: int | None
    currency: str
    payable: int
    expected: int | None
    document: dict[str, Any]
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One thing in which a receipt disagrees."""

    id: int
    receipt_id: int
    kind: str
    status: str
    detail: dict[str, Any]
    code_id: int | None
    excess: int
    settled_at: datetime | None
    settled_by: str
    note: str


def offline_batches(conn: Connection) -> list[BatchRow]:
    """Return the batches whose codes tills may know without a network."""
    names = tuple(BatchRow.__dataclass_fields__)
    query = select(*(BATCH.c[name] for name in names)).where(BATCH.c.offline, BATCH.c.voided_at.is_(None))
    return [BatchRow(*row) for row in conn.execute(query.order_by(BATCH.c.id))]


def offline_codes(
    conn: Connection, batch: BatchRow, now: datetime, limit: int
) -> list[tuple[bytes, datetime | None, datetime | None]]:
    """Return (digest, valid from, valid until) of a batch's codes that somebody holds and that have a use left.

    At most `limit`, in the order of their digests, which tells nothing about them. Served by ix_code_batch_id.
    """
    query = select(CODE.c.digest, CODE.c.valid_from, CODE.c.valid_until).where(
        CODE.c.batch_id == batch.id,
        CODE.c.status.in_(("issued", "activated", "released")),
        CODE.c.pin_digest.is_(None),
        CODE.c.phone_digest.is_(None),
        or_(CODE.c.valid_until.is_(None), CODE.c.valid_until >= now),
    )
    if batch.max_uses is not None:
        query = query.where(CODE.c.uses + CODE.c.held < batch.max_uses)
    rows = conn.execute(query.order_by(CODE.c.digest).limit(limit))
    return [(bytes(row[0]), row[1], row[2]) for row in rows]


def note_snapshot(conn: Connection, row: SnapshotRow) -> None:
    """Remember a snapshot that a shop is given; the same one again changes nothing. Those that ended long ago go."""
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    values = {name: getattr(row, name) for name in SnapshotRow.__dataclass_fields__}
    conn.execute(make(SNAPSHOT).values(**values).on_conflict_do_nothing(index_elements=["id"]))
    conn.execute(delete(SNAPSHOT).where(SNAPSHOT.c.expires_at < row.issued_at - REMEMBERED))


def find_snapshot(conn: Connection, id: str) -> SnapshotRow | None:
    """Return a snapshot that a shop was given."""
    row = conn.execute(select(SNAPSHOT).where(SNAPSHOT.c.id == id)).one_or_none()
    return SnapshotRow(**row._mapping) if row else None


def add_receipt(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Add a receipt and return its id; None when its shop, till and number are known.

    Whoever hands in the same one at the same moment waits here until the first one has committed.
    """
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    query = make(RECEIPT).values(**values).on_conflict_do_nothing(index_elements=["store", "till", "number"])
    found: int | None = conn.execute(query.returning(RECEIPT.c.id)).scalar_one_or_none()
    return found


def find_receipt(conn: Connection, store: str, till: str, number: int) -> ReceiptRow | None:
    """Return a receipt by its key."""
    mine = (RECEIPT.c.store == store, RECEIPT.c.till == till, RECEIPT.c.number == number)
    row = conn.execute(select(RECEIPT).where(*mine)).one_or_none()
    return ReceiptRow(**row._mapping) if row else None


def get_receipt(conn: Connection, id: int, *, lock: bool = False) -> ReceiptRow:
    """Return a receipt, locked if something about it is to change. Raises NotFound."""
    query = select(RECEIPT).where(RECEIPT.c.id == id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none() if id < 2**63 else None
    if row is None:
        raise NotFound(f"there is no receipt {id}")
    return ReceiptRow(**row._mapping)


def change_receipt(conn: Connection, id: int, values: Mapping[str, Any]) -> None:
    """Change a receipt in the transaction that takes it up."""
    conn.execute(update(RECEIPT).where(RECEIPT.c.id == id).values(**values))


def add_conflicts(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down what disagrees."""
    if rows:
        conn.execute(insert(CONFLICT), list(rows))


def conflicts_of(conn: Connection, receipt_ids: Iterable[int]) -> dict[int, list[ConflictRow]]:
    """Return what disagrees by receipt, in the order in which it was found."""
    query = select(CONFLICT).where(CONFLICT.c.receipt_id.in_(list(receipt_ids))).order_by(CONFLICT.c.id)
    found: dict[int, list[ConflictRow]] = {}
    for row in conn.execute(query):
        found.setdefault(row.receipt_id, []).append(ConflictRow(**row._mapping))
    return found


def settle(conn: Connection, ids: Sequence[int], *, note: str, by: str, now: datetime, **changes: Any) -> list[int]:
    """Settle conflicts that are open; return those that were."""
    values = {"status": "settled", "settled_at": now, "settled_by": by, "note": note, **changes}
    mine = (CONFLICT.c.id.in_(list(ids)), CONFLICT.c.status == "open")
    return [int(row[0]) for row in conn.execute(update(CONFLICT).where(*mine).values(values).returning(CONFLICT.c.id))]


def listed(
    conn: Connection,
    *,
    store: str = "",
    kind: str = "",
    state: str = "",
    search: str = "",
    skip: int = 0,
    limit: int = 50,
) -> list[ReceiptRow]:
    """Return receipts, the latest first. `state` is open, settled (has conflicts, none of them open) or empty for all;
    `search` is a till, or a number of a receipt.
    """
    query = _where(select(RECEIPT), store, kind, state, search)
    return [
        ReceiptRow(**row._mapping)
        for row in conn.execute(query.order_by(RECEIPT.c.id.desc()).offset(skip).limit(limit))
    ]


def count(conn: Connection, *, store: str = "", kind: str = "", state: str = "", search: str = "") -> int:
    """Return how many receipts `listed` would find."""
    query = _where(select(func.count()).select_from(RECEIPT), store, kind, state, search)
    return int(conn.execute(query).scalar_one())


def stores(conn: Connection) -> list[str]:
    """Return the shops whose tills handed in anything."""
    return [str(name) for name in conn.execute(select(RECEIPT.c.store).distinct().order_by(RECEIPT.c.store)).scalars()]


def uses_of_code(conn: Connection, code_id: int) -> list[int]:
    """Return the redemptions that hold or used a code: reads all of them, so ask for one code at a time."""
    if conn.dialect.name == "sqlite":
        query = """SELECT DISTINCT r.id FROM redemption r, json_each(r.codes) c
            WHERE json_extract(c.value, '$.id') = :code"""
    else:
        query = "SELECT r.id FROM redemption r WHERE r.codes @> jsonb_build_array(jsonb_build_object('id', :code))"
    closed = " AND r.status NOT IN ('released', 'expired', 'returned') ORDER BY 1"
    return [int(row[0]) for row in conn.execute(text(query + closed), {"code": code_id})]


def _where(query: Any, store: str, kind: str, state: str, search: str) -> Any:
    mine = select(CONFLICT.c.id).where(CONFLICT.c.receipt_id == RECEIPT.c.id)
    if kind:
        mine = mine.where(CONFLICT.c.kind == kind)
    is_open = mine.where(CONFLICT.c.status == "open").exists()
    if state == "open":
        query = query.where(is_open)
    elif state == "settled":
        any_open = select(CONFLICT.c.id).where(CONFLICT.c.receipt_id == RECEIPT.c.id, CONFLICT.c.status == "open")
        query = query.where(mine.exists(), ~any_open.exists())
    elif kind:
        query = query.where(mine.exists())
    if store:
        query = query.where(RECEIPT.c.store == store)
    if search:
        digits = search.isascii() and search.isdigit() and len(search) < 19
        query = query.where(RECEIPT.c.number == int(search) if digits else RECEIPT.c.till == search)
    return query
