"""What if and worst prices on pages: asked, waited for, read, taken along as tables."""

import io
import json
import re
from html import unescape

import pytest
from sqlalchemy import text

from engine.runtime import Runtime
from engine.whatif import answer
from nodes.registry import Registry, builtin_types
from offers.rules import book, release
from offers.rules.author import Author
from rig.prices import brand, percent, promo, when
from rig.web import Browser, Web
from store.db import Connection
from web.spreadsheet import cell

RULES = {
    "promotions": [
        promo("own-brand", percent(30), scope=brand("Brocard"), name="Own brand"),
        promo("makeup", percent(15), scope={"include": {"categories": ["makeup"]}}),
        promo("vip", percent(20), "personal", conditions=[when("segment", "vip")]),
    ]
}
ANNA = Author("anna", "anna")
ASK = {"old": "live", "new": "draft", "source": "sample", "days": "1", "margin": "45", "scale": "40", "currency": "UAH"}


@pytest.fixture
def alice(web: Web) -> Browser:
    def work(conn: Connection) -> None:
        book.set_settings(conn, ANNA, web.at, approval_percent="100", approval_amount=10**9)
        book.import_body(conn, RULES, ANNA, web.at)
        release.publish(conn, ANNA, web.at)
        sale = {"layer": "order", "effect": {"kind": "percent", "value": "10", "target": "order"}, "name": "=Ten"}
        book.save_item(conn, "promotion", "ten", sale, ANNA, web.at)

    web.store.run(work)
    return web.sign_in("admin")


def answered(web: Web) -> None:
    runtime = Runtime(web.store, Registry(builtin_types()), web.store.vault, now=lambda: web.at)
    while answer(runtime, processes=0):
        pass


def test_a_question_is_asked_waited_for_and_read(web: Web, alice: Browser) -> None:
    assert "Nothing was asked yet" in alice.get("/promotions/what-if").text
    place = alice.post("/promotions/what-if", ASK).headers["Location"]
    waiting = alice.get(place).text
    assert "Waits" in waiting
    assert "data-live" in waiting
    web.at = web.at.replace(minute=5)
    assert "No worker has taken it up yet" in alice.fragment(place).text
    answered(web)
    page = unescape(alice.get(place).text)
    assert "held fixed" in page
    assert "may not be real" in page
    assert "Receipts with the largest change" in page
    assert "54.5 %" not in page
    assert "55.0 % of the list price: an assumption" in page
    link = re.search(r'href="(/promotions/cart\?[^"]*)">Try that cart', alice.get(place).text)
    assert link
    assert "To pay under the draft" in alice.get(unescape(link[1])).text
    assert "What is live → the draft" in alice.get("/promotions/what-if").text


def test_the_answer_comes_as_tables_that_no_spreadsheet_executes(web: Web, alice: Browser) -> None:
    place = alice.post("/promotions/what-if", ASK).headers["Location"]
    assert alice.get(f"{place}/lines.csv").status_code == 404
    answered(web)
    for part, header in (("lines", "kind,name"), ("promotions", "key,name"), ("receipts", "receipt,change")):
        found = alice.get(f"{place}/{part}.csv")
        assert found.mimetype == "text/csv"
        assert found.text.startswith(f"\ufeff{header}")
    assert "ten,'=Ten,0," in alice.get(f"{place}/promotions.csv").text
    assert alice.get(f"{place}/passwords.csv").status_code == 404
    assert [cell(one) for one in ("=1", " +1", "@a", "-1", "a=1", -5, None)] == [
        "'=1",
        "' +1",
        "'@a",
        "'-1",
        "a=1",
        -5,
        "",
    ]


