"""Loading facts: the same Python values on both databases, however many customers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from rig.people import a_customer, add, an_event, an_order, open_store
from store.facts import load_facts
from wayfare.errors import StoreError
from wayfare.segments import Fact

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ATTRIBUTES = {
    "yes": True,
    "no": False,
    "whole": 5,
    "fraction": 0.30000000000000004,
    "integral": 5.0,
    "text": 'Ї "quoted" \\ true',
    "digits": "5",
    "list": [1, "two", None],
    "object": {"a": {"b": 1.5}},
    "null": None,
    "empty": "",
}


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    with open_store(database_url) as store, store.write() as conn:
        yield conn


def load(conn: Connection, ids: list[int], *names: str) -> dict[str, dict[int, Any]]:
    return {fact.name: column for fact, column in load_facts(conn, ids, map(Fact.of, names), NOW).items()}


def test_profile_values_come_as_they_are(conn: Connection) -> None:
    created = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    alice = a_customer(conn, "alice", first_name="Аліса", birthday=date(1990, 2, 28), created_at=created)
    found = load(conn, [alice], "key", "first_name", "birthday", "created_at", "city", "erased_at")
    assert {name: column[alice] for name, column in found.items()} == {
        "key": "alice",
        "first_name": "Аліса",
        "birthday": date(1990, 2, 28),
        "created_at": created,
        "city": None,
        "erased_at": None,
    }
    assert type(found["birthday"][alice]) is date
    assert found["created_at"][alice].utcoffset() == timedelta(0)


def test_attributes_keep_value_and_type(conn: Connection) -> None:
    alice = a_customer(conn, "alice", ATTRIBUTES)
    bob = a_customer(conn, "bob")
    found = load(conn, [alice, bob], *(f"attrs.{name}" for name in [*ATTRIBUTES, "missing"]))
    for name, value in ATTRIBUTES.items():
        assert found[f"attrs.{name}"][alice] == value
        assert type(found[f"attrs.{name}"][alice]) is type(value)
        assert found[f"attrs.{name}"][bob] is None
    assert found["attrs.missing"] == {alice: None, bob: None}


def test_figures_of_orders_and_events(conn: Connection) -> None:
    alice, bob = a_customer(conn, "alice"), a_customer(conn, "bob")
    first, last = NOW - timedelta(days=40), NOW - timedelta(days=3)
    an_order(conn, alice, first, ("A", 2, 50), ("B", 1, 7))
    an_order(conn, alice, last, ("A", 1, 50))
    for days, amount in ((40, 1), (3, 2.5), (-1, 4), (2, "not a number")):
        an_event(
            conn, alice, "visit", NOW - timedelta(days=days), {"amount": amount, "page": "x" if days == 3 else "y"}
        )
    recent = Fact("events.count", key="visit", within_days=30)
    amounts = Fact("events.sum", key="visit", field="amount")
    on_x = Fact("events.count", key="visit", where=(("page", "x"),))
    of_a = Fact("orders.window_sum", where=(("sku", "A"),))
    ordered = Fact("orders.window_count", within_days=30)
    named = [Fact.of(f"orders.{name}") for name in ("count", "sum", "first_at", "last_at")]
    wanted = [*named, recent, recent.turning, amounts, on_x, of_a, ordered, ordered.turning]
    found = load_facts(conn, [alice, bob], wanted, NOW)
    assert [found[fact][alice] for fact in named] == [2, 157, first, last]
    assert [found[fact][bob] for fact in named] == [0, 0, None, None]
    assert {fact: found[fact][alice] for fact in wanted[4:]} == {
        recent: 2,
        recent.turning: NOW + timedelta(days=1),  # one that is dated tomorrow begins to count
        amounts: 3.5,
        on_x: 1,
        of_a: 150,
        ordered: 1,
        ordered.turning: last + timedelta(days=30),
    }
    assert {found[fact][bob] for fact in wanted[4:]} == {0, None}


def test_memberships_and_consents_are_true_or_false(conn: Connection) -> None:
    alice, bob = a_customer(conn, "alice"), a_customer(conn, "bob")
    segment = add(conn, "segment", key="vip", name="VIP", rule={}, created_at=NOW, updated_at=NOW)
    add(conn, "segment_member", segment_id=segment, customer_id=alice, since=NOW)
    people = add(conn, "customer_list", key="friends", name="Friends", created_at=NOW)
    add(conn, "list_member", list_id=people, customer_id=bob, since=NOW)
    for customer, granted in ((alice, True), (bob, False)):
        add(
            conn,
            "consent",
            customer_id=customer,
            channel="sms",
            purpose="marketing",
            granted=granted,
            source="",
            at=NOW,
        )
    flags = {
        Fact("segment", key="vip"): [True, False],
        Fact("segment", key="nobody"): [False, False],
        Fact("list", key="friends"): [False, True],
        Fact("consent", key="sms", purpose="marketing"): [True, False],
        Fact("consent", key="sms", purpose="service"): [False, False],
    }
    found = load_facts(conn, [alice, bob], flags, NOW)
    assert {fact: [column[alice], column[bob]] for fact, column in found.items()} == flags


def test_customers_who_do_not_exist_have_no_values(conn: Connection) -> None:
    alice = a_customer(conn, "alice", city="Київ")
    found = load(conn, [alice, 999], "city", "orders.count", "attrs.x")
    assert found == {
        "city": {alice: "Київ", 999: None},
        "orders.count": {alice: 0, 999: 0},
        "attrs.x": {alice: None, 999: None},
    }
    assert load(conn, [], "city", "orders.count") == {"city": {}, "orders.count": {}}
    assert load(conn, [alice]) == {}


def test_an_unknown_fact_is_refused_by_name(conn: Connection) -> None:
    for name in ("shoe_size", "data.sku", 'attrs.x"'):
        with pytest.raises(StoreError, match="there is no fact"):
            load(conn, [1], name)
