"""Journeys as pages show them: the list, one with its versions, and the counts on its nodes and edges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from store.views._parts import LIVE, table
from wayfare.errors import NotFound

JOURNEY, VERSION = table("journey"), table("journey_version")
COUNT, ENROLLMENT = table("step_count"), table("enrollment")
ENDS = ("completed", "exited", "failed", "quarantined")


@dataclass(frozen=True, slots=True)
class JourneyLine:
    """One journey in a list. `number` is that of its live version, 0 when there is none."""

    id: int
    key: str
    name: str
    description: str
    status: str
    live_version_id: int | None
    number: int
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Tally:
    """How many entered and what became of them. What is neither live nor ended is parked."""

    entered: int = 0
    live: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    goals: int = 0
    last_day: str = ""  # of the last entry or end

    @property
    def parked(self) -> int:
        """Enrollments whose node type is missing."""
        return max(0, self.entered - self.live - sum(self.ends.values()))

    @property
    def active(self) -> int:
        """Enrollments on their way: due, waiting or parked."""
        return max(0, self.entered - sum(self.ends.values()))

    def end(self, status: str) -> int:
        """Return how many ended in one way."""
        return self.ends.get(status, 0)


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One published version."""

    id: int
    number: int
    published_at: datetime
    published_by: str
    note: str


_LINE: list[Any] = [JOURNEY.c[n] for n in ("id", "key", "name", "description", "status", "live_version_id")]
_LINE += [func.coalesce(VERSION.c.number, 0), JOURNEY.c.created_at, JOURNEY.c.updated_at]


def all_journeys(conn: Connection) -> list[JourneyLine]:
    """Return every journey by name, without its graphs: thousands are a few milliseconds."""
    query = select(*_LINE).outerjoin(VERSION, VERSION.c.id == JOURNEY.c.live_version_id)
    return [JourneyLine(*row) for row in conn.execute(query.order_by(JOURNEY.c.name))]


