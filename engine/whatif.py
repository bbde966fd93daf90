"""Questions to the past are answered in the background: claimed, gone on with where they were cut off, cancelled.

How far an answer has come is in its row. A worker that dies leaves a lease behind; when it runs out the next worker
goes on from the last note, and counts the same as if nothing had happened.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog

from engine.runtime import Runtime
from offers.whatif.ask import bodies
from offers.whatif.compare import weigh
from offers.whatif.report import report
from offers.whatif.sources import open_source
from offers.whatif.spec import Spec
from offers.whatif.tally import Tally
from offers.whatif.worst import look
from store import what_if
from store.db import Connection
from store.what_if import Row
from wayfare import clock
from wayfare.errors import WayfareError

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
NOTE_SECONDS = 1.0


def answer(
    runtime: Runtime,
    *,
    processes: int = 1,
    stopping: Callable[[], bool] = lambda: False,
    every: float = NOTE_SECONDS,
) -> int:
    """Answer the oldest question that nobody works on; return how many were taken up: 1, or 0 when there is none.

    Prices are computed in `processes` beside this one (0: here), so that journeys do not wait for them. How far it is
    is noted `every` so many seconds. When `stopping` says so the rest is left to the next worker.
    """
    row = runtime.store.run(lambda conn: what_if.claim(conn, LEASE))
    if row is None:
        return 0
    try:
        work = _weigh if row.kind == "whatif" else _look
        work(runtime, row, processes, stopping, every)
    except WayfareError as error:
        words = str(error)[:1000]
        runtime.store.run(lambda conn: what_if.end(conn, row, "failed", runtime.now(), error=words))
        log.warning("a question to the past cannot be answered", id=row.id, error=words)
    except Exception:
        runtime.store.run(lambda conn: what_if.unlease(conn, row))  # the attempt stays counted
        raise
    return 1


def _weigh(runtime: Runtime, row: Row, processes: int, stopping: Callable[[], bool], every: float) -> None:
    spec, (old, new) = Spec.of(row.spec), bodies(row)
    source = open_source(runtime.store, spec, row.file)
    notes = _Notes(runtime, row, stopping, every)
    if not notes.write(total=source.total):
        return
    tally = weigh(
        old,
        new,
        spec,
        source.receipts(spec, row.position),
        processes=processes,
        tally=Tally.read(row.state),
        told=lambda tally, position: notes.told(tally.seen, lambda: {"state": tally.written()}, position),
    )
    if notes.is_ours and not notes.is_stopping:
        found = report(tally, spec, total=source.total, old=old, new=new)
        last = {"result": found, "seen": source.total}
        runtime.store.run(lambda conn: what_if.end(conn, row, "done", runtime.now(), **last))


def _look(runtime: Runtime, row: Row, processes: int, stopping: Callable[[], bool], every: float) -> None:
    notes = _Notes(runtime, row, stopping, 0)
    with runtime.store.read() as conn:
        total = what_if.count_priced(conn)
    if not notes.write(total=total):
        return
    seen, contexts, left_out = row.seen, 0, 0
    for page in look(runtime.store, bodies(row)[1], row.spec["at"], after=row.position, processes=processes):
        seen += page.seen
        contexts, left_out = max(contexts, page.contexts), max(left_out, page.left_out)
        if not notes.told(seen, dict, page.position, page.rows):
            return
    last = {"result": {"contexts": contexts, "left_out": left_out}, "seen": seen, "total": seen}
    runtime.store.run(lambda conn: what_if.end(conn, row, "done", runtime.now(), **last))


class _Notes:
    """How far one answer has come, told to the database now and then."""

    def __init__(self, runtime: Runtime, row: Row, stopping: Callable[[], bool], every: float) -> None:
        self._runtime, self._row, self._stopping, self._every = runtime, row, stopping, every
        self._next = clock.monotonic() + every
        self.is_ours, self.is_stopping = True, False

    def told(
        self,
        seen: int,
        state: Callable[[], dict[str, str]],
        position: int,
        worst: tuple[dict[str, object], ...] = (),
    ) -> bool:
        """Write a note when it is time; return whether to go on."""
        self.is_stopping = self._stopping()
        if self.is_stopping or worst or clock.monotonic() >= self._next:
            self._next = clock.monotonic() + self._every
            self.write(worst, seen=seen, position=position, **state())
        if self.is_stopping and self.is_ours:
            self._runtime.store.run(lambda conn: what_if.let_go(conn, self._row))
        return self.is_ours and not self.is_stopping

    def write(self, worst: tuple[dict[str, object], ...] = (), **values: object) -> bool:
        """Write a note; return whether the question is still ours to answer."""

        def work(conn: Connection) -> bool:
            if not what_if.note(conn, self._row, lease=LEASE, **values):
                return False
            what_if.add_worst(conn, self._row.id, worst)
            return True

        self.is_ours = self._runtime.store.run(work)
        return self.is_ours
