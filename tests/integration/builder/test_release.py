"""Publishing with a decision about those who stand at removed steps: who is told of, and who is moved, exactly once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from sqlmodel import col

from builder import lifecycle
from builder.impact import Impact, impact
from builder.publish import Published
from builder.release import Choice, release
from engine import moving as engine
from engine.walk import advance, walk_claim
from rig.world import World
from store import drafts
from store.claims import claim
from store.invariants import look
from store.moving import progress
from store.tables import Segment, SegmentMember
from store.versions import due_versions
from store.views.journeys import versions_of
from wayfare.errors import BadOperation, Conflict, GraphInvalid
from web.builder_stats import numbers

TRIGGER = {"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}
EXIT = {"id": "n9", "type": "flow.exit", "settings": {"reason": "done"}}


def a_wait(id: str, days: int = 3) -> dict[str, Any]:
    return {"id": id, "type": "flow.wait", "settings": {"amount": days}}


def chain(*nodes: dict[str, Any]) -> dict[str, Any]:
    """The trigger, these nodes one after the other, and the exit."""
    all_ = [TRIGGER, *nodes, EXIT]
    edges = [{"from": a["id"], "to": b["id"]} for a, b in pairwise(all_)]
    return {"nodes": all_, "edges": edges}


SHORT = [a_wait("n2"), a_wait("n3"), a_wait("n4")]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    made = World(database_url)
    yield made
    made.close()


def draft(world: World, *nodes: dict[str, Any]) -> int:
    graph = chain(*nodes)
    return world.store.run(lambda conn: drafts.save_draft(conn, "welcome", graph, now=world.now))


def publish(world: World, *nodes: dict[str, Any], **choices: Choice) -> Published:
    rev = draft(world, *nodes)
    return go(world, rev, choices)


def go(world: World, rev: int, choices: dict[str, Choice]) -> Published:
    return release(world.store, world.runtime.registry, "welcome", choices, rev, now=world.now, by="alice@example.com")


def ask(world: World) -> Impact:
    with world.store.read() as conn:
        return impact(conn, world.runtime.registry, "welcome")


def places(world: World) -> dict[tuple[str, str], int]:
    """Where customers are: (node, status) to how many."""
    rows = world.rows("SELECT node, status, count(*) FROM enrollment GROUP BY node, status")
    return {(row[0], row[1]): row[2] for row in rows}


def told(world: World) -> list[tuple[str, str, int, int]]:
    """What is being moved and was moved lately: (node, action, looked at, changed)."""
    with world.store.read() as conn:
        found = progress(conn, world.scalar("SELECT id FROM journey"), world.now)
    return [(one.node, one.action, one.seen, one.changed) for one in found]


def check_invariants(world: World) -> None:
    with world.store.read() as conn:
        assert [finding for finding in look(conn, now=world.now) if finding.breaches] == []


def filled(world: World, count: int = 6) -> None:
    """Publish n1 → n2 → n3 → n4 → n9 and let half of the customers wait at n3, the others at n2."""
    publish(world, *SHORT)
    people = world.customers(count)
    world.happens(people[: count // 2], "purchase")
    world.settle()
    world.pass_time(days=3)
    world.happens(people[count // 2 :], "purchase")
    world.settle()


def test_a_first_publication_concerns_nobody(world: World) -> None:
    draft(world, *SHORT)
    found = ask(world)
    assert (found.live, found.next_number, found.inside, found.steps, found.is_same) == (None, 1, 0, (), False)
    publish(world, *SHORT)
    assert ask(world).is_same


def test_each_step_that_differs_is_listed_with_the_customers_around_it(world: World) -> None:
    filled(world)
    draft(world, a_wait("n2", 5), a_wait("n5"), a_wait("n4"))
    found = ask(world)
    rows = {one.change.node: one for one in found.steps}
    assert (found.live, found.next_number, found.inside) == (1, 2, 6)
    assert {id: row.change.kind for id, row in rows.items()} == {"n2": "changed", "n5": "added", "n3": "removed"}
    changed, added, removed = rows["n2"], rows["n5"], rows["n3"]
    assert (changed.before, changed.here, changed.past) == (0, 3, 3)
    assert changed.change.details == ("How long 3 → 5",)
    assert (added.before, added.here, added.past) == (3, 0, 0)
    assert (removed.before, removed.here, removed.past) == (3, 3, 0)
    assert removed.targets == (("n5", "Wait 3 days"), ("n4", "Wait 3 days"), ("n9", "End: done"))
    assert {change.node for change in found.others} == {"n2", "n5"}


def test_those_inside_finish_on_their_version_unless_somebody_decides(world: World) -> None:
    filled(world)
    assert publish(world, a_wait("n2"), a_wait("n4")).number == 2
    assert told(world) == []
    assert places(world) == {("n3", "waiting"): 3, ("n2", "waiting"): 3}
    assert world.scalar("SELECT count(DISTINCT version_id) FROM enrollment") == 1
    check_invariants(world)


def test_those_at_a_removed_step_are_moved_and_go_on_in_the_new_version(world: World) -> None:
    filled(world)
    assert publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("move", "n4")).number == 2
    assert places(world) == {("n3", "waiting"): 3, ("n2", "waiting"): 3}, "the engine moves them, not who publishes"
    world.moving()
    assert told(world) == [("n3", "move", 3, 3)]
    assert places(world) == {("n4", "active"): 3, ("n2", "waiting"): 3}
    check_invariants(world)
    world.settle()
    assert places(world) == {("n4", "waiting"): 3, ("n2", "waiting"): 3}
    check_invariants(world)
    world.pass_time(days=2)
    assert places(world)["n4", "waiting"] == 3
    world.pass_time(days=1)
    assert places(world)["n9", "completed"] == 3
    assert {row[0] for row in world.rows("SELECT port FROM step_log WHERE node = 'n3'")} == {"@moved"}
    with world.store.read() as conn:
        old = versions_of(conn, world.scalar("SELECT id FROM journey"))[-1]
        shown = numbers(conn, world.scalar("SELECT id FROM journey"), old, "all", world.now)
    assert shown["edges"]["n3:next"] == {"count": 0, "share": None}, "who was moved took no arrow"
    check_invariants(world)


def test_those_at_a_removed_step_leave(world: World) -> None:
    filled(world)
    publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("exit"))
    world.moving()
    assert told(world) == [("n3", "exit", 3, 3)]
    assert places(world) == {("n3", "exited"): 3, ("n2", "waiting"): 3}
    assert world.rows("SELECT DISTINCT reason FROM enrollment WHERE status = 'exited'") == [
        ("version 2 no longer has this step",)
    ]
    check_invariants(world)


def test_publishing_twice_moves_everybody_once(world: World) -> None:
    world.runtime.batch_size = 2
    filled(world, 14)
    rev = draft(world, a_wait("n2"), a_wait("n4"))
    with ThreadPoolExecutor(3) as pool:
        done = [job.result() for job in [pool.submit(go, world, rev, {"n3": Choice("move", "n4")}) for _ in range(3)]]
    assert sorted(one.is_new for one in done) == [False, False, True]
    with ThreadPoolExecutor(3) as pool:
        for job in [pool.submit(world.moving) for _ in range(3)]:
            job.result()
    assert told(world) == [("n3", "move", 7, 7)]
    assert places(world) == {("n4", "active"): 7, ("n2", "waiting"): 7}
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'journey.published'") == 2
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'journey.moved'") == 1
    check_invariants(world)


def test_nobody_goes_the_same_way_twice(world: World) -> None:
    filled(world)
    publish(world, a_wait("n4"), a_wait("n2"), n3=Choice("move", "n4"))
    world.moving()
    assert told(world) == [("n3", "move", 3, 0)], "behind n4 they would come to n2 again"
    assert places(world) == {("n3", "waiting"): 3, ("n2", "waiting"): 3}


def test_a_worker_that_has_them_in_hand_lets_go(world: World) -> None:
    filled(world)
    version = world.scalar("SELECT max(id) FROM journey_version")
    world.now = world.now.replace(year=world.now.year + 1)
    held = world.store.run(
        lambda conn: claim(conn, version, now=world.now, lease=world.runtime.lease, limit=world.runtime.batch_size)
    )
    assert held is not None
    assert len(held.ids) == 6
    publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("move", "n4"))
    assert walk_claim(world.runtime, held, now=world.now).enrollments == 0
    world.moving()
    assert walk_claim(world.runtime, held, now=world.now).enrollments == 0
    assert places(world) == {("n4", "active"): 3, ("n2", "waiting"): 3}
    world.settle()
    check_invariants(world)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"n2": Choice("exit")}, "still there"),
        ({"n3": Choice("move", "n7")}, "choose the step"),
        ({"n3": Choice("move")}, "choose the step"),
        ({"n3": Choice("move", "n1")}, "trigger"),
    ],
)
def test_a_choice_that_makes_no_sense_publishes_nothing(world: World, choice: dict[str, Choice], message: str) -> None:
    filled(world)
    with pytest.raises(BadOperation, match=message):
        publish(world, a_wait("n2"), a_wait("n4"), **choice)
    assert world.scalar("SELECT count(*) FROM journey_version") == 1


def test_what_changed_after_it_was_shown_is_not_published(world: World) -> None:
    rev = draft(world, *SHORT)
    draft(world, a_wait("n2"))
    with pytest.raises(Conflict, match="has changed meanwhile"):
        go(world, rev, {})
    rev = draft(world, {"id": "n2", "type": "flow.wait", "settings": {"amount": "soon"}})
    assert [one.code for one in ask(world).errors] == ["invalid_settings"]
    with pytest.raises(GraphInvalid):
        go(world, rev, {})
    assert world.scalar("SELECT count(*) FROM journey_version") == 0


def test_who_is_in_the_segment_already_is_told_of(world: World) -> None:
    people = world.customers(3)

    def fill(conn: Connection) -> None:
        at = {"created_at": world.now, "updated_at": world.now}
        made = insert(Segment).values(key="vip", name="VIP", description="", rule={}, rev=1, built_rev=1, **at)
        id = conn.execute(made.values(build_after_id=0, size=3).returning(col(Segment.id))).scalar_one()
        rows = [{"segment_id": id, "customer_id": person, "since": world.now} for person in people]
        conn.execute(insert(SegmentMember), rows)

    world.store.run(fill)
    members = {"segment": "vip", "include_present": True}
    trigger = {"id": "n1", "type": "trigger.segment", "settings": members}
    graph = chain(a_wait("n2"))
    graph["nodes"][0] = trigger
    rev = world.store.run(lambda conn: drafts.save_draft(conn, "welcome", graph, now=world.now))
    (present,) = ask(world).present
    assert (present.name, present.members, present.state) == ("VIP", 3, "new")
    go(world, rev, {})
    assert ask(world).present[0].state == "under_way"
    world.settle()
    assert ask(world).present[0].state == "done"
    assert ask(world).inside == 3


def test_nobody_goes_on_from_an_older_version_until_all_are_moved(world: World) -> None:
    """Who stood at the removed step at the publication is moved, even if the wait there ends meanwhile."""
    world.runtime.batch_size = 2
    filled(world)
    first = world.scalar("SELECT max(id) FROM journey_version")
    publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("move", "n4"))
    world.now += timedelta(days=3)
    assert advance(world.runtime, first, now=world.now).enrollments == 0
    with world.store.read() as conn:
        assert due_versions(conn, world.now) == []
    assert engine.move(world.runtime, now=world.now) == 2
    assert told(world) == [("n3", "move", 2, 2)]
    assert advance(world.runtime, first, now=world.now).enrollments == 0
    world.settle()
    assert places(world) == {("n4", "waiting"): 3, ("n3", "waiting"): 3}
    assert world.path(world.scalar("SELECT min(customer_id) FROM enrollment"))[-1] == ("n3", "@moved")
    check_invariants(world)


def test_moving_waits_for_no_one_who_was_stopped_and_goes_on_while_paused(world: World) -> None:
    filled(world)
    publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("move", "n4"))
    lifecycle.pause(world.store, "welcome", world.now, "alice@example.com")
    world.moving()
    assert places(world) == {("n4", "active"): 3, ("n2", "waiting"): 3}
    lifecycle.resume(world.store, "welcome", world.now, "alice@example.com")
    draft(world, a_wait("n2"))
    go(world, ask(world).draft.rev, {"n4": Choice("exit")})
    lifecycle.stop(world.store, "welcome", world.now, "alice@example.com")
    assert not engine.is_waiting(world.runtime)
    assert world.moving() == 0
    check_invariants(world)


def test_a_later_publication_moves_on_whom_an_earlier_one_moves(world: World) -> None:
    filled(world)
    publish(world, a_wait("n2"), a_wait("n4"), n3=Choice("move", "n4"))
    publish(world, a_wait("n2"), n4=Choice("exit"))
    world.moving()
    assert told(world) == [("n3", "move", 3, 3), ("n4", "exit", 3, 3)]
    assert places(world) == {("n4", "exited"): 3, ("n2", "waiting"): 3}
    check_invariants(world)


def test_steps_that_went_long_ago_are_listed_with_the_versions_whose_customers_wait_there(world: World) -> None:
    filled(world)
    publish(world, a_wait("n2"), a_wait("n4"))
    assert ask(world).steps[0].versions == (1,)
    assert ask(world).is_same, "and there is still nothing to publish"
    draft(world, a_wait("n2"), a_wait("n5"))
    found = ask(world)
    rows = {one.change.node: one for one in found.steps}
    assert {id: row.change.kind for id, row in rows.items()} == {"n5": "added", "n4": "removed", "n3": "removed"}
    stranded = rows["n3"]
    assert (stranded.versions, stranded.name, stranded.here, stranded.before) == ((1,), "Wait 3 days", 3, 3)
    assert stranded.targets == (("n5", "Wait 3 days"), ("n9", "End: done"))
    assert rows["n4"].versions == ()
    go(world, found.draft.rev, {"n3": Choice("move", "n5")})
    world.settle()
    assert places(world) == {("n5", "waiting"): 3, ("n2", "waiting"): 3}
    check_invariants(world)


def test_those_left_behind_can_be_decided_about_without_a_new_version(world: World) -> None:
    filled(world)
    publish(world, a_wait("n2"), a_wait("n4"))
    done = go(world, ask(world).draft.rev, {"n3": Choice("exit")})
    assert (done.number, done.is_new) == (2, False)
    world.moving()
    assert places(world) == {("n3", "exited"): 3, ("n2", "waiting"): 3}
    world.pass_time(days=3)
    again = go(world, ask(world).draft.rev, {"n3": Choice("move", "n4")})
    assert not again.is_new
    world.settle()
    assert places(world) == {("n3", "exited"): 3, ("n4", "waiting"): 3}
    check_invariants(world)


def test_a_journey_that_takes_nobody_in_still_asks_what_becomes_of_those_inside(world: World) -> None:
    filled(world)
    lifecycle.close(world.store, "welcome", world.now, "alice@example.com")
    draft(world, a_wait("n2"), a_wait("n4"))
    (row,) = ask(world).steps
    assert (row.change.node, row.versions, row.here) == ("n3", (1,), 3)
