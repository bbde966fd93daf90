"""A worker: two children that drain the same shards, one when the bell rings, one by polling.

The ringing child is restarted with growing pauses while Redis is away; the polling child needs only the database, so
nothing ever depends on Redis.
"""

import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable

import structlog

from engine import bell
from engine.drain import SHARDS, drain
from engine.runtime import Runtime
from engine.start import open_runtime
from engine.tune import tune
from engine.whatif import answer
from store.db import is_transient
from wayfare import clock, lifeline, log
from wayfare.settings import Settings

logger = structlog.get_logger(__name__)

_LONGEST_PAUSE = 30.0
_GRACE_SECONDS = 25.0


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; then finish the batch under way and return 0."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    children = [_Child("poll", _poll, settings)]
    if settings.redis_url:
        children.append(_Child("bell", _answer, settings))
    while not stopping.wait(0.5):
        for child in children:
            child.keep()
    for child in children:
        child.stop()
    return 0


class _Child:
    """One process, started again with growing pauses when it ends by itself."""

    def __init__(self, name: str, target: Callable[[Settings, int], None], settings: Settings) -> None:
        self.name, self._target, self._settings = name, target, settings
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pause, self._not_before, self._started = 0.5, 0.0, 0.0

    def keep(self) -> None:
        """Start the process unless it runs or its pause is not over."""
        now = clock.monotonic()
        if self._process is not None:
            if self._process.is_alive():
                return
            logger.warning("worker child ended", child=self.name, code=self._process.exitcode)
            self._process = None
            self._pause = 0.5 if now - self._started > _LONGEST_PAUSE else min(self._pause * 2, _LONGEST_PAUSE)
            self._not_before = now + self._pause * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret
        if now >= self._not_before:
            context = multiprocessing.get_context("spawn")  # no connection or lock is shared with a child
            self._process = context.Process(target=_child, args=(self._target, self._settings, os.getpid()))
            self._process.start()
            self._started = now

    def stop(self) -> None:
        """Ask the process to finish what it is at; kill it when it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(_GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _child(target: Callable[[Settings, int], None], settings: Settings, parent: int) -> None:
    lifeline.follow_parent(parent)
    log.configure(settings.log_level, settings.log_format)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent passes on what the terminal sends to all
    tune()
    target(settings, parent)


def _answer(settings: Settings, parent: int) -> None:
    """Drain whenever the bell rings."""
    runtime = open_runtime(settings)
    if settings.redis_url:
        bell.serve(settings.redis_url, lambda shard: _drain_safely(runtime, shard, lambda: False))


def _poll(settings: Settings, parent: int) -> None:
    """Drain every shard every so often, each in a thread of its own, so that a slow provider delays no journey."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    runtime = open_runtime(settings)

    def loop(shard: str) -> None:
        while not stopping.is_set():
            _drain_safely(runtime, shard, stopping.is_set)
            stopping.wait(settings.poll_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret

    def ponder() -> None:
        """Answer questions to the past: never by the bell, whose jobs are short."""
        while not stopping.is_set():
            _safely("past", lambda: answer(runtime, stopping=stopping.is_set))
            stopping.wait(settings.poll_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret

    threads = [threading.Thread(target=loop, args=(shard,), name=shard) for shard in SHARDS]
    threads.append(threading.Thread(target=ponder, name="past"))
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.5)


def _drain_safely(runtime: Runtime, shard: str, stopping: Callable[[], bool]) -> None:
    """Drain; an error ends this drain and never the worker. The next look comes with the next poll."""
    _safely(shard, lambda: drain(runtime, shard, stopping=stopping))


def _safely(shard: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:
        if is_transient(error):
            logger.warning("the database does not answer; trying again", shard=shard, error=type(error).__name__)
        else:
            logger.exception("a drain failed; trying again", shard=shard)
        clock.sleep(random.uniform(0.2, 1))  # noqa: S311 - jitter, not a secret
