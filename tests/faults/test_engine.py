"""Workers die, freeze, race and are cut off, and everything still happens once. Sets are compared, never counts."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from nodes.contract import Batch, NodeType, Result
from rig.crew import Crew
from rig.gift import EDGES, NODES, is_as_expected, publish
from rig.postgres import PostgresServer
from rig.proxy import Proxy
from rig.waiting import until
from rig.world import World
from store.invariants import look
from wayfare import clock, crashpoints
from wayfare.crashpoints import POINTS

pytestmark = pytest.mark.faults

WALK = [point for point in POINTS if point.startswith(("walk.", "match.")) and point != "walk.armed"]
ELSEWHERE = {"walk.armed", "fanout.written", "fanout.committed", "schedule.chunk", "gate.opened"}
ELSEWHERE |= {"moving.written", "moving.committed"}
PAYING = (
    *("answer.", "reserve.", "confirm.", "release.", "return."),
    *("authorise.", "capture.", "refund.", "ledger.", "expire."),
)
"""Points that the gift journey does not pass: each has a test of its own, below or in test_{calendar,moving}.py."""


def arrived(world: World, status: str, count: int) -> bool:
    return world.statuses().get(status, 0) == count


def run_both_legs(world: World, crew: Crew, customers: list[int]) -> None:
    """Let everyone walk to the wait and, a day later, to the end."""
    crew.when(lambda: arrived(world, "waiting", len(customers)), "everyone at the wait")
    is_as_expected(world, customers, second_leg=False)
    world.now += timedelta(days=1)
    crew.turn_clock()
    crew.when(lambda: arrived(world, "completed", len(customers)), "everyone at the end")
    crew.stop()
    is_as_expected(world, customers, second_leg=True)


@pytest.mark.parametrize("point", WALK)
def test_a_worker_killed_at_any_point_loses_and_doubles_nothing(world: World, crew: Crew, point: str) -> None:
    customers = publish(world, 200)
    world.happens(customers, "shop.visited")
    (victim,) = crew.hire(crash=f"{point}:1:kill", batch=60)
    crew.has_crashed(victim)
    crew.hire(2, batch=60)
    crew.when(lambda: arrived(world, "waiting", 200), "everyone at the wait")
    world.now += timedelta(days=1)
    crew.turn_clock()
    if point.startswith("walk"):
        (victim,) = crew.hire(crash=f"{point}:1:kill", batch=60)
    crew.when(lambda: arrived(world, "completed", 200), "everyone at the end")
    crew.stop()
    is_as_expected(world, customers, second_leg=True)


def test_every_point_is_tried() -> None:
    sending = {point for point in POINTS if point.startswith("send.")}  # tests/faults/test_sending.py
    paying = {point for point in POINTS if point.startswith(PAYING)}  # tests/faults/test_orders.py
    tills = {point for point in POINTS if point.startswith("receipt.")}  # tests/faults/test_tills.py
    assert {*WALK, *ELSEWHERE, *sending, *paying, *tills} == set(POINTS)


@pytest.mark.parametrize("point", WALK)
def test_a_failure_at_any_point_leaves_the_same_as_a_crash(world: World, point: str) -> None:
    world.runtime.lease = timedelta(0)  # what a failed worker kept is free at once
    customers = publish(world, 50)
    world.happens(customers, "shop.visited")
    for second_leg in (False, True):
        crashpoints.arm(f"{point}:1:raise")
        try:
            world.settle()
        except crashpoints.Crashed:
            is_sound(world)
        finally:
            crashpoints.arm("")
        world.settle()
        is_as_expected(world, customers, second_leg=second_leg)
        world.now += timedelta(days=1)


def is_sound(world: World) -> None:
    """Look at every invariant."""
    with world.store.read() as conn:
        assert [finding for finding in look(conn, now=world.now) if finding.breaches] == []


def test_random_kills_lose_and_double_nothing(world: World, crew: Crew) -> None:
    """Four workers, and every 0.1 to 0.4 seconds one of them is killed and replaced."""
    from random import Random

    chance = Random(20260301)
    customers = publish(world, 2_000)
    world.happens(customers, "shop.visited")
    working = crew.hire(4, batch=100)
    for status in ("waiting", "completed"):
        for _ in range(12):
            pause(chance.uniform(0.2, 0.7))
            victim = working.pop(chance.randrange(4))
            os.kill(victim.pid, signal.SIGKILL)
            working += crew.hire(1, batch=100)
        crew.when(partial(arrived, world, status, 2_000), f"everyone {status}")
        world.now += timedelta(days=1)
        crew.turn_clock()
    crew.stop()
    is_as_expected(world, customers, second_leg=True)


def pause(seconds: float) -> None:
    """Let time pass: the moment of a random kill is what the test is about."""
    ends_at = clock.monotonic() + seconds
    until(lambda: clock.monotonic() >= ends_at, "the next kill", seconds + 5)


@pytest.mark.parametrize("point", ["walk.claimed", "walk.committed", "match.committed"])
def test_a_frozen_worker_that_wakes_up_after_its_lease_changes_nothing(world: World, crew: Crew, point: str) -> None:
    customers = publish(world, 100)
    world.happens(customers, "shop.visited")
    (frozen,) = crew.hire(crash=f"{point}:1:stop")
    until(lambda: _is_stopped(frozen.pid), "the freeze", 60)
    crew.hire(1)
    crew.when(lambda: arrived(world, "waiting", 100), "everyone at the wait")
    os.kill(frozen.pid, signal.SIGCONT)
    world.now += timedelta(days=1)
    crew.turn_clock()
    crew.when(lambda: arrived(world, "completed", 100), "everyone at the end")
    crew.stop()
    assert frozen.exitcode == 0, "it went on working"
    is_as_expected(world, customers, second_leg=True)


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _died_or_done(world: World, worker: Any) -> bool:
    return worker.exitcode is not None or world.statuses() == {"completed": 999, "quarantined": 1}


class Deadly(NodeType):
    """Kills its process for one customer, as the kernel does when memory runs out."""

    key: ClassVar[str] = "test.deadly"
    needs = ("attrs.bomb",)

    def step(self, batch: Batch) -> Result:
        if any(bomb for _, bomb in batch.rows("attrs.bomb")):
            os._exit(137)
        return Result(moves={"next": batch.ids})


def test_a_customer_who_kills_workers_costs_three_of_them_and_stops_nobody(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, Deadly)
    try:
        with Crew(world, tmp_path, [Deadly], lease_seconds=1) as crew:
            people = [{"attributes": {"bomb": True} if n == 500 else {}} for n in range(1000)]
            customers = world.customers(people)
            world.journey("deadly", {"enter": {"type": "trigger.event", "event": "go.now"}, "x": {"type": Deadly.key}})
            world.happens(customers, "go.now")
            crew.hire(task="tick")
            (worker,) = crew.hire()
            deaths = 0
            while not arrived(world, "completed", 999) or not arrived(world, "quarantined", 1):
                if worker.exitcode is not None:
                    assert worker.exitcode == 137
                    deaths += 1
                    (worker,) = crew.hire()
                assert deaths <= 3
                crew.when(partial(_died_or_done, world, worker), "a death or the end")
            assert deaths == 3
            query = "SELECT customer_id, reason FROM enrollment WHERE status = 'quarantined'"
            assert world.rows(query) == [(customers[500], "the worker died three times while it stood here")]
    finally:
        world.close()


def test_eight_workers_share_the_work_without_doubling_it(world: World, crew: Crew) -> None:
    customers = publish(world, 3_000)
    world.happens(customers, "shop.visited")
    for size in (1, 7, 50, 100, 200, 300, 400, 500):
        crew.hire(batch=size)
    run_both_legs(world, crew, customers)


def test_three_schedulers_fire_each_date_once(world: World, crew: Crew) -> None:
    from datetime import date

    world.customers([{"birthday": date(1990, 3, 9)} for _ in range(500)])
    birthday = {"type": "trigger.date", "date": "birthday", "offset_days": -7, "at": "10:00"}
    world.journey("birthday", {"enter": birthday}, entry={"reentry": "always"})
    crew.hire(3, task="tick")
    crew.hire(2)
    crew.when(lambda: arrived(world, "completed", 500), "500 birthdays")
    world.now += timedelta(hours=3)
    crew.turn_clock()
    done = world.scalar("SELECT count(*) FROM event")
    world.happens(1, "shop.visited")
    crew.when(lambda: world.scalar("SELECT count(*) FROM event WHERE matched_at IS NOT NULL") == done + 1, "a turn")
    crew.stop()
    assert world.statuses() == {"completed": 500}
    assert world.scalar("SELECT count(*) FROM occurrence") == 500


def test_an_event_between_false_condition_and_armed_wait_is_not_lost(world: World, crew: Crew) -> None:
    """The worker dies right before it re-reads the events; the purchase comes in that very moment."""
    (customer,) = world.customers(1)
    await_purchase = {"type": "flow.wait_event", "event": "purchase", "amount": 7, "unit": "days"}
    ends = {"bought": {"type": "flow.exit"}, "not": {"type": "flow.exit"}}
    enter = {"type": "trigger.event", "event": "shop.visited"}
    nodes: dict[str, dict[str, Any]] = {"enter": enter, "await": await_purchase, **ends}
    ways = [("enter", "next", "await"), ("await", "happened", "bought"), ("await", "timeout", "not")]
    world.journey("welcome", nodes, ways)
    world.happens(customer, "shop.visited")
    (victim,) = crew.hire(crash="walk.armed:1:stop")
    until(lambda: _is_stopped(victim.pid), "the freeze", 60)
    if world.store.dialect == "postgresql":
        world.happens(customer, "purchase", {"order": "1"})
        os.kill(victim.pid, signal.SIGCONT)
    else:  # the frozen worker holds the only writer's place
        os.kill(victim.pid, signal.SIGKILL)
        world.happens(customer, "purchase", {"order": "1"})
        crew.hire()
    crew.when(lambda: arrived(world, "completed", 1), "the purchase seen")
    assert world.path(customer)[1] == ("await", "happened")


def test_a_fan_out_killed_at_any_chunk_enrolls_everyone_once(world: World, crew: Crew) -> None:
    """100,000 members of a segment enter at publication."""
    count = 100_000
    world.customers(count)
    version = world.journey(
        "everyone", {"enter": {"type": "trigger.segment", "segment": "all", "include_present": True}}
    )
    moment = world.moment(world.now)

    def members(conn: Any) -> None:
        conn.execute(
            text(
                """INSERT INTO segment (id, key, name, description, rule, rev, built_rev, build_after_id, size,
                created_at, updated_at) VALUES (1, 'all', 'All', '', '{}', 1, 1, 0, 0, :now, :now)"""
            ),
            {"now": moment},
        )
        conn.execute(text("INSERT INTO segment_member SELECT 1, id, :now FROM customer"), {"now": moment})
        conn.execute(
            text(
                """INSERT INTO fan_out (version_id, segment_id, entry_key, at, last_customer_id, enrolled)
                VALUES (:version, 1, 'publish', :now, 0, 0)"""
            ),
            {"version": version, "now": moment},
        )

    world.store.run(members)
    for point in ("fanout.written:2:kill", "fanout.committed:3:kill", "walk.written:1:kill"):
        (victim,) = crew.hire(crash=point)
        crew.has_crashed(victim)
    crew.hire(2)
    crew.when(lambda: arrived(world, "completed", count), "everyone through", 240)
    crew.stop()
    assert world.scalar("SELECT count(DISTINCT customer_id) FROM enrollment") == count
    assert world.scalar("SELECT enrolled FROM fan_out") == count
    is_sound(world)


# ---------------------------------------------------------------------------------------------- PostgreSQL goes away


@pytest.fixture
def pg_world(postgres_url: str) -> Iterator[World]:
    world = World(postgres_url)
    yield world
    world.close()


def _goes_on(world: World, before: int) -> bool:
    went_on: bool = world.scalar("SELECT count(*) FROM step_log") > before
    return went_on or arrived(world, "completed", 3_000) or arrived(world, "waiting", 3_000)


def test_a_database_that_crashes_again_and_again_loses_nothing(
    pg_world: World, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    customers = publish(pg_world, 3_000)
    pg_world.happens(customers, "shop.visited")
    with Crew(pg_world, tmp_path) as crew:
        workers = crew.hire(3, batch=50)
        for restart in range(6):
            before = pg_world.scalar("SELECT count(*) FROM step_log")
            crew.when(partial(_goes_on, pg_world, before), "some progress")
            pg_world.store.dispose()
            postgres_server.restart_immediate()
            if restart == 2:
                crew.when(lambda: arrived(pg_world, "waiting", 3_000), "everyone at the wait")
                pg_world.now += timedelta(days=1)
                crew.turn_clock()
        crew.when(lambda: arrived(pg_world, "completed", 3_000), "everyone at the end")
        assert all(worker.is_alive() for worker in workers), "no worker gave up"
        crew.stop()
        is_as_expected(pg_world, customers, second_leg=True)


def test_an_answer_to_commit_that_never_comes_takes_effect_once(pg_world: World, tmp_path: Path) -> None:
    """A proxy cuts the connection after the server got COMMIT and before the client hears of it."""
    customers = publish(pg_world, 300)
    pg_world.happens(customers, "shop.visited")
    with Proxy.before(pg_world.store.url) as proxy:
        behind = World(proxy.url, now=pg_world.now)
        try:
            with Crew(behind, tmp_path) as crew:
                for nth in (2, 3, 5, 8):
                    proxy.lose_answer_to(b"COMMIT", nth)
                crew.hire(2, batch=40)
                crew.when(lambda: arrived(pg_world, "waiting", 300), "everyone at the wait")
                pg_world.now += timedelta(days=1)
                behind.now = pg_world.now
                crew.turn_clock()
                crew.when(lambda: arrived(pg_world, "completed", 300), "everyone at the end")
                crew.stop()
        finally:
            behind.close()
        assert proxy.lost == 4
    is_as_expected(pg_world, customers, second_leg=True)


def test_deadlocks_and_serialization_failures_are_tried_again(pg_world: World) -> None:
    """Forty transactions, four at a time, take the same two locks in both orders."""
    from concurrent.futures import ThreadPoolExecutor

    first, second = pg_world.customers(2)
    store = pg_world.store

    def change(n: int) -> None:
        order = (first, second) if n % 2 else (second, first)

        def work(conn: Any) -> None:
            for id in order:
                conn.execute(text("UPDATE customer SET city = coalesce(city, '') || 'x' WHERE id = :id"), {"id": id})

        store.run(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(40)))
    assert {len(row[0]) for row in pg_world.rows("SELECT city FROM customer")} == {40}


def test_connections_are_not_shared_with_forked_children_over_tls(postgres_url: str, tmp_path: Path) -> None:
    """The parent's connections are in use before and after its children run."""
    world = World(postgres_url)
    try:
        customers = publish(world, 200)
        world.happens(customers, "shop.visited")
        with Crew(world, tmp_path) as crew:
            crew.hire(4, batch=10)
            for _ in range(200):
                assert world.scalar("SELECT count(*) FROM customer") == 200
            run_both_legs(world, crew, customers)
    finally:
        world.close()


