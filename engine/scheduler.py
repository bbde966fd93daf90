"""The scheduler: rings when timers are due, fires dates and schedules, opens gates, sweeps. Any number may run."""

import random
import signal
import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from engine.dates import fire_dates
from engine.drain import FLOW, MOVE, SEND
from engine.gates import tend_gates
from engine.moving import is_waiting
from engine.pools import tend_pools
from engine.runtime import Runtime
from engine.schedules import fire_schedules
from engine.start import open_runtime
from engine.sweep import sweep
from engine.value import ask_when_due
from store.db import is_transient
from store.versions import due_versions
from wayfare import clock
from wayfare.settings import Settings

log = structlog.get_logger(__name__)

DATES_EVERY = 30.0
SWEEP_EVERY = 60.0
VALUE_EVERY = 60.0


def run(settings: Settings) -> int:
    """Tick until SIGTERM or SIGINT; return 0."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    runtime = open_runtime(settings)
    turns = [
        _Turn("timers", settings.poll_seconds, lambda now: ring_due(runtime, now)),
        _Turn("dates", DATES_EVERY, lambda now: _fire(runtime, now)),
        _Turn("sweep", SWEEP_EVERY, lambda now: sweep(runtime, now=now)),
        _Turn("value", VALUE_EVERY, lambda now: ask_when_due(runtime.store, now)),
    ]
    while not stopping.is_set():
        for turn in turns:
            turn.take(runtime.now())
        stopping.wait(settings.poll_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
    runtime.store.dispose()
    return 0


class _Turn:
    """Something to do every so many seconds; an error is logged and the next turn comes all the same."""

    def __init__(self, name: str, every: float, work: Callable[[datetime], object]) -> None:
        self.name, self._every, self._work = name, every, work
        self._next = 0.0

    def take(self, now: datetime) -> None:
        """Do it if it is time."""
        if clock.monotonic() < self._next:
            return
        try:
            self._work(now)
        except Exception as error:
            if is_transient(error):
                log.warning("the database does not answer; trying again", turn=self.name)
            else:
                log.exception("a turn failed; the next one comes", turn=self.name)
        self._next = clock.monotonic() + self._every


def ring_due(runtime: Runtime, now: datetime) -> None:
    """Ask for what is due and for what is to be moved, as the database knows it, whatever became of earlier calls."""
    with runtime.store.read() as conn:
        due = due_versions(conn, now)
    if due:
        runtime.ring(FLOW)
        runtime.ring(SEND)
    if is_waiting(runtime):
        runtime.ring(MOVE)


def _fire(runtime: Runtime, now: datetime) -> None:
    enrolled = fire_dates(runtime, now=now) + fire_schedules(runtime, now=now)
    if enrolled + tend_gates(runtime, now=now) + tend_pools(runtime, now=now):
        runtime.ring(FLOW)
