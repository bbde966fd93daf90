"""Customers are moved out of a step that is gone while processes are killed: each once, and nobody is forgotten."""

from itertools import pairwise
from typing import Any

import pytest

from builder.release import Choice, release
from engine.scheduler import ring_due
from rig.crew import Crew
from rig.world import World
from store import drafts
from store.invariants import look

pytestmark = pytest.mark.faults

PEOPLE = 200


def publish(world: World, *waits: str, **choices: Choice) -> None:
    nodes: list[dict[str, Any]] = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
    nodes += [{"id": id, "type": "flow.wait", "settings": {"amount": int(id[1:])}} for id in waits]
    nodes.append({"id": "n9", "type": "flow.exit", "settings": {}})
    graph = {"nodes": nodes, "edges": [{"from": a["id"], "to": b["id"]} for a, b in pairwise(nodes)]}
    rev = world.store.run(lambda conn: drafts.save_draft(conn, "welcome", graph, now=world.now))
    release(world.store, world.runtime.registry, "welcome", choices, rev, now=world.now, by="alice@example.com")


def done(world: World) -> bool:
    return bool(world.scalar("SELECT count(*) FROM moving WHERE done_at IS NOT NULL"))


@pytest.mark.parametrize("point", ["moving.written:1", "moving.committed:1", "moving.written:3", "moving.committed:3"])
@pytest.mark.parametrize("choice", ["move", "exit"])
def test_a_worker_killed_in_the_middle_moves_everyone_once(world: World, crew: Crew, point: str, choice: str) -> None:
    publish(world, "n2", "n3")
    world.happens(world.customers(PEOPLE), "purchase")
    world.settle()
    publish(world, "n3", n2=Choice("move", "n3") if choice == "move" else Choice("exit"))
    (victim,) = crew.hire(crash=f"{point}:kill", batch=30)
    crew.has_crashed(victim)
    assert not done(world)
    before = world.scalar("SELECT seen FROM moving")
    batches = int(point[-1]) - ("written" in point)
    assert before == 30 * batches, "what was committed stays, what was not is as if it had never been"
    assert "move" in ringing(world), "the database says that there is more to do"
    crew.hire(2, batch=30)
    crew.when(lambda: done(world), "everyone moved")
    if choice == "move":
        crew.when(lambda: world.statuses() == {"waiting": PEOPLE}, "everyone at the next wait")
    crew.stop()
    assert world.rows("SELECT total, seen, changed FROM moving") == [(PEOPLE, PEOPLE, PEOPLE)]
    if choice == "move":
        assert world.rows("SELECT node, count(*), count(DISTINCT version_id) FROM enrollment GROUP BY node") == [
            ("n3", PEOPLE, 1)
        ]
        assert world.scalar("SELECT count(*) FROM step_log WHERE port = '@moved'") == PEOPLE
    else:
        assert world.statuses() == {"exited": PEOPLE}
    assert world.scalar("SELECT count(*) FROM audit WHERE action IN ('journey.moved', 'journey.exited')") == 1
    assert "move" not in ringing(world)
    with world.store.read() as conn:
        assert [finding for finding in look(conn, now=world.now) if finding.breaches] == []


def ringing(world: World) -> list[str]:
    """What the scheduler asks the workers for; it reads the database and nothing else."""
    heard: list[str] = []
    world.runtime.ring = heard.append
    ring_due(world.runtime, world.now)
    return heard
