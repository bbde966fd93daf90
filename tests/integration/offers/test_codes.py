"""Codes in the database: made in bulk, found by digest, usable once, and refused for a reason."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from offers.codes import make, states
from offers.codes.batches import change_batch, levels, void_batch
from rig.coupons import a_batch, code_id, look, made, some_codes, why
from rig.statements import counted
from rig.world import World
from store import codes
from wayfare.errors import Conflict, InputRefused

PHONE, OTHER = "+380671234567", "+380501112233"


def changed(world: World, change: Callable[..., set[int]], text: str, *rest: Any, **more: Any) -> bool:
    id = code_id(world, text)
    return world.store.run(lambda conn: change(conn, [id], *rest, **more)) == {id}


def test_a_fresh_code_unlocks_what_its_batch_says(world: World) -> None:
    (code,) = some_codes(world, prefix="SUN-", unlock="summer20", partner="radio")
    (found,) = look(world, code.lower().replace("-", " "))
    assert (found.status, found.unlock, found.batch, found.partner) == ("usable", "SUMMER20", "summer", "radio")
    assert found.last4 == code[-4:]


def test_many_codes_are_one_query_and_answered_in_their_order(world: World) -> None:
    fresh = some_codes(world, 30)
    with world.store.read() as conn, counted(world.store) as statements:
        from offers.codes.resolve import resolve

        found = resolve(conn, world.store.vault, [*fresh, "NOTHING99", fresh[0]], now=world.now)
    assert len(statements) == 1
    assert [one.text for one in found] == [*fresh, "NOTHING99", fresh[0]]
    assert [one.reason for one in found] == [""] * 30 + ["not_found", ""]


def test_a_typing_error_asks_nothing_of_the_database(world: World) -> None:
    from offers.codes.resolve import resolve

    with world.store.read() as conn, counted(world.store) as statements:
        found = resolve(conn, world.store.vault, ["A" * 30, "!", ""], now=world.now)
    assert not statements
    assert {one.reason for one in found} == {"not_found"}


def test_a_code_is_used_once(world: World) -> None:
    (code,) = some_codes(world)
    assert changed(world, codes.reserve, code, world.now)
    assert why(world, code) == "reserved"
    assert not changed(world, codes.reserve, code, world.now)
    assert changed(world, codes.release, code)
    assert why(world, code) == ""
    assert changed(world, codes.reserve, code, world.now)
    assert changed(world, codes.redeem, code, world.now)
    assert why(world, code) == "used"
    assert not changed(world, codes.redeem, code, world.now)
    assert changed(world, codes.restore, code)
    assert why(world, code) == ""


def test_a_shared_code_is_used_as_often_as_its_limit_says(world: World) -> None:
    a_batch(world, "anna", kind="shared", shared_text="Anna 10", max_uses=2)
    assert look(world, "anna-10")[0].unlock == "ANNA"
    assert changed(world, codes.reserve, "ANNA10", world.now)
    assert changed(world, codes.redeem, "ANNA10", world.now)
    assert changed(world, codes.reserve, "ANNA10", world.now)
    assert why(world, "ANNA10") == "limit"
    assert not changed(world, codes.reserve, "ANNA10", world.now)
    assert changed(world, codes.redeem, "ANNA10", world.now)
    assert why(world, "ANNA10") == "used"


def test_parallel_tills_never_use_a_code_more_often_than_it_may_be(world: World) -> None:
    a_batch(world, "anna", kind="shared", shared_text="ANNA10", max_uses=5)
    id = code_id(world, "ANNA10")
    won: list[bool] = []
    start = threading.Barrier(20)

    def till() -> None:
        start.wait()
        if world.store.run(lambda conn: codes.reserve(conn, [id], world.now)):
            world.store.run(lambda conn: codes.redeem(conn, [id], world.now))
            won.append(True)

    threads = [threading.Thread(target=till) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 5
    assert world.rows("SELECT uses, held, status FROM code") == [(5, 0, "redeemed")]


def test_time_opens_and_closes_a_code(world: World) -> None:
    at = world.now
    (code,) = some_codes(world, valid_from=at + timedelta(days=1), valid_until=at + timedelta(days=2))
    assert why(world, code) == "not_yet"
    assert not changed(world, codes.reserve, code, world.now)
    world.now = at + timedelta(days=2)
    assert why(world, code) == ""
    world.now += timedelta(seconds=1)
    assert why(world, code) == "expired"
    assert not changed(world, codes.reserve, code, world.now)
    with world.store.read() as conn:
        batch = codes.find_batch(conn, "summer")
        assert levels(conn, [batch], world.now) == {"summer": {"expired": 1, "uses": 0}}


def test_days_count_from_issue_or_from_activation(world: World) -> None:
    (code,) = some_codes(world, valid_days=3)
    (waiting,) = some_codes(world, key="cards", valid_days=3, activation="by_staff")
    world.now += timedelta(days=2)
    assert why(world, waiting) == "not_activated"
    assert not changed(world, codes.reserve, waiting, world.now)
    assert changed(world, states.activate, waiting, now=world.now)
    assert not changed(world, states.activate, waiting, now=world.now)
    world.now += timedelta(days=2)
    assert (why(world, code), why(world, waiting)) == ("expired", "")
    world.now += timedelta(days=2)
    assert why(world, waiting) == "expired"


def test_a_bound_code_works_for_its_phone_only(world: World) -> None:
    (code,) = some_codes(world, bind_phone=True, activation="by_staff")
    bound = world.store.vault.digest("phone", PHONE)
    assert changed(world, states.activate, code, now=world.now, phone_digest=bound)
    assert [why(world, code, phone=phone) for phone in (None, OTHER, PHONE)] == ["other_phone", "other_phone", ""]


def test_five_wrong_pins_lock_a_code_and_the_right_one_before_forgets_them(world: World) -> None:
    a_batch(world, with_pin=True)
    ((code, pin),) = made(world)
    wrong = "0000" if pin != "0000" else "1111"
    assert why(world, code) == "pin_missing"
    assert [why(world, code, pins={code: wrong}) for _ in range(4)] == ["pin_wrong"] * 4
    assert why(world, code, pins={code: pin}) == ""
    assert [why(world, code, pins={code: wrong}) for _ in range(5)] == ["pin_wrong"] * 5
    assert why(world, code, pins={code: pin}) == "locked"
    assert why(world, code) == "locked"


def test_a_hundred_guesses_of_a_pin_at_once_are_five(world: World) -> None:
    a_batch(world, with_pin=True)
    ((code, pin),) = made(world)
    answers: list[str] = []
    start = threading.Barrier(25)

    def guess(number: int) -> None:
        start.wait()
        for n in range(4):
            wrong = f"{(int(pin) + 1 + number * 4 + n) % 10000:04}"
            answers.append(why(world, code, pins={code: wrong}))

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["locked"] * 95 + ["pin_wrong"] * 5


def test_a_void_code_and_a_void_batch_work_for_nobody(world: World) -> None:
    one, two = some_codes(world, 2)
    assert changed(world, states.void, one, reason="printed twice", now=world.now, by="alice")
    assert (why(world, one), why(world, two)) == ("void", "")
    assert changed(world, codes.reserve, two, world.now)
    world.store.run(lambda conn: void_batch(conn, "summer", "leaked", now=world.now, by="alice"))
    assert why(world, two) == "void"
    assert changed(world, codes.redeem, two, world.now)  # what was reserved before stays promised
    assert not changed(world, states.void, two, reason="again", now=world.now, by="alice")
    acts = {row[0] for row in world.rows("SELECT action FROM audit")}
    assert acts == {"codes.batch_made", "codes.made", "codes.voided", "codes.batch_voided"}


def test_codes_are_not_in_the_database(world: World) -> None:
    a_batch(world, with_pin=True)
    a_batch(world, "pool", uses_pool=True)
    fresh = [text for text, _ in made(world, 20)]
    make.fill_pool(world.store, world.store.vault, "pool", 5, now=world.now, by="alice")
    sealed = [row[0] for row in world.rows("SELECT sealed_text FROM code WHERE status = 'free'")]
    fresh += [world.store.vault.open(bytes(one)).decode() for one in sealed]
    dump = repr(world.rows("SELECT * FROM code")) + repr(world.rows("SELECT * FROM audit"))
    assert len(fresh) == 25
    assert not [code for code in fresh if code in dump]


def test_what_nobody_took_is_void(world: World) -> None:
    a_batch(world)
    chunks = make.make_codes(world.store, world.store.vault, "summer", make.CHUNK + 10, now=world.now, by="alice")
    taken = next(chunks)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # it is a generator; the signature promises an iterator
    assert len(taken) == make.CHUNK
    assert world.rows("SELECT status, count(*) FROM code GROUP BY status ORDER BY status") == [
        ("issued", make.CHUNK),
        ("void", 10),
    ]


def test_codes_that_exist_already_are_drawn_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = some_codes(world, 2)
    drawn = [[first], [second], ["K7777777Y2"]]
    monkeypatch.setattr(make, "draw", lambda *_: drawn.pop(0))
    assert made(world) == [("K7777777Y2", "")]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": "shared"}, "shared_text"),
        ({"kind": "shared", "shared_text": "ANNA10", "with_pin": True}, "with_pin"),
        ({"shared_text": "ANNA10"}, "shared_text"),
        ({"length": 5}, "length"),
        ({"on_failed_send": "return"}, "on_failed_send"),
        ({"max_uses": 0}, "max_uses"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_by_field(world: World, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InputRefused) as refused:
        a_batch(world, **fields)
    assert refused.value.path == path


def test_a_batch_keeps_its_promises(world: World) -> None:
    a_batch(world, length=8)
    with pytest.raises(Conflict):
        a_batch(world)
    for values, path in (({"with_pin": True}, "with_pin"), ({"max_uses": 0}, "max_uses")):
        with pytest.raises(InputRefused) as refused, world.store.write() as conn:
            change_batch(conn, "summer", values, now=world.now, by="alice")
        assert refused.value.path == path
    row = world.store.run(lambda conn: change_batch(conn, "summer", {"partner": "tv"}, now=world.now, by="alice"))
    assert row.partner == "tv"
    with pytest.raises(InputRefused, match="longer"):
        made(world, 100_000)
    a_batch(world, "anna", kind="shared", shared_text="ANNA10", max_uses=None)
    with pytest.raises(Conflict):
        made(world, 1, "anna")
    with pytest.raises(Conflict):
        a_batch(world, "bob", kind="shared", shared_text="anna 10")
