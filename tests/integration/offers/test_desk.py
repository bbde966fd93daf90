"""What people at a desk see and do, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from offers.certificates import desk as gifts
from offers.certificates import issue, proof, requests
from offers.certificates.issue import Card
from offers.certificates.requests import Wanted
from offers.codes import desk
from offers.redemption import desk as orders
from offers.redemption import replay
from offers.redemption.reserve import Refused
from offers.redemption.returns import Back
from offers.redemption.trial import forget, save, saved, try_cart
from rig.certificates import PHONE, holds, is_balanced, pays
from rig.certificates import sold as sold_gift
from rig.coupons import a_batch, made
from rig.orders import LIVE, cart, money_is_right, off, percent, rules, sold, taken
from rig.world import World
from store import counters, redemptions
from store.views import certificates as gift_views
from store.views import codes as code_views
from store.views import orders as order_views
from store.views.certificates import CertificateSearch
from store.views.codes import BatchSearch
from store.views.orders import OrderSearch
from wayfare.errors import Conflict


def an_order(world: World, order: str = "o1") -> int:
    rules(world, percent("anna", "10", requires_code="ANNA"), off("fifty", 500, usage={"total": 5, "spend": 9_000}))
    batch = a_batch(world, "anna", unlock="ANNA", partner="Anna")
    code = made(world, 1, batch.key)[0][0]
    return sold(world, cart(("soap", 10_000, 2), codes=(code,), store="KYIV-1"), order).id


def test_the_orders_of_a_code_and_what_its_batch_sold(world: World) -> None:
    id = an_order(world)
    with world.store.read() as conn:
        code_id = redemptions.get(conn, id).code_ids[0]
        found = code_views.orders_of_code(conn, code_id, world.now - timedelta(days=1))
        sums = code_views.attribution(conn, [batch.id for batch in code_views.partner_batches(conn)])
        who = code_views.issuer(conn, code_id)
    assert [(one.id, one.order_key, one.discount) for one in found] == [(id, "o1", 2_000)]
    assert found[0].at == world.now
    assert [(one.currency, one.orders, one.discount, one.revenue) for one in sums] == [("UAH", 1, 2_000, 17_500)]
    assert (who.customer, who.journey_name) == (None, None)
    world.store.run(lambda conn: orders.take_back(conn, LIVE, id, Back("r1", {"soap": 1}), 8_750, world.now, "anna"))
    with world.store.read() as conn:
        assert code_views.attribution(conn, [sums[0].batch_id])[0].revenue == 8_750


def test_batches_are_searched_by_text_kind_partner_and_state(world: World) -> None:
    a_batch(world, "radio", partner="Radio Kyiv", valid_until=world.now - timedelta(days=1))
    a_batch(world, "pool", uses_pool=True, pool_warn=5, unlock="win%ter")
    cases = {
        BatchSearch("kyiv"): ["radio"],
        BatchSearch("n%t"): ["pool"],
        BatchSearch(state="ended"): ["radio"],
        BatchSearch(state="low"): ["pool"],
        BatchSearch(state="open"): ["pool"],
        BatchSearch(partner="Radio Kyiv", kind="unique"): ["radio"],
        BatchSearch(kind="shared"): [],
    }
    with world.store.read() as conn:
        for wanted, keys in cases.items():
            assert [one.key for one in code_views.search_batches(conn, wanted, world.now)] == keys, wanted
            assert code_views.count_batches(conn, wanted, world.now) == len(keys)
        assert code_views.partners(conn) == ["Radio Kyiv"]
        assert [one.key for one in code_views.opening(conn, "WIN%ter ")] == ["pool"]
        assert code_views.keys_like(conn, "ra") == {"radio"}


def test_a_code_is_unlocked_only_when_it_is_locked(world: World) -> None:
    a_batch(world, with_pin=True)
    code, pin = made(world)[0]
    vault = world.store.vault

    def story(pin: str) -> desk.Story:
        return world.store.run(lambda conn: desk.look(conn, vault, code, now=world.now, phone=None, pin=pin))

    with pytest.raises(Conflict):
        world.store.run(lambda conn: desk.unlock(conn, vault, code, reason="?", now=world.now, by="anna"))
    for _ in range(5):
        story("none")
    assert story(pin).is_locked
    world.store.run(lambda conn: desk.unlock(conn, vault, code, reason="Called", now=world.now, by="anna"))
    assert story(pin).answer.is_usable
    assert [act.action for act in story(pin).acts] == ["codes.unlocked"]


def test_a_return_is_computed_without_being_made(world: World) -> None:
    id = an_order(world)
    before = taken(world, "p:fifty:total", "p:fifty:spend")
    answer = world.store.run(lambda conn: orders.preview(conn, LIVE, id, Back("x"), world.now))
    assert (answer["refund"], answer["status"]) == (17_500, "returned")
    with world.store.read() as conn:
        assert redemptions.get(conn, id).status == "confirmed"
        assert order_views.returns(conn, id) == []
    assert taken(world, "p:fifty:total", "p:fifty:spend") == before == [1, 500]
    with pytest.raises(Refused):
        world.store.run(lambda conn: orders.take_back(conn, LIVE, id, Back("x"), 17_499, world.now, "anna"))
    done = world.store.run(lambda conn: orders.take_back(conn, LIVE, id, Back("x"), 17_500, world.now, "anna"))
    assert done["refund"] == 17_500
    assert taken(world, "p:fifty:total", "p:fifty:spend") == [0, 0]
    assert money_is_right(world)


def test_orders_are_listed_with_their_discount(world: World) -> None:
    id = an_order(world, "2026-1")
    sold(world, cart(("lip", 9_000, 1)), "2026-2")
    with world.store.read() as conn:
        every = order_views.search(conn, OrderSearch(), limit=10)
        assert [(one.order_key, one.discount, one.store) for one in every] == [
            ("2026-2", 500, ""),
            ("2026-1", 2_500, "KYIV-1"),
        ]
        assert [one.id for one in order_views.search(conn, OrderSearch("26-1"))] == [id]
        assert order_views.search(conn, OrderSearch(since=world.now + timedelta(1))) == []
        assert order_views.stores(conn) == ["", "KYIV-1"]
        row = redemptions.get(conn, id)
        assert replay.again(conn, LIVE, row)[1] == []
        assert replay.today(conn, LIVE, row, world.now)["payable"] == row.payable
        assert counters.sums(conn, ["p:fifty:total", "p:nobody:total"]) == {"p:fifty:total": (2, 0)}


def test_a_sale_that_comes_out_otherwise_says_in_what(world: World) -> None:
    gift = {"key": "bag", "layer": "gift", "effect": {"kind": "gift", "choices": ["bag"]}}
    points = {"key": "points", "layer": "order", "effect": {"kind": "cashback", "percent": "5"}}
    rules(world, percent("anna", "10", requires_code="ANNA"), gift, points)
    batch = a_batch(world, "anna", unlock="ANNA")
    code = made(world, 1, batch.key)[0][0]
    row = sold(world, cart(("soap", 10_000, 2), ("bag", 500, 1), codes=(code,)))
    assert row.quote["cashback"] > 0
    kept = row.quote
    changed: dict[str, dict[str, object]] = {
        "cashback": {"cashback": kept["cashback"] + 1},
        "gifts": {"gifts": [{"promotion": "bag", "sku": "bag", "quantity": 1}]},
        "codes": {"codes": [{**kept["codes"][0], "status": "no_effect"}]},
        "money": {"payable": kept["payable"] + 1},
    }
    with world.store.read() as conn:
        assert replay.again(conn, LIVE, row)[1] == []
        for name, change in changed.items():
            assert replay.again(conn, LIVE, replace(row, quote=kept | change))[1] == [name]


def test_trying_a_cart_uses_nothing_up_and_says_what_is_left(world: World) -> None:
    an_order(world)
    before = taken(world, "p:fifty:total", "p:fifty:spend")
    document = cart(("soap", 10_000, 1)) | {"at": world.now.isoformat()}
    with world.store.read() as conn:
        found = try_cart(conn, LIVE.at(conn, world.now), world.store.vault, document, zone="UTC", now=world.now)
    rooms = {room.kind: (room.left, room.limit) for room in found.rooms["fifty"]}
    assert rooms == {"total": (4, 5), "spend": (8_500, 9_000)}
    assert found.priced.quote["payable"] == 9_500
    assert found.forced("nobody") is None
    assert taken(world, "p:fifty:total", "p:fifty:spend") == before
    world.store.run(lambda conn: save(conn, "Soap", "sku=soap", now=world.now, by="anna"))
    with world.store.read() as conn:
        assert [one["name"] for one in saved(conn)] == ["Soap"]
    world.store.run(lambda conn: forget(conn, "Soap", now=world.now, by="anna"))
    with world.store.read() as conn:
        assert saved(conn) == []


def test_certificates_are_found_and_their_ledger_has_both_sides(world: World) -> None:
    one = sold_gift(world, order="o7")
    assert pays(world, one, 20_000).reason == ""
    phone = world.store.vault.digest("phone", PHONE)
    with world.store.read() as conn:
        for wanted in (CertificateSearch(one.last4.lower()), CertificateSearch("o7"), CertificateSearch("x", phone)):
            assert [row.id for row in gift_views.search(conn, wanted)] == [one.id]
        assert gift_views.search(conn, CertificateSearch(status="spent")) == []
        moves = gift_views.movements(conn, one.id)
        assert len(gift_views.holds(conn, one.id)) == 1
    assert [move.kind for move in moves] == ["issue", "authorise", "capture"]
    assert all(sum(amount for _, amount in move.postings) == 0 for move in moves)
    assert (moves[0].sources, moves[-1].targets) == ([("paid", 50_000)], [("redeemed", 20_000)])


def test_a_certificate_is_closed_early_unless_a_till_holds_some_of_it(world: World) -> None:
    one, held = sold_gift(world), sold_gift(world, order="o2")
    holds(world, held, 100)

    def closed(id: int) -> str:
        return world.store.run(lambda conn: gifts.close_early(conn, id, "Ended", now=world.now, by="anna")).reason

    assert (closed(held.id), closed(one.id), closed(one.id)) == ("held", "", "")
    is_balanced(world)


def test_a_card_is_activated_by_hand_with_a_second_person_above_the_limit(world: World) -> None:
    number = proof.new_number()
    card = Card(number, "123456", 200_000, "UAH", "cards")
    world.store.run(lambda conn: issue.take_cards(conn, world.store.vault, [card], now=world.now, by="anna"))
    with world.store.read() as conn:
        assert gift_views.cards(conn) == [("cards", "UAH", 200_000, 1, 1)]
        row = gift_views.search(conn, CertificateSearch("cards"))[0]
        assert gift_views.known_numbers(conn, [bytes(row.number_digest), b"other"]) == {bytes(row.number_digest)}
    wanted = Wanted("activate", 200_000, "UAH", "Till was down", card=row.id, order="o1", line="1")
    vault = world.store.vault
    asked = world.store.run(lambda conn: requests.ask(conn, vault, wanted, now=world.now, by="anna"))
    assert asked.status == "waiting"
    shown = asked.digest
    with pytest.raises(Conflict):
        world.store.run(lambda conn: requests.approve(conn, vault, asked.id, shown, now=world.now, by="anna"))
    world.store.run(lambda conn: requests.approve(conn, vault, asked.id, shown, now=world.now, by="boris"))
    with world.store.read() as conn:
        assert gift_views.cards(conn) == [("cards", "UAH", 200_000, 1, 0)]
    is_balanced(world)
