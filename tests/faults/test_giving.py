"""Workers die while journeys give codes, certificates, prices and points: everybody gets each of them once."""

import json
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from rig.coupons import a_batch
from rig.crew import Crew
from rig.world import World
from store import bulk
from store.invariants import look

pytestmark = pytest.mark.faults

COUNT = 120
WORDS = "{{ code }} {{ certificate.number }} {{ price }} {{ points }}"
NODES: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "shop.visited"},
    "code": {"type": "action.promo_code", "batch": "gift"},
    "gift": {"type": "action.certificate", "amount": 1_000, "budget": 1_000 * COUNT},
    "price": {"type": "action.personal_price", "on": "sku", "sku": "soap", "percent": "20"},
    "points": {"type": "action.points", "points": 10},
    "wait": {"type": "flow.wait", "amount": 1, "unit": "hours"},
    "take": {"type": "action.points", "do": "take", "points": 4},
    "tell": {"type": "action.send", "subject": "Yours", "body": WORDS, "purpose": "transactional"},
    "none": {"type": "flow.exit", "reason": "none"},
}
ORDER = ["enter", "code", "gift", "price", "points", "wait", "take", "tell"]
EDGES = [(a, "next", b) for a, b in pairwise(ORDER)]
EDGES += [("gift", "none", "none"), ("price", "none", "none"), ("take", "too_few", "none")]
PRODUCTS = ("sku", "name", "brand", "categories", "price", "currency", "updated_at")


def one_each(world: World, customers: list[int], *, told: bool) -> None:
    """Check that each customer has one of everything, and that the books are right."""
    everybody = sorted(customers)
    for table in ("code", "personal_price"):
        assert [row[0] for row in world.rows(f"SELECT customer_id FROM {table} ORDER BY customer_id")] == everybody
    owners = "SELECT e.customer_id FROM certificate c JOIN enrollment e ON e.id = c.enrollment_id ORDER BY 1"
    assert [row[0] for row in world.rows(owners)] == everybody
    assert world.scalar("SELECT sum(amount) FROM posting WHERE account = 'marketing'") == -1_000 * len(everybody)
    left = 6 if told else 10
    found = world.rows("SELECT customer_id, balance FROM points_account ORDER BY customer_id")
    assert found == [(one, left) for one in everybody]
    messages = world.rows("SELECT customer_id, variables, body FROM message ORDER BY customer_id")
    assert [row[0] for row in messages] == (everybody if told else [])
    sent = [
        world.store.vault.open(bytes(row[2])) for row in messages if row[1] is None
    ]  # their words are fixed by then
    assert len(set(sent)) == len(sent)
    values = [json.loads(world.store.vault.open(bytes(row[1]))) for row in messages if row[1] is not None]
    for name in ("code", "certificate"):
        assert len({str(one[name]) for one in values}) == len(values)
    with world.store.read() as conn:
        assert [one for one in look(conn, now=world.now) if one.breaches] == []


def arrived(world: World, status: str) -> bool:
    return world.statuses().get(status, 0) == COUNT


@pytest.mark.parametrize("point", ["walk.claimed", "walk.locked", "walk.written", "walk.committed"])
def test_a_worker_killed_at_any_point_gives_nothing_twice(world: World, crew: Crew, point: str) -> None:
    a_batch(world, "gift")
    row: tuple[Any, ...] = ("soap", "Soap", "Lys", [], 10_000, "UAH", world.now)
    world.store.run(lambda conn: bulk.insert_rows(conn, "product", PRODUCTS, [row]))
    world.journey("gifts", NODES, EDGES)
    customers = world.customers(COUNT)
    world.happens(customers, "shop.visited")
    for status in ("waiting", "completed"):
        (victim,) = crew.hire(crash=f"{point}:1:kill", batch=50)
        crew.has_crashed(victim)
        crew.hire(2, batch=50)
        crew.when(partial(arrived, world, status), f"everyone {status}")
        if status == "waiting":
            crew.stop()
            one_each(world, customers, told=False)
            world.now += timedelta(hours=2)
            crew.turn_clock()
    crew.stop()
    one_each(world, customers, told=True)
    assert world.scalar("SELECT count(*) FROM enrollment WHERE secrets IS NOT NULL") == 0