def test_one_promotion_is_left_out_of_the_first(web: Web, alice: Browser) -> None:
    place = alice.post("/promotions/what-if", {**ASK, "old": "draft", "without": "ten"}).headers["Location"]
    answered(web)
    page = unescape(alice.get(place).text)
    assert "The draft instead of the draft without “=Ten”" in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"days": "many"}, "not a whole number"),
        ({"old": "99"}, "no version 99"),
        ({"without": "nobody"}, "no promotion &#39;nobody&#39;"),
        ({"scale": "x"}, "a factor for prices"),
        ({"margin": "200"}, "from 0 to 100"),
        ({"begins": "soon"}, "write a day"),
        ({"source": "moon"}, "receipts come from"),
        ({"source": "file"}, "choose a table"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(alice: Browser, typed: dict[str, str], words: str) -> None:
    found = alice.post("/promotions/what-if", {**ASK, **typed})
    assert found.status_code == 422
    assert words.lower() in found.text.lower()


def test_a_table_is_brought_along(web: Web, alice: Browser) -> None:
    data = b"order,at,sku,quantity,price\n7,2026-11-01T10:00,A,2,100000\n"
    sent = {**ASK, "source": "file", "days": "30", "file": (io.BytesIO(data), "till.csv")}
    place = alice.post("/promotions/what-if", sent, content_type="multipart/form-data").headers["Location"]
    answered(web)
    assert "1 priced" in alice.get(place).text
    assert alice.post(f"{place}/delete").status_code == 303
    assert alice.get(place).status_code == 404


def test_a_question_is_stopped_and_asked_again(web: Web, alice: Browser) -> None:
    place = alice.post("/promotions/what-if", ASK).headers["Location"]
    alice.post(f"{place}/cancel")
    assert "Somebody stopped it" in alice.get(place).text
    alice.post(f"{place}/again")
    answered(web)
    assert "Before and after" in alice.get(place).text


def test_whoever_reads_only_does_not_ask(web: Web, alice: Browser) -> None:
    place = alice.post("/promotions/what-if", ASK).headers["Location"]
    mallory = web.sign_in("support")
    assert mallory.get(place).status_code == 403
    assert mallory.post("/promotions/what-if", ASK).status_code == 403


def products(web: Web, *rows: tuple[str, str, str, int, int | None]) -> None:
    def work(conn: Connection) -> None:
        insert = "INSERT INTO product (sku, name, brand, categories, price, cost, currency, updated_at) VALUES "
        values = "(:sku, :sku, :brand, :categories, :price, :cost, 'UAH', '2026-01-01 00:00:00.000000')"
        for sku, maker, category, price, cost in rows:
            given = {"sku": sku, "brand": maker, "categories": json.dumps([category]), "price": price, "cost": cost}
            conn.execute(text(insert + values), given)

    web.store.run(work)


def test_worst_prices_are_computed_filtered_and_sorted(web: Web, alice: Browser) -> None:
    assert "No products with a price" in alice.get("/promotions/worst").text
    products(web, ("ROSE", "Maison Lys", "perfume", 240_000, 150_000), ("LIP", "Brocard", "makeup", 40_000, 39_000))
    assert "Not computed yet" in alice.get("/promotions/worst").text
    alice.post("/promotions/worst")
    assert "Looking for the lowest prices" in alice.get("/promotions/worst").text
    answered(web)
    page = unescape(alice.get("/promotions/worst").text)
    assert page.index("LIP") < page.index("ROSE")
    assert "ROSE" not in alice.get("/promotions/worst?below=1").text
    assert "LIP" in alice.get("/promotions/worst?below=1").text
    assert "LIP" not in alice.get("/promotions/worst?q=maison").text
    assert "ROSE" not in alice.get("/promotions/worst?above=30").text
    assert "LIP," in alice.get("/promotions/worst/worst.csv").text
    link = re.search(r'href="(/promotions/cart\?[^"]*)">Try', page)
    assert link
    assert alice.get(link[1]).status_code == 200
    assert "Not computed yet" in alice.get("/promotions/worst?version=live").text
    web.store.run(lambda conn: book.delete_item(conn, "promotion", "ten", ANNA, web.at))
    assert "Not computed yet" in alice.get("/promotions/worst").text  # other rules by now


def test_the_editor_and_the_publish_pages_lead_to_the_question(alice: Browser) -> None:
    for place, asks in (
        ("/promotions/ten/edit", "old=draft&new=draft&without=ten"),
        ("/promotions/review", "old=1&new=draft"),
        ("/promotions/versions/1", "old=0&new=1"),
    ):
        page = unescape(alice.get(place).text)
        assert f"/promotions/what-if?{asks}" in page
        assert "What would this have changed?" in page
    form = alice.get("/promotions/what-if?old=draft&new=draft&without=ten").text
    assert '<option value="ten" selected>' in form


@pytest.mark.parametrize("place", ["what-if?before=²", "worst?above=²", "versions?before=²"])
def test_odd_digits_in_an_address_are_no_numbers(alice: Browser, place: str) -> None:
    assert alice.get(f"/promotions/{place}").status_code == 200
