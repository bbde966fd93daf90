"""Moving: what a publication decided about customers at steps that are gone is carried out, batch by batch."""

from datetime import datetime
from functools import partial

from engine.runtime import Runtime
from store import audit, moving
from store.db import Connection
from store.moving import Batch, Progress
from wayfare.crashpoints import point


def move(runtime: Runtime, *, now: datetime) -> int:
    """Carry out one batch of what each journey has to move; return how much was done, 0 when nothing is left.

    A batch and the note of how far it came are one transaction, so a crash repeats nothing and skips nobody. Any
    number of workers may do it at once: one has a piece of work in hand, the others pass by.
    """
    with runtime.store.read() as conn:
        waiting = moving.unfinished(conn)
    done = 0
    for id in waiting:
        done += runtime.store.run(partial(_batch, runtime.batch_size, id, now))
        point("moving.committed")
    return done


def is_waiting(runtime: Runtime) -> bool:
    """Return whether there is something to move: the database knows it, whatever became of the bell."""
    with runtime.store.read() as conn:
        return bool(moving.unfinished(conn))


def _batch(size: int, id: int, now: datetime, conn: Connection) -> int:
    one = moving.take(conn, id)
    if one is None:
        return 0
    total = one.total
    if total is None:
        total = moving.standing_at(conn, one.journey_id, one.version_id, one.node)
    batch = _carry_out(conn, one, size, now)
    seen, changed = one.seen + batch.seen, one.changed + batch.changed
    is_done = batch.seen < size
    moving.note_progress(
        conn, one, total=max(total, seen), last=batch.last, seen=seen, changed=changed, done_at=now if is_done else None
    )
    if is_done:
        action = "journey.moved" if one.action == "move" else "journey.exited"
        detail = {"node": one.node, **({"to": one.target} if one.target else {})}
        told = {**detail, "version": one.number, "customers": changed}
        audit.record(conn, one.by, action, f"journey:{one.journey_key}", told, now)
    point("moving.written")
    return batch.seen + is_done


def _carry_out(conn: Connection, one: Progress, size: int, now: datetime) -> Batch:
    where = (conn, one.journey_id, one.version_id, one.node)
    if one.action == "move":
        reason = f"moved to “{one.target_title}”: version {one.number} no longer has this step"[:500]
        return moving.move_some(
            *where, one.target, one.behind, reason, now=now, after=one.last_enrollment_id, limit=size
        )
    reason = f"version {one.number} no longer has this step"
    return moving.exit_some_at(*where, reason, now=now, after=one.last_enrollment_id, limit=size)
