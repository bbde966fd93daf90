# ruff: noqa: E501  # one row a case, however long
"""Gifts, cashback, codes, tax and the steps of a unit."""

from typing import Any

import pytest

from rig.prices import amount, brand, fixed, group, line, percent, promo, request, when
from wayfare.promotions import quote


def gift(key: str, *choices: str, **more: Any) -> dict[str, Any]:
    where: dict[str, Any] = {key: more.pop(key) for key in ("quantity", "per") if key in more}
    return promo(key, {"kind": "gift", "choices": list(choices), **where}, "gift", **more)


def back(key: str, **more: Any) -> dict[str, Any]:
    where: dict[str, Any] = {key: more.pop(key) for key in ("percent", "amount") if key in more}
    return promo(key, {"kind": "cashback", **where}, "order", **more)


CART = [line("a", 1000, 3, brand="x"), line("b", 500, brand="y")]
GIFTS: list[tuple[str, list[dict[str, Any]], dict[str, Any], list[tuple[str, int]], dict[str, str]]] = [
    ("a gift", [gift("g", "G1")], {"stock": {"G1": 1}}, [("G1", 1)], {}),
    ("the first choice in stock", [gift("g", "G1", "G2")], {"stock": {"G1": 0, "G2": 5}}, [("G2", 1)], {}),
    ("none in stock", [gift("g", "G1")], {"stock": {"G1": 0}}, [], {"g": "gift_out_of_stock"}),
    ("an unknown stock is none", [gift("g", "G1")], {}, [], {"g": "gift_out_of_stock"}),
    ("two at once", [gift("g", "G1", quantity=2)], {"stock": {"G1": 5}}, [("G1", 2)], {}),
    ("one a unit of the scope", [gift("g", "G1", per="unit", scope=brand("x"))], {"stock": {"G1": 9}}, [("G1", 3)], {}),
    ("one a unit, at most two", [gift("g", "G1", per="unit", limits={"repeat": 2})], {"stock": {"G1": 9}}, [("G1", 2)], {}),
    ("one a set of two", [gift("g", "G1", per="set", conditions=[when("quantity_from", value=2)])], {"stock": {"G1": 9}}, [("G1", 2)], {}),
    ("as many as there are", [gift("g", "G1", quantity=4)], {"stock": {"G1": 3}}, [("G1", 3)], {}),
    ("nothing in scope", [gift("g", "G1", scope=brand("z"))], {"stock": {"G1": 1}}, [], {"g": "scope_empty"}),
    ("goods worth too little", [gift("g", "G1", conditions=[when("goods_from", value=3501)])], {"stock": {"G1": 1}}, [], {"g": "threshold_short"}),
    ("a net threshold", [promo("p", percent(10)), gift("g", "G1", conditions=[when("goods_from", value=3500, base="net")])], {"stock": {"G1": 1}}, [], {"g": "threshold_short"}),
    ("of a BEST group one", [gift("g", "G1"), gift("h", "G2", priority=1)], {"stock": {"G1": 1, "G2": 1}}, [("G2", 1)], {"g": "better_price"}),
    ("one that is not given stands in nobody's way", [gift("g", "G1", standalone=True), gift("h", "G2", priority=1)], {"stock": {"G1": 1}}, [("G1", 1)], {"h": "gift_out_of_stock"}),
    ("never with a sale", [promo("p", percent(10)), gift("g", "G1", never_with=["p"])], {"stock": {"G1": 1}}, [], {"g": "never_with"}),
    ("a standalone sale leaves no gift", [promo("p", percent(10), standalone=True), gift("g", "G1")], {"stock": {"G1": 1}}, [], {"g": "standalone"}),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "cart", "gifts", "reasons"), [pytest.param(*row[1:], id=row[0]) for row in GIFTS])
def test_gifts(rules: Any, cart: Any, gifts: Any, reasons: Any) -> None:
    answer = quote(request(CART, *rules, **cart))
    assert [(one["sku"], one["quantity"]) for one in answer["gifts"]] == gifts
    assert {one["promotion"]: one["reason"] for one in answer["not_applied"]} == reasons
    assert answer["goods"]["list"] == 3500


