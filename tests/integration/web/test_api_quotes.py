"""Prices over HTTP: the same documents as everywhere, the same paths in errors."""

from collections.abc import Iterator

import pytest

from rig.prices import line, percent, promo, request
from rig.web import Web, a_web

CART = request([line("a", 1000, 3)], promo("p", percent(20)))
URL = "/api/v1/quotes/preview"


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


def test_a_cart_is_priced(web: Web) -> None:
    answer = web.client.post(URL, json={**CART, "ref": "r1"}, headers=web.key("integration", "quotes.make"))
    assert answer.status_code == 200
    assert (answer.get_json()["payable"], answer.get_json()["ref"]) == (2400, "r1")
    assert answer.get_json()["proof"] == {"status": "optimal", "bound": 2400}


def test_a_fault_in_the_document_is_named(web: Web) -> None:
    bad = request([line("a", -1)])
    answer = web.client.post(URL, json=bad, headers=web.key("integration", "quotes.make"))
    assert answer.status_code == 422
    assert [(one["path"], one["code"]) for one in answer.get_json()["errors"]] == [
        ("cart.lines.0.price", "greater_than_equal")
    ]


def test_the_right_is_asked(web: Web) -> None:
    answer = web.client.post(URL, json=CART, headers=web.key("integration", "customers.read"))
    assert answer.status_code == 403


def test_the_description_shows_the_documents(web: Web) -> None:
    described = web.client.get("/api/v1/openapi.json").get_json()
    assert URL.removeprefix("/api/v1") in {path.removeprefix("/api/v1") for path in described["paths"]}
    assert {"Promotion", "QuoteOut"} <= set(described["components"]["schemas"])
