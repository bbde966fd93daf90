"""Redis vanishes, freezes, comes back empty or never was there: only latency changes. Real workers, real Valkey."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from rig.gift import is_as_expected, publish
from rig.processes import children, descendants, is_gone
from rig.valkey import ValkeyServer
from rig.waiting import until
from rig.world import SECRET, World
from wayfare import clock

pytestmark = pytest.mark.faults


class Workers:
    """`wayfare worker` processes on one database and one Valkey."""

    def __init__(self, url: str, redis_url: str, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "WAYFARE_DATABASE_URL": url,
            "WAYFARE_REDIS_URL": redis_url,
            "WAYFARE_SECRET_KEY": SECRET.decode(),
            "WAYFARE_DATA_DIR": str(folder),
            "WAYFARE_POLL_SECONDS": "0.3",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        """Start one; its children are the one that answers the bell and the one that polls."""
        process = subprocess.Popen([sys.executable, "-m", "wayfare", "worker"], env=self._environment)
        self.running.append(process)
        return process

    def kill(self) -> None:
        """Kill all that are left."""
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    world = World(postgres_url, now=clock.now())
    yield world
    world.close()


@pytest.fixture
def workers(postgres_url: str, valkey_server: ValkeyServer, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(postgres_url, valkey_server.url, tmp_path)
    yield workers
    workers.kill()
    valkey_server.stop()
    valkey_server.start()


def reached(world: World, status: str, count: int) -> bool:
    return world.statuses().get(status, 0) == count


def a_day_goes_by(world: World) -> None:
    """Move everything that waits a day into the past: real workers read the real clock."""
    day = timedelta(days=1)
    columns = ("since", "wake_at", "entered_at")
    moved = ", ".join(f"{name} = {name} - :day" for name in columns)
    with world.store.write() as conn:
        conn.execute(text(f"UPDATE enrollment SET {moved}"), {"day": day})
        conn.execute(text("UPDATE step_log SET at = at - :day"), {"day": day})


def test_redis_killed_and_wiped_in_the_middle_loses_nothing(
    world: World, workers: Workers, valkey_server: ValkeyServer
) -> None:
    customers = publish(world, 500)
    workers.start()
    world.happens(customers[:250], "shop.visited")
    until(lambda: reached(world, "waiting", 250), "the first half at the wait", 90)
    valkey_server.kill()
    world.happens(customers[250:], "shop.visited")
    until(lambda: reached(world, "waiting", 500), "the second half, without Redis", 90)
    valkey_server.start()
    valkey_server.flush()
    a_day_goes_by(world)
    until(lambda: reached(world, "completed", 500), "everyone at the end", 90)
    world.now = clock.now()
    is_as_expected(world, customers, second_leg=True)


def test_redis_that_is_down_at_the_start_is_used_when_it_comes(
    world: World, workers: Workers, valkey_server: ValkeyServer
) -> None:
    from engine.bell import Bell

    customers = publish(world, 50)
    valkey_server.stop()
    worker = workers.start()
    world.happens(customers, "shop.visited")
    until(lambda: reached(world, "waiting", 50), "everyone at the wait, by polling", 90)
    assert not Bell(valkey_server.url).ring("flow"), "a bell without Redis says so and raises nothing"
    valkey_server.start()
    bell = Bell(valkey_server.url)
    until(lambda: bell.ring("flow") and _queue_is_empty(valkey_server), "a ring that is answered", 90)
    assert worker.poll() is None, "the worker did not have to be restarted"
    is_as_expected(world, customers, second_leg=False)


def _queue_is_empty(valkey_server: ValkeyServer) -> bool:
    from redis import Redis

    return Redis.from_url(valkey_server.url).llen("rq:queue:wayfare") == 0


def test_a_frozen_redis_holds_nobody_up(world: World, workers: Workers, valkey_server: ValkeyServer) -> None:
    customers = publish(world, 50)
    workers.start()
    world.happens(customers[:1], "shop.visited")
    until(lambda: reached(world, "waiting", 1), "a worker at work", 90)
    valkey_server.freeze()
    try:
        world.happens(customers[1:], "shop.visited")
        until(lambda: reached(world, "waiting", 50), "everyone at the wait while Redis is frozen", 90)
    finally:
        valkey_server.thaw()


def test_nobody_lives_on_when_the_parent_of_a_worker_is_killed(world: World, workers: Workers) -> None:
    customers = publish(world, 200)
    worker = workers.start()
    world.happens(customers, "shop.visited")
    until(lambda: len(children(worker.pid)) >= 2, "both children", 60)
    family = descendants(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: all(is_gone(pid) for pid in family), "the end of the orphans", 30)
    workers.start()
    until(lambda: reached(world, "waiting", 200), "another worker does the rest", 120)
    is_as_expected(world, customers, second_leg=False)


def test_a_child_that_is_killed_is_replaced(world: World, workers: Workers) -> None:
    customers = publish(world, 50)
    worker = workers.start()
    until(lambda: len(children(worker.pid)) >= 2, "both children", 60)
    for pid in children(worker.pid):
        os.kill(pid, signal.SIGKILL)
    world.happens(customers, "shop.visited")
    until(lambda: reached(world, "waiting", 50), "new children at work", 120)
    is_as_expected(world, customers, second_leg=False)
