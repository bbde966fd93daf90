"""The batch walk: everyone goes as far as they can, once, and everything is written with it."""

import json
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from engine.walk import advance
from nodes.contract import Batch, NodeType, Result
from offers.codes.text import is_well_formed
from rig.statements import counted
from rig.world import START, World
from store.claims import claim

CODES = "birthday"
JOURNEY: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "shop.visited"},
    "split": {
        "type": "flow.split_rule",
        "branches": [{"port": "ua", "when": {"type": "compare", "fact": "country", "op": "=", "value": "UA"}}],
    },
    "hello_ua": {"type": "action.send", "subject": "Hi", "body": "Hi {{ first_name }}", "channel": "email"},
    "hello": {"type": "action.send", "subject": "Hi", "body": "Hello {{ first_name }}", "channel": "email"},
    "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
    "code": {"type": "action.promo_code", "batch": CODES},
    "offer": {"type": "action.send", "subject": "A gift", "body": "{{ code }}", "channel": "email"},
}
EDGES = [
    ("enter", "next", "split"),
    ("split", "ua", "hello_ua"),
    ("split", "else", "hello"),
    ("hello_ua", "next", "wait"),
    ("hello", "next", "wait"),
    ("wait", "next", "code"),
    ("code", "next", "offer"),
]


def a_journey(world: World, **graph: Any) -> int:
    world.code_batch(CODES)
    return world.journey("gift", JOURNEY, EDGES, **graph)


def test_everyone_falls_to_the_wait_and_a_day_later_to_the_end(world: World) -> None:
    ua, pl = world.customers([{"country": "UA"}, {"country": "PL"}])
    a_journey(world)
    world.happens([ua, pl], "shop.visited")
    world.settle()
    assert world.path(ua) == [("enter", "next"), ("split", "ua"), ("hello_ua", "next")]
    assert world.path(pl) == [("enter", "next"), ("split", "else"), ("hello", "next")]
    assert world.statuses() == {"waiting": 2}
    world.pass_time(hours=23, minutes=59)
    assert world.statuses() == {"waiting": 2}, "a day is not over a minute early"
    world.pass_time(minutes=1)
    assert world.path(ua)[3:] == [("wait", "next"), ("code", "next"), ("offer", "next")]
    assert world.statuses() == {"completed": 2}


def test_each_customer_gets_one_message_a_node_and_a_code_of_their_own(world: World) -> None:
    customers = world.customers(300)
    a_journey(world)
    world.happens(customers, "shop.visited")
    world.settle()
    world.pass_time(days=1)
    messages = world.rows("SELECT customer_id, node, variables FROM message WHERE node = 'offer'")
    assert {row[0] for row in messages} == set(customers)
    codes = {json.loads(world.store.vault.open(row[2]))["code"]: row[0] for row in messages}
    assert len(codes) == 300
    assert all(is_well_formed(code) for code in codes)
    kept = {bytes(row[0]): row[1] for row in world.rows("SELECT digest, customer_id FROM code")}
    assert kept == {world.store.vault.digest("code", code): customer for code, customer in codes.items()}
    dump = str(world.rows("SELECT * FROM message")) + str(world.rows("SELECT * FROM enrollment"))
    assert not any(code in dump for code in codes), "a leaked database spends nothing"


def test_counters_equal_the_step_log(world: World) -> None:
    customers = world.customers(25)
    version = a_journey(world)
    world.happens(customers, "shop.visited")
    world.settle()
    world.pass_time(days=1)
    counted_steps = world.rows("SELECT node, port, sum(n) FROM step_count WHERE node <> '' GROUP BY node, port")
    logged = world.rows("SELECT node, port, count(*) FROM step_log GROUP BY node, port")
    assert {tuple(map(str, row)) for row in counted_steps} == {tuple(map(str, row)) for row in logged}
    ends = world.rows(
        "SELECT port, sum(n) FROM step_count WHERE node = '' AND version_id = :v GROUP BY port", v=version
    )
    assert {row[0]: int(row[1]) for row in ends} == {"@entered": 25, "@completed": 25}


def test_the_number_of_statements_does_not_depend_on_the_number_of_customers(world: World) -> None:
    version = a_journey(world)
    first, few, many = world.customers(1), world.customers(10), world.customers(1000)
    world.happens(first, "shop.visited")
    world.settle()  # loads the version, once a process
    world.pass_time(days=1)
    counts = []
    for customers in (few, many):
        world.happens(customers, "shop.visited")
        for wait in (timedelta(), timedelta(days=1)):
            world.now += wait
            while_matching = world.settle_matching()
            with counted(world.store) as statements:
                walked = advance(world.runtime, version, now=world.now, limit=5000)
            assert walked.enrollments == len(customers)
            counts.append((len(customers), while_matching, len(statements)))
    assert [row[1:] for row in counts[:2]] == [row[1:] for row in counts[2:]], counts


