"""Who is concerned when a journey is published, paused or stopped: numbers for the dialogs that ask first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, select, text

from store.views._parts import LIVE, table
from store.views.journeys import tallies

VERSION, COUNT, ENROLLMENT = table("journey_version"), table("step_count"), table("enrollment")
SEGMENT, MEMBER, FAN_OUT, MESSAGE = table("segment"), table("segment_member"), table("fan_out"), table("message")


@dataclass(frozen=True, slots=True)
class Present:
    """Who is in the segment of a trigger. `state`: "new" (they enter at publication), "under_way" or "done" (an
    earlier version let them in), "not_built" (nobody has counted them yet), "gone".
    """

    segment: str
    name: str
    members: int
    state: str


def inside(conn: Connection, journey_id: int) -> dict[tuple[int, str], int]:
    """Return how many stand at each node of each version, by (version's id, node); parked ones too.

    Served by ix_enrollment_due. Only where the counters say that some are parked, the journey's enrollments are read.
    """
    e = ENROLLMENT.c
    place = (e.version_id, e.node)
    live = select(*place, func.count()).where(e.version_id.in_(_versions(journey_id)), LIVE).group_by(*place)
    found = {(version, node): int(n) for version, node, n in conn.execute(live)}
    tally = tallies(conn, [journey_id]).get(journey_id)
    if tally is not None and tally.parked:
        parked = select(*place, func.count()).where(e.journey_id == journey_id, e.status == "parked")
        for version, node, n in conn.execute(parked.group_by(*place)):
            found[version, node] = found.get((version, node), 0) + int(n)
    return found


def _versions(journey_id: int) -> Select[tuple[int]]:
    return select(VERSION.c.id).where(VERSION.c.journey_id == journey_id)


def due(conn: Connection, journey_id: int, now: datetime) -> int:
    """Return how many would move at once if the journey ran. Served by ix_enrollment_due."""
    e = ENROLLMENT.c
    where = (e.version_id.in_(_versions(journey_id)), LIVE, e.wake_at <= now)
    return int(conn.execute(select(func.count()).where(*where)).scalar_one())


def left(conn: Connection, journey_id: int) -> dict[str, int]:
    """Return how many have ever left each node, over all versions."""
    query = (
        select(COUNT.c.node, func.sum(COUNT.c.n))
        .join(VERSION, VERSION.c.id == COUNT.c.version_id)
        .where(VERSION.c.journey_id == journey_id, COUNT.c.node != "")
        .group_by(COUNT.c.node)
    )
    return {node: int(n) for node, n in conn.execute(query)}


def queued(conn: Connection, journey_id: int) -> int:
    """Return how many messages of a journey wait to be sent. Reads all that wait, served by ix_message_due."""
    query = select(func.count()).where(
        MESSAGE.c.version_id.in_(_versions(journey_id)), text("message.status = 'pending'")
    )
    return int(conn.execute(query).scalar_one())


def present(conn: Connection, journey_id: int, segment: str) -> Present:
    """Return who enters because they are in a segment already when a journey is published."""
    columns = [SEGMENT.c[name] for name in ("id", "name", "rev", "built_rev")]
    row = conn.execute(select(*columns).where(SEGMENT.c.key == segment)).one_or_none()
    if row is None:
        return Present(segment, segment, 0, "gone")
    counted = select(func.count()).where(MEMBER.c.segment_id == row.id)
    members = int(conn.execute(counted).scalar_one())
    last = conn.execute(
        select(FAN_OUT.c.done_at)
        .join(VERSION, VERSION.c.id == FAN_OUT.c.version_id)
        .where(VERSION.c.journey_id == journey_id, FAN_OUT.c.segment_id == row.id)
        .order_by(FAN_OUT.c.id.desc())
        .limit(1)
    ).one_or_none()
    state = "not_built" if row.rev != row.built_rev else "new"
    if last is not None:
        state = "done" if last[0] is not None else "under_way"
    return Present(segment, row.name or segment, members, state)
