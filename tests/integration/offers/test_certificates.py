"""Gift certificates: born of paid orders, spent once however many try, and a ledger that always adds up."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from offers.certificates import issue, proof, requests, spend
from offers.certificates.issue import Card, Sale
from offers.certificates.proof import Proof
from offers.certificates.requests import Wanted
from rig.certificates import (
    OTHER,
    PHONE,
    captures,
    holds,
    is_balanced,
    money,
    payment,
    pays,
    refunds,
    releases,
    sold,
)
from rig.world import World
from store import ledger
from store.invariants import look
from wayfare.errors import Conflict


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do something in many threads that start together; return what came of it."""
    found: list[Any] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        found.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == count
    return found


def test_a_line_of_an_order_buys_one_certificate(world: World) -> None:
    first, again = sold(world), sold(world)
    assert (first.is_new, again.is_new, again.number) == (True, False, "")
    assert (first.id, money(world)) == (again.id, [(50_000, 0, "active")])
    with pytest.raises(Conflict):
        sold(world, 60_000)
    is_balanced(world)


def test_it_is_spent_in_parts_and_money_comes_back(world: World) -> None:
    gift = sold(world)
    assert pays(world, gift, 20_000, "a").balance == 30_000
    assert pays(world, gift, 40_000).reason == "insufficient"
    assert pays(world, gift, 40_000, "b", up_to=True).amount == 30_000
    assert money(world) == [(0, 0, "active")]
    assert refunds(world, "a", 15_000).balance == 15_000
    assert refunds(world, "a", 15_000).balance == 15_000  # the same refund again
    assert refunds(world, "a", 15_000, "r2").reason == "too_much"
    assert refunds(world, "a", 5_000, "r2").balance == 20_000
    assert refunds(world, "nothing", 1).reason == "unknown_key"
    with world.store.read() as conn:
        assert ledger.totals(conn) == {
            ("certificates", "UAH"): 20_000,
            ("held", "UAH"): 0,
            ("paid", "UAH"): -50_000,
            ("redeemed", "UAH"): 30_000,
        }
        assert ledger.movements(conn, gift.id)[0][1:3] == ("issue", 50_000)
    is_balanced(world)


def test_a_key_names_one_payment(world: World) -> None:
    gift, other = sold(world), sold(world, line="2")
    assert [pays(world, gift, 20_000, "a").balance for _ in range(3)] == [30_000] * 3
    assert pays(world, gift, 21_000, "a").reason == "key_taken"
    assert pays(world, other, 20_000, "a").reason == "key_taken"
    assert pays(world, other, 20_000, "a", owner="till 2").reason == ""
    assert money(world) == [(30_000, 0, "active"), (30_000, 0, "active")]
    is_balanced(world)


def test_what_is_set_aside_is_taken_in_part_or_given_back(world: World) -> None:
    gift = sold(world)
    assert holds(world, gift, 30_000, "a").balance == 20_000
    assert captures(world, "a", 31_000).reason == "too_much"
    assert captures(world, "a", 10_000).balance == 40_000
    assert captures(world, "a", 10_000).balance == 40_000
    assert captures(world, "a", 9_000).reason == "key_taken"
    assert releases(world, "a").reason == "captured"
    assert holds(world, gift, 40_000, "b").balance == 0
    assert releases(world, "b").balance == 40_000
    assert releases(world, "b").balance == 40_000
    assert captures(world, "b").reason == "released"
    assert holds(world, gift, 40_000, "b").reason == "released"
    assert money(world) == [(40_000, 0, "active")]
    is_balanced(world)


def test_time_gives_back_what_was_set_aside_and_ends_a_certificate(world: World) -> None:
    gift = sold(world, valid_until=world.now + timedelta(days=10))
    holds(world, gift, 30_000, "a")
    pays(world, gift, 5_000, "p")
    world.now += timedelta(hours=1)
    assert world.store.run(lambda conn: spend.tidy(conn, world.now)) == 1
    assert money(world) == [(45_000, 0, "active")]
    world.now += timedelta(days=10)
    assert pays(world, gift, 100).reason == "expired"
    assert world.store.run(lambda conn: spend.tidy(conn, world.now)) == 1
    assert money(world) == [(0, 0, "expired")]
    is_balanced(world)
    assert refunds(world, "p", 5_000).balance == 5_000  # goods came back: it can be spent for another month
    world.now += timedelta(days=29)
    assert pays(world, gift, 1_000).reason == ""
    world.now += timedelta(days=2)
    assert world.store.run(lambda conn: spend.tidy(conn, world.now)) == 1
    assert money(world) == [(0, 0, "expired")]
    is_balanced(world)


def test_forty_threads_spend_no_more_than_there_is(world: World) -> None:
    gift = sold(world, 50_000)
    answers = at_once(40, lambda number: pays(world, gift, 3_000, f"k{number}").reason)
    assert sorted(answers) == [""] * 16 + ["insufficient"] * 24
    assert money(world) == [(2_000, 0, "active")]
    is_balanced(world)


