"""Matching: each new event takes effect once, in order, for all that it concerns, in one transaction a batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.enroll import enroll
from engine.runtime import Runtime
from engine.versions import Compiled, EventMatch
from nodes.contract import ENTER
from offers.codes.states import activate_by_events
from store import matching as store
from store.db import Connection
from store.dirty import mark_dirty
from store.enroll import Candidate
from store.events import MAX_DEPTH
from store.locks import try_lock
from store.matching import Live, NewEvent
from store.projections import apply
from store.value_rfm import rescore
from store.versions import live_versions
from wayfare.crashpoints import point

_SEGMENT = "segment"
_JOURNEY = "journey"


@dataclass
class _Outcome:
    """What a batch of events does to enrollments that are live."""

    woken: list[tuple[int, datetime, int]] = field(default_factory=list)
    exited: list[tuple[int, int, str]] = field(default_factory=list)
    goals: list[tuple[int, datetime]] = field(default_factory=list)
    left_at: dict[tuple[int, int], int] = field(default_factory=dict)  # (journey, customer) → position of the event


def match(runtime: Runtime, *, now: datetime, limit: int = 2000) -> int:
    """Match up to `limit` new events; return how many. 0 when there are none, or when another process matches.

    In one transaction: projections are brought up to date, live enrollments of the customers concerned are locked,
    woken, ended and noted, codes that waited for an event work, triggers enroll, and customers are marked for the
    segments. One matcher at a time keeps the events of a customer in order.
    """
    matched = runtime.store.run(lambda conn: _match(runtime, conn, now, limit))
    if matched:
        point("match.committed")
    return matched


def _match(runtime: Runtime, conn: Connection, now: datetime, limit: int) -> int:
    if not try_lock(conn, "match"):
        return 0
    events = store.take_new(conn, limit)
    if not events:
        return 0
    notes = {event.id: "parked: journeys start each other" for event in events if event.depth > MAX_DEPTH}
    apply(conn, events)
    rescore(conn, {event.customer_id for event in events if event.type == "purchase"}, now)
    moving = [event for event in events if event.id not in notes and not event.is_history]
    if moving:
        positions = {event.id: position for position, event in enumerate(events)}
        live = store.lock_live(conn, (event.customer_id for event in moving))
        activate_by_events(conn, ((event.customer_id, event.type, event.at) for event in moving))
        outcome = _Outcome()
        _decide(runtime, conn, live, moving, positions, outcome)
        enrolled = _enroll(runtime, conn, moving, positions, outcome, now)
        fresh = store.read_enrollments(conn, enrolled) if enrolled else []
        _decide(runtime, conn, fresh, moving, positions, outcome)
        store.wake(conn, outcome.woken)
        store.note_goals(conn, outcome.goals)
        store.end(conn, outcome.exited, status="exited", now=now)
    marked: dict[int, int] = {}
    for event in events:
        if event.source != _SEGMENT:
            marked[event.customer_id] = max(event.depth, marked.get(event.customer_id, 0))
    mark_dirty(conn, marked, now, depths=marked)
    store.mark_matched(conn, events, notes, now)
    point("match.written")
    return len(events)


def _decide(
    runtime: Runtime,
    conn: Connection,
    live: Sequence[Live],
    events: Sequence[NewEvent],
    positions: Mapping[int, int],
    outcome: _Outcome,
) -> None:
    """Work out what the events do to live enrollments, event by event in their order."""
    by_customer: dict[int, list[NewEvent]] = defaultdict(list)
    for event in events:
        by_customer[event.customer_id].append(event)
    for one in live:
        version = runtime.versions.get(conn, one.version_id)
        began = positions.get(one.event_id, -1) if one.event_id is not None else -1
        woken = False
        for event in by_customer.get(one.customer_id, ()):
            if positions[event.id] <= began or event.at < one.entered_at:
                continue
            rule = _first(version.exit_rules, event)
            if one.goal_at is None and _first(version.goals, event) is not None:
                one.goal_at = event.at
                outcome.goals.append((one.id, event.at))
            if rule is not None:
                outcome.exited.append((one.id, one.version_id, rule.name or f"exit rule: {event.type}"))
                outcome.left_at[one.journey_id, one.customer_id] = positions[event.id]
                break
            if not woken and _wakes(version, one, event):
                woken = True
                outcome.woken.append((one.id, event.at, event.id))


def _wakes(version: Compiled, one: Live, event: NewEvent) -> bool:
    """Say whether a waiting enrollment was waiting for this event, and in time."""
    if one.status != "waiting" or one.wait_type != event.type or not one.since <= event.at <= one.wake_at:
        return False
    node = version.nodes.get(one.node)
    if node is None or event.id in (one.event_id, one.woken_event_id):
        return False
    return bool(node.accepts(event.data))


def _first(rules: Iterable[EventMatch], event: NewEvent) -> EventMatch | None:
    return next((rule for rule in rules if rule.fits(event.type, event.data, event.at)), None)


def _enroll(
    runtime: Runtime,
    conn: Connection,
    events: Sequence[NewEvent],
    positions: Mapping[int, int],
    outcome: _Outcome,
    now: datetime,
) -> list[int]:
    """Let the triggers of all live versions look at the events, and enroll."""
    listening: dict[str, list[tuple[Compiled, str, Any]]] = defaultdict(list)
    live = live_versions(conn)
    for version_id in live:
        version = runtime.versions.get(conn, version_id)
        for id, trigger in version.triggers.items():
            for type in trigger.listens():
                listening[type].append((version, id, trigger))
    candidates: dict[int, list[Candidate]] = defaultdict(list)
    sent = _doors(runtime, conn, live) if any(event.type == ENTER for event in events) else {}
    for event in events:
        if event.type == ENTER and event.source == _JOURNEY:
            for version, node in sent.get(str(event.data.get("journey")), ()):
                candidates[version.id].append(
                    Candidate(
                        event.customer_id, event.at, f"e{event.id}", node, event.id, event.depth, positions[event.id]
                    )
                )
        for version, node, trigger in listening.get(event.type, ()):
            is_late = event.received_at - event.at > timedelta(days=trigger.late_days())
            if not is_late and trigger.accepts(event.data):
                token = _token(version, event)
                if token is not None:
                    position = positions[event.id]
                    candidates[version.id].append(
                        Candidate(event.customer_id, event.at, token, node, event.id, event.depth, position)
                    )
    enrolled: list[int] = []
    for version_id, found in candidates.items():
        version = runtime.versions.get(conn, version_id)
        left = {customer: at for (journey, customer), at in outcome.left_at.items() if journey == version.journey_id}
        enrolled += enroll(conn, version, found, now=now, left_at=left)
    return enrolled


def _doors(runtime: Runtime, conn: Connection, live: Sequence[int]) -> dict[str, list[tuple[Compiled, str]]]:
    """Return by journey key where those enter whom another journey sends."""
    versions = (runtime.versions.get(conn, id) for id in live)
    return {version.journey_key: [(version, node) for node in version.triggers][:1] for version in versions}


def _token(version: Compiled, event: NewEvent) -> str | None:
    """Return what tells this entry from others: the event, or for `per_key` the value that its data hold."""
    entry = version.graph.entry
    if entry.reentry != "per_key":
        return f"e{event.id}"
    value: Any = event.data
    for name in (entry.key or "").removeprefix("data.").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None or isinstance(value, dict | list) else f"k:{value}"[:200]
