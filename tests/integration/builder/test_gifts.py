"""What publishing says about gifts: pools that are too small, prices without a product, and money for two people."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from builder.check import check
from builder.publish import context_of, publish
from builder.text import from_document, to_document
from builder.watched import steps_of
from nodes.registry import open_registry
from offers.certificates.requests import set_limit
from offers.codes import make
from rig.coupons import a_batch
from rig.world import World
from store import drafts
from wayfare.errors import Conflict

REGISTRY = open_registry([])
BUY = {"id": "t", "type": "trigger.event", "settings": {"event": "purchase"}}
WORDS = "{{ certificate.number }}"
TELL = {"id": "m", "type": "action.send", "settings": {"channel": "sms", "body": WORDS}}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.close()


def gift(amount: int, budget: int, id: str = "g") -> dict[str, Any]:
    return {"id": id, "type": "action.certificate", "settings": {"amount": amount, "budget": budget}}


def graph(*nodes: dict[str, Any], none: str = "") -> dict[str, Any]:
    edges = [{"from": a["id"], "to": b["id"]} for a, b in pairwise(nodes)]
    extra = [{"id": "x", "type": "flow.exit", "settings": {}}] if none else []
    edges += [{"from": none, "port": "none", "to": "x"}] if none else []
    return {"nodes": [*nodes, *extra], "edges": edges}


def codes_of(world: World, document: dict[str, Any]) -> set[tuple[str, str, str]]:
    made = from_document(document)
    document = to_document(made)
    with world.store.read() as conn:
        found = check(made, REGISTRY, context_of(conn, "j", steps_of(conn, document, REGISTRY), document))
    return {(one.severity, one.code, one.node) for one in found}


def test_a_certificate_has_to_be_told(world: World) -> None:
    told = graph(BUY, gift(100, 1_000), TELL, none="g")
    assert codes_of(world, told) == set()
    assert ("error", "untold", "g") in codes_of(world, graph(BUY, gift(100, 1_000)))
    assert ("error", "no_certificate", "m") in codes_of(world, graph(BUY, TELL))
    price = {"id": "m", "type": "action.send", "settings": {"channel": "sms", "body": "{{ price }} {{ points }}"}}
    found = codes_of(world, graph(BUY, price))
    assert {("error", "no_price", "m"), ("error", "no_points", "m")} <= found


def test_a_price_needs_a_product(world: World) -> None:
    node = {"id": "p", "type": "action.personal_price", "settings": {}}
    every_day = {"id": "t", "type": "trigger.schedule", "settings": {"every": "day"}}
    assert ("error", "no_product", "p") in codes_of(world, graph(every_day, node))
    assert not {one for one in codes_of(world, graph(BUY, node)) if one[1] == "no_product"}, "nobody knows yet"
    (ann,) = world.customers(1)
    world.happens(ann, "purchase", {"total": 5})
    assert ("warning", "no_product", "p") in codes_of(world, graph(BUY, node))
    world.happens(ann, "purchase", {"lines": [{"sku": "soap"}]})
    assert not {one for one in codes_of(world, graph(BUY, node)) if one[1] == "no_product"}


def test_a_pool_should_suffice(world: World) -> None:
    a_batch(world, "gift", uses_pool=True)
    node = {"id": "c", "type": "action.promo_code", "settings": {"batch": "gift"}}
    assert ("warning", "pool_empty", "c") in codes_of(world, graph(BUY, node))
    make.fill_pool(world.store, world.store.vault, "gift", 5, now=world.now, by="alice")
    assert not {one for one in codes_of(world, graph(BUY, node)) if one[1].startswith("pool")}


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def saves(world: World, document: dict[str, Any], by: str, at: datetime = NOW) -> int:
    kept = to_document(from_document(document))
    return world.store.run(lambda conn: drafts.save_draft(conn, "gifts", kept, now=at, by=by))


def publishes(world: World, document: dict[str, Any], by: str, rev: int, at: datetime = NOW) -> int:
    return publish(world.store, REGISTRY, "gifts", from_document(document), at, by, rev=rev).number


def test_much_money_takes_two_people(world: World) -> None:
    world.store.run(lambda conn: set_limit(conn, 5_000, now=NOW, by="boss"))
    little, much = graph(BUY, gift(100, 5_000), TELL, none="g"), graph(BUY, gift(100, 5_001), TELL, none="g")
    rev = saves(world, little, "alice")
    assert publishes(world, little, "alice", rev) == 1
    rev = saves(world, much, "alice", NOW + timedelta(hours=1))
    assert ("warning", "four_eyes", "") in codes_of(world, much)
    with pytest.raises(Conflict, match=r"give away 50\.01 UAH, more than the 50 .* somebody else has to publish"):
        publishes(world, much, "alice", rev, NOW + timedelta(hours=2))
    assert publishes(world, much, "bob", rev, NOW + timedelta(hours=2)) == 2
    longer = {**much, "nodes": [*much["nodes"][:-2], {**TELL, "settings": {"channel": "sms", "body": f"Hi {WORDS}"}}]}
    longer["nodes"].append(much["nodes"][-1])
    rev = saves(world, longer, "alice", NOW + timedelta(hours=3))
    assert publishes(world, longer, "alice", rev, NOW + timedelta(hours=4)) == 3, "these steps were decided about"
    with pytest.raises(Conflict, match="somebody else"):
        publish(world.store, REGISTRY, "fresh", from_document(much), NOW, "alice")