def test_a_storm_of_retries_pays_once(world: World) -> None:
    gift = sold(world, 50_000)
    answers = at_once(40, lambda _: pays(world, gift, 3_000, "same"))
    assert {(one.reason, one.amount) for one in answers} == {("", 3_000)}
    assert money(world) == [(47_000, 0, "active")]
    is_balanced(world)


def test_redeem_refund_release_and_expiry_at_once_balance(world: World) -> None:
    gift = sold(world, 50_000, valid_until=world.now + timedelta(days=1))
    for number in range(10):
        holds(world, gift, 1_000, f"h{number}")
    pays(world, gift, 20_000, "p")
    world.now += timedelta(days=2)

    def act(number: int) -> object:
        which = number % 4
        if which == 0:
            return refunds(world, "p", 1_000, f"r{number}")
        if which == 1:
            return captures(world, f"h{number // 4}")
        if which == 2:
            return releases(world, f"h{number // 4}")
        return world.store.run(lambda conn: spend.tidy(conn, world.now))

    at_once(40, act)
    is_balanced(world)


@pytest.mark.parametrize("given", [Proof(), Proof("A" * 24), Proof(pin="123456"), Proof(password="123456")])
def test_without_proof_nothing_is_told(world: World, given: Proof) -> None:
    gift = sold(world)
    asked = payment(gift, 1_000, proof=given)
    answer = world.store.run(lambda conn: spend.authorise(conn, world.store.vault, asked, now=world.now))
    assert answer.is_generic
    assert (answer.balance, answer.currency) == (0, "")


def test_five_wrong_secrets_lock_it_for_an_hour(world: World) -> None:
    gift = sold(world)
    wrong = [pays(world, gift, 1_000, proof=Proof("A" * 24)).reason for _ in range(6)]
    assert wrong == ["proof_wrong"] * 5 + ["locked"]
    assert pays(world, gift, 1_000).reason == "locked"
    world.now += timedelta(hours=1, seconds=1)
    assert pays(world, gift, 1_000).reason == ""


def asks_for_password(world: World, number: str, phone: str = PHONE) -> str:
    """Ask for a one-time password; return what the message says, or nothing when there is none."""
    vault = world.store.vault

    def work(conn: Any) -> bool:
        row = proof.find(conn, vault, number)
        return row is not None and proof.send_password(conn, vault, row, phone, channel="sms", now=world.now)

    if not world.store.run(work):
        return ""
    address, body = world.rows("SELECT address, body FROM notice ORDER BY id DESC")[0]
    assert vault.open(bytes(address)).decode() == phone
    return vault.open(bytes(body)).decode()[:6]


def test_a_password_works_once_within_ten_minutes_for_its_phone(world: World) -> None:
    gift = sold(world)
    assert asks_for_password(world, gift.number, OTHER) == ""
    first = asks_for_password(world, gift.number)
    second = asks_for_password(world, gift.number)
    if first != second:
        assert pays(world, gift, 1_000, proof=Proof(password=first)).reason == "proof_wrong"
    assert pays(world, gift, 1_000, proof=Proof(password=second)).reason == ""
    assert pays(world, gift, 1_000, proof=Proof(password=second)).reason == "proof_wrong"
    late = asks_for_password(world, gift.number)
    world.now += timedelta(minutes=10, seconds=1)
    assert pays(world, gift, 1_000, proof=Proof(password=late)).reason == "proof_wrong"


def test_a_hundred_guesses_of_a_password_at_once_are_five(world: World) -> None:
    gift = sold(world)
    right = asks_for_password(world, gift.number)
    guesses = [f"{(int(right) + 1 + number) % 1_000_000:06}" for number in range(100)]
    at_once(25, lambda n: [pays(world, gift, 1_000, proof=Proof(password=guess)).reason for guess in guesses[n::25]])
    assert world.rows("SELECT password_tries FROM certificate") == [(5,)]
    assert pays(world, gift, 1_000, proof=Proof(password=right)).reason == "proof_wrong"


def test_one_password_pays_once_however_many_tills_have_it(world: World) -> None:
    gift = sold(world)
    password = asks_for_password(world, gift.number)
    answers = at_once(5, lambda n: pays(world, gift, 1_000, f"k{n}", proof=Proof(password=password)).reason)
    assert sorted(answers) == ["", *["proof_wrong"] * 4]
    assert money(world) == [(49_000, 0, "active")]


