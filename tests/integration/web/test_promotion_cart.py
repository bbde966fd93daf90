"""Trying a cart on a page: its price, the steps to it, and why nothing else applies."""

import json
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from offers.rules import book
from offers.rules.author import Author
from rig.web import Browser, Web
from store import products
from store.products import Product
from wayfare.promotions.words import REASONS
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