def find_journey(conn: Connection, key: str) -> JourneyLine:
    """Return one journey; NotFound when nobody has that key."""
    query = select(*_LINE).outerjoin(VERSION, VERSION.c.id == JOURNEY.c.live_version_id)
    row = conn.execute(query.where(JOURNEY.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(f"no journey {key}")
    return JourneyLine(*row)


def versions_of(conn: Connection, journey_id: int) -> list[VersionLine]:
    """Return the versions of a journey, the newest first, without their graphs."""
    columns = [VERSION.c[name] for name in ("id", "number", "published_at", "published_by", "note")]
    query = select(*columns).where(VERSION.c.journey_id == journey_id).order_by(VERSION.c.number.desc())
    return [VersionLine(*row) for row in conn.execute(query)]


def graph_of(conn: Connection, version_id: int) -> dict[str, Any]:
    """Return the graph of a version as it was published."""
    graph: dict[str, Any] = conn.execute(select(VERSION.c.graph).where(VERSION.c.id == version_id)).scalar_one()
    return graph


@dataclass(frozen=True, slots=True)
class GraphLine:
    """The graph of a version, and whose it is."""

    graph: dict[str, Any]
    number: int
    journey_key: str
    journey_name: str


def graphs_of(conn: Connection, version_ids: Iterable[int]) -> dict[int, GraphLine]:
    """Return the graphs of versions by id, in one statement."""
    query = (
        select(VERSION.c.id, VERSION.c.graph, VERSION.c.number, JOURNEY.c.key, JOURNEY.c.name)
        .join(JOURNEY, JOURNEY.c.id == VERSION.c.journey_id)
        .where(VERSION.c.id.in_(sorted(set(version_ids))))
    )
    return {row[0]: GraphLine(*row[1:]) for row in conn.execute(query)}


def draft_of(conn: Connection, journey_id: int) -> dict[str, Any]:
    """Return the draft of a journey, an empty object when nobody has begun one."""
    draft: dict[str, Any] = conn.execute(select(JOURNEY.c.draft).where(JOURNEY.c.id == journey_id)).scalar_one()
    return draft or {}


def tallies(conn: Connection, journey_ids: Sequence[int] | None = None, *, with_live: bool = True) -> dict[int, Tally]:
    """Return the tallies of these journeys, or of all, by journey. Goals are not in them: see `goals`.

    Without the live ones, which are counted one by one, `parked` means nothing; everything else is the same.

    Entries and ends from the counters, served by ix_step_count_version; the live ones are counted in ix_enrollment_due.
    """
    found: dict[int, Tally] = {}
    where = [] if journey_ids is None else [VERSION.c.journey_id.in_(journey_ids)]
    counted = (
        select(VERSION.c.journey_id, COUNT.c.port, func.sum(COUNT.c.n), func.max(COUNT.c.day))
        .join(COUNT, (COUNT.c.version_id == VERSION.c.id) & (COUNT.c.node == ""))
        .where(*where)
        .group_by(VERSION.c.journey_id, COUNT.c.port)
    )
    for journey_id, port, n, day in conn.execute(counted):
        _add(found.setdefault(journey_id, Tally()), port, int(n), day)
    if not with_live:
        return found
    live = select(ENROLLMENT.c.version_id, func.count().label("n")).where(LIVE).group_by(ENROLLMENT.c.version_id)
    if journey_ids is not None:
        mine = select(VERSION.c.id).where(VERSION.c.journey_id.in_(journey_ids))
        live = live.where(ENROLLMENT.c.version_id.in_(mine))
    by_version = live.subquery()
    joined = select(VERSION.c.journey_id, func.sum(by_version.c.n)).join(
        by_version, by_version.c.version_id == VERSION.c.id
    )
    for journey_id, n in conn.execute(joined.group_by(VERSION.c.journey_id)):
        found.setdefault(journey_id, Tally()).live = int(n)
    return found


def tally_of_version(conn: Connection, version_id: int, since_day: str = "") -> Tally:
    """Return the tally of one version; entries and ends from a day on, the live ones as they are now."""
    tally = Tally()
    query = select(COUNT.c.port, func.sum(COUNT.c.n), func.max(COUNT.c.day)).where(
        COUNT.c.version_id == version_id, COUNT.c.node == "", COUNT.c.day >= since_day
    )
    for port, n, day in conn.execute(query.group_by(COUNT.c.port)):
        _add(tally, port, int(n), day)
    return tally


def _add(tally: Tally, port: str, n: int, day: str) -> None:
    status = port.removeprefix("@")
    if status == "entered":
        tally.entered = n
    else:
        tally.ends[status] = n
    tally.last_day = max(tally.last_day, day)


def goals(conn: Connection, journey_ids: Sequence[int], version_id: int | None = None) -> dict[int, tuple[int, int]]:
    """Return (reached the goal, entered) by journey, for a page of journeys or one version.

    Reads these journeys' enrollments, served by the unique key (journey, customer, entry key).
    """
    query = select(ENROLLMENT.c.journey_id, func.count(ENROLLMENT.c.goal_at), func.count())
    query = query.where(ENROLLMENT.c.journey_id.in_(journey_ids)).group_by(ENROLLMENT.c.journey_id)
    if version_id is not None:
        query = query.where(ENROLLMENT.c.version_id == version_id)
    return {row[0]: (row[1], row[2]) for row in conn.execute(query)}


def failed_since(conn: Connection, since_day: str) -> dict[int, int]:
    """Return how many failed in each journey from a day on."""
    query = (
        select(VERSION.c.journey_id, func.sum(COUNT.c.n))
        .join(COUNT, (COUNT.c.version_id == VERSION.c.id) & (COUNT.c.node == ""))
        .where(COUNT.c.port == "@failed", COUNT.c.day >= since_day)
        .group_by(VERSION.c.journey_id)
    )
    return {row[0]: int(row[1]) for row in conn.execute(query)}


def entered_by_day(conn: Connection, journey_ids: Sequence[int], since_day: str) -> dict[int, dict[str, int]]:
    """Return how many entered each of these journeys on each day from `since_day` on."""
    query = (
        select(VERSION.c.journey_id, COUNT.c.day, func.sum(COUNT.c.n))
        .join(COUNT, (COUNT.c.version_id == VERSION.c.id) & (COUNT.c.node == ""))
        .where(VERSION.c.journey_id.in_(journey_ids), COUNT.c.port == "@entered", COUNT.c.day >= since_day)
        .group_by(VERSION.c.journey_id, COUNT.c.day)
    )
    found: dict[int, dict[str, int]] = {}
    for journey_id, day, n in conn.execute(query):
        found.setdefault(journey_id, {})[day] = int(n)
    return found


def passed(conn: Connection, version_id: int, since_day: str = "") -> dict[tuple[str, str], int]:
    """Return how many left each node by each port, from a day on."""
    query = select(COUNT.c.node, COUNT.c.port, func.sum(COUNT.c.n)).where(
        COUNT.c.version_id == version_id, COUNT.c.node != "", COUNT.c.day >= since_day
    )
    rows = conn.execute(query.group_by(COUNT.c.node, COUNT.c.port))
    return {(row[0], row[1]): int(row[2]) for row in rows}


def here(conn: Connection, version_id: int) -> dict[str, int]:
    """Return how many stand at each node now. Served by ix_enrollment_due."""
    query = select(ENROLLMENT.c.node, func.count()).where(ENROLLMENT.c.version_id == version_id, LIVE)
    return {row[0]: row[1] for row in conn.execute(query.group_by(ENROLLMENT.c.node))}


def stuck(
    conn: Connection, journey_id: int, version_id: int, since: datetime | None = None
) -> dict[tuple[str, str], int]:
    """Return how many are parked, quarantined or failed at each node, as (node, status).

    With `since`, only those who ended from then on, and all who are parked. Reads the journey's enrollments: ask only
    when the tally says that there are any.
    """
    query = select(ENROLLMENT.c.node, ENROLLMENT.c.status, func.count()).where(
        ENROLLMENT.c.journey_id == journey_id,
        ENROLLMENT.c.version_id == version_id,
        ENROLLMENT.c.status.in_(("parked", "quarantined", "failed")),
    )
    if since is not None:
        query = query.where(ENROLLMENT.c.ended_at.is_(None) | (ENROLLMENT.c.ended_at >= since))
    rows = conn.execute(query.group_by(ENROLLMENT.c.node, ENROLLMENT.c.status))
    return {(row[0], row[1]): row[2] for row in rows}
