"""The builder's panel says what a step gives away, and the preview of a message shows it."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection

from offers.codes import batches, make
from offers.codes.batches import BatchSpec
from offers.rules import book, release
from offers.rules.author import Author
from rig.shop import graph
from rig.web import Browser, Web, a_web
from rig.world import World
from store import bulk, drafts

STEPS: dict[str, dict[str, Any]] = {
    "start": {"type": "trigger.event", "event": "purchase"},
    "code": {"type": "action.promo_code", "batch": "gift", "days": 5},
    "other": {"type": "action.promo_code", "batch": "nobody"},
    "gift": {"type": "action.certificate", "amount": 25_000, "budget": 200_000},
    "unknown": {"type": "action.personal_price", "on": "sku", "sku": "gone"},
    "price": {"type": "action.personal_price", "on": "sku", "sku": "soap", "percent": "20"},
    "points": {"type": "action.points", "points": 50},
    "say": {
        "type": "action.send",
        "subject": "Hi",
        "body": "{{ price }} {{ certificate.amount }} {{ points_balance }}",
    },
    "lone": {"type": "action.send", "subject": "Hi", "body": "{{ first_name }}"},
}
ORDER = [name for name in STEPS if name != "lone"]
PRODUCTS = ("sku", "name", "brand", "categories", "price", "currency", "updated_at")
CHIEF = Author("chief", "chief", True)


@pytest.fixture
def web(sqlite_url: str) -> Any:
    made = a_web(sqlite_url)
    document = graph(STEPS, [(a, "next", b) for a, b in pairwise(ORDER)])

    def work(conn: Connection) -> None:
        drafts.save_draft(conn, "gifts", document, now=made.at, by="alice")
        bulk.insert_rows(conn, "product", PRODUCTS, [("soap", "Soap", "Lys", [], 10_000, "UAH", made.at)])
        book.set_settings(conn, CHIEF, made.at, approval_percent="100", approval_amount=10**9)
        percent = {"kind": "percent", "value": "20"}
        own = {"key": "own", "name": "With a code", "layer": "item", "effect": percent, "requires_code": "GIFT"}
        all_day = {"key": "tenth", "name": "Tenth off", "layer": "item", "effect": {**percent, "value": "10"}}
        scope = {"include": {"categories": ["perfume"]}}
        book.import_body(conn, {"promotions": [{**own, "scope": scope}, all_day]}, CHIEF, made.at, replace=True)
        release.publish(conn, CHIEF, made.at)
        spec = BatchSpec("gift", uses_pool=True, pool_warn=10)
        batches.add_batch(conn, made.store.vault, spec, now=made.at, by="alice")

    made.store.run(work)
    make.fill_pool(made.store, made.store.vault, "gift", 3, now=made.at, by="alice")
    return made


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("marketer")


def panel(browser: Browser, node: str) -> str:
    answer = browser.get(f"/journeys/gifts/draft/nodes/{node}/panel")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_a_code_says_which_promotion_it_opens_and_what_is_left(alice: Browser) -> None:
    shown = panel(alice, "code")
    assert "With a code" in shown
    assert "20 % off perfume" in shown
    assert "3 codes left in the pool." in shown
    assert "The pool is low." in shown
    assert "No promotion uses this code yet" in panel(alice, "other")
    assert "write NOBODY there" in panel(alice, "other")


def test_a_certificate_says_what_it_costs(alice: Browser) -> None:
    shown = panel(alice, "gift")
    assert "At most 8 certificates of 250 UAH." in shown
    assert "None given so far; 2 000 UAH of the budget left." in shown
    assert "somebody else has to publish this journey" in shown


def test_a_price_is_shown_as_the_till_would_make_it(alice: Browser) -> None:
    shown = panel(alice, "price")
    assert "Soap: 80 instead of 100 UAH" in shown
    assert "At the till today 72 UAH: personal price, then “Tenth off”." in shown
    assert "The catalogue does not know this product" in panel(alice, "unknown")


def test_a_message_reads_as_with_the_gifts_before_it(alice: Browser) -> None:
    shown = panel(alice, "say")
    assert "80 250 390" in shown, "the price of the nearest step, the certificate, the points"
    assert "Gift certificate" in shown
    assert "Gift certificate" not in panel(alice, "lone"), "nothing is given before"
    typed = {"text": "{{ certificate.amount }} {{ points }}", "place": "gifts/say"}
    assert "250 50" in alice.post("/forms/preview", typed).text
    assert "500 100" in alice.post("/forms/preview", {**typed, "place": "no/where"}).text


def test_a_customers_page_shows_points_prices_and_certificates(web: Web, sqlite_url: str) -> None:
    world = World(sqlite_url, now=web.at)
    (ann,) = world.customers(1)
    steps = {
        "enter": STEPS["start"],
        "points": STEPS["points"],
        "price": STEPS["price"],
        "gift": STEPS["gift"],
        "out": {"type": "flow.exit"},
    }
    edges = [(a, "next", b) for a, b in pairwise(steps)]
    world.journey("thanks", steps, [*edges, ("gift", "none", "out"), ("price", "none", "out")])
    world.happens(ann, "purchase")
    world.settle()
    key = world.scalar("SELECT key FROM customer WHERE id = :id", id=ann)
    world.close()
    shown = " ".join(web.sign_in("support").get(f"/customers/{key}").text.split())
    for words in ("<b>+50</b> given", "20 % off Soap", "1 piece left", "of 250.00", "active"):
        assert words in shown
