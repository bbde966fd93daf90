"""A node type that hands back values no database can keep costs the one customer whom it was for, and nobody else."""

from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from nodes.contract import Batch, Change, NodeType, Result
from rig.world import World
from store.invariants import look

POISON: dict[str, Any] = {
    "NUL": "a\0b",
    "half a pair": "a\ud800b",
    "not a number": float("nan"),
    "infinity": float("inf"),
    "huge": 10**5000,
    "no JSON": object(),
}


class Careless(NodeType):
    """Hands back something odd for one customer."""

    key: ClassVar[str] = "test.careless"
    needs = ("attrs.odd",)
    odd: str
    place: str

    def step(self, batch: Batch) -> Result:
        odd = [id for id, is_odd in batch.rows("attrs.odd") if is_odd]
        found = {id: POISON[self.odd] if id in odd else "fine" for id in batch.ids}
        if self.place == "attribute":
            return Result(moves={"next": batch.ids}, effects=(Change("mark", found),))
        return Result(moves={"next": batch.ids}, reasons={id: str(value)[:99] for id, value in found.items()})


@pytest.mark.parametrize(
    ("odd", "place"), [*((odd, "attribute") for odd in POISON), ("NUL", "reason"), ("half a pair", "reason")]
)
def test_a_value_that_cannot_be_kept_costs_one_customer(database_url: str, odd: str, place: str) -> None:
    world = World(database_url, Careless)
    try:
        customers = world.customers([{"attributes": {"odd": True} if n == 50 else {}} for n in range(100)])
        nodes = {"enter": {"type": "trigger.event", "event": "go.now"}, "x": {"type": Careless.key}}
        nodes["x"] |= {"odd": odd, "place": place}
        world.journey("careless", nodes)
        world.happens(customers, "go.now")
        world.settle()
        assert world.statuses() == {"completed": 99, "quarantined": 1}
        (poison,) = world.rows("SELECT customer_id, reason FROM enrollment WHERE status = 'quarantined'")
        assert poison[0] == customers[50]
        assert poison[1]
        with world.store.read() as conn:
            assert [finding for finding in look(conn, now=world.now) if finding.breaches] == []
            kept = conn.execute(text("SELECT count(*) FROM customer WHERE CAST(attributes AS text) LIKE '%fine%'"))
            assert kept.scalar_one() == (99 if place == "attribute" else 0)
    finally:
        world.close()
