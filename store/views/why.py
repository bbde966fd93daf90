"""Why one customer went which way at a node: the steps, and the enrollments that stand there now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, null, select

from store.views._parts import table

ENROLLMENT, STEP = table("enrollment"), table("step_log")


@dataclass(frozen=True, slots=True)
class Passing:
    """One enrollment at a node. `port` and `at` are None while it stands there, or when it went no further."""

    enrollment: int
    version_id: int
    status: str
    port: str | None
    at: datetime | None
    reason: str | None
    wake_at: datetime | None


def passings(conn: Connection, customer_id: int, node: str, limit: int = 50) -> Sequence[Passing]:
    """Return how a customer's enrollments passed `node` or stand there, the newest first: two statements."""
    e, s = ENROLLMENT.c, STEP.c
    gone = (
        select(e.id, s.version_id, e.status, s.port, s.at, s.reason, e.wake_at)
        .join(ENROLLMENT, e.id == s.enrollment_id)
        .where(e.customer_id == customer_id, s.node == node)
    )
    has_left = select(s.seq).where(s.enrollment_id == e.id, s.node == node).exists()
    here = select(e.id, e.version_id, e.status, null(), null(), e.reason, e.wake_at).where(
        e.customer_id == customer_id, e.node == node, ~has_left
    )
    passed = [Passing(*row[:6], None) for row in conn.execute(gone.order_by(e.id.desc()).limit(limit))]
    standing = [Passing(*row) for row in conn.execute(here.order_by(e.id.desc()).limit(limit))]
    return sorted(standing + passed, key=lambda one: -one.enrollment)[:limit]
