"""Batches of codes as pages show them: a filtered list, who issued one code, and the orders that used codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, text

from store.bulk import id_list, in_ids
from store.codes import BatchRow
from store.types import sqlite_text
from store.views._parts import table

BATCH, CODE = table("code_batch"), table("code")
_OF_BATCH = tuple(BatchRow.__dataclass_fields__)
STATES = ("open", "low", "ended", "void")


@dataclass(frozen=True, slots=True)
class BatchSearch:
    """Which batches. `state` is one of `STATES`; empty fields ask for all."""

    text: str = ""
    kind: str = ""
    partner: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """One order that used a code: `discount` is what the promotions gave that the code opened."""

    id: int
    order_key: str
    store: str
    status: str
    payable: int
    discount: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the codes of a batch sold in one currency; `revenue` is what was paid and not returned."""

    batch_id: int
    currency: str
    orders: int
    discount: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who was given a code: the customer, and the journey that did it."""

    customer: str | None
    journey_key: str | None
    journey_name: str | None


def search_batches(
    conn: Connection, wanted: BatchSearch, now: datetime, *, skip: int = 0, limit: int = 50
) -> list[BatchRow]:
    """Return matching batches, the latest first."""
    query = _narrowed(select(*(BATCH.c[name] for name in _OF_BATCH)), wanted, now)
    return [BatchRow(*row) for row in conn.execute(query.order_by(BATCH.c.id.desc()).offset(skip).limit(limit))]


def count_batches(conn: Connection, wanted: BatchSearch, now: datetime) -> int:
    """Return how many batches match."""
    return int(conn.execute(_narrowed(select(func.count()).select_from(BATCH), wanted, now)).scalar_one())


def partners(conn: Connection) -> list[str]:
    """Return the partners of all batches, by name."""
    rows = conn.execute(select(BATCH.c.partner).distinct().where(BATCH.c.partner.is_not(None)))
    return sorted(row[0] for row in rows if row[0])


def partner_batches(conn: Connection) -> list[BatchRow]:
    """Return the batches that belong to partners, by partner."""
    query = select(*(BATCH.c[name] for name in _OF_BATCH)).where(BATCH.c.partner.is_not(None), BATCH.c.partner != "")
    return [BatchRow(*row) for row in conn.execute(query.order_by(BATCH.c.partner, BATCH.c.id))]


def opening(conn: Connection, word: str, limit: int = 20) -> list[BatchRow]:
    """Return the batches whose codes open this word, the latest first."""
    opened = func.upper(func.coalesce(BATCH.c.unlock, BATCH.c.key))
    query = select(*(BATCH.c[name] for name in _OF_BATCH)).where(opened == word.strip().upper())
    return [BatchRow(*row) for row in conn.execute(query.order_by(BATCH.c.id.desc()).limit(limit))]


def keys_like(conn: Connection, start: str) -> set[str]:
    """Return the keys of batches that begin so."""
    return set(conn.execute(select(BATCH.c.key).where(BATCH.c.key.startswith(start, autoescape=True))).scalars())


def issuer(conn: Connection, code_id: int) -> Issuer:
    """Return who was given a code."""
    row = conn.execute(
        text(
            """SELECT k.key, j.key, j.name FROM code c
            LEFT JOIN enrollment e ON e.id = c.enrollment_id
            LEFT JOIN customer k ON k.id = coalesce(e.customer_id, c.customer_id)
            LEFT JOIN journey_version v ON v.id = e.version_id LEFT JOIN journey j ON j.id = v.journey_id
            WHERE c.id = :id"""
        ),
        {"id": code_id},
    ).one_or_none()
    return Issuer(*row) if row else Issuer(None, None, None)


def orders_of_code(conn: Connection, code_id: int, since: datetime, limit: int = 20) -> list[CodeOrder]:
    """Return the latest orders that used a code, or hold it. Reads the orders since the code was issued."""
    rows = conn.execute(
        text(
            f"""SELECT r.id, r.order_key, r.store, r.status, r.payable, {_given(conn)}, r.currency, r.created_at
            FROM redemption r, {_codes(conn)} c
            WHERE r.created_at >= :since AND {_code_id(conn)} = :id ORDER BY r.id DESC LIMIT :limit"""
        ).columns(created_at=table("redemption").c.created_at.type),
        {"since": _at(conn, since), "id": code_id, "limit": limit},
    )
    return [CodeOrder(row[0], row[1], row[2], row[3], int(row[4]), int(row[5] or 0), row[6], row[7]) for row in rows]


def attribution(conn: Connection, batch_ids: Iterable[int]) -> list[Attribution]:
    """Return what the codes of these batches sold, in each currency: confirmed orders, returned goods left out.

    One statement that reads every order with codes; an order with codes of two batches counts for both.
    """
    rows = conn.execute(
        text(
            f"""SELECT k.batch_id, r.currency, count(DISTINCT r.id), sum({_given(conn)}), sum(r.payable - r.refunded)
            FROM redemption r, {_codes(conn)} c JOIN code k ON k.id = {_code_id(conn)}
            WHERE r.status IN ('confirmed', 'part_returned', 'returned') AND {in_ids(conn, "k.batch_id")}
            GROUP BY 1, 2 ORDER BY 1, 2"""
        ),
        {"ids": id_list(conn, batch_ids)},
    )
    return [Attribution(int(row[0]), row[1], int(row[2]), int(row[3] or 0), int(row[4] or 0)) for row in rows]


def _narrowed(query: Select[Any], wanted: BatchSearch, now: datetime) -> Select[Any]:
    if wanted.text:
        fields = (BATCH.c.key, BATCH.c.name, func.coalesce(BATCH.c.partner, ""), func.coalesce(BATCH.c.unlock, ""))
        query = query.where(or_(*(field.icontains(wanted.text, autoescape=True) for field in fields)))
    if wanted.kind:
        query = query.where(BATCH.c.kind == wanted.kind)
    if wanted.partner:
        query = query.where(BATCH.c.partner == wanted.partner)
    is_over = and_(BATCH.c.valid_until.is_not(None), BATCH.c.valid_until < now)
    if wanted.state == "void":
        query = query.where(BATCH.c.voided_at.is_not(None))
    elif wanted.state:
        query = query.where(BATCH.c.voided_at.is_(None))
    if wanted.state == "ended":
        query = query.where(is_over)
    elif wanted.state == "open":
        query = query.where(~is_over)
    elif wanted.state == "low":
        free = select(func.count()).select_from(CODE).where(CODE.c.batch_id == BATCH.c.id, CODE.c.status == "free")
        query = query.where(BATCH.c.uses_pool, BATCH.c.pool_warn > free.scalar_subquery())
    return query


def _codes(conn: Connection) -> str:
    return "json_each(r.codes)" if conn.dialect.name == "sqlite" else "jsonb_array_elements(r.codes)"


def _code_id(conn: Connection) -> str:
    if conn.dialect.name == "sqlite":
        return "CAST(c.value ->> '$.id' AS INTEGER)"
    return "CAST(c.value ->> 'id' AS BIGINT)"


def _given(conn: Connection) -> str:
    """Return the discount of those promotions of an order that one of its codes opened."""
    if conn.dialect.name == "sqlite":
        return """(SELECT sum(a.value ->> '$.amount') FROM json_each(r.quote, '$.applied') a
            WHERE a.value ->> '$.promotion' IN (SELECT p.value FROM json_each(c.value, '$.promotions') p))"""
    return """(SELECT sum(CAST(a.value ->> 'amount' AS BIGINT)) FROM jsonb_array_elements(r.quote -> 'applied') a
        WHERE a.value ->> 'promotion' IN (SELECT jsonb_array_elements_text(c.value -> 'promotions')))"""


def _at(conn: Connection, moment: datetime) -> Any:
    return sqlite_text(moment) if conn.dialect.name == "sqlite" else moment
