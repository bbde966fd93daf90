"""What customers are worth in the database: the forecast of the models, costs of the last twelve months, and sums."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from engine.value_terms import keep_terms
from rig.value import Shop, cdnow
from store.bulk import insert_rows
from store.facts import load_facts
from store.value import losing, losing_sum, sums, value_of
from store.value_models import last_models
from store.value_runs import VALUE
from wayfare.segments import Fact
from wayfare.value import forecast, history
from wayfare.value.terms import Terms

TODAY = date(1998, 6, 30)


def keep(shop: Shop, **terms: Any) -> None:
    shop.store.run(lambda conn: keep_terms(conn, Terms(**terms), shop.now))


def reckoned(shop: Shop, customer: int) -> Any:
    with shop.store.read() as conn:
        return value_of(conn, customer)


def test_the_forecast_of_the_whole_log_is_that_of_the_models_over_its_lines(shop: Shop) -> None:
    log = cdnow()
    shop.bought(log)
    keep(shop, margin=Decimal(35), rate=Decimal(10), horizon_years=3)
    run = shop.compute(VALUE)
    assert run.problem == ""
    columns = np.array(sorted((customer, day.toordinal(), total) for customer, day, total in log), dtype=np.int64).T
    ids, bought = history.merged(*columns)
    known = history.seen(bought, TODAY.toordinal())
    plain = forecast.fit(known)
    with shop.store.read() as conn:
        (model,) = last_models(conn)
    assert (model.customers, model.is_sample, model.problem) == (23_570, False, "")
    assert model.parameters == pytest.approx(plain.parameters(), rel=1e-6)
    first, year, worth = plain.to_come(known, 3, 0.1)
    rows = shop.rows("SELECT customer_id, orders_expected, predicted, lifetime, alive, spent FROM customer_value")
    found = {row[0]: row[1:] for row in rows}
    alive = 100 * plain.purchases.alive(known.repeats, known.last, known.age)
    for place in range(0, len(ids), 97):
        orders, predicted, lifetime, percent, spent = found[int(ids[place])]
        assert orders == pytest.approx(first[place], abs=0.0051)
        assert predicted == pytest.approx(0.35 * year[place], abs=0.51)
        assert lifetime == pytest.approx(0.35 * (spent + worth[place]), abs=1.01)
        assert percent == pytest.approx(alive[place], abs=0.51)
    # what was held back is foretold within a twentieth
    assert model.holdout["expected"][-1] == pytest.approx(model.holdout["actual"][-1], rel=0.05)
    assert model.holdout["customers"] == 23_570


def test_who_spends_twelve_thousand_a_year_and_is_served_two_hours_a_month_brings_no_profit(shop: Shop) -> None:
    orders = [(1, TODAY - timedelta(days=10 + 60 * number), 200_000) for number in range(6)]
    old = [(1, TODAY - timedelta(days=400), 999_900)]
    shop.bought([*orders, *old, (2, TODAY, 500)], {1: {"hours": 2}, 2: {"hours": "two"}})
    keep(shop, margin=Decimal(100), hour_cost=50_000, hours_attribute="hours")
    shop.compute(VALUE)
    one = reckoned(shop, 1)
    assert (one.brought, one.cost, one.profit) == (1_200_000, 1_200_000, 0)
    assert (reckoned(shop, 2).cost, reckoned(shop, 2).profit) == (0, 500)
    assert one.predicted is one.alive is None  # two customers make no forecast
    assert one.lifetime == 1_200_000 + 999_900


def test_messages_orders_and_minutes_of_service_are_costs_of_the_last_twelve_months(shop: Shop) -> None:
    shop.bought([(1, TODAY - timedelta(days=1), 1000), (1, TODAY - timedelta(days=2), 1000), (2, TODAY, 100)])
    _messages(shop, 1, ["email"] * 3 + ["sms"] * 2, TODAY - timedelta(days=30))
    _messages(shop, 1, ["email"] * 50, TODAY - timedelta(days=500))
    _messages(shop, 2, ["push"], TODAY)
    events: list[tuple[Any, ...]] = []
    for number, (days, minutes) in enumerate([(3, 20), (4, 10.5), (500, 60), (5, "long")]):
        at = datetime.combine(TODAY, datetime.min.time(), UTC) - timedelta(days=days)
        events.append((1, "test", f"s{number}", "support.ended", 0, {"minutes": minutes}, b"", at, at))
    columns = ("customer_id", "source", "key", "type", "depth", "data", "body_hash", "at", "received_at")
    shop.store.run(lambda conn: insert_rows(conn, "event", columns, events))
    keep(
        shop,
        margin=Decimal(50),
        order_cost=150,
        hour_cost=6000,
        service_event="support.ended",
        message_costs={"email": Decimal("0.3"), "sms": Decimal(4)},
    )
    shop.compute(VALUE)
    one = reckoned(shop, 1)
    assert one.cost == round(2 * 150 + 3 * 0.3 + 2 * 4 + 30.5 / 60 * 6000)  # 3358.9
    assert (one.brought, one.profit) == (1000, 1000 - one.cost)
    with shop.store.read() as conn:
        assert [(line.key, line.profit) for line in losing(conn, 10)] == [("c1", one.profit), ("c2", 50 - 150)]
        assert losing_sum(conn) == (2, one.profit - 100)


def test_sums_are_by_source_month_group_and_segment(shop: Shop) -> None:
    shop.bought(
        [(1, date(1998, 1, 5), 1000), (2, date(1998, 1, 20), 3000), (3, date(1998, 2, 1), 500)],
        {1: {"source": "search"}, 2: {"source": "search"}, 3: {"source": 7}},
    )
    keep(shop, margin=Decimal("33.335"), acquisition={"search": 500})

    def segment(conn: Any) -> None:
        columns = ("id", "key", "name", "description", "rule", "rev", "built_rev", "build_after_id", "size")
        row = (1, "vip", "VIP", "", {"type": "all", "rules": []}, 1, 1, 0, 0, shop.now, shop.now)
        insert_rows(conn, "segment", (*columns, "created_at", "updated_at"), [row])
        insert_rows(conn, "segment_member", ("segment_id", "customer_id", "since"), [(1, 2, shop.now)])

    shop.store.run(segment)
    shop.compute(VALUE)
    with shop.store.read() as conn:
        found = {
            kind: {(one.name, one.customers, one.spent, one.lifetime) for one in sums(conn, kind)[1]}
            for kind in ("total", "source", "cohort", "segment")
        }
    each = {1: 333, 2: 1000, 3: 167}  # a third and a bit, each rounded a half upwards
    assert found["total"] == {("", 3, 4500, sum(each.values()))}
    assert found["source"] == {("search", 2, 4000, each[1] + each[2]), ("", 1, 500, each[3])}
    assert found["cohort"] == {("199801", 2, 4000, each[1] + each[2]), ("199802", 1, 500, each[3])}
    assert found["segment"] == {("vip", 1, 3000, each[2])}


def test_only_who_changed_in_what_a_rule_asks_for_is_looked_at_again(shop: Shop) -> None:
    shop.bought([one for one in cdnow() if one[0] % 20 == 0])
    keep(shop, margin=Decimal(35))
    shop.compute(VALUE)
    assert shop.rows("SELECT count(*) FROM customer_dirty") == [(0,)]  # no rule asks
    rule = {"type": "all", "rules": [{"type": "compare", "fact": "value.profit", "op": "<", "value": 0}]}

    def segment(conn: Any) -> None:
        columns = ("id", "key", "name", "description", "rule", "rev", "built_rev", "build_after_id", "size")
        row = (1, "losing", "Losing", "", rule, 1, 1, 0, 0, shop.now, shop.now)
        insert_rows(conn, "segment", (*columns, "created_at", "updated_at"), [row])

    shop.store.run(segment)
    before = dict(shop.rows("SELECT customer_id, profit FROM customer_value"))
    keep(shop, margin=Decimal(35), order_cost=100)
    shop.pass_time(hours=1)
    shop.compute(VALUE)
    after = dict(shop.rows("SELECT customer_id, profit FROM customer_value"))
    changed = {id for id in after if after[id] != before[id]}
    assert 0 < len(changed) < len(after)
    assert {row[0] for row in shop.rows("SELECT customer_id FROM customer_dirty")} == changed


def test_facts_of_value_are_those_that_were_reckoned(shop: Shop) -> None:
    shop.bought([(1, TODAY, 1000)])
    shop.compute(VALUE)
    shop.store.run(
        lambda conn: conn.execute(
            text("UPDATE customer_value SET predicted = 77, orders_expected = 1.25, alive = 88 WHERE customer_id = 1")
        )
    )
    names = ("rfm.group", "rfm.recency", "value.spent", "value.predicted", "value.orders_expected", "value.alive")
    with shop.store.read() as conn:
        found = load_facts(conn, [1, 2], [Fact.of(name) for name in names], shop.now)
    assert [found[Fact.of(name)][1] for name in names] == ["lost", 1, 1000, 77, 1.25, 88]
    assert [found[Fact.of(name)][2] for name in names] == [None, None, 0, None, None, None]


def _messages(shop: Shop, customer: int, channels: list[str], day: date) -> None:
    """Let messages have gone out by a journey's enrollment."""
    at = datetime.combine(day, datetime.min.time(), UTC)

    def work(conn: Any) -> None:
        if not conn.execute(text("SELECT count(*) FROM journey")).scalar_one():
            columns: tuple[str, ...] = ("id", "key", "name", "description", "status", "pause_epoch", "draft", "rev")
            row: tuple[Any, ...] = (1, "j", "J", "", "live", 0, {}, 0, at, at)
            insert_rows(conn, "journey", (*columns, "created_at", "updated_at"), [row])
            columns = ("id", "journey_id", "number", "graph", "node_order", "published_at", "published_by", "note")
            insert_rows(conn, "journey_version", columns, [(1, 1, 1, {}, [], at, "", "")])
        id = conn.execute(text("SELECT coalesce(max(id), 0) + 1 FROM enrollment")).scalar_one()
        columns = ("id", "journey_id", "version_id", "customer_id", "entry_key", "status", "node", "visit", "seq")
        row = (id, 1, 1, customer, f"e{id}", "completed", "n1", 0, 0, 0, at, 0, at)
        insert_rows(conn, "enrollment", (*columns, "depth", "since", "attempts", "entered_at"), [row])
        columns = ("enrollment_id", "node", "visit", "channel", "customer_id", "version_id", "purpose", "priority")
        rows = [
            (id, f"n{number}", 0, channel, customer, 1, "marketing", 5, "sent", at, at, at, 1)
            for number, channel in enumerate(channels)
        ]
        more = ("status", "created_at", "due_at", "sent_at", "attempts")
        insert_rows(conn, "message", (*columns, *more), rows)

    shop.store.run(work)
