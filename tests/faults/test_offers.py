"""Codes and certificates with real processes that race, die and try again."""

import json
import os
import signal

import pytest

from offers.codes import make
from rig.certificates import is_balanced, sold
from rig.coupons import a_batch
from rig.crew import Crew
from rig.gift import NODES
from rig.tills import open_tills
from rig.waiting import until
from rig.world import World
from store import bulk
from store.invariants import look

pytestmark = pytest.mark.faults


def test_forty_threads_in_four_processes_spend_a_certificate_once(world: World) -> None:
    gift = sold(world, 50_000)
    keys = [[f"k{till}-{n}" for n in range(10)] for till in range(4)]
    keys[3] = keys[2]  # two tills that retry the same payments
    tills = open_tills(world.store.url, gift, 2_000, keys, world.now)
    for till in tills:
        till.join(120)
    assert [till.exitcode for till in tills] == [0] * 4
    taken = world.rows("SELECT count(*), sum(captured) FROM certificate_hold WHERE status = 'captured'")
    assert [(int(row[0]), int(row[1])) for row in taken] == [(25, 50_000)]
    assert world.rows("SELECT balance, held FROM certificate") == [(0, 0)]
    is_balanced(world)


def test_tills_that_are_killed_in_the_middle_leave_a_ledger_that_balances(world: World) -> None:
    gift = sold(world, 500_000)
    keys = [[f"k{till}-{n}" for n in range(20)] for till in range(3)]
    tills = open_tills(world.store.url, gift, 1_000, keys, world.now)
    until(lambda: world.scalar("SELECT count(*) FROM certificate_hold") >= 5, "some payments", 60)
    for till in tills[:2]:
        os.kill(till.pid, signal.SIGKILL)
    for till in tills:
        till.join(120)
    is_balanced(world)
    again = open_tills(world.store.url, gift, 1_000, keys, world.now)
    for till in again:
        till.join(120)
    assert [till.exitcode for till in again] == [0] * 3
    assert world.rows("SELECT balance, held FROM certificate") == [(440_000, 0)]
    is_balanced(world)


@pytest.mark.parametrize("point", ["walk.locked", "walk.written", "walk.committed"])
def test_a_pool_that_runs_dry_holds_people_and_gives_nobody_the_code_of_another(
    world: World, crew: Crew, point: str
) -> None:
    """Three workers on a pool that is ten short, one of them killed: a refill takes everybody to the end."""
    a_batch(world, "gift", uses_pool=True)
    _fill(world, 190)
    nodes = {key: NODES[key] for key in ("enter", "code", "offer")}
    world.journey("gift", nodes)
    people = world.customers(200)
    columns = ("customer_id", "channel", "purpose", "granted", "source", "at")
    agreed = [(id, "email", "marketing", True, "test", world.now) for id in people]
    world.store.run(lambda conn: bulk.insert_rows(conn, "consent", columns, agreed))
    world.happens(people, "shop.visited")
    (victim,) = crew.hire(crash=f"{point}:2:kill", batch=30)
    crew.has_crashed(victim)
    crew.hire(2, batch=30)
    ready = ("completed", "waiting")
    crew.when(lambda: sum(world.statuses().get(one, 0) for one in ready) == 200, "everyone with a code or held")
    crew.when(lambda: _short(world) == 0, "no free code while somebody waits")
    assert len(_told(world)) == world.statuses()["completed"]
    _fill(world, 10)
    crew.hire(1, task="tick")
    crew.when(lambda: world.statuses() == {"completed": 200}, "everyone at the end")
    crew.stop()
    assert set(_told(world).values()) == set(people)
    assert world.rows("SELECT status, count(*) FROM code GROUP BY status") == [("issued", 200)]
    with world.store.read() as conn:
        assert [one for one in look(conn, now=world.now) if one.breaches] == []


def _fill(world: World, count: int) -> None:
    make.fill_pool(world.store, world.store.vault, "gift", count, now=world.now, by="alice")


def _short(world: World) -> int:
    """Return how many free codes there are although somebody waits; a look at the pools sets it right."""
    world.pools()
    waiting = world.statuses().get("waiting", 0)
    return int(waiting and world.scalar("SELECT count(*) FROM code WHERE status = 'free'"))


def _told(world: World) -> dict[str, int]:
    """Return the customers by the code that their message tells, sent or not."""
    open_ = world.store.vault.open
    found = world.rows("SELECT customer_id, body, variables FROM message WHERE node = 'offer'")
    codes = {}
    for customer, body, variables in found:
        if body is not None:
            codes[open_(bytes(body)).decode()] = customer
        else:
            codes[json.loads(open_(bytes(variables)))["code"]] = customer
    assert len(codes) == len(found), "two customers were told the same code"
    return codes