@pytest.mark.parametrize(
    ("rules", "earned"),
    [
        ([back("c", percent="5")], 175),
        ([promo("p", percent(10)), back("c", percent="5")], 158),  # 5 % of 3150 is 157.5, a half goes up
        ([back("c", percent="5", scope=brand("y"))], 25),
        ([back("c", amount=200)], 200),
        ([back("c", amount=200), back("d", percent="10")], 350),  # the best of a BEST group
        ([back("c", amount=9999, scope=brand("y"))], 500),
        ([back("c", amount=200, limits={"max_discount_cart": 150})], 150),
        ([back("c", percent="5", conditions=[when("goods_from", value=4000)])], 0),
        # the threshold of layer order is measured before the order's promotions, the bonus after them
        (
            [
                promo("o", amount(100, "order"), "order"),
                back("c", percent="5", conditions=[when("goods_from", value=3500, base="net")]),
            ],
            170,
        ),
    ],
)
def test_cashback_is_earned_on_what_is_paid(rules: Any, earned: int) -> None:
    answer = quote(request(CART, *rules))
    assert answer["cashback"] == earned
    assert answer["goods"]["list"] == 3500


@pytest.mark.parametrize(
    ("rule", "code", "status"),
    [
        (promo("p", percent(10), requires_code="ABC"), " abc", {"status": "applied"}),
        (promo("p", percent(10), requires_code="ABC"), "ABD", {"status": "unknown"}),
        (promo("p", percent(2), requires_code="ABC"), "ABC", {"status": "no_effect"}),
        (
            promo("p", percent(10), requires_code="ABC", conditions=[when("channel", "app")]),
            "ABC",
            {"status": "refused", "reason": "channel"},
        ),
    ],
)
def test_a_code_has_a_status(rule: dict[str, Any], code: str, status: dict[str, str]) -> None:
    answer = quote(request(CART, rule, promo("q", percent(5)), codes=[code]))
    assert answer["codes"] == [{"code": code, **status}]


def test_a_shared_code_is_refused_for_the_reason_of_the_first_promotion() -> None:
    channel = promo("a", percent(10), requires_code="ABC", conditions=[when("channel", "app")])
    region = promo("b", percent(10), requires_code="ABC", conditions=[when("region", "kyiv")])
    assert quote(request(CART, region, channel, codes=["ABC"]))["codes"][0]["reason"] == "channel"


@pytest.mark.parametrize(
    ("mode", "payable", "tax", "lines"),
    [("inclusive", 2225, 371, [150, 138, 83]), ("exclusive", 2670, 445, [180, 165, 100]), ("none", 2225, 0, [0, 0, 0])],
)
def test_tax_is_rounded_once_a_line(mode: str, payable: int, tax: int, lines: list[int]) -> None:
    goods = [line("a", 1000, tax="20"), line("b", 917, tax="20")]  # 900 and 825 after ten percent
    shipping = [{"id": "s", "price": 500, "tax": "20"}]
    answer = quote(request(goods, promo("p", percent(10)), tax_mode=mode, shipping=shipping))
    assert (answer["payable"], answer["tax"]) == (payable, tax)
    assert [one["tax"] for one in (*answer["lines"], *answer["shipping"])] == lines


def test_steps_tell_how_a_unit_came_to_its_price() -> None:
    rules = [promo("p", percent(10)), promo("o", amount(101, "order"), "order")]
    answer = quote(request([line("a", 1000, 2)], *rules))
    assert answer["lines"][0]["units"] == [
        {
            "count": 1,
            "list": 1000,
            "net": 849,
            "steps": [
                {"promotion": "p", "amount": 100, "given": 100},
                {"promotion": "o", "amount": 51, "given": 51},
            ],
        },
        {
            "count": 1,
            "list": 1000,
            "net": 850,
            "steps": [
                {"promotion": "p", "amount": 100, "given": 100},
                {"promotion": "o", "amount": 50, "given": 50},
            ],
        },
    ]


