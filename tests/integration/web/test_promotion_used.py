"""What is used of a promotion stands at its form, with the codes that open it."""

import re
from html import unescape
from typing import Any

import pytest

from offers.codes.batches import BatchSpec, add_batch
from offers.redemption import settle
from offers.redemption.pricing import Asking
from offers.redemption.reserve import Order, reserve
from offers.rules import book, release
from offers.rules.author import Author
from rig.orders import cart
from rig.web import Browser, Web
from store.db import Connection

CHIEF = Author("chief", "chief", True)
OFFER = {"key": "anna", "name": "Anna", "layer": "item", "effect": {"kind": "percent", "value": "10"}}


@pytest.fixture
def alice(web: Web) -> Browser:
    usage = {"total": 10, "per_day": 5, "spend": 100_000}

    def work(conn: Connection) -> None:
        body = {"promotions": [{**OFFER, "requires_code": "ANNA", "usage": usage}, {**OFFER, "key": "free"}]}
        book.import_body(conn, body, CHIEF, web.at, replace=True)
        release.publish(conn, CHIEF, web.at)

    web.store.run(work)
    return web.sign_in("admin")


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u202f", ""))


def bought(web: Web, order: str, *, is_paid: bool = True) -> None:
    live = web.app.extensions["wayfare"].live
    asking = Asking(cart(("soap", 10_000, 1), codes=("ANNA",)))
    row = web.store.run(lambda c: reserve(c, live, web.store.vault, asking, Order(order), "till", web.at))[0]
    if is_paid:
        web.store.run(lambda conn: settle.confirm(conn, row.id, web.at))


def test_limits_and_budgets_say_what_is_used_and_what_is_reserved(web: Web, alice: Browser) -> None:
    bought(web, "o0", is_paid=False)
    bought(web, "o1")
    bought(web, "o2")
    found = text(alice.fragment("/promotions/anna/used"))
    assert "3 of 10 used, 1 reserved" in found
    assert "30.00 of 1000.00 given, 10.00 reserved" in found
    assert "3 of 5 used today" in found
    assert "/promotions/anna/used" in alice.get("/promotions/anna/edit").text
    assert "3 of 10 used" in text(alice.get("/promotions"))


def test_a_promotion_names_the_batches_that_open_it(web: Web, alice: Browser) -> None:
    assert "/codes/new?unlock=ANNA" in alice.fragment("/promotions/anna/used").text
    spec = BatchSpec("radio", name="Radio Kyiv", unlock="anna")
    web.store.run(lambda conn: add_batch(conn, web.store.vault, spec, now=web.at, by="anna"))
    assert "Radio Kyiv" in text(alice.fragment("/promotions/anna/used?codes=1"))
    assert 'value="ANNA"' in alice.get("/codes/new?unlock=ANNA").text


def test_a_promotion_without_limits_and_codes_has_nothing_to_say(alice: Browser) -> None:
    assert text(alice.fragment("/promotions/free/used")).strip() == ""
    assert alice.fragment("/promotions/nobody/used").status_code == 404
