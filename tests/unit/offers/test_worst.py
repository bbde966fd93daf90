"""The worst stacked price of a product: in which contexts it is looked for, and what is found."""

from datetime import UTC, datetime
from typing import Any

import pytest

from offers.rules.shapes import Body, read_body, ruleset_of
from offers.whatif.contexts import contexts
from offers.whatif.worst import Looker
from rig.prices import amount, brand, group, percent, promo, sets, when
from store.what_if import Priced

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
ROSE = Priced(1, "ROSE", "Rose", "Lys", ["perfume"], 100_000, 60_000, "UAH")


def body(*promotions: dict[str, Any], **more: Any) -> Body:
    return read_body({"promotions": list(promotions), **more})


def worst(rules: Body, product: Priced = ROSE) -> dict[str, Any]:
    return dict(Looker(rules, NOW).row(product)[0])


def count(rules: Body) -> int:
    ruleset = ruleset_of(rules)
    return len(contexts(ruleset, ruleset.promotions, NOW).carts)


@pytest.mark.parametrize(
    ("why", "promotions", "lowest"),
    [
        ("nothing is there", [], 100_000),
        ("layers stack", [promo("a", percent(20)), promo("b", percent(10), "personal")], 72_000),
        ("one of a BEST group", [promo("a", percent(20)), promo("b", percent(30))], 70_000),
        ("a code is at hand", [promo("a", percent(20), requires_code="X")], 80_000),
        ("a segment is a choice", [promo("a", percent(20), conditions=[when("segment", "vip")])], 80_000),
        (
            "a day to come",
            [promo("a", percent(20), conditions=[when("period", **{"from": "2030-01-01T00:00:00+00:00"})])],
            80_000,
        ),
        (
            "a day gone by",
            [promo("a", percent(20), conditions=[when("period", until="2026-01-01T00:00:00+00:00")])],
            100_000,
        ),
        (
            "hours of the week",
            [promo("a", percent(20), conditions=[when("weekly", days=[7], **{"from": "10:00", "until": "11:00"})])],
            80_000,
        ),
        ("a birthday", [promo("a", percent(20), conditions=[when("birthday", before=1, after=1)])], 80_000),
        ("an n-th order", [promo("a", percent(20), conditions=[when("order_number", multiple_of=5)])], 80_000),
        ("another product", [promo("a", percent(20), scope=brand("Other"))], 100_000),
        ("pieces of a set", [promo("a", sets(3))], 66_666),
        (
            "a threshold of goods",
            [promo("a", amount(50_000, "order"), "order", conditions=[when("goods_from", value=150_000)])],
            75_000,
        ),
        (
            "apart in one cart",
            [
                promo("a", percent(20), conditions=[when("level", "gold")]),
                promo("b", percent(10), "personal", conditions=[when("level", "silver")]),
            ],
            80_000,
        ),
    ],
)
def test_the_lowest_price_of_one_piece(why: str, promotions: list[dict[str, Any]], lowest: int) -> None:
    found = worst(body(*promotions))
    assert found["lowest"] == lowest, why
    assert found["off"] == (100_000 - lowest) // 10
    assert found["margin"] == lowest - 60_000
    assert found["proven"]


def test_what_a_set_asks_for_beside_a_product_is_put_beside_it() -> None:
    buy = {"quantity": 2, "scope": brand("Cream")}
    get = {"quantity": 1, "scope": brand("Lys"), "effect": percent(50)}
    found = worst(body(promo("pair", {"kind": "buy_get", "buy": buy, "get": get})))
    assert found["lowest"] == 50_000
    assert [one["brand"] for one in found["cart"]["lines"]] == ["Lys", "Cream"]


def test_caps_and_floors_hold() -> None:
    cap = {"key": "luxury", "scope": brand("Lys"), "max_percent": "15"}
    assert worst(body(promo("a", percent(40)), caps=[cap]))["lowest"] == 85_000


def test_of_values_that_open_the_same_one_is_enough() -> None:
    assert count(body()) == 1
    assert count(body(promo("a", percent(1), conditions=[when("store", "k1", "k2", "k3")]))) == 1
    two = [promo(key, percent(1), conditions=[when("channel", key)]) for key in ("app", "web")]
    assert count(body(*two)) == 2
    both = promo("c", percent(1), conditions=[when("level", "gold", "silver")])
    assert count(body(*two, both)) == 2


def test_where_a_first_group_decides_every_value_stays() -> None:
    rules = [promo("a", percent(1), conditions=[when("channel", "app")], group="g")]
    assert count(body(*rules, groups=[group("g", policy="first")])) == 2
    barred = promo("b", percent(1), conditions=[{"kind": "not", "of": when("channel", "app")}])
    assert count(body(barred)) == 2
    assert worst(body(barred))["lowest"] == 99_000


def test_contexts_are_bounded_and_the_rest_is_told() -> None:
    many = [
        promo(f"{kind}{n}", percent(1), conditions=[when(kind, f"{kind}{n}")])
        for kind in ("channel", "store", "region")
        for n in range(5)
    ]
    ruleset = ruleset_of(body(*many))
    found = contexts(ruleset, ruleset.promotions, NOW)
    assert (len(found.carts), found.left_out) == (64, 61)
