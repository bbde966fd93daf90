"""Segments as pages show them: their sizes over time, a few members, and the journeys that use them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, String, cast, func, select

from store.days import day_of
from store.views._parts import bucket, table

CUSTOMER, MEMBER, SPAN = table("customer"), table("segment_member"), table("segment_span")
SEGMENT, JOURNEY, VERSION = table("segment"), table("journey"), table("journey_version")
COUNTED = 100_000
"""Members of all segments together up to which it is counted who is in two: a form waits for it."""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of a segment."""

    customer_id: int
    key: str
    first_name: str | None
    last_name: str | None
    city: str | None
    since: datetime


def members(conn: Connection, segment_id: int, limit: int = 12) -> list[MemberLine]:
    """Return some members, by the primary key."""
    columns: list[Any] = [CUSTOMER.c[name] for name in ("id", "key", "first_name", "last_name", "city")]
    query: Any = select(*columns, MEMBER.c.since).join(MEMBER, MEMBER.c.customer_id == CUSTOMER.c.id)
    query = query.where(MEMBER.c.segment_id == segment_id).order_by(MEMBER.c.customer_id.desc()).limit(limit)
    return [MemberLine(*row) for row in conn.execute(query)]


def member_counts(conn: Connection) -> dict[int, int]:
    """Return how many members each segment has now."""
    query = select(MEMBER.c.segment_id, func.count()).group_by(MEMBER.c.segment_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def shared(conn: Connection, keys: Sequence[str]) -> dict[frozenset[str], int]:
    """Return how many customers two of these segments have in common, by both keys; pairs without any are left out.

    One look at the index of customers for each member. Nothing is counted for segments with very many.
    """
    found = conn.execute(select(SEGMENT.c.id, SEGMENT.c.key, SEGMENT.c.size).where(SEGMENT.c.key.in_(keys))).all()
    if len(found) < 2 or sum(row.size for row in found) > COUNTED:
        return {}
    names = {row.id: str(row.key) for row in found}
    other = MEMBER.alias()
    query = (
        select(MEMBER.c.segment_id, other.c.segment_id, func.count())
        .join(other, other.c.customer_id == MEMBER.c.customer_id)
        .where(MEMBER.c.segment_id < other.c.segment_id, MEMBER.c.segment_id.in_(names), other.c.segment_id.in_(names))
        .group_by(MEMBER.c.segment_id, other.c.segment_id)
    )
    return {frozenset((names[row[0]], names[row[1]])): row[2] for row in conn.execute(query)}


def moves_by_day(
    conn: Connection, segment_ids: Iterable[int], since: datetime
) -> dict[int, dict[str, tuple[int, int]]]:
    """Return (entered, left) of each segment by day, from an instant on, to the hour. Two scans of the history."""
    wanted = sorted(set(segment_ids))
    found: dict[int, dict[str, tuple[int, int]]] = {id: {} for id in wanted}
    for number, column in enumerate((SPAN.c.from_at, SPAN.c.until_at)):
        hour = bucket(conn, column, 13)
        query = select(SPAN.c.segment_id, hour, func.count()).where(SPAN.c.segment_id.in_(wanted), column >= since)
        for id, name, n in conn.execute(query.group_by(SPAN.c.segment_id, hour)):
            day = day_of(conn, datetime.strptime(name, "%Y-%m-%d %H").replace(tzinfo=UTC)).isoformat()
            old = found[id].get(day, (0, 0))
            found[id][day] = (old[0] + n, old[1]) if number == 0 else (old[0], old[1] + n)
    return found


def graphs_with(conn: Connection, word: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return (key, name, status, graph) of journeys whose live graph holds this text: the caller looks closer."""
    document = cast(VERSION.c.graph, String)
    query = select(JOURNEY.c.key, JOURNEY.c.name, JOURNEY.c.status, VERSION.c.graph)
    query = query.join(VERSION, VERSION.c.id == JOURNEY.c.live_version_id)
    query = query.where(document.contains(f'"{word}"', autoescape=True)).order_by(JOURNEY.c.name).limit(200)
    return [(row[0], row[1], row[2], row[3]) for row in conn.execute(query)]
