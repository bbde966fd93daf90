"""Batches of codes and the codes themselves: making, finding, and the changes of state that races cannot break.

Every change is one conditional UPDATE that answers with the ids it changed, in a transaction of the caller.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from store.bulk import (
    copy_lines,
    copy_value,
    id_list,
    in_ids,
    in_texts,
    insert_rows,
    text_list,
    update_rows,
)
from store.db import Store
from store.tables import metadata
from store.types import instant_of, sqlite_text
from wayfare.errors import Conflict, NotFound

BATCH, CODE = metadata.tables["code_batch"], metadata.tables["code"]
USABLE = ("issued", "activated", "released")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch as it is stored; see the table for what the fields mean."""

    id: int
    key: str
    name: str
    prefix: str
    kind: str
    unlock: str | None
    length: int
    bind_phone: bool
    with_pin: bool
    activation: str
    activation_event: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    valid_days: int | None
    max_uses: int | None
    max_uses_customer: int | None
    partner: str | None
    uses_pool: bool
    pool_warn: int | None
    on_failed_send: str
    is_test: bool
    offline: bool
    shared_text: str | None
    created_at: datetime
    voided_at: datetime | None

    @property
    def unlocks(self) -> str:
        """What promotions name in `requires_code`."""
        return (self.unlock or self.key).strip().upper()


@dataclass(frozen=True, slots=True)
class Found:
    """One code with its batch, as a look-up found it."""

    id: int
    digest: bytes
    last4: str
    status: str
    customer_id: int | None
    phone_digest: bytes | None
    issued_at: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    pin_digest: bytes | None
    tries: int
    uses: int
    held: int
    activated_at: datetime | None
    redeemed_at: datetime | None
    batch: BatchRow


_CODE = tuple(name for name in Found.__dataclass_fields__ if name != "batch")
_OF_BATCH = tuple(BatchRow.__dataclass_fields__)


def add_batch(conn: Connection, values: Mapping[str, Any]) -> int:
    """Add a batch; Conflict when there is one with this key."""
    try:
        with conn.begin_nested():
            return int(conn.execute(insert(BATCH).values(**values).returning(BATCH.c.id)).scalar_one())
    except IntegrityError:
        raise Conflict(f"there is a batch of codes '{values['key']}' already; choose another key") from None


def find_batch(conn: Connection, key: str, *, lock: bool = False) -> BatchRow:
    """Return a batch; NotFound when there is none with this key."""
    query = select(*(BATCH.c[name] for name in _OF_BATCH)).where(BATCH.c.key == key)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"no batch of codes {key}")
    return BatchRow(*row)


def list_batches(conn: Connection, search: str = "", *, skip: int = 0, limit: int = 50) -> list[BatchRow]:
    """Return batches whose key, name or partner holds `search`, the latest first."""
    query = select(*(BATCH.c[name] for name in _OF_BATCH)).order_by(BATCH.c.id.desc()).offset(skip).limit(limit)
    if search:
        fields = (BATCH.c.key, BATCH.c.name, func.coalesce(BATCH.c.partner, ""))
        matches = [field.icontains(search, autoescape=True) for field in fields]
        query = query.where(matches[0] | matches[1] | matches[2])
    return [BatchRow(*row) for row in conn.execute(query)]


def change_batch(conn: Connection, batch_id: int, values: Mapping[str, Any]) -> None:
    """Change fields of a batch."""
    conn.execute(update(BATCH).where(BATCH.c.id == batch_id).values(**values))


def levels(conn: Connection, batch_ids: Iterable[int], now: datetime) -> dict[int, dict[str, int]]:
    """Return how many codes of each batch are in each state, those past their time as expired; `uses` is the sum of
    redemptions. Reads every code of these batches.
    """
    rows = conn.execute(
        text(
            f"""SELECT c.batch_id, CASE WHEN c.status IN ('issued', 'activated', 'released', 'free')
                AND coalesce(c.valid_until, b.valid_until) < :now THEN 'expired' ELSE c.status END AS state,
            count(*), sum(c.uses) FROM code c JOIN code_batch b ON b.id = c.batch_id
            WHERE {in_ids(conn, "c.batch_id")} GROUP BY 1, 2"""
        ),
        {"ids": id_list(conn, batch_ids), "now": _at(conn, now)},
    )
    found: dict[int, dict[str, int]] = {}
    for batch_id, state, count, uses in rows:
        of_batch = found.setdefault(batch_id, {"uses": 0})
        of_batch[state] = int(count)
        of_batch["uses"] += int(uses)
    return found