def test_durations_count_from_the_intended_instant_so_lag_never_adds_up(world: World) -> None:
    (customer,) = world.customers(1)
    waits = {f"w{n}": {"type": "flow.wait", "amount": 1, "unit": "hours"} for n in range(3)}
    world.journey("slow", {"enter": {"type": "trigger.event", "event": "shop.visited"}, **waits})
    world.happens(customer, "shop.visited")
    world.settle()
    for _ in range(2):
        world.pass_time(hours=1, minutes=20)  # the worker is 20 minutes late each time
    assert world.scalar("SELECT count(*) FROM step_log") == 3
    wake = world.rows("SELECT wake_at FROM enrollment")[0][0]
    assert str(wake)[:16] == (START + timedelta(hours=3)).isoformat(" ")[:16]


def test_waits_that_are_over_already_are_passed_in_the_same_walk(world: World) -> None:
    (customer,) = world.customers(1)
    waits = {f"w{n}": {"type": "flow.wait", "amount": 1, "unit": "hours"} for n in range(3)}
    world.journey("slow", {"enter": {"type": "trigger.event", "event": "shop.visited"}, **waits})
    world.happens(customer, "shop.visited", at=START - timedelta(hours=2, minutes=30))
    walked = world.settle()
    assert walked.steps == 3
    assert world.statuses() == {"waiting": 1}


class Explodes(NodeType):
    """Raises for one customer."""

    key: ClassVar[str] = "test.explodes"
    needs = ("attrs.bomb",)

    def step(self, batch: Batch) -> Result:
        for _, bomb in batch.rows("attrs.bomb"):
            if bomb:
                raise RuntimeError("boom")
        return Result(moves={"next": batch.ids})


def test_a_poison_customer_is_set_aside_and_stops_nobody(database_url: str) -> None:
    world = World(database_url, Explodes)
    try:
        customers = world.customers([{"attributes": {"bomb": True} if n == 500 else {}} for n in range(1000)])
        world.journey("risky", {"enter": {"type": "trigger.event", "event": "go.now"}, "x": {"type": "test.explodes"}})
        world.happens(customers, "go.now")
        world.settle()
        assert world.statuses() == {"completed": 999, "quarantined": 1}
        poison, reason = world.rows("SELECT customer_id, reason FROM enrollment WHERE status = 'quarantined'")[0]
        assert poison == customers[500]
        assert "boom" in reason
    finally:
        world.close()


def test_a_full_disk_sets_nobody_aside(sqlite_url: str) -> None:
    from sqlalchemy import event
    from sqlalchemy.exc import OperationalError

    from engine.walk import walk_claim

    world = World(sqlite_url)
    limit = ["PRAGMA max_page_count = 1"]  # SQLite answers as it does when the disk is full

    def squeeze(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(limit[0])

    try:
        version = a_journey(world)
        world.happens(world.customers(500), "shop.visited")
        world.settle_matching()
        mine = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=500))
        assert mine is not None
        event.listen(world.store.engine, "checkout", squeeze)
        with pytest.raises(OperationalError, match="full"):
            walk_claim(world.runtime, mine, now=world.now)
        limit[0] = "PRAGMA max_page_count = 1000000"
        world.settle()
        assert world.statuses() == {"waiting": 500}, "the claim was given back"
    finally:
        world.close()


class Sloppy(NodeType):
    """Forgets someone."""

    key: ClassVar[str] = "test.sloppy"

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": set(list(batch.ids)[1:])})


def test_a_node_that_leaves_someone_out_is_found_out(database_url: str) -> None:
    world = World(database_url, Sloppy)
    try:
        world.journey("bad", {"enter": {"type": "trigger.event", "event": "go.now"}, "x": {"type": "test.sloppy"}})
        world.happens(world.customers(3), "go.now")
        world.settle()
        assert world.statuses() == {"quarantined": 3}
        assert "no answer" in world.rows("SELECT reason FROM enrollment")[0][0]
    finally:
        world.close()


def test_an_unknown_type_parks_and_its_return_resumes(database_url: str) -> None:
    from engine.sweep import sweep

    with_type, without = World(database_url, Explodes), World(database_url)
    try:
        with_type.journey("j", {"enter": {"type": "trigger.event", "event": "go.now"}, "x": {"type": "test.explodes"}})
        without.happens(without.customers(5), "go.now")
        without.settle()
        assert without.statuses() == {"parked": 5}
        sweep(without.runtime, now=without.now)
        without.settle()
        assert without.statuses() == {"parked": 5}, "nothing is discarded while the type is away"
        sweep(with_type.runtime, now=with_type.now)
        with_type.settle()
        assert with_type.statuses() == {"completed": 5}
        assert with_type.path(1) == [("enter", "next"), ("x", "next")]
    finally:
        with_type.close()
        without.close()


