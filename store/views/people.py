"""The customers behind a count: who is at a node, who passed a port, who ended how."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from store.views._parts import LIVE, table

ENROLLMENT, CUSTOMER, STEP = table("enrollment"), table("customer"), table("step_log")
KINDS = ("here", "arrived", "passed", "entered", "active", "goal")
STATUSES = ("parked", "quarantined", "failed", "completed", "exited")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which customers: a kind of `KINDS` or a status of `STATUSES`, of one version, from an instant on."""

    kind: str
    journey_id: int
    version_id: int
    node: str = ""
    port: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One enrollment behind a count. `at` is when it passed, where that was asked for."""

    id: int
    customer_id: int
    customer_key: str
    first_name: str | None
    last_name: str | None
    status: str
    node: str
    since: datetime
    wake_at: datetime | None
    wait_type: str | None
    reason: str | None
    entered_at: datetime
    ended_at: datetime | None
    goal_at: datetime | None
    port: str | None = None
    at: datetime | None = None
    step_reason: str | None = None


def behind(conn: Connection, asked: Asked, *, before_id: int | None = None, limit: int = 50) -> list[Person]:
    """Return the enrollments behind a count, the newest first; `before_id` is the last id of the page before.

    Who is here is served by ix_enrollment_due; the others read the journey's enrollments by its unique key, and probe
    the step log by its primary key.
    """
    columns: list[Any] = [ENROLLMENT.c.id, CUSTOMER.c.id, CUSTOMER.c.key, CUSTOMER.c.first_name, CUSTOMER.c.last_name]
    names = ("status", "node", "since", "wake_at", "wait_type", "reason", "entered_at", "ended_at", "goal_at")
    columns += [ENROLLMENT.c[name] for name in names]
    wants_step = asked.kind in ("passed", "arrived")
    if wants_step:
        columns += [STEP.c.port, STEP.c.at, STEP.c.reason]
    query = select(*columns).join(CUSTOMER, CUSTOMER.c.id == ENROLLMENT.c.customer_id)
    if wants_step:
        same = (STEP.c.enrollment_id == ENROLLMENT.c.id) & (STEP.c.node == asked.node)
        query = query.join(STEP, same & (STEP.c.visit == ENROLLMENT.c.visit), isouter=asked.kind == "arrived")
    query = _narrowed(query, asked)
    if before_id is not None:
        query = query.where(ENROLLMENT.c.id < before_id)
    return [Person(*row) for row in conn.execute(query.order_by(ENROLLMENT.c.id.desc()).limit(limit))]


def _narrowed(query: Select[Any], asked: Asked) -> Select[Any]:
    e = ENROLLMENT.c
    query = query.where(e.version_id == asked.version_id)
    if asked.kind == "here":
        return query.where(LIVE, e.node == asked.node)
    query = query.where(e.journey_id == asked.journey_id)
    if asked.kind == "passed":
        query = query.where(STEP.c.port == asked.port)
        return query if asked.since is None else query.where(STEP.c.at >= asked.since)
    if asked.kind == "arrived":
        if asked.since is not None:
            return query.where((STEP.c.at >= asked.since) | ((e.node == asked.node) & (e.since >= asked.since)))
        return query.where((e.node == asked.node) | STEP.c.enrollment_id.is_not(None))
    if asked.kind == "entered":
        return query if asked.since is None else query.where(e.entered_at >= asked.since)
    if asked.kind == "active":
        return query.where(e.status.in_(("active", "waiting", "parked")))
    if asked.kind == "goal":
        query = query.where(e.goal_at.is_not(None))
        return query if asked.since is None else query.where(e.goal_at >= asked.since)
    query = query.where(e.status == asked.kind)
    if asked.node:
        query = query.where(e.node == asked.node)
    return query if asked.since is None else query.where(e.ended_at >= asked.since)
