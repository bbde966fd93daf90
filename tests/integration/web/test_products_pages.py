"""Pages on products: found by a part of their name; one page tells what a product cost, and why."""

from datetime import timedelta
from typing import Any

import pytest

from engine.products import upsert_products
from rig.desk import Desk
from rig.prices import percent
from rig.web import NOON, Web

DAY = timedelta(days=1)


@pytest.fixture
def shop(web: Web) -> Web:
    """Tea and soap; tea was 100.00, is 120.00 since twenty days, and 30 % off since four."""
    key = Desk(web, web.key("integration", "promotions.edit", "promotions.publish"))
    tea = {"sku": "tea/green", "name": "Green tea <b>", "brand": "Карпати", "categories": ["drinks"]}
    for day, items in (
        (-60, [{**tea, "price": 10_000}, {"sku": "soap", "name": "Soap", "price": 500}]),
        (-20, [{"sku": "tea/green", "price": 12_000}]),
    ):
        stamped: list[Any] = [{**one, "currency": "UAH"} for one in items]
        upsert_products(web.store, stamped, now=NOON + day * DAY, source="till")
    web.at = NOON - 4 * DAY
    key(
        "PUT",
        "/promotions/sale",
        {"name": "Tea days", "layer": "item", "effect": percent(30), "scope": {"include": {"brands": ["Карпати"]}}},
    )
    key("PUT", "/promotions/club", {"name": "Club", "layer": "item", "effect": percent(5), "requires_code": "CLUB"})
    key("POST", "/promotions/publish", {})
    web.at = NOON
    return web


def test_products_are_found_by_a_part_of_number_name_or_brand(shop: Web) -> None:
    analyst = shop.sign_in("analyst")
    for text, there, away in (("gree", "Green tea", "Soap"), ("карп", "Green tea", "Soap"), ("SOAP", "Soap", "Green")):
        page = analyst.get(f"/products?q={text}").text
        assert there in page
        assert away not in page
    assert "Nothing found" in analyst.fragment("/products?q=zzz").text
    assert "Nothing on this page" in analyst.get("/products?page=9").text


def test_a_product_tells_what_it_cost_and_why(shop: Web) -> None:
    page = shop.sign_in("marketer").get("/products/tea/green").text
    for words in (
        "84.00 UAH",
        "100.00 UAH",
        "120.00 UAH",
        "up from 100.00",
        "Tea days",
        "Club",
        "for those with a code",
    ):
        assert words in page
    assert "Green tea &lt;b&gt;" in page
    assert "by law" in page
    assert "/promotions/cart?sku=tea/green" in page
    assert shop.sign_in("marketer").get("/products/tea/green?days=30").status_code == 200


def test_what_was_never_sold_and_what_does_not_exist(web: Web) -> None:
    upsert_products(web.store, [{"sku": "box"}], now=NOON, source="till")
    marketer = web.sign_in("marketer")
    assert "No price in this time" in marketer.get("/products/box").text
    assert marketer.get("/products/none").status_code == 404


def test_there_are_no_products_yet(web: Web) -> None:
    assert "No products yet" in web.sign_in("marketer").get("/products").text


def test_who_may_not_read_promotions_sees_no_products(web: Web) -> None:
    assert web.sign_in("support").get("/products").status_code == 403


def test_a_price_before_that_is_too_high_is_told_before_launch(shop: Web) -> None:
    key = Desk(shop, shop.key("integration", "promotions.edit", "promotions.publish", "promotions.read"))
    told = key("POST", "/promotions/check", {})["high_before"]
    assert [(one["promotion"], one["sku"], one["listed"], one["lowest"]) for one in told] == [
        ("sale", "tea/green", 12_000, 10_000)
    ]
    assert "name 100.00 as the price before" in told[0]["words"]
    begins, ends = (NOON + day * DAY for day in (20, 30))
    period = {"kind": "period", "from": begins.isoformat(), "until": ends.isoformat()}
    key(
        "PUT", "/promotions/xmas", {"name": "Christmas", "layer": "item", "effect": percent(40), "conditions": [period]}
    )
    told = key("POST", "/promotions/check", {})["high_before"]
    assert [(one["promotion"], one["lowest"]) for one in told] == [("sale", 10_000), ("xmas", 8_400)]
    assert told[1]["began"].startswith("2026-12-14T12:00")
    page = shop.sign_in("marketer").get("/promotions/conflicts/prices-before").text
    assert "Christmas" in page
    assert "/products/tea/green" in page
    assert key("POST", "/promotions/check", {"prices": False})["high_before"] == []


def test_a_fair_reduction_is_no_finding(web: Web) -> None:
    key = Desk(web, web.key("integration", "promotions.edit", "promotions.read"))
    upsert_products(web.store, [{"sku": "tea", "price": 900, "currency": "UAH"}], now=NOON - 60 * DAY, source="till")
    key("PUT", "/promotions/sale", {"name": "Sale", "layer": "item", "effect": percent(30)})
    assert key("POST", "/promotions/check", {})["high_before"] == []
    assert "Prices before" not in web.sign_in("marketer").get("/promotions/conflicts/prices-before").text