# ------------------------------------------------------------------------------------------------------------- SQLite


def test_a_long_reader_and_many_writers_on_sqlite_see_no_locked_database(sqlite_url: str, tmp_path: Path) -> None:
    world = World(sqlite_url)
    try:
        customers = publish(world, 400)
        with world.store.read() as reader:
            reader.exec_driver_sql("SELECT count(*) FROM customer").scalar_one()
            with Crew(world, tmp_path) as crew:
                workers = crew.hire(4, batch=20)
                for customer in customers:
                    world.happens(customer, "shop.visited")
                crew.when(lambda: arrived(world, "waiting", 400), "everyone at the wait")
                assert all(worker.is_alive() for worker in workers)
                crew.stop()
        is_as_expected(world, customers, second_leg=False)
    finally:
        world.close()


def test_a_graph_with_a_circle_cannot_be_published_and_would_not_run(world: World) -> None:
    from graphlib import CycleError

    circle = [*EDGES, ("offer", "next", "split")]
    with pytest.raises(CycleError):
        world.journey("circle", NODES, circle)
    customers = publish(world, 1)
    edge = {"from": "offer", "port": "next", "to": "split"}
    graph = json.loads(world.scalar("SELECT CAST(graph AS text) FROM journey_version"))
    graph["edges"].append(edge)
    cast = "CAST(:graph AS jsonb)" if world.store.dialect == "postgresql" else ":graph"
    world.store.run(
        lambda c: c.execute(text(f"UPDATE journey_version SET graph = {cast}"), {"graph": json.dumps(graph)})
    )
    world.runtime.versions.forget()
    world.happens(customers, "shop.visited")
    world.settle()
    world.pass_time(days=1)
    assert world.statuses() == {"quarantined": 1}, "the walk goes by the stored order and never in circles"
