"""Real worker processes that a test may kill, freeze and crash at named points.

They are forked from a clean server process that has imported the engine and opened nothing, so starting one takes
milliseconds. The clock of all of them is a number that the test turns.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from ctypes import c_double
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rig.waiting import until
from rig.world import SECRET, World
from wayfare import clock, lifeline

_CONTEXT = multiprocessing.get_context("forkserver")
_PRELOADED = ["rig.crew", "rig.counter", "engine.drain", "engine.outbox", "engine.scheduler", "nodes.registry"]
_CONTEXT.set_forkserver_preload(_PRELOADED)


class Crew:
    """Workers on one database. Use it as a context; leaving it kills whoever is left."""

    def __init__(self, world: World, folder: Path, types: Sequence[Any] = (), *, lease_seconds: float = 2) -> None:
        self.world = world
        self.folder = folder
        self.members: list[Any] = []
        self._types = tuple(types)
        self._lease = lease_seconds
        self._now: Any = _CONTEXT.Value(c_double, world.now.timestamp(), lock=False)

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *error: object) -> None:
        for member in self.members:
            if member.is_alive():
                os.kill(member.pid, signal.SIGKILL)
            member.join()

    def hire(self, count: int = 1, *, crash: str = "", batch: int = 5000, task: str = "drain") -> list[Any]:
        """Start workers; `crash` arms a point in each. `task`: drain, or tick for what a scheduler does."""
        fresh = []
        for _ in range(count):
            arguments = (self.world.store.url, self._types, self._now, crash, batch, task, str(self.folder))
            member = _CONTEXT.Process(target=work, args=(*arguments, self._lease, os.getpid()))
            member.start()
            fresh.append(member)
        self.members += fresh
        return fresh

    def turn_clock(self) -> None:
        """Let the workers' clock show what the world's shows."""
        self._now.value = self.world.now.timestamp()

    def has_crashed(self, member: Any) -> None:
        """Wait until a member died of its own crash point."""
        until(lambda: member.exitcode is not None, "the crash", 60)
        if member.exitcode != -signal.SIGKILL:
            raise AssertionError(f"the worker ended with {member.exitcode} and not by its crash point")

    def when(self, condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
        """Wait until the work has come so far, and fail early when no worker is left to do it."""

        def look() -> bool:
            if condition():
                return True
            if not any(member.is_alive() for member in self.members):
                raise AssertionError(f"no worker is left; waiting for {what}")
            return False

        until(look, what, seconds)

    def stop(self) -> None:
        """Tell everyone to finish and go."""
        for member in self.members:
            if member.is_alive():
                os.kill(member.pid, signal.SIGTERM)
        for member in self.members:
            member.join(60)


def work(
    url: str,
    types: Sequence[Any],
    now: Any,
    crash: str,
    batch: int,
    task: str,
    folder: str,
    lease_seconds: float,
    parent: int,
) -> None:
    """Drain or tick until told to stop, as the real worker does; the database may go away and come back."""
    from datetime import timedelta

    from engine.channels import channels
    from engine.dates import fire_dates
    from engine.drain import SHARDS, drain
    from engine.gates import tend_gates
    from engine.pools import tend_pools
    from engine.runtime import Runtime
    from engine.schedules import fire_schedules
    from engine.sweep import sweep
    from nodes.registry import Registry, builtin_types
    from store.db import Store, is_transient
    from wayfare import crashpoints
    from wayfare.vault import Vault

    lifeline.follow_parent()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    crashpoints.arm(crash)
    store = Store(url, Vault(SECRET))
    runtime = Runtime(
        store,
        Registry([*builtin_types(), *types]),
        store.vault,
        channels={name: channel for name, channel in channels(data_dir=Path(folder)).items() if name == "email"},
        now=lambda: datetime.fromtimestamp(now.value, UTC),
        batch_size=batch,
        lease=timedelta(seconds=lease_seconds),
    )
    while not stopping:
        try:
            if task == "tick":
                fire_dates(runtime, now=runtime.now())
                fire_schedules(runtime, now=runtime.now())
                tend_gates(runtime, now=runtime.now())
                tend_pools(runtime, now=runtime.now())
                sweep(runtime, now=runtime.now())
            else:
                done = sum(drain(runtime, shard, stopping=lambda: stopping) for shard in SHARDS)
                if done:
                    continue
        except Exception as error:
            if not is_transient(error):
                raise
        clock.sleep(0.05)


__all__ = ["Crew", "work"]
