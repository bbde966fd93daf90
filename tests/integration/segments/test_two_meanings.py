"""One rule means the same in Python, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection

from rig.odd_people import populate
from rig.people import open_store
from rig.rules import MOMENTS, RULES
from store.facts import load_facts
from store.segment_sql import count, member_ids, sample
from wayfare.segments import Fact, Moment, facts_of, holds, parse_rule, who


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
