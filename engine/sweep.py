"""The sweep: every minute it repairs what should never need repair, counts it, and keeps house."""

from datetime import datetime
from functools import partial
from typing import Final

import structlog

from engine.pools import settle_doubts
from engine.runtime import Runtime
from offers.certificates.spend import tidy
from offers.redemption import settle
from store import points
from store import sweep as store
from store.claims import DIED, expire
from store.db import Connection
from store.locks import try_lock
from store.outbox import recover
from wayfare import clock
from wayfare.crashpoints import point

log = structlog.get_logger(__name__)

LONGEST: Final = 20.0
"""Seconds that giving back may take at once: the scheduler has more to do, and comes again in a minute."""


def sweep(runtime: Runtime, *, now: datetime) -> dict[str, int]:
    """Sweep once, if no other process does; return how often each repair was made."""
    repairs: dict[str, int] = {}

    def repair(conn: Connection) -> None:
        repairs.clear()
        if not try_lock(conn, "sweep"):
            return
        repairs[DIED] = expire(conn, now)
        repairs["delivery recovered"] = recover(conn, now)
        repairs["node type is back"] = _unpark(runtime, conn)
        for name, n in repairs.items():
            store.count_repair(conn, name, n, now)
        settle_doubts(runtime, conn, now)
        store.fold_counts(conn)
        store.forget_old(conn, now)

    runtime.store.run(repair)
    give_back(runtime, now=now)
    made = {name: n for name, n in repairs.items() if n}
    if made:
        log.warning("the sweep repaired something", **{name.replace(" ", "_"): n for name, n in made.items()})
    return made


def give_back(runtime: Runtime, *, now: datetime, longest: float = LONGEST) -> int:
    """Release orders and payments whose time is over, until none is due or `longest` seconds went by; return how many.

    Each few hundred are a transaction of their own, so that tills hardly wait for the counters that it locks.
    """
    ends, total = clock.monotonic() + longest, 0
    for work in (settle.expire, tidy, points.expire):
        done = 1
        while done and clock.monotonic() < ends:
            done = runtime.store.run(partial(work, now=now))
            point("expire.committed")
            total += done
    return total


def _unpark(runtime: Runtime, conn: Connection) -> int:
    total = 0
    for version_id in store.parked_versions(conn):
        version = runtime.versions.get(conn, version_id)
        if back := [id for id in version.nodes if id not in version.unknown]:
            total += store.unpark(conn, version_id, back)
    return total
