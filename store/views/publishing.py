"""Who is concerned when a journey is published, paused or stopped: numbers for the dialogs that ask first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from store.views._parts import table

VERSION, COUNT, ENROLLMENT = table("journey_version"), table("step_count"), table("enrollment")
SEGMENT, MEMBER, FAN_OUT, MESSAGE = table("segment"), table("segment_member"), table("fan_out"), table("message")
_INSIDE = ("active", "waiting", "parked")


@dataclass(frozen=True, slots=True)
class Present:
    """Who is in the segment of a trigger. `state`: "new" (they enter at publication), "under_way" or "done" (an
    earlier version let them in), "not_built" (nobody has counted them yet), "gone".
    """

    segment: str
    name: str
    members: int
    state: str


def inside(conn: Connection, journey_id: int) -> dict[str, int]:
    """Return how many stand at each node, over all versions; parked ones too. Reads the journey's enrollments."""
    e = ENROLLMENT.c
    query = select(e.node, func.count()).where(e.journey_id == journey_id, e.status.in_(_INSIDE)).group_by(e.node)
    return {node: int(n) for node, n in conn.execute(query)}


def due(conn: Connection, journey_id: int, now: datetime) -> int:
    """Return how many would move at once if the journey ran."""
    e = ENROLLMENT.c
    where = (e.journey_id == journey_id, e.status.in_(("active", "waiting")), e.wake_at <= now)
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
    mine = select(VERSION.c.id).where(VERSION.c.journey_id == journey_id)
    query = select(func.count()).where(MESSAGE.c.version_id.in_(mine), text("message.status = 'pending'"))
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
