"""One rule means the same in Python, on SQLite and on PostgreSQL."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection

from rig.people import a_customer, add, an_event, an_order, open_store
from rig.rules import MOMENTS, NUMBERS, RULES, TEXTS, ZONES
from store.facts import load_facts
from store.segment_sql import count, member_ids, sample
from wayfare.segments import Fact, Moment, facts_of, holds, parse_rule, who

MIXED = [*TEXTS, *NUMBERS, True, False, None, "", [], {}, [5], {"a": 5}, "2024-02-29", "2026-02-30", "0000-01-01", " "]
DAYS = ["2026-11-24", "2024-02-29", "1996-02-29", "2026-03-29", "9999-12-31", "0000-01-01", "2026-13-01", "٢٠٢٦-01-01"]


def populate(conn: Connection) -> list[int]:
    """Make 90 customers with every kind of odd value; return their ids."""
    chance = random.Random(7)
    for sku, brand, categories in (("A", "Élan", ["Парфуми", "x"]), ("B", None, ["y"]), ("C", "élan", [])):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        add(conn, "product", sku=sku, name=sku, brand=brand, categories=categories, currency="UAH", updated_at=now)
    segment = add(conn, "segment", key="vip", name="VIP", rule={}, created_at=now, updated_at=now)
    friends = add(conn, "customer_list", key="friends", name="Friends", created_at=now)
    ids = []
    for number in range(90):

        def moment() -> datetime:
            return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 800))

        attributes: dict[str, Any] = {
            "mixed": chance.choice(MIXED),
            "points": chance.choice(NUMBERS),
            "text": chance.choice(TEXTS),
        }
        attributes |= {"day": chance.choice(DAYS), "flag": chance.choice([True, False, 1, "true"])}
        for name in list(attributes):
            if chance.random() < 0.2:
                del attributes[name]
        birthday = date(1970, 1, 1) + timedelta(days=chance.randrange(20_000))
        id = a_customer(
            conn,
            f"c{number}",
            attributes,
            city=chance.choice([*TEXTS, "", None]),
            first_name=chance.choice([*TEXTS, None]),
            level=chance.choice(["Gold", "gold", None]),
            time_zone=ZONES[number % len(ZONES)],
            birthday=chance.choice([birthday, date(2000, 2, 29), date(1999, 12, 31), date(1999, 1, 1), None]),
            created_at=chance.choice([moment(), datetime(2026, 3, 28, 22, 30, tzinfo=UTC)]),
        )
        ids.append(id)
        for _ in range(chance.randrange(4)):
            data: dict[str, Any] = {"amount": chance.choice(NUMBERS), "mixed": chance.choice(MIXED)}
            an_event(conn, id, "visit", moment(), {**data, "page": chance.choice(["Київ", "київ", 5])})
        for _ in range(chance.randrange(3)):
            lines = [(sku, chance.randrange(1, 3), chance.choice([50, 100])) for sku in chance.sample("ABC", 2)]
            an_order(conn, id, moment(), *lines, store=chance.choice(["web", "Shop"]))
        if chance.random() < 0.3:
            add(conn, "segment_member", segment_id=segment, customer_id=id, since=now)
        if chance.random() < 0.3:
            add(conn, "list_member", list_id=friends, customer_id=id, since=now)
        for purpose in ("marketing", "service"):
            granted = chance.random() < 0.5
            add(conn, "consent", customer_id=id, channel="sms", purpose=purpose, granted=granted, source="", at=now)
    return ids


@pytest.fixture
def world(database_url: str) -> Iterator[tuple[Connection, list[int]]]:
    """An open transaction on a database full of odd customers."""
    with open_store(database_url) as store, store.write() as conn:
        yield conn, populate(conn)


def in_python(conn: Connection, rule: Any, ids: list[int], now: datetime, default: str) -> set[int]:
    columns = load_facts(conn, ids, {*facts_of(rule), Fact.of("time_zone")}, now)
    moments = {id: Moment(now, zone, default) for id, zone in columns[Fact.of("time_zone")].items()}
    rows = {id: {fact: column[id] for fact, column in columns.items()} for id in ids}
    one_by_one = {id for id in ids if holds(rule, rows[id], moments[id])}
    assert who(rule, columns, moments, set(ids)) == one_by_one
    return one_by_one


def test_python_and_sql_agree_on_who_is_in(world: tuple[Connection, list[int]]) -> None:
    conn, ids = world

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(raw=RULES, now=MOMENTS)
    def agree(raw: dict[str, Any], now: datetime) -> None:
        rule = parse_rule(raw)
        expected = in_python(conn, rule, ids, now, "Asia/Tokyo")
        assert member_ids(conn, rule, now, "Asia/Tokyo") == expected

    agree()


def test_asking_for_some_customers_counting_and_sampling_agree_with_asking_for_all(
    world: tuple[Connection, list[int]],
) -> None:
    conn, ids = world
    now = datetime(2026, 11, 24, tzinfo=UTC)
    rule = parse_rule(
        {"type": "not", "rule": {"type": "age", "fact": "orders.last_at", "op": "older than", "days": 30}}
    )
    everyone = member_ids(conn, rule, now)
    assert member_ids(conn, rule, now, among=ids[:10]) == everyone & set(ids[:10])
    assert member_ids(conn, rule, now, among=[]) == set()
    assert count(conn, rule, now) == len(everyone) > 5
    assert sample(conn, rule, now, 5) == sorted(everyone, reverse=True)[:5]
