"""Codes that wait for an event of their customer work from that event on: once, and those of nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from offers.codes.batches import BatchSpec, add_batch, void_batch
from rig.statements import counted
from rig.world import World
from store.types import instant_of
from wayfare import crashpoints
from wayfare.errors import InputRefused

GIVE: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "customer.registered"},
    "code": {"type": "action.promo_code", "batch": "hello", "valid": "days", "days": 14, "bind_phone": False},
    "end": {"type": "flow.exit"},
}


def batch(world: World, key: str = "hello", event: str | None = "purchase", **more: Any) -> None:
    spec = BatchSpec(key, activation="by_event", activation_event=event, **more)
    world.store.run(lambda conn: add_batch(conn, world.store.vault, spec, now=world.now, by="test"))
    world.journey("give", GIVE)


def give(world: World, count: int) -> list[int]:
    """Give customers a code each."""
    customers = world.customers(count)
    world.happens(customers, "customer.registered")
    world.settle()
    world.now += timedelta(hours=1)
    return customers


def active(world: World) -> dict[int, tuple[datetime, datetime]]:
    """By customer when the code was activated, and when it ends."""
    rows = world.rows(
        """SELECT e.customer_id, c.activated_at, c.valid_until FROM code c JOIN enrollment e ON e.id = c.enrollment_id
        WHERE c.status = 'activated'"""
    )
    return {customer: (instant_of(at), instant_of(until)) for customer, at, until in rows}


def test_the_first_event_after_issue_activates_and_no_other(world: World) -> None:
    batch(world)
    ann, ben, cid = give(world, 3)
    world.happens(ann, "purchase")
    world.happens(ben, "cart.updated")
    world.happens(cid, "purchase", at=world.now - timedelta(days=2))  # before the code was given
    world.settle()
    (first,) = active(world).values()
    assert (set(active(world)), first[0]) == ({ann}, world.now)
    world.now += timedelta(days=1)
    world.happens(ann, "purchase")
    world.settle()
    assert active(world) == {ann: first}


def test_of_several_events_at_once_the_earliest_counts(world: World) -> None:
    batch(world, valid_days=7)
    (ann,) = give(world, 1)
    early, late = world.now + timedelta(minutes=1), world.now + timedelta(minutes=9)
    world.now += timedelta(minutes=10)
    world.happens(ann, "purchase", at=late)
    world.happens(ann, "purchase", at=early)
    world.settle()
    assert active(world) == {ann: (early, early + timedelta(days=7))}


def test_a_code_whose_time_is_over_and_one_of_a_void_batch_stay_as_they_are(world: World) -> None:
    batch(world, valid_days=7)
    (ann,) = give(world, 1)
    world.now += timedelta(days=30)
    world.happens(ann, "purchase")
    world.settle()
    assert active(world) == {}
    (ben,) = give(world, 1)
    world.store.run(lambda conn: void_batch(conn, "hello", "over", now=world.now, by="test"))
    world.happens(ben, "purchase")
    world.settle()
    assert active(world) == {}


def test_a_program_alone_activates_where_no_event_is_named(world: World) -> None:
    batch(world, event=None)
    (ann,) = give(world, 1)
    world.happens(ann, "purchase")
    world.settle()
    assert active(world) == {}


def test_the_number_of_statements_does_not_depend_on_customers(world: World) -> None:
    batch(world)
    counts = []
    for size in (3, 300):
        customers = give(world, size)
        world.happens(customers, "purchase")
        with counted(world.store) as seen:
            world.settle_matching()
        counts.append(len(seen))
        assert set(active(world)) >= set(customers)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("point", ["match.written", "match.committed"])
def test_a_failure_activates_once(world: World, point: str) -> None:
    batch(world, valid_days=7)
    customers = give(world, 5)
    world.happens(customers, "purchase")
    crashpoints.arm(f"{point}:1:raise")
    with pytest.raises(crashpoints.Crashed):
        world.settle()
    crashpoints.arm("")
    began = world.now
    world.now += timedelta(hours=1)
    world.settle()
    assert active(world) == {id: (began, began + timedelta(days=7)) for id in customers}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"activation": "by_staff"}, "not_by_event"),
        ({"activation_event": "Purchase!"}, "bad_event"),
        ({"kind": "shared", "shared_text": "ANNA10"}, "shared"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, more: dict[str, Any], code: str) -> None:
    spec = BatchSpec(**{"key": "x", "activation": "by_event", "activation_event": "purchase", **more})
    with pytest.raises(InputRefused) as refused:
        world.store.run(lambda conn: add_batch(conn, world.store.vault, spec, now=world.now, by="test"))
    assert refused.value.code == code
