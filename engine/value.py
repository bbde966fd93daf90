"""Classes and values of all customers: computed in pieces that any worker takes up, resumed where one stopped.

A computation goes through phases. Cut points and forecast are one piece of work each, under a lease: they only read,
and then write a row. The customers come in chunks, a transaction each, which remember how far they came.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from engine.value_chunk import reckon
from engine.value_fit import fit_model
from engine.value_past import write_past
from engine.value_terms import terms_of
from store import value_chunks as chunks
from store import value_runs as runs
from store.days import zone_of_days
from store.db import Connection, Store, is_transient
from store.value_past import sum_up
from store.value_rfm import add_cut_points, cut_points
from store.value_runs import CELLS, CUSTOMERS, CUTS, FIT, PAST, RFM, SUMS, VALUE, Run
from wayfare.value.rfm import cut_points as cuts_of
from wayfare.value.terms import DAYS

log = structlog.get_logger(__name__)

CHUNK: Final = 20_000
VALUED: Final = 4
"""Chunks are so many times smaller where values are reckoned, so that who buys meanwhile hardly waits."""
AT_NIGHT: Final = time(3)
"""When computations that are due begin, where days are counted."""


def advance(store: Store, now: datetime, *, size: int = CHUNK) -> int:
    """Do the next piece of the computation whose turn it is; return 0 when there is none, or another process is at it.

    Whatever goes wrong in a piece ends the computation with its reason, so that the next one can begin.
    """
    with store.read() as conn:
        run = runs.open_run(conn)
    if run is None:
        return 0
    try:
        return _piece(store, run, now, size)
    except Exception as error:  # the boundary of the job
        if is_transient(error):
            raise
        log.exception("a computation failed", kind=run.kind, phase=run.phase)
        problem = f"It broke off ({type(error).__name__}); the log says where."
        store.run(lambda conn: runs.end(conn, run, now, problem))
        return 1


def compute(store: Store, kind: str, now: datetime, by: str, told: Callable[[Run], None] = lambda run: None) -> Run:
    """Compute at once, in this process, and return the computation; the ones that were asked for before come first."""
    mine = store.run(lambda conn: runs.ask(conn, kind, now, by))
    while True:
        done = advance(store, now)
        with store.read() as conn:
            found = runs.find_run(conn, mine.id)
        assert found is not None  # noqa: S101  computations are never deleted
        told(found)
        if found.ended_at is not None or not done:
            return found


def ask_when_due(store: Store, now: datetime) -> Run | None:
    """Ask for the computation that the settings want by now, if any; the first one as soon as somebody has ordered."""
    with store.read() as conn:
        if runs.open_run(conn) is not None or not chunks.last_id(conn):
            return None
        terms, zone = terms_of(conn), zone_of_days(conn)
        value_at, rfm_at = runs.last_asked(conn, VALUE), runs.last_asked(conn, VALUE, RFM)
    if _is_due(terms.value_every, value_at, now, zone):
        return store.run(lambda conn: runs.ask(conn, VALUE, now))
    if _is_due(terms.rfm_every, rfm_at, now, zone):
        return store.run(lambda conn: runs.ask(conn, RFM, now))
    return None


def _piece(store: Store, run: Run, now: datetime, size: int) -> int:
    if run.phase == CUSTOMERS:
        part = max(1, size // VALUED) if run.kind == VALUE else size
        return store.run(partial(_chunk, run=run, now=now, size=part))
    if not store.run(lambda conn: runs.take(conn, run, now)):
        return 0
    {CUTS: _cuts, PAST: write_past, FIT: fit_model, SUMS: _sums}[run.phase](store, run, now)
    return 1


def _is_due(every: str, last: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    if every == "never":
        return False
    if last is None:
        return True
    day = last.astimezone(zone).date() + timedelta(days=DAYS[every])
    return now >= datetime.combine(day, AT_NIGHT, zone)


def _cuts(store: Store, run: Run, now: datetime) -> None:
    with store.read() as conn:
        known = chunks.everyone(conn)
    cuts = [cuts_of(column) for column in (known.last_day, known.orders, known.spent)]

    def work(conn: Connection) -> None:
        if not runs.is_at(conn, run):
            return
        if not len(known.ids):
            runs.end(conn, run, now, "Nobody has ordered yet, so there is nothing to compare.")
            return
        add_cut_points(conn, now, len(known.ids), *cuts)
        runs.note(conn, run, phase=PAST, total=len(known.ids))

    store.run(work)


def _chunk(conn: Connection, *, run: Run, now: datetime, size: int) -> int:
    if not runs.is_at(conn, run):
        return 0
    cuts = cut_points(conn)
    end = chunks.chunk_end(conn, run.after_id, size)
    upto = end if end is not None else chunks.last_id(conn)
    if cuts is not None and upto > run.after_id:
        written = reckon(conn, run, cuts, upto, now)
        total = run.total or cuts.customers
        done, changed = min(run.done + written.customers, total), run.changed + written.changed
        runs.note(conn, run, after_id=upto, done=done, total=total, changed=changed)
    if end is None or cuts is None:
        runs.note(conn, run, phase=SUMS)
    return 1


def _sums(store: Store, run: Run, now: datetime) -> None:
    def work(conn: Connection) -> None:
        if runs.is_at(conn, run):
            sum_up(conn, now, values=run.kind == VALUE)
            runs.end(conn, run, now)

    store.run(work)
    log.info("computed", kind=run.kind, customers=run.total, moved=run.changed)


__all__ = ["CELLS", "RFM", "VALUE", "advance", "ask_when_due", "compute"]
