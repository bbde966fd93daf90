"""Codes from pools: nobody gets an empty or a used one, who waits goes on after a refill, and none is burnt unseen."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.channels import Channel, Envelope, Outcome
from engine.outbox import deliver
from offers.codes import make
from rig.coupons import a_batch, why
from rig.world import World
from store import bulk
from store.invariants import look
from store.uncertain import treat_as_sent, uncertain_ids

NODES: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "shop.visited"},
    "code": {"type": "action.promo_code", "batch": "gift"},
    "offer": {"type": "action.send", "subject": "A gift", "body": "{{ code }}", "channel": "email"},
}


class Gateway(Channel):
    """A provider that answers as the test says and keeps what it took."""

    name = provider = "email"
    reaches_people = False  # customers made for tests may be written to

    def __init__(self) -> None:
        self.answer = Outcome.sent()
        self.bodies: list[str] = []

    def send(self, envelope: Envelope) -> Outcome:
        self.bodies.append(envelope.body)
        return self.answer


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    world.runtime.channels = {"email": Gateway()}
    yield world
    world.close()


def fill(world: World, count: int) -> None:
    make.fill_pool(world.store, world.store.vault, "gift", count, now=world.now, by="alice")


def customers(world: World, count: int, *, agreed: bool = True) -> list[int]:
    ids = world.customers(count)
    columns = ("customer_id", "channel", "purpose", "granted", "source", "at")
    rows = [(id, "email", "marketing", agreed, "test", world.now) for id in ids]
    world.store.run(lambda conn: bulk.insert_rows(conn, "consent", columns, rows))
    return ids


def told(world: World) -> dict[str, int]:
    """Return the customers by the code that their message tells."""
    found = world.rows("SELECT customer_id, variables FROM message WHERE variables IS NOT NULL")
    codes = {json.loads(world.store.vault.open(bytes(row[1])))["code"]: row[0] for row in found}
    assert len(codes) == len(found), "two customers were told the same code"
    return codes


def states(world: World) -> dict[str, int]:
    return {row[0]: row[1] for row in world.rows("SELECT status, count(*) FROM code GROUP BY status")}


def is_sound(world: World) -> None:
    with world.store.read() as conn:
        assert [one for one in look(conn, now=world.now) if one.breaches] == []


def send_all(world: World) -> None:
    while deliver(world.runtime, "email", world.now):
        pass


def test_each_customer_draws_a_code_that_works(world: World) -> None:
    a_batch(world, "gift", uses_pool=True)
    fill(world, 30)
    world.journey("gift", NODES)
    people = customers(world, 20)
    world.happens(people, "shop.visited")
    world.settle()
    codes = told(world)
    assert set(codes.values()) == set(people)
    assert {why(world, code, phone=f"+38067{id:07}") for code, id in codes.items()} == {""}
    assert states(world) == {"free": 10, "issued": 20}
    assert world.scalar("SELECT count(*) FROM code WHERE sealed_text IS NOT NULL") == 10
    is_sound(world)


def test_an_empty_pool_holds_people_at_the_step_and_a_refill_lets_them_go_on(world: World) -> None:
    a_batch(world, "gift", uses_pool=True)
    fill(world, 99)
    world.journey("gift", NODES)
    people = customers(world, 120)
    world.happens(people, "shop.visited")
    world.settle()
    assert world.statuses() == {"completed": 99, "waiting": 21}
    assert len(told(world)) == 99
    assert world.pools() == 0
    is_sound(world)
    fill(world, 5)
    assert world.pools() == 21
    world.settle()
    assert world.statuses() == {"completed": 104, "waiting": 16}
    fill(world, 50)
    world.now += timedelta(days=1)
    world.pools()
    world.settle()
    assert world.statuses() == {"completed": 120}
    assert set(told(world).values()) == set(people)
    assert states(world) == {"issued": 120, "free": 34}
    is_sound(world)


def test_a_void_batch_holds_people_until_it_is_replaced(world: World) -> None:
    from offers.codes.batches import void_batch

    a_batch(world, "gift")
    world.store.run(lambda conn: void_batch(conn, "gift", "leaked", now=world.now, by="alice"))
    world.journey("gift", NODES)
    world.happens(customers(world, 3), "shop.visited")
    world.settle()
    assert (world.statuses(), states(world)) == ({"waiting": 3}, {})


def test_a_shared_code_is_told_to_everybody(world: World) -> None:
    a_batch(world, "gift", kind="shared", shared_text="ANNA10", max_uses=None)
    world.journey("gift", NODES)
    world.happens(customers(world, 3), "shop.visited")
    world.settle()
    send_all(world)
    assert world.runtime.channels["email"].bodies == ["ANNA10"] * 3
    world.sweep()
    assert why(world, "ANNA10") == ""


@pytest.mark.parametrize(("pool", "becomes"), [(False, {"void": 5}), (True, {"free": 5})])
def test_codes_that_nobody_was_told_are_void_or_go_back(world: World, pool: bool, becomes: dict[str, int]) -> None:
    a_batch(world, "gift", uses_pool=pool, on_failed_send="return" if pool else "void")
    if pool:
        fill(world, 5)
    world.journey("gift", NODES)
    world.happens(customers(world, 5, agreed=False), "shop.visited")
    world.settle()
    send_all(world)
    assert {row[0] for row in world.rows("SELECT status FROM message")} == {"suppressed"}
    world.sweep()
    assert states(world) == becomes
    assert world.rows("SELECT * FROM code_doubt") == []
    is_sound(world)
    if pool:
        before = {bytes(row[0]) for row in world.rows("SELECT digest FROM code")}
        second = customers(world, 5)
        world.happens(second, "shop.visited")
        world.settle()
        send_all(world)
        digest = world.store.vault.digest
        assert {digest("code", code) for code in world.runtime.channels["email"].bodies} == before
        assert {row[0] for row in world.rows("SELECT customer_id FROM code")} == set(second)
        world.sweep()
        assert states(world) == {"issued": 5}


def test_a_code_that_was_sent_stays_good(world: World) -> None:
    a_batch(world, "gift")
    more = {**NODES, "again": {"type": "action.send", "subject": "x", "body": "{{ code }}", "channel": "sms"}}
    world.journey("gift", more)
    world.happens(customers(world, 3), "shop.visited")
    world.settle()
    send_all(world)
    world.runtime.channels = {"sms": Gateway()}
    deliver(world.runtime, "sms", world.now)  # nobody agreed to text messages
    world.sweep()
    assert states(world) == {"issued": 3}
    assert world.rows("SELECT * FROM code_doubt") == []


def test_a_message_that_may_have_arrived_keeps_its_code_until_somebody_decides(world: World) -> None:
    a_batch(world, "gift", uses_pool=True, on_failed_send="return")
    fill(world, 1)
    world.journey("gift", NODES)
    world.happens(customers(world, 1), "shop.visited")
    world.settle()
    world.runtime.channels["email"].answer = Outcome.retry("no answer", in_doubt=True)
    send_all(world)
    world.sweep()
    assert states(world) == {"issued": 1}
    world.store.run(lambda conn: treat_as_sent(conn, uncertain_ids(conn), world.now, "alice"))
    world.sweep()
    assert states(world) == {"issued": 1}


def test_the_branch_that_tells_nothing_burns_no_code(world: World) -> None:
    a_batch(world, "gift", uses_pool=True, on_failed_send="return")
    fill(world, 2)
    nodes = {
        "enter": NODES["enter"],
        "code": NODES["code"],
        "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
        "ua": {
            "type": "flow.split_rule",
            "branches": [{"port": "ua", "when": {"type": "compare", "fact": "country", "op": "=", "value": "UA"}}],
        },
        "offer": NODES["offer"],
    }
    edges = [("enter", "next", "code"), ("code", "next", "wait"), ("wait", "next", "ua"), ("ua", "ua", "offer")]
    world.journey("gift", nodes, edges)
    people = world.customers([{"country": "UA"}, {"country": "PL"}])
    world.happens(people, "shop.visited")
    world.settle()
    world.sweep()
    assert states(world) == {"issued": 2}
    world.pass_time(days=1)
    world.sweep()
    assert states(world) == {"issued": 1, "free": 1}
    assert [row[0] for row in world.rows("SELECT customer_id FROM code WHERE status = 'issued'")] == people[:1]
    is_sound(world)


def test_who_leaves_with_a_code_in_hand_burns_none(world: World) -> None:
    a_batch(world, "gift")
    nodes = {
        "enter": NODES["enter"],
        "code": NODES["code"],
        "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
        "offer": NODES["offer"],
    }
    world.journey("gift", nodes, exit_rules=[{"event": "purchase"}])
    (one,) = world.customers(1)
    world.happens(one, "shop.visited")
    world.settle()
    world.happens(one, "purchase", {"order": "1", "currency": "UAH", "lines": []})
    world.settle()
    world.sweep()
    assert (world.statuses(), states(world)) == ({"exited": 1}, {"void": 1})