def test_units_are_told_together_when_their_steps_are_the_same() -> None:
    rules = [promo("p", fixed(1000), group="f", limits={"max_units": 1}), promo("q", percent(5), "personal")]
    answer = quote(request([line("a", 1000, 3)], *rules, groups=[group("f", policy="first")]))
    assert [(one["count"], one["net"]) for one in answer["lines"][0]["units"]] == [(3, 950)]
    rules = [promo("p", amount(100), priority=1, limits={"max_units": 1}), promo("q", fixed(900))]
    answer = quote(request([line("a", 1000, 3)], *rules))
    told = [(one["count"], one["net"], one["steps"][0]["promotion"]) for one in answer["lines"][0]["units"]]
    assert told == [(1, 900, "p"), (2, 900, "q")]


def test_units_are_handed_out_in_input_order() -> None:
    goods = [line("a", 1000, sku="s"), line("b", 700), line("c", 1000, sku="s")]
    answer = quote(request(goods, promo("p", percent(50), limits={"max_units": 1, "pick": "dearest"})))
    assert [one["net"] for one in answer["lines"]] == [500, 700, 1000]


def test_a_passed_over_promotion_tells_the_loss() -> None:
    first = group("f", policy="first")
    rules = [promo("p", percent(10), group="f", priority=1), promo("q", percent(30), group="f")]
    answer = quote(request([line("a", 1000, 2)], *rules, groups=[first]))
    assert answer["not_applied"] == [{"promotion": "q", "reason": "passed_over", "loss": 400, "by": "p"}]


def test_the_loss_is_of_the_units_on_which_it_is_cheaper() -> None:
    """50 on the first line; on the second the one that was taken is cheaper anyway."""
    first = group("f", policy="first")
    rules = [promo("p", percent(10), group="f", priority=1), promo("q", amount(150), group="f")]
    answer = quote(request([line("a", 1000), line("b", 2000)], *rules, groups=[first]))
    assert answer["not_applied"] == [{"promotion": "q", "reason": "passed_over", "loss": 50, "by": "p"}]


def test_a_step_tells_what_cut_it() -> None:
    goods = [line("a", 1000, min_price=950), line("b", 1000, brand="x"), line("c", 1000)]
    rules = [promo("p", percent(20)), promo("o", amount(1800, "order"), "order")]
    answer = quote(
        request(goods, *rules, caps=[{"key": "c", "max_percent": "15", "scope": brand("x")}], smallest_price=5)
    )
    cuts = {one["id"]: [step.get("cut_by", "") for step in one["units"][0]["steps"]] for one in answer["lines"]}
    assert cuts == {"a": ["min_price"], "b": ["c"], "c": ["", "smallest_price"]}
    assert [one["net"] for one in answer["lines"]] == [950, 850, 5]


def test_a_threshold_tells_what_is_short() -> None:
    rule = promo("p", percent(10), conditions=[when("goods_from", value=5000)])
    assert quote(request(CART, rule))["not_applied"] == [{"promotion": "p", "reason": "threshold_short", "short": 1500}]


def test_one_that_stands_alone_proves_nothing_of_the_others() -> None:
    bundle = {"kind": "bundle", "price": 900, "parts": [{"scope": brand("x")}, {"scope": brand("y")}]}
    goods = [line("a", 1000, brand="x"), line("b", 500, brand="y")]
    answer = quote(request(goods, promo("m", bundle), promo("s", percent(10), standalone=True)), limit=0)
    assert (answer["payable"], answer["proof"]["status"]) == (1350, "bounded")
    assert answer["proof"]["bound"] <= 900


def test_past_the_limit_there_is_a_bound() -> None:
    bundle = {"kind": "bundle", "price": 900, "parts": [{"scope": brand("x")}, {"scope": brand("y")}]}
    goods = [line(f"a{number}", 500 + number, 3, brand="xy"[number % 2]) for number in range(6)]
    answer = quote(request(goods, promo("m", bundle), promo("p", percent(3))), limit=500)
    assert answer["proof"]["status"] == "bounded"
    assert answer["proof"]["bound"] < answer["payable"]