def test_what_killed_its_workers_is_claimed_again_in_smaller_parts(world: World) -> None:
    version = a_journey(world)
    world.happens(world.customers(50), "shop.visited")
    world.settle_matching()
    sizes = []
    for _ in range(4):
        dead = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(seconds=-1), limit=100))
        assert dead is not None
        sizes.append(len(dead.ids))
    assert sizes == [50, 32, 18, 1]


def test_a_halved_claim_keeps_in_hand_what_is_not_done(world: World) -> None:
    from store.claims import give_up, holds

    version = a_journey(world)
    world.happens(world.customers(10), "shop.visited")
    world.settle_matching()
    mine = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=8))
    assert mine is not None
    world.store.run(lambda c: give_up(c, mine, mine.ids[:3]))
    others = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=100))
    assert others is not None
    assert set(others.ids).isdisjoint(mine.ids[3:]), "nobody is in two hands"
    assert set(mine.ids[:3]) <= set(others.ids), "what was given up is free"
    world.store.run(lambda c: give_up(c, mine, mine.ids[3:]))
    assert not world.store.run(lambda c: holds(c, mine))
    assert world.scalar("SELECT count(*) FROM claim") == 1


def test_a_timer_that_moved_after_the_claim_is_not_walked(world: World) -> None:
    from sqlalchemy import text

    from engine.walk import walk_claim

    version = a_journey(world)
    world.happens(world.customers(3), "shop.visited")
    world.settle()
    world.now += timedelta(days=1)
    mine = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=100))
    assert mine is not None
    assert len(mine.ids) == 3
    if world.store.dialect == "postgresql":
        later = "UPDATE enrollment SET wake_at = wake_at + interval '1 hour' WHERE id = :id"
    else:
        later = "UPDATE enrollment SET wake_at = '2100-01-01 00:00:00.000000' WHERE id = :id"
    world.store.run(lambda c: c.execute(text(later), {"id": mine.ids[0]}))
    assert walk_claim(world.runtime, mine, now=world.now).enrollments == 2
    assert world.statuses() == {"completed": 2, "waiting": 1}
    assert world.scalar("SELECT count(*) FROM claim") == 0


def test_a_late_writer_changes_nothing(world: World) -> None:
    """A worker frozen past its lease wakes up after another one did its work."""
    from engine.walk import walk_claim

    version = a_journey(world)
    world.happens(world.customers(20), "shop.visited")
    world.settle_matching()
    frozen = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(seconds=-1), limit=100))
    assert frozen is not None
    done = advance(world.runtime, version, now=world.now)
    assert done.enrollments == 20 or world.settle().enrollments == 20
    before = world.rows("SELECT id, seq, wake_at FROM enrollment ORDER BY id")
    assert walk_claim(world.runtime, frozen, now=world.now).enrollments == 0
    assert world.rows("SELECT id, seq, wake_at FROM enrollment ORDER BY id") == before
    assert world.scalar("SELECT count(*) FROM message") == 20


def test_whoever_lost_a_claim_leaves_the_work_to_its_new_owner(world: World) -> None:
    from engine.walk import walk_claim

    version = a_journey(world)
    world.happens(world.customers(20), "shop.visited")
    world.settle_matching()
    lost = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(seconds=-1), limit=100))
    owned = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=100))
    assert lost is not None
    assert owned is not None
    assert lost.ids == owned.ids
    assert walk_claim(world.runtime, lost, now=world.now).enrollments == 0
    assert walk_claim(world.runtime, owned, now=world.now).enrollments == 20


@pytest.mark.parametrize("status", ["paused", "stopped"])
def test_a_journey_that_does_not_run_is_not_walked(world: World, status: str) -> None:
    from sqlalchemy import text

    from engine.walk import walk_claim

    version = a_journey(world)
    world.happens(world.customers(3), "shop.visited")
    world.settle_matching()
    claimed = world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=100))
    assert claimed is not None
    world.store.run(
        lambda c: c.execute(text("UPDATE journey SET status = :s, pause_epoch = pause_epoch + 1"), {"s": status})
    )
    assert walk_claim(world.runtime, claimed, now=world.now).enrollments == 0
    assert world.scalar("SELECT count(*) FROM step_log") == 0
    assert world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(minutes=1), limit=100)) is None
    world.store.run(lambda c: c.execute(text("UPDATE journey SET status = 'live', pause_epoch = pause_epoch + 1")))
    assert world.settle().enrollments == 3, "the claim was given back, not lost until its lease ran out"
