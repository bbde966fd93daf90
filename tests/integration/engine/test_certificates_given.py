"""Certificates that journeys give: bound to a phone, shown once, paid for by an account of the ledger, never twice."""

import json
from typing import Any

import pytest

from engine.channels import Channel, Envelope, Outcome
from engine.outbox import deliver
from nodes.contract import Batch, NodeType, Result
from offers.certificates.proof import Proof, split
from offers.certificates.spend import Payment, redeem
from rig.certificates import is_balanced
from rig.statements import counted
from rig.world import World
from wayfare.crashpoints import Crashed, arm

TEXT = "{{ certificate.number }} {{ certificate.amount }} {{ certificate.currency }} {{ certificate.code }}"
SEND = {"type": "action.send", "channel": "email", "subject": "A gift", "body": TEXT, "purpose": "transactional"}
NODES: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "purchase"},
    "gift": {"type": "action.certificate", "amount": 50_000, "budget": 1_000_000, "days": 30},
    "tell": SEND,
    "out": {"type": "flow.exit", "reason": "no gift"},
}
EDGES = [("enter", "next", "gift"), ("gift", "next", "tell"), ("gift", "none", "out")]


def told(world: World) -> dict[int, dict[str, Any]]:
    """Return by customer what their message tells of the certificate."""
    rows = world.rows("SELECT customer_id, variables FROM message WHERE variables IS NOT NULL")
    found = {row[0]: json.loads(world.store.vault.open(bytes(row[1])))["certificate"] for row in rows}
    assert len(found) == len(rows)
    return found


def account(world: World) -> int:
    return int(world.scalar("SELECT coalesce(sum(amount), 0) FROM posting WHERE account = 'marketing'"))


def test_each_customer_gets_one_that_pays(world: World) -> None:
    world.journey("thanks", NODES, EDGES)
    ann, bob = world.customers(2)
    world.happens([ann, bob], "purchase", {"order": "o1"})
    world.settle()
    assert account(world) == -100_000
    gift = told(world)[ann]
    assert (gift["amount"], gift["currency"]) == ("500", "UAH")
    number, secret = split(gift["code"])
    assert gift["number"].replace("-", "") == number
    asked = Payment(number, Proof(secret), 20_000, "UAH", "k1", "till")
    answer = world.store.run(lambda conn: redeem(conn, world.store.vault, asked, now=world.now))
    assert (answer.reason, answer.balance) == ("", 30_000)
    assert world.scalar("SELECT count(*) FROM certificate WHERE phone_digest IS NULL") == 0
    is_balanced(world)


def test_without_phone_or_budget_there_is_none(world: World) -> None:
    world.journey("thanks", NODES | {"gift": NODES["gift"] | {"budget": 110_000}}, EDGES)
    nobody, *others = world.customers([{"phone": None}, *({} for _ in range(4))])
    for one in (nobody, *others):
        world.happens(one, "purchase")
    world.settle()
    assert sorted(told(world)) == others[:2]
    assert account(world) == -100_000
    reasons = world.rows("SELECT reason, count(*) FROM step_log WHERE port = 'none' GROUP BY reason ORDER BY reason")
    assert reasons == [("has no phone number", 1), ("the budget is used up", 2)]
    world.journey("thanks", NODES | {"gift": NODES["gift"] | {"budget": 150_000}}, EDGES)  # the count goes on
    world.happens(world.customers(3), "purchase")
    world.settle()
    assert account(world) == -150_000
    is_balanced(world)


def test_the_number_outlasts_a_wait(world: World) -> None:
    nodes = {**NODES, "wait": {"type": "flow.wait", "amount": 3, "unit": "days"}}
    edges = [("enter", "next", "gift"), ("gift", "next", "wait"), ("wait", "next", "tell"), ("gift", "none", "out")]
    world.journey("thanks", nodes, edges)
    (ann,) = world.customers(1)
    world.happens(ann, "purchase")
    world.settle()
    assert told(world) == {}
    assert world.scalar("SELECT secrets FROM enrollment") is not None
    world.pass_time(days=4)
    assert set(told(world)[ann]) >= {"number", "amount", "currency", "code"}
    assert world.scalar("SELECT secrets FROM enrollment") is None
    assert world.scalar("SELECT count(*) FROM certificate") == 1


def test_a_certificate_that_nobody_was_told_of_is_taken_back(world: World) -> None:
    class Down(Channel):
        name = provider = "email"
        reaches_people = False

        def send(self, envelope: Envelope) -> Outcome:
            return Outcome.failed("no such box")

    world.runtime.channels = {"email": Down()}
    world.journey("thanks", NODES, EDGES)
    world.happens(world.customers(2), "purchase")
    world.settle()
    while deliver(world.runtime, "email", world.now):
        pass
    world.sweep()
    assert world.rows("SELECT DISTINCT status, balance FROM certificate") == [("void", 0)]
    assert account(world) == 0
    is_balanced(world)


class Poison(NodeType):
    """Raises for one customer."""

    key = "test.poison"
    needs = ("first_name",)

    def step(self, batch: Batch) -> Result:
        if any(name == "Mallory" for _, name in batch.rows("first_name")):
            raise RuntimeError("poison")
        return Result(moves={"next": batch.ids})


def test_one_bad_customer_costs_nobody_else_a_certificate(database_url: str) -> None:
    world = World(database_url, Poison)
    edges = [("enter", "next", "gift"), ("gift", "next", "bad"), ("bad", "next", "tell"), ("gift", "none", "out")]
    world.journey("thanks", {**NODES, "bad": {"type": "test.poison"}}, edges)
    people = world.customers([{"first_name": "Mallory" if n == 7 else "Ann"} for n in range(20)])
    world.happens(people, "purchase")
    world.settle()
    assert world.statuses() == {"completed": 19, "quarantined": 1}
    assert len(told(world)) == 19 == world.scalar("SELECT count(*) FROM certificate")
    assert account(world) == -19 * 50_000  # what the failed tries had spent of the budget is not gone
    is_balanced(world)
    world.close()


@pytest.mark.parametrize("point", ["walk.locked", "walk.written", "walk.committed"])
def test_an_error_at_any_point_gives_nothing_twice(world: World, point: str) -> None:
    world.journey("thanks", NODES, EDGES)
    people = world.customers(5)
    world.happens(people, "purchase")
    arm(f"{point}:1:raise")
    try:
        world.settle()
    except Crashed:
        pass
    finally:
        arm("")
    world.pass_time(minutes=10)
    assert len(told(world)) == 5 == world.scalar("SELECT count(*) FROM certificate")
    assert account(world) == -5 * 50_000
    is_balanced(world)


def test_the_statements_do_not_grow_with_the_customers(world: World) -> None:
    world.journey("thanks", NODES, EDGES)
    counts = []
    for size in (2, 10, 100):  # the first time a version is loaded, too
        world.happens(world.customers(size), "purchase")
        world.settle_matching()
        with counted(world.store) as statements:
            world.settle()
        counts.append(len(statements))
    assert counts[1] == counts[2]


def test_numbers_stand_nowhere_in_the_clear(world: World) -> None:
    world.journey("thanks", NODES, EDGES)
    world.happens(world.customers(1), "purchase")
    world.settle()
    (gift,) = told(world).values()
    dumped = "".join(str(world.rows(f"SELECT * FROM {table}")) for table in ("certificate", "enrollment", "step_log"))
    number, secret = split(gift["code"])
    assert not [one for one in (number, gift["number"], secret) if one in dumped]
