"""Orders on pages: found, explained step by step, computed again, released, and taken back for the right money."""

import json
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text as sql

from offers.redemption import settle
from offers.redemption.pricing import Asking
from offers.redemption.reserve import Order, reserve
from offers.rules import book, release
from offers.rules.author import Author
from rig.orders import cart, off, percent
from rig.statements import counted
from rig.web import Browser, Web
from store import audit, redemptions
from store.redemptions import Row
from store.views import orders as views

CHIEF = Author("chief", "chief", True)


@pytest.fixture
def alice(web: Web) -> Browser:
    rules(web, percent("ten", "10", name="Ten off"), off("fifty", 5000, name="Fifty off", usage={"total": 10}))
    return web.sign_in("admin")


def rules(web: Web, *promotions: dict[str, Any]) -> None:
    def work(conn: Any) -> None:
        book.set_settings(conn, CHIEF, web.at, approval_percent="100", approval_amount=10**9)
        book.import_body(conn, {"promotions": list(promotions)}, CHIEF, web.at, replace=True)
        release.publish(conn, CHIEF, web.at)

    web.store.run(work)


def reserved(web: Web, order: str = "o1", **more: Any) -> Row:
    live = web.app.extensions["wayfare"].live
    bought = cart(("soap", 10_000, 4), ("lip", 45_000, 1), **{"shipping": [{"id": "d", "price": 6000}], **more})
    asking = Asking(bought)
    return web.store.run(lambda c: reserve(c, live, web.store.vault, asking, Order(order), "till", web.at))[0]


def sold(web: Web, order: str = "o1", **more: Any) -> Row:
    row = reserved(web, order, **more)
    return web.store.run(lambda conn: settle.confirm(conn, row.id, web.at))


def order(web: Web, id: int) -> Row:
    with web.store.read() as conn:
        return redemptions.get(conn, id)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u202f", ""))


def hidden(answer: Any) -> dict[str, str]:
    form = re.search(r'id="refund".*?<form(.*?)</form>', answer.text, re.DOTALL)
    assert form
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1])
    return {name: unescape(value) for name, value in found if name != "_csrf"}


def test_orders_are_found_by_number_shop_state_and_day(web: Web, alice: Browser) -> None:
    assert "No order found" not in text(alice.get("/redemptions"))
    sold(web, "2026-17", store="KYIV-1")
    reserved(web, "2026-18", store="LVIV-1", customer="c1")
    reserved(web, "2026-19")
    cases = {"q=026-17": "2026-17", "store=LVIV-1": "2026-18", "status=confirmed": "2026-17", "store=-": "2026-19"}
    for asked, found in cases.items():
        page = text(alice.get(f"/redemptions?{asked}"))
        assert found in page, asked
        assert "1 order " in page, asked
    day = f"{web.at:%Y-%m-%d}"
    assert "3 orders" in text(alice.get(f"/redemptions?since={day}&until={day}"))
    assert "No order found" in text(alice.get("/redemptions?since=2027-01-01"))
    assert "3 orders" in text(alice.get("/redemptions?since=soon&before=x&status=odd"))


def test_one_order_says_why_it_cost_what_it_did(web: Web, alice: Browser) -> None:
    row = sold(web)
    page = text(alice.get(f"/redemptions/{row.id}"))
    assert "Ten off of 100.00 −10.00" in page
    assert "Fifty off" in page
    assert f"Paid {row.payable / 100:.2f} UAH" in page
    assert "version 1" in page
    assert alice.get("/redemptions/999").status_code == 404


def test_the_price_is_computed_again_as_then_and_as_today(web: Web, alice: Browser) -> None:
    row = sold(web)
    again = text(alice.fragment(f"/redemptions/{row.id}/replay"))
    assert "Under version 1: the same, to the cent." in again
    assert "Today, under version 1: the same." in again
    rules(web, percent("ten", "20", name="Twenty off"))
    again = text(alice.get(f"/redemptions/{row.id}/replay"))
    assert "Under version 1: the same, to the cent." in again
    assert "Fifty off gives nothing today" in again
    assert "Twenty off gives another amount" in again


def test_a_cashback_that_comes_out_otherwise_is_not_called_the_same(web: Web, alice: Browser) -> None:
    row = sold(web)
    quote = json.dumps(row.quote | {"cashback": 700})
    with web.store.write() as conn:
        conn.execute(sql("UPDATE redemption SET quote = :quote WHERE id = :id"), {"quote": quote, "id": row.id})
    again = text(alice.get(f"/redemptions/{row.id}/replay"))
    assert "the same to pay, but not the same. Different: cashback (0.00 UAH, not 7.00)." in again
    assert "to the cent" not in again


