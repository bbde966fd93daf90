"""Segments kept up to date: whoever was touched, and whoever is due because time went by, is looked at again.

Entries and exits are events (source "segment", types "segment.entered" and "segment.left", data {"segment": key}), so
journeys listen to them like to any other. Everything happens in transactions that may run twice.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from engine.membership import Look, Pass, Plan, Question, plan, question_of
from engine.segment_rules import Preview, preview, save_segment
from store import segments as store
from store.db import Connection, Store
from store.locks import try_lock
from store.segment_timers import Timer, take_due, timers_of
from wayfare.segments import RuleInvalid

log = structlog.get_logger(__name__)

CHUNK = 5000
CHUNKS = 10
LOOKS = 300_000
"""Customers times segments in one transaction, at most: the more segments, the smaller the chunks, so that none of them
keeps others from writing for more than a second or two."""
Mark = tuple[int, str, int, datetime]
_told: dict[str, str] = {}
_questions: WeakKeyDictionary[Any, dict[Mark, Question | RuleInvalid]] = WeakKeyDictionary()


def refresh(store_: Store, now: datetime, default_zone: str = "UTC", *, limit: int = CHUNK) -> int:
    """Look at touched and due customers again, and build what is new or changed; return how many were looked at.

    Up to ten chunks of each, a customer counted once for each segment that is built. 0 when nothing is to be done, or
    when another process does it.
    """
    looked = 0
    for _ in range(CHUNKS):
        n = store_.run(partial(_refresh, now=now, default_zone=default_zone, limit=limit))
        looked += n
        if n == 0:
            break
    for _ in range(CHUNKS):
        n = store_.run(partial(_build, now=now, default_zone=default_zone, limit=limit, only=None))
        looked += n
        if n == 0:
            break
    return looked


def rebuild(store_: Store, segment_id: int, now: datetime, default_zone: str = "UTC", *, limit: int = CHUNK) -> int:
    """Finish the build of one segment, chunk by chunk from where it stopped; return how many customers were looked at.

    The first build of a segment makes members and their history, but no events: journeys take present members in when
    they are published. A changed rule makes events for the difference.
    """
    looked = 0
    while n := store_.run(partial(_build, now=now, default_zone=default_zone, limit=limit, only=segment_id)):
        looked += n
    return looked


def _refresh(conn: Connection, *, now: datetime, default_zone: str, limit: int) -> int:
    if not try_lock(conn, "segments"):
        return 0
    known = _known(conn)
    size = _size(limit, len(known))
    dirty, depths = store.take_dirty(conn, size)
    due = take_due(conn, now, size)
    if not dirty and not due:
        return 0
    kept: dict[int, Timer] = {}
    timed, figured = {}, {}
    for id, timer in due.items():
        if id in dirty:
            continue
        timed[id] = timer.due_at
        if timer.figures_at is None or timer.figures_at > now:
            if timer.figures_at is not None:
                kept[id] = Timer(timer.figures_at, timer.figures_at)
        else:
            figured[id] = timer.figures_at
    looks: dict[int, Look] = {}
    for one in known.values():
        at_times = {} if not one.asks.is_timed else figured if one.asks.has_figures else timed
        if not one.row.built_rev:  # the first build comes to the others yet
            reached = one.row.build_after_id
            looks[one.row.id] = Look(
                {id for id in dirty if id <= reached}, {id: at for id, at in at_times.items() if id <= reached}
            )
        else:
            looks[one.row.id] = Look(set(dirty), at_times)
    customers = dirty.keys() | due.keys()
    Pass(conn, known, now, default_zone, depths).run(looks, customers, kept)
    store.forget_dirty(conn, dirty)
    return len(customers)


def _build(conn: Connection, *, now: datetime, default_zone: str, limit: int, only: int | None) -> int:
    """Build the next chunk of the segments that need it: of all that have come as far as the first, together.

    Return how many customers were looked at, times segments, and at least 1 when there was something to build.
    """
    heads = store.heads(conn)
    if all(one.built_rev >= one.rev for one in heads) or not try_lock(conn, "segments"):
        return 0
    known = _known(conn)
    waiting = {one.row.key: one for one in known.values() if one.row.built_rev < one.row.rev}
    if only is not None:
        waiting = {key: one for key, one in waiting.items() if one.row.id == only}
    together: dict[str, Plan] = {}
    for key, one in waiting.items():  # in the order in which they depend on each other
        first = next(iter(together.values()), one)
        if one.row.build_after_id == first.row.build_after_id and one.asks.needs & waiting.keys() <= together.keys():
            together[key] = one
    if not together:
        return 0
    after = next(iter(together.values())).row.build_after_id
    size = _size(limit, len(together))
    customers = store.customers_after(conn, after, size)
    everyone = Look(set(customers))
    Pass(conn, known, now, default_zone).run(
        {one.row.id: everyone for one in together.values()}, customers, timers_of(conn, customers)
    )
    for one in together.values():
        store.note_build(conn, one.row, customers[-1] if customers else after, done=len(customers) < size)
    return max(1, len(customers) * len(together))


def _size(limit: int, segments: int) -> int:
    return max(1, min(limit, LOOKS // max(1, segments)))


def _known(conn: Connection) -> Mapping[int, Plan]:
    """Return the segments with their rules parsed, each after those it asks for. A rule of another age is left out.

    A rule is read and parsed once a process and revision.
    """
    heads = store.heads(conn)
    remembered = _questions.get(conn.engine, {})
    current = {(one.id, one.key, one.rev, one.updated_at): one.id for one in heads}
    questions = {id: remembered[mark] for mark, id in current.items() if mark in remembered}
    missing = [id for mark, id in current.items() if mark not in remembered]
    if missing:
        questions |= {id: question_of(rule) for id, rule in store.rules_of(conn, missing).items()}
    if missing or len(remembered) > len(current):
        _questions[conn.engine] = {mark: questions[id] for mark, id in current.items()}
    known, broken = plan(heads, questions)
    for key, reason in broken.items():
        if _told.get(key) != reason:  # once, not with every pass
            _told[key] = reason
            log.error("segment cannot be read", segment=key, reason=reason)
    return known


__all__ = ["Preview", "preview", "rebuild", "refresh", "save_segment"]
