"""RFM in the database: the classes of a plain computation, kept up to date, resumed, moved and mapped anew."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from engine.segments import refresh, save_segment
from engine.value import advance, ask_when_due, compute
from rig.statements import counted
from rig.value import Order, Shop, cdnow
from rig.world import World
from store import value_runs as runs
from store.value_rfm import change_mapping, rescore
from store.value_runs import CELLS, RFM, VALUE
from wayfare.value.rfm import default_group


def plainly(orders: list[Order]) -> dict[int, tuple[int, int, int]]:
    """Score by the definition alone: 1 + ⌊5 × share of customers who have less⌋, for each figure."""
    last: dict[int, int] = {}
    count: Counter[int] = Counter()
    spent: Counter[int] = Counter()
    for customer, day, total in orders:
        last[customer] = max(last.get(customer, 0), day.toordinal())
        count[customer] += 1
        spent[customer] += total
    found = []
    for figure in (last, count, spent):
        values, less = Counter(figure[customer] for customer in last), {}
        below = 0
        for value in sorted(values):
            less[value] = below
            below += values[value]
        found.append({customer: 1 + 5 * less[figure[customer]] // len(last) for customer in last})
    return {customer: (found[0][customer], found[1][customer], found[2][customer]) for customer in last}


def classes(shop: Shop) -> dict[int, tuple[int, int, int]]:
    rows = shop.rows("SELECT customer_id, recency, frequency, monetary FROM customer_value")
    return {row[0]: row[1:] for row in rows}


def test_classes_of_the_whole_log_are_those_of_a_plain_computation(shop: Shop) -> None:
    orders = cdnow()
    shop.bought(orders)
    run = shop.compute()
    assert (run.problem, run.total, run.percent) == ("", 23_570, 100)
    expected = plainly(orders)
    assert len(expected) == 23_570
    assert classes(shop) == expected
    groups = dict(shop.rows("SELECT customer_id, rfm_group FROM customer_value"))
    assert groups == {customer: default_group(cell) for customer, cell in expected.items()}
    assert len({tuple(cell) for cell in expected.values()}) > 40
    # who comes again is computed again, and nothing is written for whoever is as before
    moves = shop.rows("SELECT count(*) FROM rfm_move")
    shop.pass_time(days=1)
    assert shop.compute().changed == 0
    assert shop.rows("SELECT count(*) FROM rfm_move") == moves


def test_the_first_computation_looks_back_a_year(shop: Shop) -> None:
    shop.bought(cdnow())
    shop.compute()
    months = shop.rows("SELECT at, sum(customers) FROM value_summary WHERE kind = 'group' GROUP BY at ORDER BY at")
    assert len(months) == 13  # the beginnings of twelve months, and now
    # at the beginning of April 1998, the plain computation over the orders until then says the same
    begin = datetime(1998, 4, 1, tzinfo=UTC)
    at = "1998-04-01 00:00:00.000000" if shop.store.dialect == "sqlite" else begin
    sizes = dict(shop.rows("SELECT name, customers FROM value_summary WHERE kind = 'group' AND at = :at", at=at))
    until = [one for one in cdnow() if one[1] < begin.date()]
    assert sizes == Counter(default_group(cell) for cell in plainly(until).values())
    # the moves of everybody lead to the group of today
    last = dict(shop.rows("SELECT customer_id, to_group FROM rfm_move ORDER BY id"))
    assert last == dict(shop.rows("SELECT customer_id, rfm_group FROM customer_value"))
    chains = shop.rows("SELECT customer_id, from_group, to_group FROM rfm_move ORDER BY id")
    now: dict[int, str] = {}
    for customer, old, new in chains:
        assert now.get(customer) == old != new
        now[customer] = new


def test_a_computation_that_was_cut_off_goes_on_where_it_stopped(shop: Shop) -> None:
    orders = [(id, date(1998, 1, 1 + id % 28), id * 100) for id in range(1, 301)]
    shop.bought(orders)
    shop.store.run(lambda conn: runs.ask(conn, RFM, shop.now))
    for _ in range(2 + 3):  # cut points, the past, three chunks
        assert advance(shop.store, shop.now, size=70) == 1
    assert shop.rows("SELECT done, phase FROM value_run") == [(210, "customers")]
    assert len(classes(shop)) == 210
    other = Shop(shop.store.url)  # a worker that knows nothing of the first one
    while advance(other.store, shop.now, size=70):
        pass
    other.close()
    assert classes(shop) == plainly(orders)
    assert shop.rows("SELECT done, phase, problem FROM value_run") == [(0, "sums", "")]


def test_the_number_of_statements_depends_on_the_chunks_alone(shop: Shop) -> None:
    shop.bought([(id, date(1998, 1, 1 + id % 28), id * 100) for id in range(1, 501)])
    shop.compute()
    counts = []
    for size in (500, 50):
        shop.store.run(lambda conn: runs.ask(conn, CELLS, shop.now))
        with counted(shop.store) as statements:
            while advance(shop.store, shop.now, size=size):
                pass
        counts.append(len(statements))
    assert counts[1] < counts[0] + 9 * 20


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.close()


def test_a_purchase_scores_its_customer_at_once_by_the_stored_cut_points(world: World) -> None:
    ids = world.customers(40)
    for number, id in enumerate(ids):
        at = world.now - timedelta(days=400 - number * 9)
        world.happens(id, "purchase", {"order": f"a{id}", "total": 1000 + number * 100}, at=at)
    world.settle()
    assert compute(world.store, RFM, world.now, "test").problem == ""
    save_segment(
        world.store, "best", "Best", {"type": "compare", "fact": "rfm.recency", "op": "=", "value": 5}, world.now
    )
    while refresh(world.store, world.now):
        pass
    worst = ids[0]
    assert world.rows("SELECT recency, rfm_group FROM customer_value WHERE customer_id = :id", id=worst)[0][0] == 1
    cuts = world.rows("SELECT count(*) FROM rfm_cut")
    world.now += timedelta(hours=1)
    world.happens(worst, "purchase", {"order": "again", "total": 90_000})
    world.settle()
    row = world.rows(
        "SELECT recency, monetary, orders, spent, rfm_group FROM customer_value WHERE customer_id = :id", id=worst
    )
    assert row == [(5, 5, 2, 91_000, "potential")]  # nobody bought twice so far, so twice reaches no class
    assert world.rows("SELECT count(*) FROM rfm_cut") == cuts
    moves = world.rows("SELECT from_group, to_group FROM rfm_move WHERE customer_id = :id ORDER BY id", id=worst)
    assert moves[-1] == ("lost", "potential")
    while refresh(world.store, world.now):
        pass
    assert (worst,) in world.rows("SELECT customer_id FROM segment_member")


def test_scoring_takes_as_many_statements_for_many_as_for_few(shop: Shop) -> None:
    shop.bought([(id, date(1998, 1, 1 + id % 28), id * 100) for id in range(1, 1001)])
    shop.compute()
    counts = []
    for ids in (range(1, 11), range(1, 1001)):
        with counted(shop.store) as statements:
            shop.store.run(partial(rescore, customer_ids=ids, now=shop.now))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_customers_without_orders_have_no_cell_and_erased_ones_lose_it(shop: Shop) -> None:
    shop.bought([(id, date(1998, 1, id), 100 * id) for id in range(1, 11)])
    shop.compute()
    assert set(classes(shop)) == set(range(1, 11))
    at = "1998-07-01 00:00:00.000000"
    shop.store.run(lambda conn: conn.execute(text("UPDATE customer SET erased_at = :at WHERE id = 3"), {"at": at}))
    shop.store.run(lambda conn: conn.execute(text("UPDATE customer_fact SET order_count = 0 WHERE customer_id = 4")))
    shop.compute()
    assert set(classes(shop)) == {1, 2, 5, 6, 7, 8, 9, 10}


def test_a_changed_mapping_moves_whoever_is_in_its_cells(shop: Shop) -> None:
    shop.bought([(id, date(1998, 1, 1 + id % 25), 100 * id) for id in range(1, 101)])
    shop.compute()
    cell = next(iter(classes(shop).values()))
    here = [id for id, one in classes(shop).items() if one == cell]
    before = dict(shop.rows("SELECT customer_id, rfm_group FROM customer_value"))
    shop.store.run(lambda conn: change_mapping(conn, {cell: "cannot_lose"}))
    assert shop.compute(CELLS).changed == len(here)
    after = dict(shop.rows("SELECT customer_id, rfm_group FROM customer_value"))
    assert {id for id in after if after[id] != before[id]} == set(here)
    shop.store.run(lambda conn: change_mapping(conn, {cell: default_group(cell)}))
    assert shop.rows("SELECT count(*) FROM rfm_cell") == [(0,)]
    shop.compute(CELLS)
    assert dict(shop.rows("SELECT customer_id, rfm_group FROM customer_value")) == before


def test_a_computation_is_asked_for_when_it_is_due(shop: Shop) -> None:
    assert ask_when_due(shop.store, shop.now) is None  # nobody has ordered
    shop.bought([(1, date(1998, 1, 1), 100)])
    asked = []
    for _ in range(10 * 24):
        if run := ask_when_due(shop.store, shop.now):
            asked.append((run.kind, run.asked_at.date().toordinal(), run.asked_at.hour))
            while advance(shop.store, shop.now):
                pass
        shop.pass_time(hours=1)
    first = asked[0][1]
    assert [(kind, day - first) for kind, day, _ in asked] == [
        (VALUE, 0),
        *((RFM, day) for day in range(1, 7)),
        (VALUE, 7),
        *((RFM, day) for day in range(8, 10)),
        (RFM, 10),
    ]
    assert {hour for *_, hour in asked[1:]} == {3}