def test_a_reservation_is_released_with_a_reason(web: Web, alice: Browser) -> None:
    row = reserved(web)
    assert alice.fragment(f"/redemptions/{row.id}/release").text.count("<dialog") == 1
    assert alice.post(f"/redemptions/{row.id}/release", {"reason": ""}).status_code == 422
    assert alice.post(f"/redemptions/{row.id}/release", {"reason": "Customer left"}).status_code == 303
    assert order(web, row.id).status == "released"
    with web.store.read() as conn:
        assert audit.of_subject(conn, f"order:{row.id}")[0].detail["reason"] == "Customer left"
    paid = sold(web, "o2")
    assert alice.post(f"/redemptions/{paid.id}/release", {"reason": "Too late"}).status_code == 422


def test_two_pieces_come_back_for_the_money_that_was_shown_first(web: Web, alice: Browser) -> None:
    row = sold(web)
    place = f"/redemptions/{row.id}/return"
    shown = alice.post(place, {"line.0": "2", "policy": "shares"})
    assert order(web, row.id).refunded == 0
    form = hidden(shown)
    assert f"To pay back {int(form['agreed']) / 100:.2f} UAH" in text(shown)
    assert alice.post(place, form).status_code == 303
    found = order(web, row.id)
    assert (found.status, found.refunded) == ("part_returned", int(form["agreed"]))
    assert sum(found.returned["soap"]) == 2
    again = alice.post(place, form)
    assert again.status_code == 303
    assert order(web, row.id).refunded == int(form["agreed"])
    with web.store.read() as conn:
        assert len(views.returns(conn, row.id)) == 1
        assert len(audit.of_subject(conn, f"order:{row.id}")) == 1
    assert "2 × soap" in text(alice.get(f"/redemptions/{row.id}"))


def test_everything_comes_back_in_the_end(web: Web, alice: Browser) -> None:
    row = sold(web)
    place = f"/redemptions/{row.id}/return"
    alice.post(place, hidden(alice.post(place, {"line.0": "1", "policy": "requote"})))
    rest = alice.post(place, {"line.0": "3", "line.1": "1", "delivery": "1", "policy": "shares"})
    alice.post(place, hidden(rest))
    assert (order(web, row.id).status, order(web, row.id).refunded) == ("returned", row.payable)
    assert "Nothing can come back" in text(alice.get(place))


def test_money_that_changed_meanwhile_is_shown_again(web: Web, alice: Browser) -> None:
    row = sold(web)
    place = f"/redemptions/{row.id}/return"
    form = hidden(alice.post(place, {"line.0": "2", "policy": "shares"}))
    answer = alice.post(place, {**form, "agreed": "1"})
    assert answer.status_code == 409
    assert "look at the money again" in answer.text
    assert order(web, row.id).refunded == 0


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"line.0": "9"}, "f-line.0-error"),
        ({"line.1": "some"}, "f-line.1-error"),
        ({}, "f-lines-error"),
        ({"line.0": "1", "policy": "free"}, "f-policy-error"),
    ],
)
def test_what_cannot_come_back_is_said_beside_its_field(
    web: Web, alice: Browser, form: dict[str, str], fault: str
) -> None:
    row = sold(web)
    answer = alice.post(f"/redemptions/{row.id}/return", {"policy": "shares", **form})
    assert answer.status_code == 422
    assert fault in answer.text


def test_who_may_only_read_sees_no_way_to_change(web: Web, alice: Browser) -> None:
    row = sold(web)
    marketer = web.sign_in("marketer")
    assert f"/redemptions/{row.id}/return" not in marketer.get(f"/redemptions/{row.id}").text
    assert marketer.post(f"/redemptions/{row.id}/return", {"line.0": "1"}).status_code == 403
    support = web.sign_in("support")
    page = support.get(f"/redemptions/{row.id}").text
    assert not [place for place in ("/promotions/ten", "/promotions/versions") if place in page]
    assert "Ten off" in page
    assert web.sign_in("analyst").get("/redemptions").status_code == 403


def test_the_list_is_paged_with_a_constant_number_of_statements(web: Web, alice: Browser) -> None:
    reserved(web, "first")
    alice.get("/redemptions")
    with counted(web.store) as few:
        alice.get("/redemptions")
    for number in range(27):
        reserved(web, f"n{number}")
    with counted(web.store) as many:
        page = alice.get("/redemptions")
    assert len(many) == len(few)
    older = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert older
    assert "3 orders" in text(alice.get(unescape(older[1])))
