"""Redemptions on both databases: nothing limited is given twice, nothing is lost, and money goes back to the cent."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from offers.redemption import settle
from offers.redemption.reserve import Refused
from rig.coupons import made, some_codes, why
from rig.orders import (
    back,
    cart,
    money_is_right,
    off,
    percent,
    quoted,
    released,
    reserved,
    rules,
    sold,
    taken,
)
from rig.statements import counted
from rig.world import World
from wayfare.errors import InputRefused

SOAP = cart(("soap", 10_000, 1))


def test_an_order_takes_its_use_and_gives_it_back(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 1}))
    first = reserved(world, SOAP)
    assert (first.status, first.payable, taken(world, "p:tenth:total")) == ("reserved", 9_000, [1])
    assert quoted(world, SOAP)["payable"] == 10_000
    assert quoted(world, SOAP)["not_applied"][0]["reason"] == "limit"
    assert reserved(world, SOAP).id == first.id, "the same order and cart is the same redemption"
    assert released(world, first).status == "released" == released(world, first).status
    assert (quoted(world, SOAP)["payable"], taken(world, "p:tenth:total")) == (9_000, [0])
    again = sold(world, SOAP)
    assert (again.status, again.id != first.id, taken(world, "p:tenth:total")) == ("confirmed", True, [1])
    assert world.store.run(lambda conn: settle.confirm(conn, again.id, world.now)).status == "confirmed"
    assert money_is_right(world)


def test_an_order_is_reserved_for_one_cart_and_one_price(world: World) -> None:
    rules(world, percent("tenth", "10"))
    reserved(world, SOAP)
    with pytest.raises(Refused, match="for another cart") as taken_order:
        reserved(world, cart(("soap", 10_000, 2)))
    assert taken_order.value.code == "order_taken"
    with pytest.raises(Refused, match="the price is 9000 now, not 8000") as changed:
        reserved(world, SOAP, "o2", payable=8_000)
    assert changed.value.code == "price_changed"
    with pytest.raises(InputRefused, match="today's price"):
        reserved(world, {**SOAP, "at": "2020-01-01T00:00:00Z"}, "o3")
    assert world.rows("SELECT count(*) FROM redemption") == [(1,)], "what was refused leaves nothing"


def test_many_reservations_expire_in_as_many_statements_as_two(world: World) -> None:
    [shared] = some_codes(world, key="gift", max_uses=50)
    own = some_codes(world, 12, key="own", unlock="GIFT", max_uses=1)
    rules(world, off("present", 500, requires_code="GIFT", usage={"total": 90}))
    sent = []
    for count in (2, 12):
        for number, code in enumerate(own[:count]):
            reserved(world, cart(("soap", 10_000, 1), codes=(shared,)), f"s{count}-{number}", minutes=5)
            reserved(world, cart(("soap", 10_000, 1), codes=(code,)), f"o{count}-{number}", minutes=5)
        assert world.rows("SELECT max(held), sum(held) FROM code") == [(count, 2 * count)]
        world.now += timedelta(minutes=5)
        with counted(world.store) as seen:
            assert world.store.run(lambda conn: settle.expire(conn, world.now)) == 2 * count
        sent.append(len(seen))
        assert world.rows("SELECT sum(held) FROM code") == [(0,)]
        assert world.rows("SELECT count(*) FROM redemption WHERE status = 'reserved' OR closed_at IS NULL") == [(0,)]
        assert (taken(world, "p:present:total"), why(world, own[0]), why(world, shared)) == ([0], "", "")
        assert money_is_right(world)
    assert sent[0] == sent[1]


def test_time_runs_out_and_a_late_order_is_told(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 1}))
    row = reserved(world, SOAP, minutes=5)
    world.now += timedelta(minutes=4)
    assert world.store.run(lambda conn: settle.expire(conn, world.now)) == 0
    world.now += timedelta(minutes=1)
    assert world.store.run(lambda conn: settle.expire(conn, world.now)) == 1
    assert taken(world, "p:tenth:total") == [0]
    with pytest.raises(Refused, match="is expired; reserve again"):
        world.store.run(lambda conn: settle.confirm(conn, row.id, world.now))
    assert sold(world, SOAP).status == "confirmed"
    assert money_is_right(world)


def test_a_budget_of_money_is_never_overspent(world: World) -> None:
    rules(world, off("gone", 700, usage={"spend": 2_000}))
    assert [sold(world, SOAP, f"o{n}").payable for n in range(3)] == [9_300, 9_300, 10_000]
    rules(world, off("gone", 700, usage={"spend": 2_000, "partial": True}))
    assert sold(world, SOAP, "o4").payable == 9_400, "what is left is given"
    assert taken(world, "p:gone:spend") == [2_000]
    assert money_is_right(world)


def test_uses_are_counted_by_phone_day_and_code(world: World) -> None:
    rules(world, percent("one", "10", usage={"per_customer": 1}), off("daily", 500, usage={"per_day": 1}))
    assert sold(world, cart(("soap", 10_000, 1), customer="a"), "o1", phone="+380671234567").payable == 8_500
    other_key = cart(("soap", 10_000, 1), customer="b")
    assert sold(world, other_key, "o2", phone="+380671234567").payable == 10_000, "another key, the same phone"
    assert quoted(world, SOAP)["payable"] == 10_000, "nobody knows who buys, so no use can be counted"
    same_key = cart(("soap", 10_000, 1), customer="a")
    assert quoted(world, same_key, phone="+380930000000")["payable"] == 10_000, "another phone, the same key"
    world.now += timedelta(days=1)
    other_key = cart(("soap", 10_000, 1), customer="c")
    assert sold(world, other_key, "o3", phone="+380501112233").payable == 8_500
    assert money_is_right(world)


def test_a_code_is_reserved_used_and_restored(world: World) -> None:
    [code] = some_codes(world, key="birthday")
    rules(world, off("present", 5_000, requires_code="BIRTHDAY"))
    bought = cart(("soap", 10_000, 1), codes=(code, "BIRTHDAY"))
    quote = quoted(world, bought)
    assert (quote["payable"], [one["status"] for one in quote["codes"]]) == (5_000, ["applied", "refused"])
    row = reserved(world, bought)
    assert (row.quote["codes"][0]["code"], why(world, code)) == (f"…{code[-4:]}", "reserved")
    assert quoted(world, bought)["payable"] == 10_000
    world.store.run(lambda conn: settle.confirm(conn, row.id, world.now))
    assert why(world, code) == "used"
    assert back(world, row)["refund"] == 5_000
    assert why(world, code) == ""
    second = sold(world, bought, "o2")
    assert back(world, second, keep_uses=True)["refund"] == 5_000
    assert why(world, code) == "used"
    dump = repr(world.rows("SELECT cart, quote, codes FROM redemption"))
    assert code not in dump
    assert code.replace("-", "") not in dump
    assert money_is_right(world)


def test_a_code_that_lowers_nothing_stays_unused(world: World) -> None:
    [code] = some_codes(world, key="birthday")
    rules(world, percent("sale", "60"), percent("present", "10", requires_code="BIRTHDAY"))
    row = sold(world, cart(("soap", 10_000, 1), codes=(code,)))
    assert (row.quote["codes"][0]["status"], row.payable, why(world, code)) == ("no_effect", 4_000, "")


def test_of_two_codes_for_the_same_one_is_used(world: World) -> None:
    first, second = some_codes(world, 2, key="birthday")
    rules(world, off("present", 5_000, requires_code="BIRTHDAY"))
    row = sold(world, cart(("soap", 10_000, 1), codes=(first, second)))
    assert (row.payable, why(world, first), why(world, second)) == (5_000, "used", "")


def test_a_promotions_own_word_needs_no_batch_until_one_stands_before_it(world: World) -> None:
    rules(world, off("present", 5_000, requires_code="HELLO"))
    bought = cart(("soap", 10_000, 1), codes=("hello",))
    assert sold(world, bought).payable == 5_000
    some_codes(world, key="hello")
    assert quoted(world, bought)["payable"] == 10_000


def test_journeys_hear_of_a_used_code(world: World) -> None:
    [code] = some_codes(world, key="birthday")
    rules(world, off("present", 5_000, requires_code="BIRTHDAY"), percent("sale", "1"))
    sold(world, cart(("soap", 10_000, 1), codes=(code,), customer="olena"))
    [(kind, customer, data)] = world.rows(
        "SELECT e.type, c.key, e.data FROM event e JOIN customer c ON c.id = e.customer_id"
    )
    found = data if isinstance(data, dict) else json.loads(data)
    assert (kind, customer, found["batch"], found["promotions"]) == ("code_redeemed", "olena", "birthday", ["present"])
    assert code[-4:] == found["code"]


def test_goods_come_back_in_parts_and_the_money_adds_up(world: World) -> None:
    rules(world, off("gone", 1_000, usage={"spend": 5_000}), percent("tenth", "10", usage={"total": 5}))
    row = sold(world, cart(("a", 333, 3), ("b", 10_001, 1), shipping=[{"id": "s", "price": 500}]))
    assert taken(world, "p:gone:spend", "p:tenth:total") == [1_000, 1]
    first = back(world, row, "r1", lines={"a": 2})
    assert back(world, row, "r1", lines={"a": 2}) == first
    with pytest.raises(Refused, match="with other goods"):
        back(world, row, "r1", lines={"a": 1})
    assert first["status"] == "part_returned"
    assert 0 < taken(world, "p:gone:spend")[0] < 1_000
    assert taken(world, "p:tenth:total") == [1]
    with pytest.raises(InputRefused, match="1 are still out"):
        back(world, row, "r2", lines={"a": 2})
    rest = back(world, row, "r2", delivery=True)
    assert (rest["status"], rest["refunded"]) == ("returned", row.payable)
    assert taken(world, "p:gone:spend", "p:tenth:total") == [0, 0]
    with pytest.raises(Refused, match="is returned"):
        back(world, row, "r3")
    assert money_is_right(world)


def test_what_stays_keeps_its_price_or_is_priced_again(world: World) -> None:
    far = {"kind": "goods_from", "value": 20_000, "base": "list"}
    rules(world, off("reward", 5_000, conditions=[far]))
    two = cart(("a", 10_000, 1), ("b", 10_000, 1))
    kept = sold(world, two)
    assert back(world, kept, lines={"a": 1})["refund"] == 7_500
    lost = sold(world, two, "o2")
    assert back(world, lost, lines={"a": 1}, policy="requote")["refund"] == 5_000, "b costs 10,000 alone"
    rest = back(world, lost, "r2", policy="requote")
    assert (rest["refund"], rest["refunded"], rest["status"]) == (10_000, 15_000, "returned")
    mixed = sold(world, two, "o3")
    assert back(world, mixed, lines={"a": 1}, policy="requote")["refund"] == 5_000
    assert back(world, mixed, "r2")["refunded"] == 15_000, "nothing stays with the shop when nothing stays out"
    assert money_is_right(world)


def test_the_delivery_comes_back_after_the_goods(world: World) -> None:
    rules(world, off("gone", 1_000, usage={"spend": 5_000}))
    row = sold(world, cart(("a", 10_000, 1), shipping=[{"id": "s", "price": 500}]))
    goods = back(world, row)
    assert (goods["refund"], goods["status"], taken(world, "p:gone:spend")) == (9_000, "part_returned", [0])
    rest = back(world, row, "r2", delivery=True)
    assert (rest["refund"], rest["status"], rest["refunded"]) == (500, "returned", row.payable)
    assert money_is_right(world)


def test_added_tax_comes_back_in_proportion(world: World) -> None:
    rules(world)
    line = {"id": "a", "sku": "a", "price": 333, "quantity": 3, "tax": "20"}
    row = sold(world, {"currency": "UAH", "tax_mode": "exclusive", "lines": [line]})
    assert row.payable == 1_199
    assert [back(world, row, f"r{n}", lines={"a": 1})["refund"] for n in range(3)] == [400, 399, 400]


@pytest.mark.parametrize("limit", [{"total": 7}, {"spend": 7_000}])
def test_forty_tills_cannot_overrun_a_limit(world: World, limit: dict[str, int]) -> None:
    rules(world, off("gone", 1_000, usage=limit))
    prices: list[int] = []

    def buy(number: int) -> None:
        prices.append(sold(world, SOAP, f"o{number}").payable)

    _together([lambda n=n: buy(n) for n in range(40)])
    assert (prices.count(9_000), prices.count(10_000)) == (7, 33)
    assert money_is_right(world)


def test_a_retry_storm_and_many_tills_use_a_code_once(world: World) -> None:
    [code] = some_codes(world, key="birthday")
    rules(world, off("present", 5_000, requires_code="BIRTHDAY"))
    bought = cart(("soap", 10_000, 1), codes=(code,))
    found: list[tuple[int, int]] = []

    def buy(order: str) -> None:
        row = sold(world, bought, order)
        found.append((row.id, row.payable))

    _together([lambda n=n: buy(f"o{n % 4}") for n in range(24)])
    assert len({id for id, _ in found}) == 4, "one redemption an order, however often it was asked for"
    assert len({id for id, payable in found if payable == 5_000}) == 1
    assert why(world, code) == "used"
    assert money_is_right(world)


def test_many_try_to_return_and_release_at_once(world: World) -> None:
    made_codes = some_codes(world, 1, key="birthday") + [text for text, _ in made(world, 1, "birthday")]
    rules(world, off("present", 5_000, requires_code="BIRTHDAY", usage={"total": 9, "spend": 90_000}))
    rows = [reserved(world, cart(("a", 9_000, 4), codes=(code,)), code[-6:]) for code in made_codes]
    world.store.run(lambda conn: settle.confirm(conn, rows[0].id, world.now))
    refunds: list[int] = []

    def bring(number: int) -> None:
        try:
            refunds.append(back(world, rows[0], f"r{number}", lines={"a": 1})["refund"])
        except (InputRefused, Refused):
            refunds.append(0)

    works = [lambda n=n: bring(n) for n in range(10)]
    _together([*works, *[lambda: released(world, rows[1]) for _ in range(6)]])
    assert (sum(refunds), len([one for one in refunds if one])) == (rows[0].payable, 4)
    assert [why(world, code) for code in made_codes] == ["", ""]
    assert taken(world, "p:present:total", "p:present:spend") == [0, 0]
    assert money_is_right(world)


def test_the_doctor_sees_a_counter_that_lies(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}))
    sold(world, SOAP)
    world.store.run(lambda conn: conn.execute(text("UPDATE usage_counter SET used = 3")))
    with pytest.raises(AssertionError):
        money_is_right(world)


def _together(works: list[Any]) -> None:
    """Do all of it at once; whatever one raises fails the test."""
    gate, broken = threading.Barrier(len(works)), []

    def run(work: Any) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
