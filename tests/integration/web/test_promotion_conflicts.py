"""Conflicts and the calendar of the example rule set, on pages."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from offers.rules import book
from offers.rules.author import Author
from rig.web import Browser, Web

EXAMPLE = Path(__file__).parents[3] / "examples" / "promotions" / "brocard.json"
ANNA = Author("anna", "anna")


@pytest.fixture
def alice(web: Web) -> Browser:
    body = json.loads(EXAMPLE.read_text())
    web.store.run(lambda conn: book.import_body(conn, body, ANNA, web.at))
    return web.sign_in("admin")


def test_each_finding_opens_with_a_cart_that_shows_it(alice: Browser) -> None:
    page = unescape(alice.get("/promotions/conflicts?kind=stacks").text)
    assert "Worst stacked price" in page
    place = re.search(r'href="(/promotions/cart\?[^"]*)">Try a cart', page)
    assert place
    cart = alice.get(place[1])
    assert cart.status_code == 200
    assert "Proven the lowest possible price" in cart.text


def test_findings_are_filtered_by_promotion_and_kind(alice: Browser) -> None:
    page = alice.get("/promotions/conflicts?kind=competes&promotion=app-13").text
    assert "competes with" in page
    assert "adds to" not in page
    assert "Nothing found" in alice.get("/promotions/conflicts?q=nobody-is-called-so").text


def test_the_calendar_shows_what_runs_in_a_time(web: Web, alice: Browser) -> None:
    period = {"kind": "period", "from": "2030-03-05T00:00:00+00:00", "until": "2030-03-10T00:00:00+00:00"}
    body = {"name": "March days", "layer": "item", "effect": {"kind": "percent", "value": "5"}, "conditions": [period]}
    web.store.run(lambda conn: book.save_item(conn, "promotion", "march", body, ANNA, web.at))
    assert "March days" in alice.get("/promotions/calendar?zoom=month&from=2030-03").text
    assert "March days" in alice.get("/promotions/calendar?zoom=year&from=2029-12").text
    assert "March days" not in alice.get("/promotions/calendar?zoom=month&from=2030-04").text
    assert "13 % off in the app" in alice.get("/promotions/calendar?from=nonsense&zoom=huge").text
