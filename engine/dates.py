"""Date triggers: each morning in each zone, whoever's day it is enters, once."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from engine.enroll import enroll
from engine.runtime import Runtime
from engine.versions import Compiled
from nodes.contract import DateRule
from nodes.localtime import at_wall_time, month_days_on, to_local, zone_of
from store.dates import customers_on, note_occurrences, zones_in_use
from store.db import Connection
from store.enroll import Candidate
from store.locks import try_lock
from store.versions import live_versions

_CHUNK = 5000


def fire_dates(runtime: Runtime, *, now: datetime) -> int:
    """Enroll everyone whose date makes a trigger fire by now; return how many.

    Looks at today and at the rule's `late_days` before it, in the local calendar of every zone in use. Unique
    occurrences make a second look, or a second scheduler, harmless. Each chunk of customers is one transaction.
    """
    enrolled = 0
    with runtime.store.read() as conn:
        versions = [runtime.versions.get(conn, id) for id in live_versions(conn)]
        rules = [
            (version, node, rule)
            for version in versions
            for node, trigger in version.triggers.items()
            if (rule := trigger.date_rule()) is not None
        ]
        zones = zones_in_use(conn) if rules else []
    for version, node, rule in rules:
        for zone in zones:
            for day, at in _days(runtime, version, rule, zone, now):
                enrolled += _fire(runtime, version, node, rule, zone, day, at, now)
    return enrolled


def _days(
    runtime: Runtime, version: Compiled, rule: DateRule, zone: str, now: datetime
) -> Iterator[tuple[date, datetime]]:
    """Yield the local dates on which the rule may fire now, each with the instant at which it was to fire."""
    local = zone_of(zone, version.graph.window.time_zone or runtime.default_zone)
    today = to_local(now, local).date()
    for back in range(rule.late_days, -1, -1):
        day = today - timedelta(days=back)
        at = at_wall_time(day, rule.at, local)
        if at <= now:
            yield day, at


def _fire(
    runtime: Runtime,
    version: Compiled,
    node: str,
    rule: DateRule,
    zone: str,
    day: date,
    at: datetime,
    now: datetime,
) -> int:
    origin = day - timedelta(days=rule.offset_days)
    key = f"{version.journey_key}:{node}"

    def chunk(conn: Connection) -> tuple[int, int]:
        if not try_lock(conn, "match"):
            return 0, 0
        found = customers_on(
            conn,
            zone,
            rule.fact,
            _month_days(rule, origin),
            rule=key,
            local_date=day.isoformat(),
            every_year=rule.every_year,
            limit=_CHUNK,
        )
        fresh = note_occurrences(conn, key, found, day.isoformat(), at)
        candidates = [Candidate(customer, at, f"d{day.isoformat()}", node) for customer in fresh]
        return len(found), len(enroll(conn, version, candidates, now=now))

    total = 0
    while True:
        seen, enrolled = runtime.store.run(chunk)
        total += enrolled
        if seen < _CHUNK:
            return total


def _month_days(rule: DateRule, origin: date) -> list[str]:
    """Return the stored dates that fall on `origin`, in the form in which the store keeps them."""
    if not rule.every_year:
        return [origin.isoformat()]
    days = month_days_on(origin, rule.leap_day)
    if rule.fact == "birthday":
        return [str(day) for day in days]
    return [f"{day // 100:02d}-{day % 100:02d}" for day in days]
