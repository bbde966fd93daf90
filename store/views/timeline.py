"""One timeline of a customer: everything that is known to have happened, newest first, page by page."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from store.views._parts import table

EVENT, ORDER, LINE = table("event"), table("sales_order"), table("order_line")
ENROLLMENT, STEP, MESSAGE = table("enrollment"), table("step_log"), table("message")
CHANGE, CONSENT, SPAN, SEGMENT = (table(n) for n in ("attribute_change", "consent_change", "segment_span", "segment"))
PRODUCT = table("product")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `values` are the columns of its kind."""

    kind: str
    at: datetime
    id: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: the next one begins right behind it."""

    at: datetime
    kind: str
    id: int


Source = Callable[[int], tuple[Any, ColumnElement[Any], ColumnElement[Any]]]


def _events(customer: int) -> Any:
    columns = [EVENT.c[name] for name in ("type", "source", "data", "note", "depth")]
    query = select(EVENT.c.at, EVENT.c.id, *columns).where(EVENT.c.customer_id == customer, EVENT.c.source != "segment")
    is_order = select(ORDER.c.id).where(ORDER.c.customer_id == customer, ORDER.c.event_id == EVENT.c.id).exists()
    return query.where(or_(EVENT.c.type != "purchase", ~is_order)), EVENT.c.at, EVENT.c.id


def _orders(customer: int) -> Any:
    columns = [ORDER.c[name] for name in ("key", "store", "channel", "currency", "total")]
    query = select(ORDER.c.at, ORDER.c.id, *columns).where(ORDER.c.customer_id == customer)
    return query, ORDER.c.at, ORDER.c.id


def _entries(customer: int) -> Any:
    e = ENROLLMENT.c
    query = select(e.entered_at.label("at"), e.id, e.version_id, e.event_id, e.depth).where(e.customer_id == customer)
    return query, e.entered_at, e.id


def _ends(customer: int) -> Any:
    e = ENROLLMENT.c
    query = select(e.ended_at.label("at"), e.id, e.version_id, e.status, e.node, e.reason, e.goal_at)
    return query.where(e.customer_id == customer, e.ended_at.is_not(None)), e.ended_at, e.id


def _steps(customer: int) -> Any:
    number = (STEP.c.enrollment_id * 4096 + STEP.c.seq).label("id")
    query = (
        select(STEP.c.at, number, STEP.c.version_id, STEP.c.node, STEP.c.port, STEP.c.reason)
        .join(ENROLLMENT, ENROLLMENT.c.id == STEP.c.enrollment_id)
        .where(ENROLLMENT.c.customer_id == customer)
    )
    return query, STEP.c.at, STEP.c.enrollment_id * 4096 + STEP.c.seq


def _messages(customer: int) -> Any:
    m = MESSAGE.c
    at = func.coalesce(m.sent_at, m.created_at, type_=m.sent_at.type)
    columns = [
        m[name] for name in ("channel", "status", "reason", "version_id", "node", "purpose", "subject", "due_at")
    ]
    theirs = select(ENROLLMENT.c.id).where(ENROLLMENT.c.customer_id == customer)  # by the unique keys of both
    return select(at.label("at"), m.id, *columns).where(m.enrollment_id.in_(theirs)), at, m.id


def _changes(customer: int) -> Any:
    columns = [CHANGE.c[name] for name in ("name", "old", "new", "source")]
    return select(CHANGE.c.at, CHANGE.c.id, *columns).where(CHANGE.c.customer_id == customer), CHANGE.c.at, CHANGE.c.id


def _consents(customer: int) -> Any:
    columns = [CONSENT.c[name] for name in ("channel", "purpose", "granted", "source")]
    query = select(CONSENT.c.at, CONSENT.c.id, *columns).where(CONSENT.c.customer_id == customer)
    return query, CONSENT.c.at, CONSENT.c.id


def _joined(customer: int) -> Any:
    query = select(SPAN.c.from_at.label("at"), SPAN.c.id, SEGMENT.c.key, SEGMENT.c.name)
    query = query.join(SEGMENT, SEGMENT.c.id == SPAN.c.segment_id).where(SPAN.c.customer_id == customer)
    return query, SPAN.c.from_at, SPAN.c.id


def _left(customer: int) -> Any:
    query = select(SPAN.c.until_at.label("at"), SPAN.c.id, SEGMENT.c.key, SEGMENT.c.name)
    query = query.join(SEGMENT, SEGMENT.c.id == SPAN.c.segment_id)
    return query.where(SPAN.c.customer_id == customer, SPAN.c.until_at.is_not(None)), SPAN.c.until_at, SPAN.c.id


SOURCES: Mapping[str, Callable[[int], Any]] = {
    "ended": _ends,
    "message": _messages,
    "step": _steps,
    "entered": _entries,
    "segment_left": _left,
    "segment_entered": _joined,
    "order": _orders,
    "event": _events,
    "change": _changes,
    "consent": _consents,
}
"""Kinds in the order in which they are shown within one instant, effects before their causes: newest first."""
_RANK = {kind: number for number, kind in enumerate(SOURCES)}


def timeline(
    conn: Connection,
    customer_id: int,
    *,
    kinds: Collection[str] = tuple(SOURCES),
    after: Mark | None = None,
    limit: int = 40,
) -> list[Entry]:
    """Return the next entries behind `after`, newest first: one statement a kind, each by an index on the customer."""
    found: list[Entry] = []
    for kind in SOURCES:
        if kind not in kinds:
            continue
        query, at, id = SOURCES[kind](customer_id)
        if after is not None:
            query = query.where(_behind(kind, at, id, after))
        for row in conn.execute(query.order_by(at.desc(), id.desc()).limit(limit)).mappings():
            values = {name: value for name, value in row.items() if name not in ("at", "id")}
            found.append(Entry(kind, row["at"], int(row["id"]), values))
    found.sort(key=lambda entry: entry.id, reverse=True)
    found.sort(key=lambda entry: _RANK[entry.kind])
    found.sort(key=lambda entry: entry.at, reverse=True)
    return found[:limit]


def _behind(kind: str, at: ColumnElement[Any], id: ColumnElement[Any], mark: Mark) -> ColumnElement[bool]:
    rank, last = _RANK[kind], _RANK.get(mark.kind, 0)
    if rank > last:
        return at <= mark.at
    return or_(at < mark.at, and_(at == mark.at, id < mark.id)) if rank == last else at < mark.at


def lines_of(conn: Connection, order_ids: Collection[int]) -> dict[int, list[tuple[str, str | None, int, int]]]:
    """Return the lines of orders as (sku, product, quantity, price in minor units)."""
    query = (
        select(LINE.c.order_id, LINE.c.sku, PRODUCT.c.name, LINE.c.quantity, LINE.c.price)
        .outerjoin(PRODUCT, PRODUCT.c.sku == LINE.c.sku)
        .where(LINE.c.order_id.in_(sorted(order_ids)))
        .order_by(LINE.c.order_id, LINE.c.number)
    )
    found: dict[int, list[tuple[str, str | None, int, int]]] = {}
    for row in conn.execute(query):
        found.setdefault(row[0], []).append((row[1], row[2], row[3], row[4]))
    return found
