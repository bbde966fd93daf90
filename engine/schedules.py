"""Schedules: whoever is in a segment enters again and again, at a time of day where they live."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

from engine.enroll import enroll
from engine.runtime import Runtime
from engine.versions import Compiled
from nodes.contract import Schedule
from nodes.localtime import at_wall_time, to_local, zone_of
from store.dates import customers_in, note_occurrences, zones_in_use
from store.db import Connection
from store.enroll import Candidate
from store.locks import try_lock
from store.memory import lock_memories, write_memories
from store.versions import live_versions
from wayfare.crashpoints import point

CHUNK = 5000


def fire_schedules(runtime: Runtime, *, now: datetime) -> int:
    """Enroll everyone whose schedule came round since the last look; return how many.

    A schedule remembers until when it has looked, from its first look on: what lies before that, or further back than
    it may be late, fires no more. Unique occurrences make a second scheduler harmless. Each chunk is one transaction.
    """
    enrolled = 0
    with runtime.store.read() as conn:
        versions = [runtime.versions.get(conn, id) for id in live_versions(conn)]
        found = [
            (version, node, schedule)
            for version in versions
            for node, trigger in version.triggers.items()
            if (schedule := trigger.schedule()) is not None
        ]
        zones = zones_in_use(conn) if found else []
    for version, node, schedule in found:
        since = runtime.store.run(partial(_looked_at, version=version, node=node, now=now))
        since = max(since, now - timedelta(hours=schedule.late_hours, minutes=1))
        is_complete = True
        for zone in zones:
            for day, at, wall in _moments(runtime, version, schedule, zone, since, now):
                fired = _fire(runtime, version, node, schedule, zone, day, at, wall, now)
                is_complete = is_complete and fired is not None
                enrolled += fired or 0
        if is_complete:
            runtime.store.run(partial(_note, version=version, node=node, now=now))
    return enrolled


def _looked_at(conn: Connection, version: Compiled, node: str, now: datetime) -> datetime:
    kinds = version.memory_kinds([node])
    memory = lock_memories(conn, version.journey_id, kinds)[node]
    if "looked_at" in memory:
        return datetime.fromisoformat(memory["looked_at"])
    write_memories(conn, version.journey_id, kinds, {node: {"looked_at": now.isoformat()}})
    return now


def _note(conn: Connection, version: Compiled, node: str, now: datetime) -> None:
    kinds = version.memory_kinds([node])
    memory = lock_memories(conn, version.journey_id, kinds)[node]
    if datetime.fromisoformat(memory["looked_at"]) < now:
        write_memories(conn, version.journey_id, kinds, {node: {"looked_at": now.astimezone(UTC).isoformat()}})


def _moments(
    runtime: Runtime, version: Compiled, schedule: Schedule, zone: str, since: datetime, now: datetime
) -> Iterator[tuple[date, datetime, str]]:
    """Yield the local dates, instants and wall times (HHMM) that came round after `since` and by now."""
    local = zone_of(zone, version.graph.window.time_zone or runtime.default_zone)
    day, last = to_local(since, local).date(), to_local(now, local).date()
    while day <= last:
        for wall in schedule.times_on(day):
            at = at_wall_time(day, wall, local)
            if since < at <= now:
                yield day, at, f"{wall:%H%M}"
        day += timedelta(days=1)


def _fire(
    runtime: Runtime,
    version: Compiled,
    node: str,
    schedule: Schedule,
    zone: str,
    day: date,
    at: datetime,
    wall: str,
    now: datetime,
) -> int | None:
    """Enroll a zone, chunk by chunk; None when another process enrolls just now, so that it is for the next look."""
    key, date_text = f"{version.journey_key}:{node}@{wall}"[-200:], day.isoformat()

    def chunk(conn: Connection, after: int) -> tuple[int | None, int]:
        if not try_lock(conn, "match"):
            return None, 0
        found = customers_in(conn, zone, schedule.segment, rule=key, local_date=date_text, after=after, limit=CHUNK)
        fresh = note_occurrences(conn, key, found, date_text, at)
        candidates = [Candidate(customer, at, f"s{date_text}T{wall}", node) for customer in fresh]
        return (found[-1] if len(found) == CHUNK else 0), len(enroll(conn, version, candidates, now=now))

    total, after = 0, 0
    while True:
        last, enrolled = runtime.store.run(partial(chunk, after=after))
        point("schedule.chunk")
        if last is None:
            return None
        total += enrolled
        if not last:
            return total
        after = last
