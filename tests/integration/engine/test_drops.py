"""When a price falls, it happens to everyone who wishes for the product: once, and to nobody else."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from engine import drops
from engine.products import upsert_products
from rig.statements import counted
from rig.world import World
from store import bulk
from wayfare import crashpoints


def price(world: World, amount: int | None, *skus: str, currency: str = "UAH") -> None:
    """Set the price of products now."""
    items: list[Any] = [{"sku": sku, "name": sku.title(), "price": amount, "currency": currency} for sku in skus]
    assert upsert_products(world.store, items, now=world.now, source="test").errors == []
    world.now += timedelta(minutes=1)


def wish(world: World, customers: list[int], *skus: str) -> None:
    """Put products on the wish lists of customers now."""
    rows = [(customer, sku, world.now) for customer in customers for sku in skus]
    world.store.run(lambda conn: bulk.insert_rows(conn, "wish_list_item", ("customer_id", "sku", "at"), rows))
    world.now += timedelta(minutes=1)


def told(world: World) -> list[tuple[int, str]]:
    """Who was told of which prices."""
    with world.store.read() as conn:
        rows = conn.execute(text("SELECT customer_id, data FROM event WHERE type = 'price.dropped' ORDER BY id"))
        found = [(row[0], orjson.loads(row[1]) if isinstance(row[1], str) else row[1]) for row in rows]
    return sorted((customer, f"{data['sku']} {data['old']} {data['new']}") for customer, data in found)


def test_everyone_who_wishes_for_it_is_told_once(world: World) -> None:
    ann, ben, cid = world.customers(3)
    price(world, 1000, "tea", "soap")
    wish(world, [ann, ben], "tea")
    wish(world, [cid], "soap")
    price(world, 800, "tea")
    wish(world, [cid], "tea")  # too late for this one
    world.settle()
    world.settle()
    assert told(world) == [(ann, "tea 1000 800"), (ben, "tea 1000 800")]
    price(world, 900, "tea")
    price(world, 700, "tea")
    world.settle()
    assert [one for one in told(world) if one[1] == "tea 900 700"] == [(id, "tea 900 700") for id in (ann, ben, cid)]
    assert world.rows("SELECT told FROM price_drop ORDER BY id") == [(2,), (3,)]


def test_a_price_that_has_risen_again_is_told_to_nobody(world: World) -> None:
    customers = world.customers(2)
    price(world, 1000, "tea", "soap", "milk")
    wish(world, customers, "tea", "soap", "milk")
    price(world, 10, "tea")  # a typing error
    price(world, 1000, "tea")
    price(world, 500, "soap")
    price(world, None, "soap")
    price(world, 400, "milk")
    price(world, 40, "milk", currency="EUR")
    world.settle()
    assert told(world) == []
    assert world.scalar("SELECT count(*) FROM price_drop WHERE done_at IS NULL") == 0


def test_whoever_was_erased_is_not_told(world: World) -> None:
    ann, ben = world.customers(2)
    price(world, 1000, "tea")
    wish(world, [ann, ben], "tea")
    world.store.run(
        lambda conn: conn.execute(
            text("UPDATE customer SET erased_at = :now WHERE id = :id"), {"now": world.moment(world.now), "id": ann}
        )
    )
    price(world, 800, "tea")
    world.settle()
    assert told(world) == [(ben, "tea 1000 800")]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_chunks_end_anywhere_and_skip_nobody(world: World, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(drops, "CHUNK", chunk)
    monkeypatch.setattr(drops, "DROPS", 2)
    customers = world.customers(5)
    skus = ["a", "b", "c", "d"]
    price(world, 1000, *skus)
    wish(world, customers[:3], "a", "c")
    wish(world, customers, "d")
    price(world, 900, *skus)
    world.settle()
    expected = [
        (id, f"{sku} 1000 900")
        for sku, ids in (("a", customers[:3]), ("c", customers[:3]), ("d", customers))
        for id in ids
    ]
    assert told(world) == sorted(expected)
    assert world.rows("SELECT sku, told FROM price_drop ORDER BY id") == [("a", 3), ("b", 0), ("c", 3), ("d", 5)]


@pytest.mark.parametrize("point", ["fanout.written", "fanout.committed"])
def test_a_failure_on_the_way_tells_nobody_twice(world: World, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    monkeypatch.setattr(drops, "CHUNK", 3)
    customers = world.customers(8)
    price(world, 1000, "tea")
    wish(world, customers, "tea")
    price(world, 900, "tea")
    for passage in (1, 2):
        crashpoints.arm(f"{point}:{passage}:raise")
        with pytest.raises(crashpoints.Crashed):
            world.settle()
        crashpoints.arm("")
    world.settle()
    assert told(world) == [(id, "tea 1000 900") for id in customers]


def test_the_number_of_statements_does_not_depend_on_customers_or_products(world: World) -> None:
    counts = []
    customers = world.customers(1000)
    for size in (5, 300):
        skus = [f"{size}-{number}" for number in range(size)]
        price(world, 1000, *skus)
        wish(world, customers[: size * 3], skus[0])
        for sku in skus[1:]:
            wish(world, customers[:2], sku)
        price(world, 900, *skus)
        with counted(world.store) as seen:
            assert drops.tell_drops(world.runtime, now=world.now) == size + size * 3 + 2 * (size - 1)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_journeys_start_with_it_and_it_is_no_visit(world: World) -> None:
    ann, ben = world.customers(2)
    where = {"type": "compare", "fact": "data.percent", "op": ">=", "value": 15}
    trigger = {"type": "trigger.event", "event": "price.dropped", "where": where}
    world.journey("cheaper", {"enter": trigger, "end": {"type": "flow.exit"}})
    price(world, 1000, "tea", "soap")
    wish(world, [ann], "tea")
    wish(world, [ben], "soap")
    price(world, 800, "tea")
    price(world, 900, "soap")
    world.settle()
    assert world.rows("SELECT customer_id, status FROM enrollment") == [(ann, "completed")]
    assert world.scalar("SELECT count(*) FROM customer_fact WHERE last_event_at IS NOT NULL") == 0