def count_codes(conn: Connection, batch_id: int) -> int:
    """Return how many codes a batch has."""
    return int(conn.execute(select(func.count()).select_from(CODE).where(CODE.c.batch_id == batch_id)).scalar_one())


def pool_levels(conn: Connection) -> list[tuple[str, int | None, int]]:
    """Return key, warning level and free codes of each batch from which journeys draw. Served by ix_code_free."""
    rows = conn.execute(
        text(
            """SELECT b.key, b.pool_warn, (SELECT count(*) FROM code c WHERE c.batch_id = b.id AND c.status = 'free')
            FROM code_batch b WHERE b.uses_pool AND b.voided_at IS NULL ORDER BY b.key"""
        )
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


NEW_COLUMNS = (
    *("batch_id", "digest", "last4", "status", "visit", "issued_at", "valid_until", "pin_digest", "sealed_text"),
)


T = TypeVar("T")
_REDRAWS = 5


def insert_fresh(store: Store, draw: Callable[[], tuple[Sequence[Sequence[Any]], T]]) -> T:
    """Add what `draw` returns as rows in the order of `NEW_COLUMNS`, in a transaction of its own; return the rest.

    All rows of one call have the same batch, status, visit and times.

    Draws anew when one of them exists already, which chance does once in many millions.
    """
    for redraw in range(_REDRAWS):
        rows, rest = draw()
        try:
            store.run(partial(_insert, rows=sorted(rows, key=_digest)))  # neighbours in the index come together
        except IntegrityError:
            if redraw + 1 == _REDRAWS:
                raise
        else:
            return rest
    raise AssertionError("unreachable")


_digest = itemgetter(1)


def _insert(conn: Connection, rows: Sequence[Sequence[Any]]) -> None:
    if conn.dialect.name == "sqlite":
        insert_rows(conn, "code", NEW_COLUMNS, rows)
        return
    batch, _, _, status, visit, at, until, *_ = map(copy_value, rows[0])
    tail = f"{status}\t{visit}\t{at}\t{until}"  # the same for all of a chunk
    lines = [
        f"{batch}\t\\\\x{row[1].hex()}\t{row[2]}\t{tail}\t{copy_value(row[7])}\t{copy_value(row[8])}\n" for row in rows
    ]
    copy_lines(conn, "code", NEW_COLUMNS, "".join(lines))


def insert_shared(conn: Connection, batch_id: int, digest: bytes, last4: str, now: datetime) -> None:
    """Add the one code of a shared batch."""
    conn.execute(insert(CODE).values(batch_id=batch_id, digest=digest, last4=last4, status="issued", issued_at=now))


def void_by_digest(conn: Connection, digests: Sequence[bytes]) -> int:
    """Void codes that were made and reached nobody; return how many."""
    columns = [("digest", "bytea"), ("status", "text")]
    return update_rows(conn, "code", columns, [(digest, "void") for digest in digests], where="t.status = 'issued'")


def find_codes(conn: Connection, digests: Iterable[bytes]) -> dict[bytes, Found]:
    """Return the codes with these digests, with their batches: one query."""
    wanted = list(set(digests))
    if not wanted:
        return {}
    columns = [CODE.c[name] for name in _CODE] + [BATCH.c[name].label(f"b_{name}") for name in _OF_BATCH]
    query = select(*columns).join(BATCH, BATCH.c.id == CODE.c.batch_id).where(CODE.c.digest.in_(wanted))
    size = len(_CODE)
    rows = conn.execute(query).all()
    found = [Found(**dict(zip(_CODE, row[:size], strict=True)), batch=BatchRow(*row[size:])) for row in rows]
    return {bytes(one.digest): one for one in found}


def count_try(conn: Connection, code_id: int, most: int) -> bool:
    """Count one try of a PIN before it is looked at; False when there have been too many."""
    changed = conn.execute(
        update(CODE).where(CODE.c.id == code_id, CODE.c.tries < most).values(tries=CODE.c.tries + 1)
    ).rowcount
    return bool(changed)


def forget_tries(conn: Connection, code_id: int) -> None:
    """Drop the count of wrong PINs: the right one came."""
    conn.execute(update(CODE).where(CODE.c.id == code_id).values(tries=0))


_FREE = """code.status IN ('issued', 'activated', 'released') AND b.voided_at IS NULL
    AND (b.max_uses IS NULL OR code.uses + code.held < b.max_uses)
    AND (b.activation = 'at_once' OR code.activated_at IS NOT NULL)
    AND coalesce(code.valid_from, b.valid_from, :now) <= :now
    AND coalesce(code.valid_until, b.valid_until, :now) >= :now"""


def usable(conn: Connection, ids: Iterable[int], now: datetime) -> set[int]:
    """Return those codes of which one more use could be reserved now."""
    query = f"""SELECT code.id FROM code JOIN code_batch b ON b.id = code.batch_id
        WHERE {in_ids(conn, "code.id")} AND {_FREE}"""
    given = {"ids": id_list(conn, sorted(set(ids))), "now": _at(conn, now)}
    return {row[0] for row in conn.execute(text(query), given)}


def reserve(conn: Connection, ids: Iterable[int], now: datetime) -> set[int]:
    """Set one use of each code aside, where it may be used now; return those where that went well."""
    return _change(
        conn,
        ids,
        """held = held + 1, status = CASE WHEN b.max_uses = 1 THEN 'reserved' ELSE code.status END""",
        _FREE,
        now,
    )


def hold_anyway(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Set one use of each code aside whatever its state is: it was used already where nobody could ask."""
    return _change(conn, ids, "held = held + 1", "1 = 1")


def lock(conn: Connection, ids: Iterable[int]) -> None:
    """Keep codes as they are until the transaction ends, in the order of their ids."""
    wanted = sorted(set(ids))
    if wanted and conn.dialect.name == "postgresql":
        given = {"ids": id_list(conn, wanted)}
        conn.execute(text(f"SELECT 1 FROM code WHERE {in_ids(conn, 'id')} ORDER BY id FOR UPDATE"), given)


def drop_use(conn: Connection, id: int) -> bool:
    """Take one of several uses of a code back, without making it usable again; False when it has only one."""
    several = update(CODE).where(CODE.c.id == id, CODE.c.uses > 1)
    return bool(conn.execute(several.values(uses=CODE.c.uses - 1)).rowcount)


def redeem(conn: Connection, ids: Iterable[int], now: datetime) -> set[int]:
    """Make a reservation of each code a use. A code that was voided meanwhile keeps its promise to who reserved it."""
    return _change(
        conn,
        ids,
        """held = held - 1, uses = uses + 1, redeemed_at = :now, sealed_text = NULL,
        status = CASE WHEN code.status <> 'void' AND code.uses + 1 >= b.max_uses THEN 'redeemed'
            ELSE code.status END""",
        "code.held > 0",
        now,
    )


def release(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Give a reservation of each code back, as many as its id stands there: several orders may hold one code."""
    wanted = sorted(ids)
    if not wanted:
        return set()
    lock(conn, wanted)
    is_sqlite = conn.dialect.name == "sqlite"
    each = "SELECT value AS id FROM json_each(:ids)" if is_sqlite else "SELECT unnest(CAST(:ids AS bigint[])) AS id"
    query = f"""UPDATE code SET held = held - CASE WHEN g.n < held THEN g.n ELSE held END,
            status = CASE WHEN code.status = 'reserved' THEN 'released' ELSE code.status END
        FROM (SELECT id, count(*) AS n FROM ({each}) AS e GROUP BY id) AS g
        WHERE g.id = code.id AND code.held > 0 RETURNING code.id"""
    return {row[0] for row in conn.execute(text(query), {"ids": id_list(conn, wanted)})}


def restore(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Give a use of each code back, after everything it was used for was returned."""
    return _change(
        conn,
        ids,
        "uses = uses - 1, status = CASE WHEN code.status = 'redeemed' THEN 'released' ELSE code.status END",
        "code.uses > 0",
    )


def void(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Take codes out of use for good; those that are used up stay as they are."""
    condition = "code.status NOT IN ('redeemed', 'void', 'expired')"
    return _change(conn, ids, "status = 'void', sealed_text = NULL", condition)


def activate(
    conn: Connection, ids: Iterable[int], now: datetime, until: datetime | None, phone_digest: bytes | None
) -> set[int]:
    """Activate codes that wait for it. `phone_digest` binds those that are unbound; `until` is their new end."""
    return _change(
        conn,
        ids,
        """status = 'activated', activated_at = :now, valid_until = coalesce(:until, code.valid_until),
        phone_digest = coalesce(code.phone_digest, :phone)""",
        "code.status = 'issued' AND code.activated_at IS NULL AND b.voided_at IS NULL",
        now,
        until=None if until is None else _at(conn, until),
        phone=phone_digest,
    )


def awaited(conn: Connection, types: Iterable[str]) -> dict[int, tuple[str, int | None]]:
    """Return the batches whose codes events of these types activate: type and days of validity by id."""
    rows = conn.execute(
        text(
            f"""SELECT id, activation_event, valid_days FROM code_batch
            WHERE activation = 'by_event' AND voided_at IS NULL AND {in_texts(conn, "activation_event", "types")}"""
        ),
        {"types": text_list(conn, types)},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def waiting_for_activation(
    conn: Connection, batch_ids: Iterable[int], customer_ids: Iterable[int]
) -> list[tuple[int, int, int, datetime, datetime | None]]:
    """Return (id, batch, customer, issued at, valid until) of codes in the hands of customers, locked in order.

    Served by the unique index of enrollments, which begins with the customer, and uq_code_effect.
    """
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE OF c"
    rows = conn.execute(
        text(
            f"""SELECT c.id, c.batch_id, e.customer_id, c.issued_at, coalesce(c.valid_until, b.valid_until)
            FROM enrollment e JOIN code c ON c.enrollment_id = e.id JOIN code_batch b ON b.id = c.batch_id
            WHERE {in_ids(conn, "e.customer_id", "customers")} AND {in_ids(conn, "c.batch_id", "batches")}
            AND c.status = 'issued' AND c.activated_at IS NULL ORDER BY c.id{lock}"""
        ),
        {"customers": id_list(conn, customer_ids), "batches": id_list(conn, batch_ids)},
    )
    return [
        (id, batch, customer, instant_of(issued), instant_of(until) if until else None)
        for id, batch, customer, issued, until in rows
    ]


def activate_at(conn: Connection, rows: Sequence[tuple[int, datetime, datetime | None]]) -> None:
    """Activate codes, each (id, when, its end); one that was activated meanwhile stays as it is."""
    columns = (("id", "bigint"), ("activated_at", "timestamptz"), ("valid_until", "timestamptz"), ("status", "text"))
    where = "t.status = 'issued' AND t.activated_at IS NULL"
    update_rows(conn, "code", columns, [(*row, "activated") for row in rows], where=where)


def batches_of(conn: Connection, ids: Iterable[int]) -> dict[int, BatchRow]:
    """Return the batch of each code."""
    rows = conn.execute(
        select(CODE.c.id, *(BATCH.c[name].label(f"b_{name}") for name in _OF_BATCH))
        .join(BATCH, BATCH.c.id == CODE.c.batch_id)
        .where(CODE.c.id.in_(list(ids)))
    )
    return {row[0]: BatchRow(*row[1:]) for row in rows}


def _change(
    conn: Connection, ids: Iterable[int], changes: str, condition: str, now: datetime | None = None, **values: Any
) -> set[int]:
    """Change codes of which the condition holds; return their ids. Rows are locked in the order of their ids first."""
    wanted = sorted(set(ids))
    if not wanted:
        return set()
    given: dict[str, Any] = {"ids": id_list(conn, wanted)}
    lock(conn, wanted)
    if now is not None:
        given["now"] = _at(conn, now)
    query = f"""UPDATE code SET {changes} FROM code_batch b
        WHERE b.id = code.batch_id AND {in_ids(conn, "code.id")} AND {condition} RETURNING code.id"""
    return {row[0] for row in conn.execute(text(query), given | values)}


def _at(conn: Connection, moment: datetime) -> Any:
    return sqlite_text(moment) if conn.dialect.name == "sqlite" else moment
