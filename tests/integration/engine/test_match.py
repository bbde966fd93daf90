"""Matching: each event takes effect once, in order, for all it concerns."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.match import match
from rig.world import START, World
from store.claims import claim

Nodes = dict[str, dict[str, Any]]
VISIT = {"type": "trigger.event", "event": "shop.visited"}
PURCHASE = {"type": "compare", "fact": "data.total", "op": ">=", "value": 100}
AWAIT: Nodes = {
    "enter": VISIT,
    "await": {"type": "flow.wait_event", "event": "purchase", "amount": 7, "unit": "days", "where": PURCHASE},
    "thanks": {"type": "action.send", "subject": "Thanks", "body": "Thank you", "channel": "email"},
    "remind": {"type": "action.send", "subject": "Still there?", "body": "Come back", "channel": "email"},
}
WAYS = [("enter", "next", "await"), ("await", "happened", "thanks"), ("await", "timeout", "remind")]


def test_a_wait_ends_by_its_event_or_by_its_timeout(world: World) -> None:
    buys, small, never = world.customers(3)
    world.journey("welcome", AWAIT, WAYS)
    world.happens([buys, small, never], "shop.visited")
    world.settle()
    world.now += timedelta(days=2)
    world.happens(buys, "purchase", {"total": 500})
    world.happens(small, "purchase", {"total": 5})
    world.settle()
    assert world.path(buys) == [("enter", "next"), ("await", "happened"), ("thanks", "next")]
    assert world.path(small) == [("enter", "next")]
    world.pass_time(days=5)
    assert world.path(small)[1:] == world.path(never)[1:] == [("await", "timeout"), ("remind", "next")]


def test_an_event_between_arrival_and_arming_is_not_lost(world: World) -> None:
    """The purchase is matched after the enrollment and before the walk arms the wait."""
    (customer,) = world.customers(1)
    world.journey("welcome", AWAIT, WAYS)
    world.happens(customer, "shop.visited")
    world.settle_matching()
    world.now += timedelta(minutes=1)
    world.happens(customer, "purchase", {"total": 500})
    world.settle_matching()
    world.settle()
    assert world.path(customer)[1] == ("await", "happened")


def test_events_of_one_batch_take_effect_in_order(world: World) -> None:
    (customer,) = world.customers(1)
    world.journey("welcome", AWAIT, WAYS)
    world.happens(customer, "shop.visited")
    world.happens(customer, "purchase", {"total": 500}, at=world.now + timedelta(seconds=1))
    world.settle()
    assert world.path(customer)[1] == ("await", "happened")


def test_what_happened_before_arrival_does_not_count(world: World) -> None:
    (customer,) = world.customers(1)
    world.journey("welcome", AWAIT, WAYS)
    world.happens(customer, "purchase", {"total": 500}, at=START - timedelta(hours=1))
    world.settle()
    world.happens(customer, "shop.visited")
    world.settle()
    assert world.statuses() == {"waiting": 1}


def test_arrival_is_each_customers_own_also_in_one_batch(world: World) -> None:
    early, late = world.customers(2)
    world.journey("welcome", AWAIT, WAYS)
    world.happens(late, "purchase", {"total": 500}, at=START - timedelta(hours=1))
    world.settle()
    world.happens(early, "shop.visited", at=START - timedelta(hours=2))
    world.happens(late, "shop.visited")
    world.settle()
    assert world.path(late) == [("enter", "next")], "the purchase came before this customer's visit"


def test_an_event_after_the_deadline_is_too_late_even_before_the_timer_was_looked_at(world: World) -> None:
    (customer,) = world.customers(1)
    world.journey("welcome", AWAIT, WAYS)
    world.happens(customer, "shop.visited")
    world.settle()
    world.now += timedelta(days=8)
    world.happens(customer, "purchase", {"total": 500})
    world.settle()
    assert world.path(customer)[1] == ("await", "timeout")


def test_an_exit_rule_ends_a_passage_and_a_goal_is_noted(world: World) -> None:
    stays, buys = world.customers(2)
    nodes: Nodes = {"enter": VISIT, "wait": {"type": "flow.wait", "amount": 9, "unit": "days"}}
    world.journey(
        "asleep",
        nodes,
        goals=[{"event": "purchase", "name": "bought"}],
        exit_rules=[{"event": "purchase", "where": PURCHASE, "name": "bought again"}],
    )
    world.happens([stays, buys], "shop.visited")
    world.settle()
    world.now += timedelta(days=1)
    world.happens(buys, "purchase", {"total": 100})
    world.settle()
    assert world.rows("SELECT customer_id, reason FROM enrollment WHERE status = 'exited'") == [(buys, "bought again")]
    assert world.scalar("SELECT count(*) FROM enrollment WHERE goal_at IS NOT NULL") == 1
    world.pass_time(days=30)
    assert world.statuses() == {"exited": 1, "completed": 1}


def test_an_exit_in_the_batch_that_enrolls_ends_the_passage_at_once(world: World) -> None:
    (customer,) = world.customers(1)
    nodes: Nodes = {"enter": VISIT, "wait": {"type": "flow.wait", "amount": 9, "unit": "days"}}
    world.journey("asleep", nodes, exit_rules=[{"event": "purchase", "name": "bought"}])
    world.happens(customer, "shop.visited")
    world.happens(customer, "purchase", {"total": 1}, at=world.now + timedelta(seconds=1))
    world.settle()
    assert world.statuses() == {"exited": 1}


def test_reentry_rules(world: World) -> None:
    (customer,) = world.customers(1)
    nodes: Nodes = {"enter": VISIT, "wait": {"type": "flow.wait", "amount": 1, "unit": "days"}}
    for rule in ({"reentry": "never"}, {"reentry": "always"}, {"reentry": "after", "after_days": 10}):
        world.journey(rule["reentry"], nodes, entry=rule)  # type: ignore[arg-type]  # any graph field
    world.journey("per_order", nodes, entry={"reentry": "per_key", "key": "data.order"})

    def entries() -> dict[str, int]:
        query = "SELECT j.key, count(*) FROM enrollment e JOIN journey j ON j.id = e.journey_id GROUP BY j.key"
        return {row[0]: row[1] for row in world.rows(query)}

    world.happens(customer, "shop.visited", {"order": "A"})
    world.settle()
    world.happens(customer, "shop.visited", {"order": "A"})
    world.happens(customer, "shop.visited", {"order": "B"})
    world.settle()
    assert entries() == {"never": 1, "always": 1, "after": 1, "per_order": 2}, "who is inside does not enter again"
    world.pass_time(days=2)
    world.happens(customer, "shop.visited", {"order": "B"})
    world.settle()
    assert entries() == {"never": 1, "always": 2, "after": 1, "per_order": 2}
    world.pass_time(days=9)
    world.happens(customer, "shop.visited")
    world.settle()
    assert entries() == {"never": 1, "always": 3, "after": 2, "per_order": 2}


def test_holdout_exclusion_limit_and_window(world: World) -> None:
    customers = world.customers(400)
    nodes: Nodes = {"enter": VISIT}
    world.journey("half", nodes, entry={"holdout_percent": "50"})
    world.journey("few", nodes, entry={"limit_per_day": 7})
    world.journey("later", nodes, window={"from": "2027-01-01T00:00:00+00:00"})
    world.happens(customers, "shop.visited")
    world.settle()
    counts = dict(
        world.rows("SELECT j.key, count(*) FROM enrollment e JOIN journey j ON j.id = e.journey_id GROUP BY j.key")
    )
    held = world.scalar("SELECT count(*) FROM holdout")
    assert counts["half"] + held == 400
    assert 150 < held < 250
    assert counts["few"] == 7
    assert "later" not in counts


def test_late_events_and_history_move_nobody_but_count(world: World) -> None:
    (customer,) = world.customers(1)
    world.journey("welcome", {"enter": {"type": "trigger.event", "event": "purchase"}})
    lines = [{"sku": "A", "quantity": 2, "price": 150}]
    world.happens(customer, "purchase", {"order": "1", "lines": lines}, at=START - timedelta(days=30))
    world.settle()
    assert world.statuses() == {}
    count, total = world.rows("SELECT order_count, order_sum FROM customer_fact")[0]
    assert (count, total) == (1, 300)
    assert world.rows("SELECT sku, quantity, price FROM order_line") == [("A", 2, 150)]


def test_journeys_that_start_each_other_are_parked_in_the_end(world: World) -> None:
    (customer,) = world.customers(1)
    for a, b in (("ping", "pong"), ("pong", "ping")):
        world.journey(
            a,
            {
                "enter": {"type": "trigger.event", "event": f"ball.{a}"},
                "e": {"type": "action.emit", "event": f"ball.{b}"},
            },
            entry={"reentry": "always"},
        )
    world.happens(customer, "ball.ping")
    world.settle()
    assert world.scalar("SELECT max(depth) FROM event") == 17
    assert world.scalar("SELECT count(*) FROM event WHERE note LIKE 'parked%'") == 1


def test_many_matchers_and_walkers_at_once_do_everything_once(world: World) -> None:
    customers = world.customers(400)
    version = world.journey("welcome", AWAIT, WAYS)
    world.happens(customers, "shop.visited")
    others = [World(world.store.url, now=world.now, batch_size=37) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda other: other.settle(), others))
        world.settle()
        assert world.statuses() == {"waiting": 400}
        assert world.scalar("SELECT count(*) FROM step_log") == 400
        for other in others:
            other.now += timedelta(days=7)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda other: other.settle(), others))
        world.now += timedelta(days=7)
        world.settle()
        assert world.statuses() == {"completed": 400}
        assert world.scalar("SELECT count(*) FROM message") == 400
        assert world.store.run(lambda c: claim(c, version, now=world.now, lease=timedelta(1), limit=9)) is None
    finally:
        for other in others:
            other.close()


def test_matching_numbers_events_without_gaps(world: World) -> None:
    customers = world.customers(3)
    for _ in range(4):
        world.happens(customers, "shop.visited")
        match(world.runtime, now=world.now, limit=5)
    world.settle()
    assert [row[0] for row in world.rows("SELECT match_no FROM event ORDER BY match_no")] == list(range(1, 13))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    happenings=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["shop.visited", "purchase"]), st.integers(0, 12)), max_size=12
    ),
    batch=st.integers(1, 5),
)
def test_a_reference_model_agrees_on_what_everyone_did(
    tmp_path_factory: Any, happenings: list[tuple[int, str, int]], batch: int
) -> None:
    """However events are cut into batches, a customer's path is what the plain rules of the journey say."""
    from store.migrate import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('model')}/w.sqlite3"
    upgrade(url)
    world = World(url, batch_size=batch)
    try:
        customers = world.customers(3)
        world.journey("welcome", AWAIT, WAYS)
        for day in range(13):
            for who, type, when in happenings:
                if when == day:
                    world.happens(customers[who], type, {"total": 500})
            while match(world.runtime, now=world.now, limit=batch):
                pass
            world.settle()
            world.now += timedelta(days=1)
        world.pass_time(days=30)
        for who, customer in enumerate(customers):
            mine = [(when, n, type) for n, (someone, type, when) in enumerate(happenings) if someone == who]
            assert world.path(customer) == expected_path(sorted(mine)), happenings
    finally:
        world.close()


def expected_path(mine: list[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """The oracle: enter once at the first visit; thanked if a purchase follows within 7 days, reminded otherwise."""
    visits = [(when, n) for when, n, type in mine if type == "shop.visited"]
    if not visits:
        return []
    entered = visits[0]
    # on the day of arrival every purchase counts that is not older than the visit: events carry the same instant
    bought = any(type == "purchase" and entered[0] <= when <= entered[0] + 7 for when, n, type in mine)
    way = "happened" if bought else "timeout"
    return [("enter", "next"), ("await", way), ("thanks" if bought else "remind", "next")]