def test_a_plastic_card_is_worth_nothing_until_an_order_pays_for_it(world: World) -> None:
    number, vault = proof.new_number(), world.store.vault
    cards = [Card(number, "123456", 30_000, "UAH", "spring"), Card(number, "654321", 30_000, "UAH")]
    taken = world.store.run(lambda conn: issue.take_cards(conn, vault, cards, now=world.now, by="shop"))
    assert taken == [True, False]
    card = issue.Issued(1, number[-4:], True, number)
    given = Proof(pin="123456")
    assert pays(world, card, 1_000, proof=given).reason == "inactive"

    def activate(order: str, amount: int = 30_000) -> str:
        sale = Sale(order, "1", amount, "UAH")
        return world.store.run(lambda conn: issue.activate_card(conn, vault, number, sale, now=world.now, by="shop"))

    assert activate("o1", 20_000) == "other_amount"
    assert [activate("o1"), activate("o1"), activate("o2")] == ["", "", "active_already"]
    assert pays(world, card, 1_000, proof=Proof(pin="654321")).reason == "proof_wrong"
    assert pays(world, card, 1_000, proof=given).balance == 29_000
    is_balanced(world)


def test_two_people_give_away_more_than_the_limit(world: World) -> None:
    vault = world.store.vault

    def ask(amount: int, by: str = "alice", **more: Any) -> requests.Outcome:
        wanted = Wanted("issue", amount, "UAH", "birthday of a guest", phone=PHONE, **more)
        return world.store.run(lambda conn: requests.ask(conn, vault, wanted, now=world.now, by=by))

    def approve(one: requests.Outcome, by: str, digest: str = "") -> requests.Outcome:
        return world.store.run(
            lambda conn: requests.approve(conn, vault, one.id, digest or one.digest, now=world.now, by=by)
        )

    small, large = ask(100_000), ask(100_001)
    assert (small.status, large.status, large.issued) == ("approved", "waiting", None)
    with pytest.raises(Conflict, match="another person"):
        approve(large, "alice")
    with pytest.raises(Conflict, match="look at it again"):
        approve(large, "bob", small.digest)

    def one_of_many(number: int) -> bool:
        try:
            return approve(large, f"boss {number}").issued is not None
        except Conflict:
            return False

    assert sorted(at_once(8, one_of_many)) == [False] * 7 + [True]
    refused = ask(200_000)
    world.store.run(lambda conn: requests.refuse(conn, refused.id, now=world.now, by="bob"))
    with pytest.raises(Conflict, match="refused already"):
        approve(refused, "bob")
    assert money(world) == [(100_000, 0, "active"), (100_001, 0, "active")]
    assert {row[0] for row in world.rows("SELECT phone FROM certificate_request")} == {None}
    is_balanced(world)


def test_a_refund_by_hand_goes_to_the_certificate(world: World) -> None:
    gift = sold(world, 300_000)
    pays(world, gift, 200_000, "a")
    wanted = Wanted("refund", 150_000, "UAH", "broken in transport", key="a", owner="till")
    vault = world.store.vault
    asked = world.store.run(lambda conn: requests.ask(conn, vault, wanted, now=world.now, by="alice"))
    assert (asked.status, money(world)) == ("waiting", [(100_000, 0, "active")])
    world.store.run(lambda conn: requests.approve(conn, vault, asked.id, asked.digest, now=world.now, by="bob"))
    assert money(world) == [(250_000, 0, "active")]
    is_balanced(world)


def test_a_void_certificate_keeps_nothing(world: World) -> None:
    gift = sold(world)
    holds(world, gift, 1_000, "a")
    answers = []
    for _ in range(2):
        answers.append(
            world.store.run(lambda conn: spend.void(conn, gift.id, "paid back", now=world.now, by="bob")).reason
        )
        releases(world, "a")
    assert answers == ["held", ""]
    assert money(world) == [(0, 0, "void")]
    assert pays(world, gift, 1_000).reason == "void"
    is_balanced(world)


def test_nobody_changes_the_ledger(world: World) -> None:
    sold(world)
    for statement in ("UPDATE posting SET amount = 1", "DELETE FROM posting", "UPDATE journal SET kind = 'gift'"):
        with pytest.raises(DBAPIError, match="append-only"), world.store.write() as conn:
            conn.execute(text(statement))
    is_balanced(world)


def test_the_invariant_sees_a_balance_that_nobody_posted(world: World) -> None:
    sold(world)
    world.store.run(lambda conn: conn.execute(text("UPDATE certificate SET balance = balance - 1")))
    with world.store.read() as conn:
        broken = [one for one in look(conn, now=world.now) if one.breaches]
    assert [(one.invariant.id, one.breaches) for one in broken] == [("I7", 1)]


def test_no_certificate_can_be_spent_with_a_stolen_database(world: World) -> None:
    gift = sold(world)
    password = asks_for_password(world, gift.number)
    tables = ("certificate", "journal", "posting", "certificate_hold", "notice", "audit")
    dump = "".join(repr(world.rows(f"SELECT * FROM {table}")) for table in tables)
    assert gift.number not in dump
    assert gift.secret not in dump
    assert PHONE not in dump
    assert f"b'{password}" not in dump
