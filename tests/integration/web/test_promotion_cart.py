"""Trying a cart on a page: its price, the steps to it, and why nothing else applies."""

import json
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from offers.codes import make
from offers.codes.batches import BatchSpec, add_batch, void_batch
from offers.codes.text import draw
from offers.redemption import settle, trial
from offers.redemption.pricing import Asking
from offers.redemption.reserve import Order, reserve
from offers.rules import book, release
from offers.rules.author import Author
from rig.orders import cart
from rig.people import a_customer
from rig.web import Browser, Web
from store import audit, products
from store.db import Connection
from store.products import Product
from wayfare.promotions.words import REASONS
from web import guesses
from web.pages.promotion_cart import why

EXAMPLE = Path(__file__).parents[3] / "examples" / "promotions" / "brocard.json"
ANNA = Author("anna", "anna")


@pytest.fixture
def alice(web: Web) -> Browser:
    body = json.loads(EXAMPLE.read_text())
    web.store.run(lambda conn: book.import_body(conn, body, ANNA, web.at))
    return web.sign_in("admin")


def tried(browser: Browser, **asked: str) -> str:
    page = browser.get(f"/promotions/cart?{urlencode({'version': 'draft', **asked})}")
    assert page.status_code == 200
    return unescape(page.text).replace("\u202f", "")


def test_a_cart_in_the_address_is_priced_with_steps_and_reasons(alice: Browser) -> None:
    page = tried(alice, sku="N5", price="1000", qty="2", channel="app")
    assert "Proven the lowest possible price" in page
    assert "13 % off in the app" in page
    assert "/promotions/app-13/edit" in page
    assert "short of the goods it asks for" in page
    assert "Not applied, and why" in page
    assert 'value="1000"' in page


def test_what_is_not_applied_is_searched(alice: Browser) -> None:
    asked = {"sku": "N5", "price": "1000", "channel": "web"}
    page = tried(alice, **asked, find="in the APP")
    assert "13 % off in the app" in page
    assert "not in this channel" in page
    assert "short of the goods it asks for" not in page
    assert "No such promotion is left out" in tried(alice, **asked, find="nobody")


def test_what_a_row_leaves_open_comes_from_the_product(web: Web, alice: Browser) -> None:
    one = Product("LYS-1", "Lys", "Maison Lys", ("perfume",), 240_000, "UAH")
    web.store.run(lambda conn: products.write_products(conn, [one], [], now=web.at, source="test"))
    page = tried(alice, sku="LYS-1")
    assert "2400.00" in page
    assert 'placeholder="Maison Lys"' in page


def test_a_promotion_that_lost_is_priced_when_asked(alice: Browser) -> None:
    page = tried(alice, sku="N5", price="1000", brand="Atelier Noir", channel="app", force="app-13")
    assert "With “13 % off in the app”" in page


def test_what_cannot_be_priced_is_said(alice: Browser) -> None:
    assert "give a price" in tried(alice, sku="unknown")
    assert "What does it cost?" in tried(alice)
    assert "2026-99-99" in tried(alice, sku="a", price="1", day="2026-99-99")
    assert alice.get("/promotions/cart?sku=a&price=1&version=99").status_code == 200


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_a_sentence(reason: str) -> None:
    assert why({"promotion": "a", "reason": reason, "short": 12000, "loss": 1500, "by": "b"}, {"b": "B"})
    assert why({"promotion": "a", "reason": reason, "loss": 0}, {})


def limited(web: Web) -> None:
    """Publish an offer for a code of a batch, a hundred times in all and once a customer."""
    usage = {"total": 100, "per_customer": 1, "spend": 50_000}
    offer = {"key": "anna", "name": "Anna", "layer": "item", "effect": {"kind": "percent", "value": "10"}}
    body = {"promotions": [{**offer, "requires_code": "ANNA", "usage": usage}]}
    chief = Author("chief", "chief", True)

    def work(conn: Connection) -> None:
        book.import_body(conn, body, chief, web.at, replace=True)
        release.publish(conn, chief, web.at)
        spec = BatchSpec("anna", kind="shared", shared_text="ANNA10", unlock="ANNA", max_uses=None)
        add_batch(conn, web.store.vault, spec, now=web.at, by="anna")
        add_batch(conn, web.store.vault, BatchSpec("each", unlock="ANNA", with_pin=True), now=web.at, by="anna")

    web.store.run(work)


def sold(web: Web, order: str, customer: str) -> None:
    live = web.app.extensions["wayfare"].live
    asking = Asking(cart(("soap", 10_000, 1), codes=("ANNA10",), customer=customer))
    row = web.store.run(lambda c: reserve(c, live, web.store.vault, asking, Order(order), "till", web.at))[0]
    web.store.run(lambda conn: settle.confirm(conn, row.id, web.at))


