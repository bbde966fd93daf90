"""Bonus points: given and taken by journeys, earned by cashback, lost by returns and by time; nothing twice."""

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from engine.segments import refresh, save_segment
from offers.redemption import settle
from rig.orders import back, cart, money_is_right, reserved, rules, sold
from rig.statements import counted
from rig.world import World
from store import points
from store.points import Movement
from wayfare.crashpoints import Crashed, arm

BACK = {"key": "back", "layer": "order", "effect": {"kind": "cashback", "percent": "10"}}
TELL = {"type": "action.send", "subject": "Yours", "body": "{{ points }} more: {{ points_balance }}"}


def balance(world: World, customer: int) -> int:
    with world.store.read() as conn:
        return points.balances(conn, [customer]).get(customer, 0)


def ledger(world: World) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in world.rows("SELECT kind, amount FROM points_entry ORDER BY id")]


def is_sound(world: World) -> None:
    """Balances are the sums of entries, and what is left of gains is what is not below zero."""
    assert money_is_right(world)


def gives(world: World, *steps: dict[str, Any], key: str = "bonus") -> None:
    nodes = {"enter": {"type": "trigger.event", "event": "review.written"}}
    edges, last = [], "enter"
    for number, step in enumerate(steps):
        nodes[f"s{number}"] = {"type": "action.points", **step}
        edges.append((last, "next", f"s{number}"))
        last = f"s{number}"
    nodes["tell"] = TELL
    world.journey(key, nodes, [*edges, (last, "next", "tell")], entry={"reentry": "always"})


def told(world: World) -> list[tuple[int, int]]:
    rows = world.rows("SELECT variables FROM message ORDER BY id")
    found = [json.loads(world.store.vault.open(bytes(row[0]))) for row in rows]
    return [(one["points"], one["points_balance"]) for one in found]


def test_a_journey_gives_points_and_takes_them_only_from_who_has_them(world: World) -> None:
    gives(world, {"points": 100, "days": 30})
    ann, bob = world.customers(2)
    world.happens([ann, bob], "review.written")
    world.settle()
    assert (balance(world, ann), told(world)) == (100, [(100, 100), (100, 100)])
    world.happens([ann], "review.written")
    world.settle()
    assert balance(world, ann) == 200
    gives(world, {"do": "take", "points": 150})
    world.happens([ann, bob], "review.written")
    world.settle()
    assert (balance(world, ann), balance(world, bob)) == (50, 100)
    assert world.path(bob)[-1] == ("s0", "too_few")
    kinds = world.rows("SELECT type, count(*) FROM event WHERE type LIKE 'points%' GROUP BY type ORDER BY type")
    assert kinds == [("points_earned", 3), ("points_spent", 1)]
    is_sound(world)


def test_segments_see_the_balance(world: World) -> None:
    rule = {"type": "compare", "fact": "points.balance", "op": ">=", "value": 100}
    save_segment(world.store, "rich", "Rich", rule, world.now)
    ann, bob = world.customers(2)
    refresh(world.store, world.now)
    gives(world, {"points": 100})
    world.happens([ann], "review.written")
    world.settle()
    refresh(world.store, world.now)
    members = "SELECT m.customer_id FROM segment_member m JOIN segment s ON s.id = m.segment_id WHERE s.key = 'rich'"
    assert world.rows(members) == [(ann,)]
    assert bob != ann


def test_two_steps_of_one_walk_know_of_each_other(world: World) -> None:
    gives(world, {"points": 100}, {"do": "take", "points": 80}, {"points": 5})
    (ann,) = world.customers(1)
    world.happens([ann], "review.written")
    world.settle()
    assert (balance(world, ann), told(world)) == (25, [(5, 25)])
    is_sound(world)


def test_a_customer_who_is_there_twice_cannot_be_charged_twice(world: World) -> None:
    (ann,) = world.customers(1)
    world.store.run(lambda conn: points.lock(conn, [ann], world.now))
    world.store.run(lambda conn: points.move(conn, [Movement(ann, "x", "given", 100)], world.now))
    gives(world, {"do": "take", "points": 60})
    for _ in range(3):
        world.happens([ann], "review.written")
    world.settle()
    assert balance(world, ann) == 40
    is_sound(world)


def test_points_expire_and_those_that_expire_first_are_spent_first(world: World) -> None:
    gives(world, {"points": 100, "days": 10})
    (ann,) = world.customers(1)
    world.happens([ann], "review.written")
    world.settle()
    gives(world, {"points": 100, "days": 30})
    world.happens([ann], "review.written")
    world.settle()
    gives(world, {"do": "take", "points": 70})
    world.happens([ann], "review.written")
    world.settle()
    world.pass_time(days=11)
    world.sweep()
    world.sweep()
    assert (balance(world, ann), ledger(world)[-1]) == (100, ("expired", -30))
    world.pass_time(days=30)
    world.sweep()
    assert balance(world, ann) == 0
    is_sound(world)


