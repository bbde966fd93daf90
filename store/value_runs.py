"""Computations of classes and values: asked for, under way, done. Any worker goes on where another stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from store.tables import metadata

RUN = metadata.tables["value_run"]

RFM, VALUE, CELLS = "rfm", "value", "cells"
"""Kinds: new cut points and classes; these and a new forecast; only the groups, after the mapping changed."""

CUTS, PAST, FIT, CUSTOMERS, SUMS = "cuts", "past", "fit", "customers", "sums"
"""Phases, in their order. A kind goes through those that it needs."""

LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Run:
    """One computation. `changed` counts customers whose group changed."""

    id: int
    kind: str
    phase: str
    asked_at: datetime
    asked_by: str
    after_id: int
    done: int
    total: int
    changed: int
    lease_until: datetime | None
    ended_at: datetime | None
    problem: str

    @property
    def percent(self) -> int:
        """How far it came, of 100: reading and fitting are a tenth each, the rest is customers."""
        if self.ended_at is not None:
            return 100
        before = {CUTS: 2, PAST: 8, FIT: 12, CUSTOMERS: 20, SUMS: 98}[self.phase]
        return before + (78 * self.done // max(self.total, 1) if self.phase == CUSTOMERS else 0)


def ask(conn: Connection, kind: str, now: datetime, by: str = "") -> Run:
    """Ask for a computation; one of this kind that has not come to the customers yet will do."""
    waiting = select(RUN).where(RUN.c.ended_at.is_(None), RUN.c.kind == kind, RUN.c.phase == _first(kind))
    row = conn.execute(waiting.where(RUN.c.after_id == 0, RUN.c.lease_until.is_(None)).limit(1)).one_or_none()
    if row is None:
        values: dict[str, Any] = {"kind": kind, "phase": _first(kind), "asked_at": now, "asked_by": by, "problem": ""}
        values |= {"after_id": 0, "done": 0, "total": 0, "changed": 0}
        row = conn.execute(insert(RUN).values(**values).returning(RUN)).one()
    return Run(*row)


def _first(kind: str) -> str:
    return CUSTOMERS if kind == CELLS else CUTS


def open_run(conn: Connection) -> Run | None:
    """Return the computation whose turn it is, if there is any. Served by ix_value_run_open."""
    row = conn.execute(select(RUN).where(RUN.c.ended_at.is_(None)).order_by(RUN.c.id).limit(1)).one_or_none()
    return None if row is None else Run(*row)


def find_run(conn: Connection, id: int) -> Run | None:
    """Return one computation."""
    row = conn.execute(select(RUN).where(RUN.c.id == id)).one_or_none()
    return None if row is None else Run(*row)


def last_run(conn: Connection, *kinds: str) -> Run | None:
    """Return the latest computation of these kinds that ended."""
    query = select(RUN).where(RUN.c.ended_at.is_not(None), RUN.c.kind.in_(kinds)).order_by(RUN.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else Run(*row)


def last_asked(conn: Connection, *kinds: str) -> datetime | None:
    """Return when a computation of these kinds was asked for last."""
    found: datetime | None = conn.execute(select(func.max(RUN.c.asked_at)).where(RUN.c.kind.in_(kinds))).scalar_one()
    return found


def take(conn: Connection, run: Run, now: datetime) -> bool:
    """Lease a phase that is one piece of work; False when another process is at it."""
    taken = conn.execute(
        update(RUN)
        .where(RUN.c.id == run.id, RUN.c.phase == run.phase, RUN.c.ended_at.is_(None))
        .where(RUN.c.lease_until.is_(None) | (RUN.c.lease_until < now))
        .values(lease_until=now + LEASE)
    )
    return bool(taken.rowcount)


def is_at(conn: Connection, run: Run) -> bool:
    """Say whether a computation still stands where it was read, and lock it: who comes second has nothing to do."""
    query = select(RUN.c.phase, RUN.c.after_id, RUN.c.ended_at).where(RUN.c.id == run.id)
    if conn.dialect.name != "sqlite":
        query = query.with_for_update()
    return tuple(conn.execute(query).one()) == (run.phase, run.after_id, None)


def note(conn: Connection, run: Run, **changes: Any) -> None:
    """Write down how far a computation came; another phase begins without a lease and with the first customer."""
    if "phase" in changes:
        changes = {"after_id": 0, "done": 0, "lease_until": None, **changes}
    conn.execute(update(RUN).where(RUN.c.id == run.id).values(**changes))


def end(conn: Connection, run: Run, now: datetime, problem: str = "") -> None:
    """End a computation."""
    conn.execute(update(RUN).where(RUN.c.id == run.id).values(ended_at=now, problem=problem[:500], lease_until=None))
