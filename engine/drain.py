"""Draining a shard: do what is due, in order, until nothing is, or until the time is up."""

from collections.abc import Callable
from datetime import datetime

import structlog

from engine.fanout import fan_out
from engine.match import match
from engine.moving import is_waiting, move
from engine.notices import deliver_notices
from engine.outbox import deliver
from engine.runtime import Runtime
from engine.segments import refresh
from engine.value import advance as compute
from engine.walk import advance
from store.versions import due_versions
from wayfare import clock

log = structlog.get_logger(__name__)

FLOW, SEND, MOVE, VALUE = "flow", "send", "move", "value"
SHARDS = (FLOW, SEND, MOVE, VALUE)
LIMIT_SECONDS = 20.0
"""A drain stops by itself and rings again, so that no job's timeout ever cuts a transaction."""


def drain(runtime: Runtime, shard: str, *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Drain one shard; return how much was done.

    "flow": match, segments, enroll, walk; "send": the outbox; "move": customers at steps that publications took away;
    "value": classes and values of all customers.

    Safe to run any number of times at once: every part claims what it works on.
    """
    ends_at = clock.monotonic() + LIMIT_SECONDS
    done = 0
    step = _STEPS[shard]
    while not stopping():
        n = step(runtime, runtime.now(), stopping)
        done += n
        if n == 0:
            return done
        if clock.monotonic() >= ends_at:
            if shard != VALUE:  # the next poll goes on: no bell rings for what may take minutes
                runtime.ring(shard)
            return done
    return done


def settle(runtime: Runtime) -> int:
    """Drain everything until nothing is due at `runtime.now()`: for tests, simulations and the demo's first load."""
    total = 0
    while n := sum(drain(runtime, shard) for shard in (MOVE, FLOW, SEND)):
        total += n
    return total


def _flow(runtime: Runtime, now: datetime, stopping: Callable[[], bool]) -> int:
    done = match(runtime, now=now)
    done += refresh(runtime.store, now, runtime.default_zone)
    done += fan_out(runtime, now=now)
    with runtime.store.read() as conn:
        due = due_versions(conn, now)
    messages = 0
    for version_id in due:
        if stopping():
            break
        walked = advance(runtime, version_id, now=now, limit=runtime.batch_size)
        done += walked.enrollments
        messages += walked.messages
    if messages:
        runtime.ring(SEND)
    return done


def _send(runtime: Runtime, now: datetime, stopping: Callable[[], bool]) -> int:
    done = 0
    for channel in runtime.channels:
        done += deliver_notices(runtime, channel, now, stopping=stopping)
        done += deliver(runtime, channel, now, stopping=stopping)
    return done


def _move(runtime: Runtime, now: datetime, stopping: Callable[[], bool]) -> int:
    n = move(runtime, now=now)
    if n and not is_waiting(runtime):
        runtime.ring(FLOW)  # those who were moved are due
    return n


def _value(runtime: Runtime, now: datetime, stopping: Callable[[], bool]) -> int:
    return compute(runtime.store, now)


_STEPS = {FLOW: _flow, SEND: _send, MOVE: _move, VALUE: _value}
