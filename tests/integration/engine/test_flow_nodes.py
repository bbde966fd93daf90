"""The nodes that count, hold back, choose and join journeys, in a running engine on both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.customers import upsert_customers
from engine.gates import open_gate
from engine.segments import refresh, save_segment
from engine.walk import advance, walk_claim
from nodes.contract import Batch, Change, NodeType, Result
from rig.statements import counted
from rig.world import World
from store.claims import claim
from store.events import MAX_DEPTH
from store.lists import add_lists

ENTER = {"type": "trigger.event", "event": "go"}


def paths(world: World, node: str) -> dict[str, int]:
    return dict(world.rows("SELECT port, count(*) FROM step_log WHERE node = :node GROUP BY port", node=node))


def memory(world: World, journey: str, node: str) -> dict[str, Any]:
    found = world.rows(
        """SELECT m.data FROM node_memory m JOIN journey j ON j.id = m.journey_id
        WHERE j.key = :key AND m.node = :node""",
        key=journey,
        node=node,
    )
    return {} if not found else json.loads(found[0][0]) if isinstance(found[0][0], str) else dict(found[0][0])


def first_n(world: World, count: int) -> int:
    return world.journey(
        "promo",
        {"t": ENTER, "n": {"type": "flow.split_count", "count": count}, "a": {"type": "flow.exit"}},
        [("t", "next", "n"), ("n", "first", "a"), ("n", "else", "a")],
    )


def test_the_first_n_are_exactly_n_under_two_workers(world: World) -> None:
    version = first_n(world, 70)
    world.happens(world.customers(200), "go")
    world.settle_matching()

    def work(_: int) -> None:
        while advance(world.runtime, version, now=world.now, limit=20).enrollments:
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    world.settle()
    assert paths(world, "n") == {"first": 70, "else": 130}
    assert memory(world, "promo", "n")["taken"] == 70


def test_a_batch_that_was_rolled_back_spends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = first_n(world, 3)
    world.happens(world.customers(2), "go")
    world.settle_matching()
    claimed = world.store.run(lambda conn: claim(conn, version, now=world.now, lease=timedelta(minutes=1), limit=10))
    assert claimed is not None
    with monkeypatch.context() as broken:
        broken.setattr("engine.walk.write_memories", _fails)
        with pytest.raises(KeyboardInterrupt):
            walk_claim(world.runtime, claimed, now=world.now)
    assert memory(world, "promo", "n") == {}
    walk_claim(world.runtime, claimed, now=world.now)
    walk_claim(world.runtime, claimed, now=world.now)
    assert memory(world, "promo", "n")["taken"] == 2


def _fails(*_: Any) -> None:
    raise KeyboardInterrupt  # as a process that dies: nothing of the batch is written


class Fussy(NodeType):
    """Fails for whoever has a wrong attribute."""

    key = "test.fussy"
    needs = ("attrs.bad",)

    def step(self, batch: Batch) -> Result:
        if any(bad for _, bad in batch.rows("attrs.bad")):
            raise ValueError("bad")
        return Result(moves={"next": batch.ids})


def test_a_poison_customer_takes_no_place(database_url: str) -> None:
    world = World(database_url, Fussy)
    world.journey(
        "promo",
        {"t": ENTER, "n": {"type": "flow.split_count", "count": 3}, "f": {"type": "test.fussy"}},
        [("t", "next", "n"), ("n", "first", "f"), ("n", "else", "f")],
    )
    people = world.customers([{"attributes": {"bad": number == 1}} for number in range(5)])
    world.happens(people, "go")
    world.settle()
    assert world.statuses() == {"completed": 4, "quarantined": 1}
    assert paths(world, "n") == {"first": 3, "else": 1}
    world.close()


def test_counts_go_on_in_the_next_version(world: World) -> None:
    first_n(world, 2)
    world.happens(world.customers(2), "go")
    world.settle()
    first_n(world, 3)
    world.happens(world.customers(2), "go")
    world.settle()
    assert paths(world, "n") == {"first": 3, "else": 1}


def test_statements_do_not_depend_on_the_number_of_customers(world: World) -> None:
    version = world.journey(
        "all",
        {
            "t": ENTER,
            "n": {"type": "flow.split_count", "count": 5},
            "m": {"type": "flow.merge"},
            "c": {"type": "flow.best_channel", "channels": [{"channel": "email"}, {"channel": "push"}]},
            "x": {"type": "flow.experiment"},
            "l": {"type": "action.list", "list": "vip"},
            "j": {"type": "flow.journey", "journey": "other"},
            "h": {"type": "flow.throttle", "count": 3},
            "g": {"type": "flow.gate"},
        },
        [
            *(("t", "next", "n"), ("n", "first", "m"), ("n", "else", "m"), ("m", "next", "c")),
            *(("c", port, "x") for port in ("email", "push", "none")),
            *(("x", "a", "l"), ("x", "b", "l"), ("l", "next", "j"), ("j", "next", "h"), ("h", "next", "g")),
        ],
    )
    world.store.run(lambda conn: _make_list(conn, world.now))
    counts = []
    for size in (1, 10, 600):
        world.happens(world.customers(size), "go")
        world.settle_matching()
        with counted(world.store) as statements:
            advance(world.runtime, version, now=world.now)
        counts.append(len(statements))
    assert counts[1] == counts[2]  # the first one compiled the version


def _make_list(conn: Any, now: datetime) -> None:
    add_lists(conn, ["vip"], now=now)


def test_a_throttle_lets_everyone_pass_in_their_turn(world: World) -> None:
    world.journey("slow", {"t": ENTER, "h": {"type": "flow.throttle", "count": 3}, "e": {"type": "flow.exit"}})
    people = world.customers(8)
    world.happens(people, "go")
    world.settle()
    assert paths(world, "h") == {"next": 3}
    world.pass_time(hours=1)
    assert paths(world, "h") == {"next": 6}
    late = world.customers(1)
    world.happens(late, "go")
    world.settle()
    assert paths(world, "h") == {"next": 6}
    world.pass_time(hours=1)
    assert world.statuses() == {"completed": 9}
    order = [
        row[0] for row in world.rows("SELECT enrollment_id FROM step_log WHERE node = 'h' ORDER BY at, enrollment_id")
    ]
    assert order == sorted(order)


def test_a_pause_makes_no_throttle_burst(world: World) -> None:
    world.journey("slow", {"t": ENTER, "h": {"type": "flow.throttle", "count": 2}})
    world.happens(world.customers(7), "go")
    world.settle()
    world.now += timedelta(hours=5)
    for passed in (4, 6, 7):
        world.settle()
        assert paths(world, "h") == {"next": passed}
        world.now += timedelta(hours=1)


def test_a_window_holds_until_morning_in_each_zone(world: World) -> None:
    world.now = datetime(2026, 3, 2, 20, tzinfo=UTC)  # 22:00 in Kyiv, 15:00 in New York
    kyiv, york = world.customers([{"time_zone": "Europe/Kyiv"}, {"time_zone": "America/New_York"}])
    world.journey("polite", {"t": ENTER, "w": {"type": "flow.window"}})
    world.happens([kyiv, york], "go")
    world.settle()
    assert world.statuses() == {"completed": 1, "waiting": 1}
    world.pass_time(hours=10, minutes=59)
    assert world.path(kyiv) == [("t", "next")]
    world.pass_time(minutes=1)
    assert world.path(kyiv) == [("t", "next"), ("w", "next")]
    assert world.path(york) == [("t", "next"), ("w", "next")]


def gate(world: World, **settings: Any) -> int:
    return world.journey("staged", {"t": ENTER, "g": {"type": "flow.gate", **settings}, "e": {"type": "flow.exit"}})


def test_a_person_opens_a_gate_and_all_go_on(world: World) -> None:
    gate(world)
    world.happens(world.customers(3), "go")
    world.settle()
    assert world.gates() == 0
    assert world.pass_time(days=400).steps == 0
    assert open_gate(world.store, world.runtime.registry, "staged", "g", now=world.now, by="alice") == 3
    world.settle()
    assert world.statuses() == {"completed": 3}
    world.happens(world.customers(2), "go")
    world.settle()
    assert world.statuses() == {"completed": 5}
    assert open_gate(world.store, world.runtime.registry, "staged", "g", now=world.now, by="bob") == 0
    assert memory(world, "staged", "g")["by"] == "alice"
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'journey.gate_opened'") == 1


def test_another_gate_at_the_same_step_is_closed(world: World) -> None:
    gate(world)
    open_gate(world.store, world.runtime.registry, "staged", "g", now=world.now, by="alice")
    gate(world, opens="date", date="2026-05-01")
    world.happens(world.customers(2), "go")
    world.settle()
    assert world.statuses() == {"waiting": 2}, "the open gate is not this one"


def test_opening_a_gate_wakes_nobody_who_waits_for_something_else_at_that_id(world: World) -> None:
    plain = {"type": "flow.wait", "amount": 30, "unit": "days"}
    world.journey("staged", {"t": ENTER, "g": plain, "e": {"type": "flow.exit"}})
    world.happens(world.customers(2), "go")
    world.settle()
    gate(world)
    assert open_gate(world.store, world.runtime.registry, "staged", "g", now=world.now, by="alice") == 0
    world.settle()
    assert world.statuses() == {"waiting": 2}


def test_a_step_of_another_type_begins_without_memory(world: World) -> None:
    first_n(world, 1)
    world.happens(world.customers(2), "go")
    world.settle()
    world.journey("promo", {"t": ENTER, "n": {"type": "flow.throttle", "count": 5}, "a": {"type": "flow.exit"}})
    world.happens(world.customers(3), "go")
    world.settle()
    assert world.statuses() == {"completed": 5}


def test_a_crash_after_opening_is_made_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gate(world)
    world.happens(world.customers(3), "go")
    world.settle()
    with monkeypatch.context() as broken:
        broken.setattr("engine.gates.let_go", _fails)
        with pytest.raises(KeyboardInterrupt):
            open_gate(world.store, world.runtime.registry, "staged", "g", now=world.now, by="alice")
    assert world.settle().steps == 0
    assert world.gates() == 3
    world.settle()
    assert world.statuses() == {"completed": 3}


def test_a_gate_opens_when_its_segment_is_large_enough(world: World) -> None:
    rule = {"type": "compare", "fact": "city", "op": "=", "value": "Kyiv"}
    save_segment(world.store, "kyiv", "Kyiv", rule, world.now)
    refresh(world.store, world.now)
    gate(world, opens="segment", segment="kyiv", at_least=2)
    world.happens(world.customers(1), "go")
    world.settle()
    for here, opened in ((1, 0), (2, 1)):
        upsert_customers(world.store, [{"key": f"k{here}", "city": "Kyiv"}], now=world.now, source="test")
        refresh(world.store, world.now)
        assert world.gates() == opened
    world.settle()
    assert world.statuses() == {"completed": 1}


def test_a_gate_opens_on_its_date(world: World) -> None:
    gate(world, opens="date", date="2026-03-04", at="09:00")
    world.happens(world.customers(2), "go")
    world.pass_time(hours=47, minutes=59)
    assert world.statuses() == {"waiting": 2}
    world.pass_time(minutes=1)
    assert world.statuses() == {"completed": 2}


@pytest.mark.parametrize("success", ["event", "goal"])
def test_the_variant_with_more_success_wins_for_good(world: World, success: str) -> None:
    nodes: dict[str, Any] = {
        "t": ENTER,
        "x": {"type": "flow.experiment", "success": success, "after_customers": 40, "after_days": None},
    }
    world.journey(
        "trial",
        {**nodes, "w": {"type": "flow.wait", "amount": 30}},
        [("t", "next", "x"), ("x", "a", "w"), ("x", "b", "w")],
        goals=[{"event": "purchase"}],
    )
    world.happens(world.customers(40), "go")
    world.settle()
    in_b = world.rows(
        "SELECT e.customer_id FROM step_log s JOIN enrollment e ON e.id = s.enrollment_id WHERE s.port = 'b'"
    )
    world.happens([row[0] for row in in_b], "purchase")
    world.settle()
    before = paths(world, "x")
    world.happens(world.customers(30), "go")
    world.settle()
    assert paths(world, "x") == {"a": before["a"], "b": before["b"] + 30}
    assert memory(world, "trial", "x")["winner"] == "b"


def test_successes_are_counted_only_where_somebody_stands(world: World) -> None:
    """The count reads the whole journey: who waits before the experiment does not pay for it."""
    nodes: dict[str, Any] = {
        "t": ENTER,
        "w": {"type": "flow.wait"},
        "x": {"type": "flow.experiment", "after_customers": 2},
    }
    version = world.journey("trial", nodes)
    world.happens(world.customers(3), "go")
    world.settle()
    world.pass_time(days=1)
    asked = []
    for event, days in (("go", 0), ("none", 1)):
        world.now += timedelta(days=days)
        world.happens(world.customers(2), event)
        world.settle_matching()
        with counted(world.store) as statements:
            advance(world.runtime, version, now=world.now)
        asked.append(sum("sum(CASE WHEN" in str(statement) for statement in statements))
    assert asked == [0, 1]


def test_best_channel_asks_for_consent_address_and_the_last_reaction(world: World) -> None:
    world.journey(
        "best",
        {
            "t": ENTER,
            "c": {"type": "flow.best_channel", "channels": [{"channel": one} for one in ("email", "sms", "push")]},
            "e": {"type": "flow.exit"},
        },
        [("t", "next", "c"), *(("c", port, "e") for port in ("email", "sms", "push", "none"))],
    )
    agreed = [{"channel": one, "purpose": "marketing", "granted": True} for one in ("email", "sms", "push")]
    people = [
        {"key": "both", "email": "a@example.com", "phone": "+380671111111", "consents": agreed},
        {"key": "likes-sms", "email": "b@example.com", "phone": "+380671111112", "consents": agreed},
        {"key": "no-mail", "phone": "+380671111113", "consents": agreed},
        {"key": "never-asked", "email": "c@example.com", "phone": "+380671111114"},
    ]
    upsert_customers(world.store, people, now=world.now, source="test")
    ids = dict(world.rows("SELECT key, id FROM customer"))
    world.happens(ids["likes-sms"], "message.clicked", {"channel": "sms"})
    world.happens(ids["both"], "message.opened", {"channel": "sms"}, at=world.now - timedelta(days=2))
    world.happens(ids["both"], "message.opened", {"channel": "email"})
    world.settle()
    world.happens(ids.values(), "go")
    world.settle()
    ways = {key: world.path(id)[1][1] for key, id in ids.items()}
    assert ways == {"both": "email", "likes-sms": "sms", "no-mail": "sms", "never-asked": "none"}


def test_lists_keep_their_members_and_their_history(world: World) -> None:
    world.store.run(lambda conn: _make_list(conn, world.now))
    ann, bob = world.customers(2)
    always = {"reentry": "always"}
    for key, do in (("add", "add"), ("drop", "remove")):
        world.journey(
            key, {"t": {"type": "trigger.event", "event": key}, "l": {"type": "action.list", "list": "vip", "do": do}},
            entry=always,
        )  # fmt: skip
    world.happens([ann, bob], "add")
    world.settle()
    world.happens(ann, "add")
    world.pass_time(days=1)
    world.happens([ann], "drop")
    world.settle()
    world.happens(ann, "drop")
    world.settle()
    assert world.rows("SELECT customer_id FROM list_member") == [(bob,)]
    spans = world.rows("SELECT customer_id, until_at IS NULL FROM list_span ORDER BY customer_id")
    assert [(row[0], bool(row[1])) for row in spans] == [(ann, False), (bob, True)]
    world.happens(ann, "add")
    world.settle()
    assert world.scalar("SELECT count(*) FROM list_span WHERE customer_id = :ann", ann=ann) == 2


def test_one_journey_starts_another_and_hears_when_it_ends(world: World) -> None:
    ann, bob = world.customers(2)
    world.journey("first", {"t": ENTER, "j": {"type": "flow.journey", "journey": "second"}, "w": {"type": "flow.wait"}})
    world.journey("second", {"t": {"type": "trigger.event", "event": "never"}, "e": {"type": "flow.exit"}})
    world.journey("after", {"t": {"type": "trigger.journey", "journey": "first"}, "e": {"type": "flow.exit"}})
    world.journey("beside", {"t": {"type": "trigger.journey", "journey": "first", "when": "step", "step_id": "j"}})
    world.happens([ann, bob], "go")
    world.settle()

    def inside() -> dict[str, int]:
        query = "SELECT j.key, count(*) FROM enrollment e JOIN journey j ON j.id = e.journey_id GROUP BY j.key"
        return dict(world.rows(query))

    assert inside() == {"first": 2, "second": 2, "beside": 2}
    world.pass_time(days=1)
    assert inside() == {"first": 2, "second": 2, "beside": 2, "after": 2}
    depths = dict(
        world.rows("SELECT j.key, max(e.depth) FROM enrollment e JOIN journey j ON j.id = e.journey_id GROUP BY j.key")
    )
    assert depths == {"first": 0, "second": 1, "beside": 1, "after": 1}


def test_an_event_from_outside_opens_no_journey(world: World) -> None:
    world.journey("second", {"t": {"type": "trigger.event", "event": "never"}})
    world.happens(world.customers(1), "journey.enter", {"journey": "second"})
    world.settle()
    assert world.statuses() == {}


def test_journeys_that_start_each_other_come_to_an_end(world: World) -> None:
    always = {"reentry": "always"}
    for key, other in (("ping", "pong"), ("pong", "ping")):
        world.journey(key, {"t": ENTER if key == "ping" else {"type": "trigger.event", "event": "never"},
                            "j": {"type": "flow.journey", "journey": other}}, entry=always)  # fmt: skip
    world.happens(world.customers(1), "go")
    world.settle()
    assert world.scalar("SELECT max(depth) FROM enrollment") == MAX_DEPTH
    assert world.scalar("SELECT count(*) FROM event WHERE note LIKE 'parked%'") == 1


@pytest.mark.parametrize("by", ["attribute", "list"])
def test_a_circle_through_a_segment_comes_to_an_end(world: World, by: str) -> None:
    """Two journeys, each of which brings the customer where the other one starts."""
    world.store.run(lambda conn: _make_list(conn, world.now))
    rule = {"type": "list", "key": "vip"} if by == "list" else ON
    save_segment(world.store, "on", "On", rule, world.now)
    refresh(world.store, world.now)
    for key, on in (("entered", False), ("left", True)):
        change = (
            {"type": "action.list", "list": "vip", "do": "add" if on else "remove"}
            if by == "list"
            else {"type": "action.attribute", "name": "on", "value": on}
        )
        trigger = {"type": "trigger.segment", "segment": "on", "on": key}
        world.journey(key, {"t": trigger, "a": change}, entry={"reentry": "always"})
    (ann,) = world.customers(1)
    turn_on = {"type": "action.attribute", "name": "on", "value": True}
    world.journey("begin", {"t": ENTER, "a": {"type": "action.list", "list": "vip"} if by == "list" else turn_on})
    world.happens(ann, "go")
    for _ in range(3 * MAX_DEPTH):
        world.settle()
        if not refresh(world.store, world.now):
            break
    else:
        pytest.fail("the circle never stops")
    assert world.scalar("SELECT max(depth) FROM enrollment") == MAX_DEPTH
    assert world.scalar("SELECT count(*) FROM event WHERE note LIKE 'parked%'") == 1


ON = {"type": "compare", "fact": "attrs.on", "op": "=", "value": True}


def test_a_level_that_goes_up_enrolls_and_a_new_customer_does_not(world: World) -> None:
    world.journey("up", {"t": {"type": "trigger.level", "way": "up", "levels": ["silver", "gold"]}})

    def level(key: str, to: str | None) -> None:
        upsert_customers(world.store, [{"key": key, "level": to}], now=world.now, source="crm")
        world.now += timedelta(minutes=1)
        world.settle()

    level("ann", "gold")
    assert world.statuses() == {}
    level("ann", "silver")
    assert world.statuses() == {}
    level("ann", "gold")
    level("ann", "gold")
    assert world.statuses() == {"completed": 1}


@pytest.fixture
def weekly(world: World) -> World:
    """A world with a journey for everyone in a segment, each Monday at ten."""
    rule = {"type": "compare", "fact": "city", "op": "=", "value": "Kyiv"}
    save_segment(world.store, "kyiv", "Kyiv", rule, world.now)
    people = [{"key": "kyiv", "city": "Kyiv"}, {"key": "york", "city": "Kyiv", "time_zone": "America/New_York"}]
    upsert_customers(world.store, [*people, {"key": "lviv", "city": "Lviv"}], now=world.now, source="test")
    refresh(world.store, world.now)
    world.journey(
        "weekly",
        {"t": {"type": "trigger.schedule", "segment": "kyiv", "at": "10:00"}},
        entry={"reentry": "always"},
        window={"time_zone": "Europe/Kyiv"},
    )
    return world


def test_a_schedule_comes_round_each_week_where_the_customer_lives(weekly: World) -> None:
    assert weekly.schedules() == 0  # Monday 11:00 in Kyiv: this week's has gone by
    weekly.now = datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert weekly.schedules() == 1  # ten in New York
    weekly.settle()
    assert weekly.schedules() == 0
    weekly.now = datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert weekly.schedules() == 1
    weekly.settle()
    weekly.now = datetime(2026, 3, 9, 14, tzinfo=UTC)  # summer time there already
    assert weekly.schedules() == 1
    assert weekly.scalar("SELECT count(*) FROM enrollment") == 3


def test_a_schedule_makes_up_for_a_short_halt_only(weekly: World) -> None:
    weekly.schedules()
    weekly.now = datetime(2026, 3, 9, 19, tzinfo=UTC)  # eleven hours late for Kyiv, five for New York
    assert weekly.schedules() == 2
    weekly.settle()
    weekly.now = datetime(2026, 3, 17, 12, tzinfo=UTC)
    assert weekly.schedules() == 0


def test_two_schedulers_enroll_once(weekly: World) -> None:
    weekly.schedules()
    weekly.now = datetime(2026, 3, 9, 15, tzinfo=UTC)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: weekly.schedules(), range(2)))
    while weekly.schedules():
        pass
    assert sum(found) <= 2
    assert weekly.scalar("SELECT count(*) FROM enrollment") == 2


def test_a_schedule_without_a_segment_is_for_everyone(world: World) -> None:
    world.customers([{"birthday": date(1990, 1, 1)}, {}, {}])
    world.journey("all", {"t": {"type": "trigger.schedule", "every": "cron", "cron": "0 9,18 3 3 *"}})
    world.schedules()
    world.now = datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert world.schedules() == 3
    world.now = datetime(2026, 3, 3, 16, tzinfo=UTC)
    assert world.schedules() == 0  # entry is once only
    assert world.scalar("SELECT count(*) FROM occurrence") == 6


class Marks(NodeType):
    """Sets a mark and remembers, without having said so."""

    key = "test.marks"

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": batch.ids}, effects=(Change("x", dict.fromkeys(batch.ids, 1)),), memory={"n": 1})


def test_a_type_that_remembers_in_secret_is_found_out(database_url: str) -> None:
    world = World(database_url, Marks)
    world.journey("secret", {"t": ENTER, "m": {"type": "test.marks"}})
    world.happens(world.customers(1), "go")
    world.settle()
    assert "remembers = True" in world.scalar("SELECT reason FROM enrollment")
    world.close()
