"""Workers die while they tell of a lower price, and everyone who wished is told once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.products import upsert_products
from rig.crew import Crew
from rig.world import World
from store import bulk

pytestmark = pytest.mark.faults
WISHERS = 6000  # more than a chunk


@pytest.mark.parametrize("point", ["fanout.written:1", "fanout.committed:1", "fanout.written:2"])
def test_a_worker_killed_half_way_tells_nobody_twice(world: World, crew: Crew, point: str) -> None:
    customers = world.customers(WISHERS)
    upsert_products(world.store, [{"sku": "tea", "price": 1000, "currency": "UAH"}], now=world.now, source="test")
    rows = [(customer, "tea", world.now) for customer in customers]
    world.store.run(lambda conn: bulk.insert_rows(conn, "wish_list_item", ("customer_id", "sku", "at"), rows))
    world.now += timedelta(minutes=1)
    crew.turn_clock()
    upsert_products(world.store, [{"sku": "tea", "price": 900}], now=world.now, source="test")
    (victim,) = crew.hire(crash=f"{point}:kill")
    crew.has_crashed(victim)
    crew.hire(2)
    crew.when(lambda: world.scalar("SELECT count(*) FROM price_drop WHERE done_at IS NULL") == 0, "everyone told")
    crew.stop()
    with world.store.read() as conn:
        told = conn.execute(text("SELECT customer_id FROM event WHERE type = 'price.dropped' ORDER BY customer_id"))
        assert [row[0] for row in told] == customers
    assert world.scalar("SELECT told FROM price_drop") == WISHERS
