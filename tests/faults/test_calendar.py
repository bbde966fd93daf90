"""Schedules and gates whose process is killed: everyone enters once, and nobody is left behind a gate that is open."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.customers import upsert_customers
from engine.segments import refresh, save_segment
from rig.crew import Crew
from rig.world import World
from store.invariants import look

pytestmark = pytest.mark.faults


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A segment of three customers in Kyiv."""
    world = World(database_url)
    rule = {"type": "compare", "fact": "city", "op": "=", "value": "Kyiv"}
    save_segment(world.store, "kyiv", "Kyiv", rule, world.now)
    people = [{"key": f"c{number}", "city": "Kyiv"} for number in range(3)]
    upsert_customers(world.store, people, now=world.now, source="test")
    refresh(world.store, world.now)
    yield world
    world.close()


def is_sound(world: World) -> None:
    with world.store.read() as conn:
        assert [finding for finding in look(conn, now=world.now) if finding.breaches] == []


def test_a_schedule_whose_scheduler_is_killed_lets_everyone_in_once(world: World, tmp_path: Path) -> None:
    trigger = {"type": "trigger.schedule", "segment": "kyiv", "at": "10:00"}
    world.journey("weekly", {"t": trigger}, entry={"reentry": "always"}, window={"time_zone": "Europe/Kyiv"})
    world.schedules()
    world.now += timedelta(days=7)
    with Crew(world, tmp_path) as crew:
        (victim,) = crew.hire(task="tick", crash="schedule.chunk:1:kill")
        crew.has_crashed(victim)
        crew.hire(2, task="tick")
        crew.hire()
        crew.when(lambda: world.statuses() == {"completed": 3}, "everyone through")
        crew.stop()
    assert world.schedules() == 0
    assert world.scalar("SELECT count(*) FROM enrollment") == 3
    is_sound(world)


def test_a_gate_whose_opener_is_killed_lets_everyone_go(world: World, tmp_path: Path) -> None:
    gate = {"type": "flow.gate", "opens": "segment", "segment": "kyiv", "at_least": 4}
    enter = {"type": "trigger.event", "event": "go"}
    world.journey("staged", {"t": enter, "g": gate, "e": {"type": "flow.exit"}})
    world.happens([1, 2, 3], "go")
    world.settle()
    assert world.statuses() == {"waiting": 3}
    upsert_customers(world.store, [{"key": "c3", "city": "Kyiv"}], now=world.now, source="test")
    refresh(world.store, world.now)
    with Crew(world, tmp_path) as crew:
        (victim,) = crew.hire(task="tick", crash="gate.opened:1:kill")
        crew.has_crashed(victim)
        assert world.statuses() == {"waiting": 3}, "it died between opening and letting go"
        crew.hire(task="tick")
        crew.hire()
        crew.when(lambda: world.statuses() == {"completed": 3}, "everyone through")
        crew.stop()
    is_sound(world)
