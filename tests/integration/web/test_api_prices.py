"""What products cost in the past, over HTTP: the lowest price of the thirty days before a reduction."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rig.desk import Desk
from rig.prices import line, percent
from rig.statements import counted
from rig.web import NOON, Web, a_web

RIGHTS = ("promotions.read", "promotions.edit", "promotions.publish", "promotions.stop", "quotes.make")
DAY = timedelta(days=1)


@pytest.fixture
def web(database_url: str) -> Iterator[Web]:
    served = a_web(database_url)
    yield served
    served.store.dispose()


@pytest.fixture
def key(web: Web) -> Desk:
    return Desk(web, web.key("integration", *RIGHTS, "products.write"))


def priced(web: Web, key: Desk, day: int, price: int, *skus: str, **more: Any) -> None:
    """Set the price of products on a day, counted from today."""
    today, web.at = web.at, NOON + day * DAY
    items = [{"sku": sku, "price": price, "currency": "UAH", **more} for sku in skus]
    assert key("POST", "/products", items)["errors"] == []
    web.at = today


def sale(web: Web, key: Desk, day: int, percents: int, **more: Any) -> None:
    """Publish the promotion `sale` on a day, counted from today; 0 takes it off."""
    today, web.at = web.at, NOON + day * DAY
    if percents:
        key("PUT", "/promotions/sale", {"layer": "item", "effect": percent(percents), **more})
    else:
        key("DELETE", "/promotions/sale", status=204)
    assert key("POST", "/promotions/publish", {})["reasons"] == []
    web.at = today


def test_a_promotion_names_the_lowest_price_of_the_days_before(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea/green")
    priced(web, key, -20, 12_000, "tea/green")
    sale(web, key, -5, 20)
    found = key("GET", "/products/tea/green/price-history?days=90")
    assert (found["price"], found["list_price"], found["cause"]) == (9_600, 12_000, "promotion")
    assert (found["lowest_30_days"], found["is_complete"], found["is_higher_than_lowest"]) == (10_000, True, True)
    assert found["began"].startswith("2026-11-19T12:00")
    assert found["since"].startswith("2026-10-20T12:00")
    assert [(one["list_price"], one["price"], one["promotions"]) for one in found["intervals"]] == [
        (10_000, 10_000, []),
        (12_000, 12_000, []),
        (12_000, 9_600, ["sale"]),
    ]
    assert [one["price"] for one in found["changes"]] == [10_000, 12_000]


def test_a_reduction_far_back_is_found_and_one_may_say_when_it_began(web: Web, key: Desk) -> None:
    priced(web, key, -200, 10_000, "tea")
    sale(web, key, -150, 20)
    assert key("GET", "/products/tea/price-history")["lowest_30_days"] == 10_000
    began = (NOON - 10 * DAY).isoformat().replace("+", "%2B")
    assert key("GET", f"/products/tea/price-history?began={began}")["lowest_30_days"] == 8_000


def test_a_code_or_a_segment_makes_no_public_price(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea")
    sale(web, key, -5, 20, requires_code="AUTUMN")
    found = key("GET", "/products/tea/price-history")
    assert (found["price"], found["cause"], found["lowest_30_days"]) == (10_000, "", 10_000)


def test_brands_of_the_past_decide_what_promotions_did(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea", brand="A")
    sale(web, key, -25, 30, scope={"include": {"brands": ["A"]}})
    priced(web, key, -10, 10_000, "tea", brand="B")
    found = key("GET", "/products/tea/price-history")
    assert (found["price"], found["cause"], found["lowest_30_days"]) == (10_000, "", 7_000)


def test_growing_reductions_are_counted_as_the_shop_decides(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea")
    sale(web, key, -9, 10)
    sale(web, key, -5, 20)
    assert key("GET", "/products/price-settings") == {"progressive": False}
    assert key("GET", "/products/tea/price-history")["lowest_30_days"] == 9_000
    key("PUT", "/products/price-settings", {"progressive": True})
    assert key("GET", "/products/tea/price-history")["lowest_30_days"] == 10_000


def test_many_products_are_asked_in_as_many_statements_as_one(web: Web, key: Desk) -> None:
    skus = [f"s{number}" for number in range(300)]
    priced(web, key, -60, 10_000, *skus)
    sale(web, key, -5, 20)
    counts = []
    key("POST", "/products/lowest-prices", {"skus": skus[:1]})  # versions are read once a process
    for some in (skus[:1], skus):
        with counted(web.store) as seen:
            found = key("POST", "/products/lowest-prices", {"skus": [*some, "nothing"]})
        counts.append(len(seen))
        assert [one["lowest_30_days"] for one in found["products"]] == [10_000] * len(some)
        assert found["unknown"] == ["nothing"]
    assert counts[0] == counts[1]


def test_a_quote_tells_the_lowest_price_when_asked(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea")
    sale(web, key, -5, 20)
    cart = {"currency": "UAH", "lines": [line("L1", 10_000, 2, sku="tea"), line("L2", 500, 1, sku="none")]}
    with counted(web.store) as plain:
        assert "lowest_30_days" not in key("POST", "/quotes", {"cart": cart})["lines"][0]
    with counted(web.store) as asked:
        told = key("POST", "/quotes", {"cart": cart, "with": ["lowest_price"]})
    assert [one["lowest_30_days"] for one in told["lines"]] == [10_000, None]
    assert told["goods"]["net"] == 16_500 - 100
    assert len(asked) > len(plain)


def test_a_promotion_of_one_shop_counts_in_its_carts(web: Web, key: Desk) -> None:
    priced(web, key, -60, 10_000, "tea")
    sale(web, key, -40, 50, conditions=[{"kind": "store", "values": ["kyiv-01"]}])
    sale(web, key, -20, 0)
    assert key("GET", "/products/tea/price-history")["lowest_30_days"] == 10_000
    assert key("GET", "/products/tea/price-history?store=kyiv-01")["lowest_30_days"] == 5_000


def test_an_unknown_product_is_not_found(web: Web, key: Desk) -> None:
    headers = web.key("integration", *RIGHTS)
    answer = web.client.get("/api/v1/products/none/price-history", headers=headers)
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (404, "not_found")