def test_cashback_becomes_points_and_returns_take_them_back_in_proportion(world: World) -> None:
    rules(world, BACK)
    (ann,) = world.customers(1)
    row = sold(world, cart(("soap", 10_000, 3), ("comb", 1_000, 1), customer="c1"))
    assert balance(world, ann) == 31
    world.settle()
    assert world.scalar("SELECT count(*) FROM event WHERE type = 'points_earned'") == 1
    back(world, row, "slip-1", lines={"soap": 1})
    back(world, row, "slip-1", lines={"soap": 1})
    assert balance(world, ann) == 21
    back(world, row, "slip-2", lines={"soap": 2})
    back(world, row, "slip-3")
    assert (balance(world, ann), [kind for kind, _ in ledger(world)]) == (0, ["cashback"] + ["returned"] * 3)
    assert sold(world, cart(("soap", 10_000, 1)), "o2").status == "confirmed", "nobody is named: no points"
    assert balance(world, ann) == 0
    is_sound(world)


def test_who_has_spent_what_a_return_takes_falls_below_zero_and_the_next_points_pay(world: World) -> None:
    rules(world, BACK)
    (ann,) = world.customers(1)
    row = sold(world, cart(("soap", 10_000, 1), customer="c1"))
    gives(world, {"do": "take", "points": 8})
    world.happens([ann], "review.written")
    world.settle()
    back(world, row)
    assert balance(world, ann) == -8
    gives(world, {"points": 20})
    world.happens([ann], "review.written")
    world.settle()
    assert balance(world, ann) == 12
    assert world.rows("SELECT amount, remaining FROM points_lot ORDER BY id") == [(10, 0), (20, 12)]
    is_sound(world)


@pytest.mark.parametrize("point", ["walk.locked", "walk.written", "walk.committed"])
def test_an_error_at_any_point_gives_nothing_twice(world: World, point: str) -> None:
    gives(world, {"points": 10})
    people = world.customers(4)
    world.happens(people, "review.written")
    arm(f"{point}:1:raise")
    try:
        world.settle()
    except Crashed:
        pass
    finally:
        arm("")
    world.pass_time(minutes=10)
    assert [balance(world, one) for one in people] == [10] * 4
    is_sound(world)


@pytest.mark.parametrize("point", ["confirm.counted", "confirm.written", "return.counted", "return.written"])
def test_an_error_at_the_till_earns_and_loses_nothing_twice(world: World, point: str) -> None:
    rules(world, BACK)
    (ann,) = world.customers(1)
    row = reserved(world, cart(("soap", 10_000, 2), customer="c1"))
    arm(f"{point}:1:raise")
    try:
        for _ in range(2):
            with contextlib.suppress(Crashed):
                world.store.run(lambda conn: settle.confirm(conn, row.id, world.now))
        assert balance(world, ann) == 20
        for _ in range(2):
            with contextlib.suppress(Crashed):
                back(world, row, lines={"soap": 1})
    finally:
        arm("")
    assert balance(world, ann) == 10
    is_sound(world)


def test_the_statements_do_not_grow_with_the_customers(world: World) -> None:
    gives(world, {"points": 10})
    counts = []
    for size in (2, 10, 80):
        world.happens(world.customers(size), "review.written")
        world.settle_matching()
        with counted(world.store) as statements:
            world.settle()
        counts.append(len(statements))
    assert counts[1] == counts[2]


def test_the_ledger_cannot_be_changed(world: World) -> None:
    gives(world, {"points": 10})
    world.happens(world.customers(1), "review.written")
    world.settle()
    for change in ("UPDATE points_entry SET amount = 99", "DELETE FROM points_entry"):
        with pytest.raises(DBAPIError, match="append-only"):
            changes(world, change)


def changes(world: World, statement: str) -> None:
    world.store.run(lambda conn: conn.execute(text(statement)))


def moves_it(world: World, entry: Movement) -> None:
    def work(conn: Connection) -> None:
        points.lock(conn, [entry.customer_id], world.now)
        if entry.amount:
            points.move(conn, [entry], world.now)

    world.store.run(work)


MOVES = st.lists(st.tuples(st.integers(0, 2), st.integers(-30, 40), st.integers(0, 20), st.booleans()), max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_the_model_agrees(world: World, moves: list[tuple[int, int, int, bool]]) -> None:
    """Points by customer as lots in a list, the first to expire first, beside what the database does."""
    people = world.customers(3)
    lots: dict[int, list[list[Any]]] = {one: [] for one in people}
    debts = dict.fromkeys(people, 0)
    for number, (who, amount, days, sweeps) in enumerate(moves):
        customer = people[who]
        until = world.now + timedelta(days=days) if days else None
        if amount > 0:
            paid = min(amount, debts[customer])
            debts[customer] -= paid
            lots[customer].append([until, number, amount - paid])
        elif amount < 0:
            rest = -amount
            for lot in sorted(lots[customer], key=lambda lot: (lot[0] is None, lot[0] or world.now, lot[1])):
                gone = min(rest, lot[2])
                lot[2], rest = lot[2] - gone, rest - gone
            debts[customer] += rest

        entry = Movement(customer, f"{customer}:{number}", "given" if amount > 0 else "returned", amount, until)
        moves_it(world, entry)
        moves_it(world, entry)
        if sweeps:
            world.now += timedelta(days=3)
            for mine in lots.values():
                for lot in mine:
                    if lot[0] is not None and lot[0] <= world.now:
                        lot[2] = 0
            world.store.run(lambda conn: points.expire(conn, world.now))
        for one in people:
            assert balance(world, one) == sum(lot[2] for lot in lots[one]) - debts[one]
    is_sound(world)