def test_codes_limits_and_budgets_count_as_they_stand_and_nothing_is_used_up(web: Web) -> None:
    limited(web)
    alice = web.sign_in("admin")
    for number in range(3):
        sold(web, f"o{number}", f"c{number}")
    asked = {"sku": "N5", "price": "1000", "version": "", "codes": "anna 10"}
    for _ in range(2):
        page = tried(alice, **asked)
        assert "97 of 100 left; 1 of 1 left for this customer; 470.00 of 500.00 left to give" in page
        assert "900.00 UAH" in page
        assert "used; opens ANNA" in page
    assert "no such code" in tried(alice, **{**asked, "codes": "ANNA"})  # codes of the batch only, not its word


def test_a_customer_of_ours_is_the_buyer_with_what_they_used(web: Web) -> None:
    limited(web)
    alice = web.sign_in("admin")
    web.store.run(lambda conn: a_customer(conn, "c1", first_name="Olena", level="gold", phone="+380671234567"))
    sold(web, "o1", "c1")
    asked = {"sku": "N5", "price": "1000", "version": "", "codes": "ANNA10", "customer": "c1", "who": "ours"}
    page = tried(alice, **asked)
    assert "its limit is used up; 99 of 100 left; 0 of 1 left for this customer" in page
    assert "O••••" in page
    assert "Olena" not in page
    assert "900.00 UAH" in tried(alice, **{**asked, "who": "hand"})
    assert "no customer “c9”" in tried(alice, **{**asked, "customer": "c9"})
    found = alice.fragment("/promotions/cart/who?who_find=olena").text
    assert "customer=c1" in found
    assert "Olena" not in found
    chosen = alice.fragment("/promotions/cart/who?customer=c1")
    assert 'name="customer" value="c1"' in chosen.text
    assert chosen.headers["HX-Trigger-After-Swap"] == "cart-who"


def test_why_a_code_does_not_work_is_told_to_those_who_may_check_codes(web: Web) -> None:
    limited(web)
    chunks = make.make_codes(web.store, web.store.vault, "each", 2, now=web.at, by="anna")
    codes = [text for chunk in chunks for text, _ in chunk]
    asked = {"sku": "N5", "price": "1000", "version": "", "codes": codes[0]}
    marketer, admin = web.sign_in("marketer"), web.sign_in("admin")
    assert "900.00 UAH" in tried(admin, **asked)  # its PIN is not asked for, and no try is counted
    assert "900.00 UAH" in tried(admin, **asked)
    web.store.run(lambda conn: void_batch(conn, "each", "Printed wrong", now=web.at, by="anna"))
    assert "taken out of use" in tried(admin, **asked)
    page = tried(marketer, **asked)
    assert "does not work" in page
    assert "taken out of use" not in page


def test_typing_a_code_is_no_guess_but_guessing_comes_to_an_end(web: Web) -> None:
    limited(web)
    alice = web.sign_in("marketer")
    asked = {"sku": "N5", "price": "1000", "version": ""}
    well = draw(1, 10)[0]
    for end in range(1, 10):
        tried(alice, **asked, codes=well[:end])
    assert "Too many codes" not in tried(alice, **asked, codes="ANNA10")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guesses, "PER_CALLER", 3)
        for code in draw(4, 10):
            tried(alice, **asked, codes=code)
        assert "Too many codes were refused" in tried(alice, **asked, codes="ANNA10")


def test_a_cart_is_saved_by_its_name_and_removed(web: Web, alice: Browser) -> None:
    form = {
        "sku": ["N5", ""],
        "price": ["1000", ""],
        "qty": ["2", "1"],
        "version": "draft",
        "find": "x",
        "channel": "app",
    }
    place = alice.post("/promotions/cart/saved", {**form, "name": "Two bottles"}).headers["Location"]
    assert place == "/promotions/cart?sku=N5&price=1000&qty=2&brand=&categories=&lists=&channel=app&version=draft"
    page = tried(alice)
    assert "Two bottles" in page
    assert place.partition("?")[2] in page
    alice.post("/promotions/cart/saved", {**form, "qty": ["3"], "name": "Two bottles"})
    with web.store.read() as conn:
        assert [one["name"] for one in trial.saved(conn)] == ["Two bottles"]
    for wrong in ({"name": ""}, {"name": "Nothing", "sku": "", "price": ""}):
        alice.post("/promotions/cart/saved", {**form, **wrong})
    alice.post("/promotions/cart/saved/remove", {"name": "Two bottles"})
    with web.store.read() as conn:
        assert trial.saved(conn) == []
        assert [row.action for row in audit.of_subject(conn, "workspace")][:2] == ["carts.removed", "carts.saved"]
