"""Codes, certificates and orders in a real browser: a file shown once, a second person, money seen before goods."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from offers.certificates import requests
from offers.certificates.requests import Wanted
from offers.redemption import settle
from offers.redemption.pricing import Asking
from offers.redemption.reserve import Order, reserve
from offers.rules import book, release
from offers.rules.author import Author
from rig.canvas import findings
from rig.orders import cart, off, percent
from rig.people import a_customer
from rig.web import Web, a_web
from store import redemptions
from store.db import Connection

pytestmark = pytest.mark.browser
CHIEF = Author("chief", "chief", True)


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    made = a_web(sqlite_url)
    offers = [percent("ten", "10", name="Ten off"), off("fifty", 5000, name="Fifty off", usage={"total": 10})]

    def work(conn: Connection) -> None:
        book.set_settings(conn, CHIEF, made.at, approval_percent="100", approval_amount=10**9)
        book.import_body(conn, {"promotions": offers}, CHIEF, made.at, replace=True)
        release.publish(conn, CHIEF, made.at)
        a_customer(conn, "c1", first_name="Olena", last_name="Koval", level="gold")

    made.store.run(work)
    yield made
    made.store.dispose()


@pytest.fixture
def base(web: Web, page: Page) -> Iterator[str]:
    with web.served() as address:
        cookie = web.sign_in("admin").client.get_cookie("wayfare", domain="127.0.0.1")
        assert cookie
        page.context.add_cookies([{"name": "wayfare", "value": cookie.value, "url": address}])
        yield address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda one: found.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def sold(web: Web) -> int:
    live = web.app.extensions["wayfare"].live
    asking = Asking(cart(("soap", 10_000, 4), ("lip", 45_000, 1), customer="c1"))
    row = web.store.run(lambda c: reserve(c, live, web.store.vault, asking, Order("2026-17"), "till", web.at))[0]
    return web.store.run(lambda conn: settle.confirm(conn, row.id, web.at)).id


def asked_for(web: Web) -> int:
    wanted = Wanted("issue", 250_000, "UAH", "Prize of the draw")
    return web.store.run(lambda conn: requests.ask(conn, web.store.vault, wanted, now=web.at, by="taras")).id


def test_a_batch_is_made_and_its_file_downloaded_once(base: str, page: Page, complaints: list[str]) -> None:
    page.goto(f"{base}/codes")
    page.get_by_role("link", name="Make the first batch").click()
    page.get_by_label("Name for colleagues").fill("Autumn codes")
    page.get_by_role("radio", name="One code for everybody").check()
    expect(page.get_by_label("The code", exact=True)).to_be_visible()
    expect(page.get_by_label("How many")).to_be_hidden()
    page.get_by_role("radio", name="A code for each customer").check()
    page.get_by_label("How many").fill("25")
    page.get_by_label("Begins with").fill("AUT-")
    page.get_by_label("The word that promotions ask for").fill("autumn")
    expect(page.locator("#opens")).to_contain_text("No promotion asks for AUTUMN yet")
    page.get_by_role("button", name="Make the batch").click()
    expect(page.get_by_text("shown exactly once")).to_be_visible()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Make and download").click()
    lines = Path(waited.value.path()).read_text().splitlines()
    assert (lines[0], len(lines)) == ("code", 26)
    expect(page.get_by_text("Your file is on its way")).to_be_visible()
    expect(page.get_by_role("button", name="Make and download")).to_be_hidden()
    page.get_by_role("link", name="Go to the batch").click()
    expect(page.get_by_role("heading", name="25 codes")).to_be_visible()
    page.get_by_role("link", name="Check a code").click()
    page.get_by_label("Code", exact=True).fill(lines[1].lower())
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("It works.")
    assert lines[1] not in page.url
    assert complaints == []


def test_a_certificate_is_approved_by_a_second_person(web: Web, base: str, page: Page, complaints: list[str]) -> None:
    asked_for(web)
    page.goto(f"{base}/promotions")
    page.get_by_role("link", name=re.compile("Certificates 1")).click()
    page.get_by_role("link", name=re.compile("Waiting")).click()
    expect(page.locator(".request")).to_contain_text("Prize of the draw")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#confirm")).to_contain_text("once")
    page.locator("#confirm").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("This is shown once")).to_be_visible()
    expect(page.get_by_role("img", name="QR code of the certificate")).to_be_visible()
    page.get_by_role("link", name="I have it").click()
    expect(page.locator(".big-sum")).to_contain_text("500.00")
    expect(page.locator(".ledger")).to_contain_text("given by us")
    assert complaints == []


def test_two_pieces_come_back_and_the_money_is_seen_first(
    web: Web, base: str, page: Page, complaints: list[str]
) -> None:
    id = sold(web)
    page.goto(f"{base}/redemptions")
    page.get_by_role("link", name="2026-17").click()
    page.get_by_role("link", name="Compute it again").click()
    expect(page.locator("#again")).to_contain_text("the same, to the cent")
    page.get_by_role("link", name="Take goods back").click()
    page.get_by_label("Pieces of soap that come back").fill("2")
    page.get_by_role("button", name="Work out the money").click()
    expect(page.locator("#refund")).to_contain_text("2 × soap")
    with web.store.read() as conn:
        assert redemptions.get(conn, id).refunded == 0
    page.get_by_role("button", name="Take back and pay").click()
    expect(page.locator(".happened")).to_contain_text("2 × soap")
    with web.store.read() as conn:
        assert sum(redemptions.get(conn, id).returned["soap"]) == 2
    assert complaints == []


def test_a_customer_is_chosen_for_a_cart_that_is_kept(base: str, page: Page, complaints: list[str]) -> None:
    page.goto(f"{base}/promotions/cart?sku=soap&price=100&qty=2")
    page.get_by_role("radio", name="One of our customers").check()
    expect(page).to_have_url(re.compile("who=ours"))
    page.get_by_label("Find a customer").fill("olena")
    page.get_by_role("button", name=re.compile("c1")).click()
    expect(page.locator(".chosen")).to_contain_text("gold")
    expect(page).to_have_url(re.compile("customer=c1"))
    expect(page.locator("#answer")).to_contain_text("10 of 10 left")
    page.get_by_label("Name of this cart").fill("Two soaps")
    page.get_by_role("button", name="Save this cart").click()
    expect(page.locator(".saved-carts summary")).to_contain_text("1")
    page.goto(f"{base}/promotions/cart")
    page.locator(".saved-carts summary").click()
    page.get_by_role("link", name=re.compile("Two soaps")).click()
    expect(page).to_have_url(re.compile("customer=c1"))
    assert complaints == []


PLACES = (
    "/codes",
    "/codes/new",
    "/codes/why",
    "/codes/partners",
    "/certificates",
    "/certificates/by-hand",
    "/certificates/by-hand/new",
    "/certificates/cards",
    "/certificates/totals",
    "/redemptions",
    "/redemptions/1",
    "/redemptions/1/return",
)


def test_the_pages_fit_a_phone_and_have_no_serious_findings(
    web: Web, base: str, page: Page, npm_folder: Path, complaints: list[str]
) -> None:
    sold(web)
    asked_for(web)
    for place in PLACES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(base + place)
        assert findings(page, npm_folder) == [], place
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(base + place)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        assert findings(page, npm_folder) == [], place
    assert complaints == []
