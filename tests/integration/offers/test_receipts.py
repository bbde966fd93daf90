"""Receipts of tills without a network: taken up once, counted as they happened, and what disagrees waits for people."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from offers.redemption.reserve import Refused
from offers.rules import book, release
from offers.rules.author import Author
from offers.till import settle
from offers.till.receipt import Receipt
from rig.coupons import a_batch, made, some_codes, why
from rig.offline import STORE, a_sale, a_snapshot, handed_in, kinds
from rig.orders import back, cart, money_is_right, off, percent, quoted, reserved, rules, sold, taken
from rig.world import World
from store import counters, receipts, redemptions
from store.personal_prices import NewPrices, write_prices
from wayfare.errors import Conflict, InputRefused

SOAP = cart(("soap", 10_000, 2), ("oil", 4_999, 1))


def test_a_sale_without_a_network_is_an_order_like_any_other(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}), off("gone", 333))
    given = a_snapshot(world)
    world.now += timedelta(hours=3)
    receipt = a_sale(world, given, SOAP)
    world.now += timedelta(days=3)
    done = handed_in(world, receipt)
    assert (done.is_new, kinds(done), done.row.payable) == (True, [], done.row.expected)
    assert taken(world, "p:tenth:total") == [1]
    [order] = world.store.run(lambda conn: redemptions.listed(conn))
    assert (order.store, order.order_key, order.status, order.payable) == (STORE, "1/1", "confirmed", done.row.payable)
    assert back(world, order)["refund"] == order.payable
    assert money_is_right(world)


def test_a_receipt_is_taken_up_once_however_often_it_comes(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}))
    receipt = a_sale(world, a_snapshot(world), SOAP)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(handed_in(world, receipt).is_new)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 5 + [True]
    assert (world.scalar("SELECT count(*) FROM redemption"), taken(world, "p:tenth:total")) == (1, [1])
    changed = replace(receipt, quote={**receipt.quote, "payable": 1})
    with pytest.raises(Refused, match="other content") as reused:
        handed_in(world, changed)
    assert reused.value.code == "key_reused"
    assert handed_in(world, receipt, "lviv-02").is_new, "another shop has numbers of its own"
    assert money_is_right(world)


def test_limits_are_exceeded_honestly_and_people_hear_of_it(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 1}), off("gone", 700, usage={"spend": 1_000}))
    given, soap = a_snapshot(world), cart(("soap", 10_000, 1))
    assert handed_in(world, a_sale(world, given, soap, 1)).conflicts == []
    second = handed_in(world, a_sale(world, given, soap, 1, till="2"))
    assert kinds(second) == ["budget_overrun", "limit_overrun"]
    assert second.conflicts[1].detail["total"] == 2
    assert taken(world, "p:tenth:total", "p:gone:spend") == [2, 1_400]
    assert money_is_right(world)


def test_a_till_knows_what_it_sold_itself(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 2}), off("mine", 100, usage={"per_customer": 1}))
    reserved(world, SOAP, "online")
    given, soap = a_snapshot(world), cart(("soap", 10_000, 1), customer="olena")
    first = a_sale(world, given, soap)
    assert first.quote["payable"] == 8_900
    mine = [{"cart": first.cart, "quote": first.quote, "phone": None}]
    assert given.quote(soap, world.now, since=mine)["payable"] == 10_000
    nobody = given.quote(cart(("soap", 10_000, 1)), world.now)
    assert nobody["payable"] == 9_000, "a promotion that counts per customer is for one who is known"


def test_a_code_is_known_without_a_network_and_used_once(world: World) -> None:
    code, other = some_codes(world, 2, key="gift", offline=True, length=16)
    a_batch(world, "anna", kind="shared", shared_text="ANNA10", max_uses=None, offline=True)
    hidden = some_codes(world, key="hidden", length=16)[0]
    rules(
        world,
        off("present", 5_000, requires_code="GIFT"),
        off("annas", 100, requires_code="ANNA"),
        off("never", 999, requires_code="HIDDEN"),
        off("word", 10, requires_code="HELLO"),
    )
    given = a_snapshot(world)
    receipt = a_sale(world, given, cart(("soap", 10_000, 1), codes=(code.lower(), "anna-10", hidden, "hello")))
    assert [one["status"] for one in receipt.quote["codes"]] == ["applied", "no_effect", "refused", "no_effect"]
    mine = [{"cart": receipt.cart, "quote": receipt.quote, "phone": None}]
    again = given.quote(cart(("soap", 10_000, 1), codes=(code,)), world.now, since=mine)
    assert again["codes"][0]["status"] == "refused"
    assert kinds(handed_in(world, receipt)) == []
    assert (why(world, code), why(world, other)) == ("used", "")
    dump = repr(world.rows("SELECT document, sealed FROM till_receipt")) + repr(
        world.rows("SELECT quote FROM redemption")
    )
    assert code.replace("-", "").lower() not in dump.lower()
    assert money_is_right(world)


def test_a_code_that_was_used_elsewhere_is_counted_and_taken_back_from_the_other(world: World) -> None:
    [code] = some_codes(world, key="gift", offline=True, length=16)
    rules(world, off("present", 5_000, requires_code="GIFT"))
    given, bought = a_snapshot(world), cart(("soap", 10_000, 1), codes=(code,))
    other = sold(world, bought, "online")
    done = handed_in(world, a_sale(world, given, bought))
    assert kinds(done) == ["code_used"]
    assert world.rows("SELECT uses, held FROM code") == [(2, 0)]
    assert money_is_right(world)
    act: dict[str, Any] = {"note": "Both were in the shop", "by": "bob", "now": world.now}
    with pytest.raises(InputRefused):
        world.store.run(lambda conn: settle.accept(conn, done.row.id, **{**act, "note": " "}))
    mine = done.conflicts[0].id
    assert world.store.run(lambda conn: settle.void_other(conn, done.row.id, mine, **act)) == other.id
    assert world.rows("SELECT uses, held, status FROM code") == [(1, 0, "redeemed")]
    assert world.rows("SELECT status, excess, settled_by FROM receipt_conflict") == [("settled", 0, "bob")]
    with pytest.raises(Conflict):
        world.store.run(lambda conn: settle.void_other(conn, done.row.id, mine, **act))
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'receipt.other_use_voided'") == 1
    assert back(world, other)["refund"] == other.payable
    assert why(world, code) == "used", "the return of the other order gives nothing back"
    assert money_is_right(world)


def test_what_a_code_counts_is_free_again_with_its_use(world: World) -> None:
    a_batch(world, "gift", unlock="GIFT", offline=True, length=16, max_uses=1, max_uses_customer=1)
    code = made(world, 1, "gift")[0][0]
    counted = {"total": 9, "per_code": 1}
    rules(world, off("present", 5_000, requires_code="GIFT", usage=counted))
    given, bought = a_snapshot(world), cart(("soap", 10_000, 1), codes=(code,), customer="olena")
    other = sold(world, bought, "online")
    done = handed_in(world, a_sale(world, given, bought))
    [mine] = [one.id for one in done.conflicts if one.kind == "code_used"]
    [id] = other.code_ids
    with world.store.read() as conn:
        buyer = [name for name in counters.used_by(conn, other.id) if name.startswith(f"c:{id}:buyer:")]
    names = (*buyer, f"p:present:code:{id}", "p:present:total")
    assert (len(buyer), taken(world, *names)) == (1, [2, 2, 2])
    act: dict[str, Any] = {"note": "Both were in the shop", "by": "bob", "now": world.now}
    world.store.run(lambda conn: settle.void_other(conn, done.row.id, mine, **act))
    assert taken(world, *names) == [1, 1, 2], "the other sale still has its uses of the promotion"
    assert money_is_right(world)
    back(world, other)
    assert taken(world, *names) == [1, 1, 1], "nothing is given back twice"
    assert money_is_right(world)


def test_an_order_that_has_the_code_reserved_can_be_let_go(world: World) -> None:
    [code] = some_codes(world, key="gift", offline=True, length=16)
    rules(world, off("present", 5_000, requires_code="GIFT"))
    given, bought = a_snapshot(world), cart(("soap", 10_000, 1), codes=(code,))
    other = reserved(world, bought, "online")
    done = handed_in(world, a_sale(world, given, bought))
    assert (kinds(done), world.rows("SELECT uses, held FROM code")) == (["code_reserved"], [(1, 1)])
    assert money_is_right(world)
    act: dict[str, Any] = {"note": "The web order was never paid", "by": "bob", "now": world.now}
    world.store.run(lambda conn: settle.void_other(conn, done.row.id, done.conflicts[0].id, **act))
    assert world.rows("SELECT uses, held FROM code") == [(1, 0)]
    with world.store.read() as conn:
        assert redemptions.get(conn, other.id).status == "released"
    assert money_is_right(world)


def test_void_and_expired_codes_do_not_lose_the_sale(world: World) -> None:
    first, second = some_codes(world, 2, key="gift", offline=True, length=16, valid_days=1)
    rules(world, off("present", 5_000, requires_code="GIFT"))
    given = a_snapshot(world)
    one = a_sale(world, given, cart(("soap", 10_000, 1), codes=(first,)))
    world.store.run(lambda conn: conn.exec_driver_sql("UPDATE code SET status = 'void'"))
    assert kinds(handed_in(world, one)) == ["code_void"]
    two = a_sale(world, given, cart(("soap", 10_000, 1), codes=(second,)), 2)
    late = {**two.quote, "at": (world.now + timedelta(days=2)).isoformat()}
    world.now += timedelta(days=2, hours=1)
    world.store.run(lambda conn: conn.exec_driver_sql("UPDATE code SET status = 'issued' WHERE uses = 0"))
    assert set(kinds(handed_in(world, replace(two, quote=late)))) == {"code_expired", "snapshot_expired"}
    assert world.rows("SELECT count(*), sum(uses) FROM code") == [(2, 2)]
    assert money_is_right(world)


def test_a_planned_version_begins_without_a_network(world: World) -> None:
    rules(world, percent("tenth", "10"))
    begins = world.now + timedelta(hours=5)
    chief = Author("chief", "chief", True)

    def plan(conn: Any) -> None:
        book.import_body(conn, {"promotions": [percent("half", "50")]}, chief, world.now, replace=True)
        release.publish(conn, chief, world.now, live_from=begins)

    world.store.run(plan)
    given = a_snapshot(world)
    soap = cart(("soap", 10_000, 1))
    world.now = begins - timedelta(seconds=1)
    before = a_sale(world, given, soap)
    world.now = begins
    after = a_sale(world, given, soap, 2)
    assert [(one.quote["ruleset"], one.quote["payable"]) for one in (before, after)] == [("v1", 9_000), ("v2", 5_000)]
    assert [kinds(handed_in(world, one)) for one in (before, after)] == [[], []]


def test_a_promotion_that_was_stopped_meanwhile_is_a_conflict_from_then_on(world: World) -> None:
    rules(world, percent("tenth", "10"))
    given, soap = a_snapshot(world), cart(("soap", 10_000, 1))
    before = a_sale(world, given, soap)
    world.now += timedelta(hours=1)
    chief = Author("chief", "chief", True)
    world.store.run(lambda conn: release.kill(conn, ["tenth"], chief, world.now, reason="a mistake"))
    world.now += timedelta(hours=1)
    after = a_sale(world, given, soap, 2)
    assert [kinds(handed_in(world, one)) for one in (before, after)] == [[], ["promotion_stopped"]]


def test_what_cannot_be_right_is_said_and_the_sale_is_kept(world: World) -> None:
    rules(world, percent("tenth", "10"))
    given, soap = a_snapshot(world), cart(("soap", 10_000, 1))
    good = a_sale(world, given, soap)
    dear = {**good.quote, "payable": 10_000, "applied": []}
    unit = {"count": 1, "list": 10_000, "net": 10_000, "steps": []}
    dear["goods"] = {"list": 10_000, "discount": 0, "net": 10_000}
    dear["lines"] = [{**good.quote["lines"][0], "discount": 0, "net": 10_000, "units": [unit]}]
    cases = [
        (replace(good, quote=dear), ["price_differs"]),
        (replace(good, quote={**good.quote, "ruleset": "v99"}), ["version_unknown"]),
        (replace(good, snapshot="f" * 32), ["snapshot_unknown"]),
        (replace(good, cart={**soap, "store": "lviv-02"}), ["other_shop"]),
        (replace(good, quote={**good.quote, "payable": 1}), ["unreadable"]),
        (replace(good, quote={"nonsense": True}), ["unreadable"]),
        (replace(good, cart={"lines": "many"}), ["unreadable"]),
        (replace(good, quote={**good.quote, "at": (world.now + timedelta(hours=1)).isoformat()}), ["clock_skew"]),
        (replace(good, quote={**good.quote, "at": (world.now - timedelta(days=1)).isoformat()}), ["clock_skew"]),
    ]
    for number, (receipt, expected) in enumerate(cases, start=1):
        done = handed_in(world, replace(receipt, number=number))
        assert kinds(done) == expected, number
        assert (done.row.redemption_id is None) == (expected == ["unreadable"])
        assert not handed_in(world, replace(receipt, number=number)).is_new
    with world.store.read() as conn:
        assert receipts.count(conn, state="open") == receipts.count(conn) == len(cases)
        assert receipts.count(conn, kind="unreadable") == 3
    sealed = world.rows("SELECT sealed FROM till_receipt WHERE redemption_id IS NULL ORDER BY id")
    assert b'"nonsense": true' in world.store.vault.open(bytes(sealed[1][0]))
    assert money_is_right(world)


def test_an_order_number_that_is_taken_costs_no_sale(world: World) -> None:
    rules(world, percent("tenth", "10"))
    given = a_snapshot(world)
    sold(world, {**SOAP, "store": STORE}, "1/1")
    done = handed_in(world, a_sale(world, given, SOAP))
    assert kinds(done) == ["order_taken"]
    assert done.row.redemption_id is not None
    assert made(world, 1, a_batch(world, "x").key)


def test_a_price_of_ones_own_is_known_over_the_network_only(world: World) -> None:
    rules(world)
    [ann] = world.customers(1)
    given = NewPrices("give", 8_000, None, "UAH", 2, [(1, 1, ann, "sku", "soap", world.now + timedelta(days=7))])
    world.store.run(lambda conn: write_prices(conn, [given], now=world.now, source="a journey"))
    bought = cart(("soap", 10_000, 2), customer="c1", store=STORE)
    asked = quoted(world, bought)
    assert (asked["payable"], a_snapshot(world).quote(bought, world.now)["payable"]) == (16_000, 20_000)
    done = handed_in(world, Receipt("1", 1, bought, asked))
    assert (kinds(done), done.row.expected) == ([], 16_000)
    assert quoted(world, bought)["payable"] == 20_000, "its pieces are gone"
    assert kinds(handed_in(world, Receipt("1", 2, bought, asked))) == ["price_differs"]
    assert money_is_right(world)


def test_a_price_of_ones_own_is_the_one_that_was_given(world: World) -> None:
    rules(world)
    [ann] = world.customers(1)
    given = NewPrices("give", 7_000, None, "UAH", 2, [(1, 1, ann, "sku", "soap", world.now + timedelta(days=7))])
    world.store.run(lambda conn: write_prices(conn, [given], now=world.now, source="a journey"))
    bought = cart(("soap", 10_000, 2), customer="c1", store=STORE)
    asked = quoted(world, bought)
    world.store.run(lambda conn: conn.execute(text("UPDATE personal_price SET price = 8000")))
    done = handed_in(world, Receipt("1", 1, bought, asked))
    assert (kinds(done), done.row.payable) == (["price_differs"], 14_000)


def test_accepting_settles_all_that_is_open(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 1}), off("gone", 700, usage={"spend": 700}))
    given = a_snapshot(world)
    handed_in(world, a_sale(world, given, SOAP))
    done = handed_in(world, a_sale(world, given, SOAP, till="2"))
    act: dict[str, Any] = {"note": "Two tills at once", "by": "bob", "now": world.now}
    assert world.store.run(lambda conn: settle.accept(conn, done.row.id, **act)) == 2
    with pytest.raises(Conflict, match="nothing open"):
        world.store.run(lambda conn: settle.accept(conn, done.row.id, **act))
    with world.store.read() as conn:
        assert (receipts.count(conn, state="open"), receipts.count(conn, state="settled")) == (0, 1)
    assert world.scalar("SELECT count(*) FROM audit WHERE action = 'receipt.accepted'") == 1


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+05:00"])
def test_a_time_that_no_calendar_has_is_kept_word_for_word(world: World, at: str) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}))
    receipt = a_sale(world, a_snapshot(world), SOAP)
    assert kinds(handed_in(world, replace(receipt, quote={**receipt.quote, "at": at}))) == ["unreadable"]
    reset = replace(receipt, number=2, quote={**receipt.quote, "at": "1970-01-01T00:00:00+00:00"})
    assert "clock_skew" in kinds(handed_in(world, reset))


def test_cashback_that_the_rules_do_not_give_is_told(world: World) -> None:
    rules(world, percent("tenth", "10", usage={"total": 5}))
    receipt = a_sale(world, a_snapshot(world), {**SOAP, "customer": {"key": "anna"}})
    more = replace(receipt, quote={**receipt.quote, "cashback": 5_000})
    assert kinds(handed_in(world, more)) == ["price_differs"]
    for number, odd in enumerate(("lots", -500, 2**60), start=2):
        wrong = replace(receipt, number=number, quote={**receipt.quote, "cashback": odd})
        assert kinds(handed_in(world, wrong)) == ["unreadable"]
