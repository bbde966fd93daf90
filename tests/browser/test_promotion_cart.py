"""A cart tried in a real browser: priced while it is typed, shared by its address; conflicts and calendar."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from offers.rules import book
from offers.rules.author import Author
from rig.canvas import findings
from rig.web import Web, a_web
from store.products import Product, write_products

pytestmark = pytest.mark.browser
EXAMPLE = Path(__file__).parents[2] / "examples" / "promotions" / "brocard.json"


@pytest.fixture
def base(sqlite_url: str, page: Page) -> Iterator[str]:
    made: Web = a_web(sqlite_url)
    body = json.loads(EXAMPLE.read_text())
    goods = [Product("LYS-1", "Lys", "Maison Lys", ("perfume",), 240_000, "UAH")]
    made.store.run(lambda conn: book.import_body(conn, body, Author("anna", "anna"), made.at))
    made.store.run(lambda conn: write_products(conn, goods, [], now=made.at, source="test"))
    with made.served() as address:
        cookie = made.sign_in("admin").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": address}])
        yield address
    made.store.dispose()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda one: found.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_a_cart_is_priced_while_it_is_typed_and_its_address_is_shared(
    base: str, page: Page, npm_folder: Path, complaints: list[str]
) -> None:
    page.goto(f"{base}/promotions/cart?version=draft")
    page.get_by_label("Product").first.fill("LYS-1")
    expect(page.locator("#answer")).to_contain_text("Proven the lowest possible price")
    page.get_by_label("Pieces").first.fill("2")
    page.get_by_label("Delivery costs").fill("60")
    page.get_by_label("Segments").fill("vip")
    page.get_by_label("Channel").fill("app")
    expect(page).to_have_url(re.compile("channel=app"))
    total = page.locator(".try-sum").first.inner_text()
    page.reload()
    expect(page.locator(".try-sum").first).to_have_text(total)
    assert findings(page, npm_folder) == []
    page.get_by_role("link", name="With it").first.click()
    expect(page.locator("#with-it")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("place", ["cart?version=draft&sku=LYS-1&channel=app", "conflicts", "calendar"])
def test_the_pages_fit_a_phone_and_have_no_serious_findings(
    base: str, page: Page, npm_folder: Path, complaints: list[str], place: str
) -> None:
    page.goto(f"{base}/promotions/{place}")
    assert findings(page, npm_folder) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base}/promotions/{place}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert findings(page, npm_folder) == []
    assert complaints == []
