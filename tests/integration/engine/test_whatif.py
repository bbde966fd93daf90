"""Questions to the past in the background: noted as they come further, gone on with, cancelled, given up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine.whatif import LEASE, answer
from offers.rules.shapes import NOTHING, read_body
from offers.whatif import ask as asking
from offers.whatif.ask import Rules, ask
from offers.whatif.compare import pair_of, price
from offers.whatif.receipts import Receipt
from offers.whatif.spec import Spec
from rig.orders import cart, percent, released, reserved, rules, sold
from rig.prices import promo
from rig.world import World
from store import what_if
from wayfare.errors import Conflict, InputRefused, NotFound

TEN = read_body({"promotions": [promo("ten", {"kind": "percent", "value": "10"})]})
SAMPLE = Spec("sample", days=3, margin="40", zone="Europe/Kyiv")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.close()


def asked(world: World, spec: Spec = SAMPLE, old: Any = NOTHING, new: Any = TEN, file: bytes | None = None) -> int:
    pair = (Rules("no promotions", old), Rules("the draft", new))
    return world.store.run(lambda conn: ask(conn, *pair, spec, by="alice", now=world.now, file=file))


def row_of(world: World, id: int) -> what_if.Row:
    with world.store.read() as conn:
        return what_if.get(conn, id)


def test_a_question_is_answered_once(world: World) -> None:
    id = asked(world)
    assert row_of(world, id).status == "queued"
    assert answer(world.runtime, processes=0, every=0) == 1
    assert answer(world.runtime, processes=0) == 0
    row = row_of(world, id)
    assert (row.status, row.state, row.seen) == ("done", "", row.total)
    assert row.result is not None
    found = row.result
    assert found["receipts"]["priced"] == found["receipts"]["total"] == row.total
    assert found["change"]["discount"] == found["new"]["discount"] > 0
    assert found["change"]["margin"] == -found["change"]["discount"]
    assert found["all"]["change"] == [found["change"]["payable"], 0]


def test_the_same_question_has_the_same_answer_whoever_was_killed_meanwhile(world: World) -> None:
    first, second = asked(world), asked(world)
    answer(world.runtime, processes=0)
    looks = iter(range(100))
    answer(world.runtime, processes=0, every=0, stopping=lambda: next(looks) >= 1)  # a worker that is told to stop
    row = row_of(world, second)
    assert (row.status, row.lease_until) == ("running", None)
    assert 0 < row.seen < (row.total or 0)
    claimed = world.store.run(lambda conn: what_if.claim(conn, LEASE))  # one that dies with a lease in its hand
    assert claimed is not None
    assert answer(world.runtime, processes=0) == 0
    world.store.run(lambda conn: conn.execute(text("UPDATE what_if SET lease_until = created_at")) and None)
    assert answer(world.runtime, processes=0) == 1
    assert row_of(world, second).result == row_of(world, first).result
    note = world.store.run(lambda conn: what_if.note(conn, claimed, lease=LEASE, seen=1))  # the frozen one comes back
    assert not note


def test_processes_beside_this_one_find_the_same(world: World) -> None:
    first, second = asked(world), asked(world)
    answer(world.runtime, processes=0)
    answer(world.runtime, processes=1)
    assert row_of(world, second).result == row_of(world, first).result


def test_a_question_is_cancelled_while_it_is_worked_on_and_asked_again(world: World) -> None:
    id = asked(world)
    looks = iter(range(100))

    def look() -> bool:
        if next(looks) == 1:
            world.store.run(lambda conn: what_if.cancel(conn, id, world.now))
        return False

    answer(world.runtime, processes=0, every=0, stopping=look)
    row = row_of(world, id)
    assert (row.status, row.result, row.state) == ("cancelled", None, "")
    world.store.run(lambda conn: what_if.again(conn, id))
    with pytest.raises(Conflict):
        world.store.run(lambda conn: what_if.again(conn, id))
    answer(world.runtime, processes=0)
    assert row_of(world, id).status == "done"
    assert not world.store.run(lambda conn: what_if.cancel(conn, id, world.now))


def test_a_worker_that_dies_at_the_same_place_again_and_again_is_not_tried_for_ever(world: World) -> None:
    id = asked(world)
    for _ in range(what_if.MOST_ATTEMPTS):
        assert world.store.run(lambda conn: what_if.claim(conn, timedelta(seconds=-1))) is not None
    assert answer(world.runtime, processes=0) == 0
    row = row_of(world, id)
    assert row.status == "failed"
    assert "start it again" in row.error


def test_an_error_leaves_the_question_to_the_next_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    id = asked(world)
    monkeypatch.setattr("engine.whatif.open_source", lambda *_: 1 // 0)
    for _ in range(what_if.MOST_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            answer(world.runtime, processes=0)
    monkeypatch.undo()
    assert answer(world.runtime, processes=0) == 0
    assert row_of(world, id).status == "failed"


def test_our_own_orders_are_priced_as_they_were_asked_with_costs_and_without_names(world: World) -> None:
    rules(world, percent("five", "5"))
    product = "INSERT INTO product (sku, name, brand, categories, price, cost, currency, updated_at) VALUES "
    values = "('A', 'A', 'Lumina', '[]', 1000, 700, 'UAH', :now), ('B', 'B', NULL, '[]', 500, NULL, 'UAH', :now)"
    at = world.now.replace(tzinfo=None).isoformat(" ", "microseconds") if world.store.dialect == "sqlite" else world.now
    world.store.run(lambda conn: conn.execute(text(product + values), {"now": at}) and None)
    for n in range(3):
        sold(world, cart(("A", 1000, n + 1), ("B", 500, 1)), f"o{n}")
    released(world, reserved(world, cart(("A", 1000, 9)), "o9"))
    until = (world.now + timedelta(minutes=1)).isoformat()
    lumina = read_body({"promotions": [{**percent("lumina", "20"), "scope": {"include": {"brands": ["Lumina"]}}}]})
    id = asked(world, Spec("own", days=7, margin="40", until=until), NOTHING, lumina)
    answer(world.runtime, processes=0)
    found = row_of(world, id).result
    assert found is not None
    assert (found["receipts"]["priced"], found["receipts"]["changed"]) == (3, 3)
    assert found["new"]["discount"] == 6 * 200
    assert found["old"]["cost"] == 6 * 700 + 3 * 300
    assert found["lines"]["brand"][0]["name"] == "Lumina"
    assert "key" not in found["most"][0]["cart"].get("customer", {})
    later = asked(world, Spec("own", days=7, until=(world.now - timedelta(days=9)).isoformat()), NOTHING, lumina)
    answer(world.runtime, processes=0)
    assert row_of(world, later).result["receipts"]["total"] == 0  # type: ignore[index]  # it is answered


def test_a_table_that_somebody_brings_is_priced_with_what_our_products_know(world: World) -> None:
    data = b"order,at,sku,quantity,price\n1,2026-03-01T10:00,A,2,1000\n2,2026-03-01T11:00,Z,1,500\n"
    id = asked(world, Spec("file"), NOTHING, TEN, data)
    answer(world.runtime, processes=0)
    found = row_of(world, id).result
    assert found is not None
    assert (found["receipts"]["priced"], found["new"]["discount"]) == (2, 250)
    plain = price(
        pair_of(NOTHING, TEN),
        Spec("file"),
        [Receipt(1, "1", {"currency": "UAH", "at": "2026-03-01T10:00:00+00:00", "lines": []})],
    )
    assert plain.change == 0
    with pytest.raises(InputRefused, match="choose a table"):
        asked(world, Spec("file"))
    with pytest.raises(InputRefused, match="lacks price"):
        asked(world, Spec("file"), file=b"order,at,sku,quantity\n")


def test_a_sample_of_receipts_states_its_error(world: World) -> None:
    whole, part = asked(world, Spec("sample", days=14)), asked(world, Spec("sample", days=14, most=300))
    answer(world.runtime, processes=0)
    answer(world.runtime, processes=0)
    truth, found = row_of(world, whole).result, row_of(world, part).result
    assert truth is not None
    assert found is not None
    value, error = found["all"]["change"]
    assert 220 < found["receipts"]["priced"] < 380
    assert found["receipts"]["seen"] == found["receipts"]["total"]
    assert 0 < error < abs(value) / 4
    assert abs(value - truth["change"]["payable"]) < 2 * error


def test_rules_are_called_by_name_and_must_be_right(world: World) -> None:
    rules(
        world,
        percent("five", "5"),
        percent("nine", "9", layer="order", effect={"kind": "percent", "value": "9", "target": "order"}),
    )
    with world.store.read() as conn:
        assert asking.rules(conn, "live", "", world.now).name == "what is live"
        left = asking.rules(conn, "draft", "five", world.now)
        assert left.name == "the draft without “five”"
        assert [one["key"] for one in left.body["promotions"]] == ["nine"]
        assert asking.rules(conn, "0", "", world.now).body == NOTHING
        with pytest.raises(InputRefused):
            asking.rules(conn, "live", "nobody", world.now)
        with pytest.raises(NotFound):
            asking.rules(conn, "77", "", world.now)


def test_questions_are_listed_without_what_is_large_and_forgotten(world: World) -> None:
    first, second = asked(world), asked(world)
    with world.store.read() as conn:
        found = what_if.listed(conn, "whatif")
        assert what_if.is_waiting(conn)
        assert what_if.listed(conn, "whatif", before=second)[0].id == first
    assert [one.id for one in found] == [second, first]
    assert (found[0].new_body, found[0].result, found[0].file) == ("", None, None)
    world.store.run(lambda conn: what_if.remove(conn, first))
    with pytest.raises(NotFound):
        row_of(world, first)
