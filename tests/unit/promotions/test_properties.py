"""What holds for every cart and every rule set."""

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rig.carts import documents
from rig.conditions import matches
from rig.examples import examples
from rig.prices import amount, line, percent, promo, request
from wayfare.promotions import quote

quick = examples(25)


@quick
@given(documents(5, 5), st.randoms(use_true_random=False))
def test_the_order_of_anything_is_irrelevant(document: dict[str, Any], chance: random.Random) -> None:
    before = quote(document)
    mixed = json.loads(json.dumps(document))
    chance.shuffle(mixed["ruleset"]["promotions"])
    chance.shuffle(mixed["ruleset"]["groups"])
    chance.shuffle(mixed["ruleset"]["caps"])
    after = quote(mixed)
    assert after == before


@quick
@given(documents(5, 5))
def test_the_same_document_has_the_same_quote_to_the_byte(document: dict[str, Any]) -> None:
    assert json.dumps(quote(document)) == json.dumps(quote(json.loads(json.dumps(document))))


@quick
@given(documents(5, 5))
def test_splitting_a_line_changes_no_total(document: dict[str, Any]) -> None:
    """Where no scope names the line; and tax that is added is rounded line by line."""
    document["cart"]["tax_mode"] = "none"
    split = json.loads(json.dumps(document))
    for one in list(split["cart"]["lines"]):
        if one["quantity"] > 1 and f'"{one["id"]}"' not in json.dumps(split["ruleset"]):
            one["quantity"] -= 1
            split["cart"]["lines"].append({**one, "id": f"{one['id']}-2", "quantity": 1})
    assert quote(split)["payable"] == quote(document)["payable"]


@quick
@given(documents(5, 5))
def test_sums_agree_and_no_price_leaves_its_bounds(document: dict[str, Any]) -> None:
    answer = quote(document)
    for one in answer["lines"]:
        assert sum(units["count"] * units["net"] for units in one["units"]) == one["net"]
        assert one["list"] - one["discount"] == one["net"]
        for units in one["units"]:
            assert 0 <= units["net"] <= units["list"]
            assert units["list"] - sum(step["given"] for step in units["steps"]) == units["net"]
            assert all(0 < step["given"] <= step["amount"] for step in units["steps"])
    assert sum(one["net"] for one in answer["lines"]) == answer["goods"]["net"]
    added = answer["tax"] if document["cart"]["tax_mode"] == "exclusive" else 0
    assert answer["goods"]["net"] + sum(one["net"] for one in answer["shipping"]) + added == answer["payable"]
    given_ = sum(one["amount"] for one in answer["applied"])
    assert given_ == answer["goods"]["discount"] + sum(one["discount"] for one in answer["shipping"])
    named = [one["promotion"] for one in (*answer["applied"], *answer["not_applied"])]
    assert sorted(named) == sorted(one["key"] for one in document["ruleset"]["promotions"])


@quick
@given(documents(5, 5))
def test_no_cap_is_broken(document: dict[str, Any]) -> None:
    answer = quote(document)
    layers = {one["key"]: one["layer"] for one in document["ruleset"]["groups"]}
    where = {one["key"]: layers[one["group"]] for one in document["ruleset"]["promotions"]}
    for one, shown in zip(document["cart"]["lines"], answer["lines"], strict=True):
        for cap in document["ruleset"]["caps"]:
            if not matches(cap.get("scope"), one):
                continue
            most = one["price"] * int(cap.get("max_percent", "100")) // 100
            most = min(most, cap.get("max_amount", most))
            for units in shown["units"]:
                counted = [s for s in units["steps"] if not cap.get("layers") or where[s["promotion"]] in cap["layers"]]
                assert sum(step["given"] for step in counted) <= most


@quick
@given(documents(5, 5, firsts=False), st.integers(0, 4))
def test_one_more_promotion_never_raises_the_total(document: dict[str, Any], which: int) -> None:
    """Whatever may be declined: sets, pairs, bundles and the n-th, of whom they favor, thresholds, limits and caps.

    Only FIRST groups are left out: a compulsory promotion may cost money.
    """
    document["cart"]["tax_mode"] = "none"  # what is added is rounded line by line
    fewer = json.loads(json.dumps(document))
    gone = fewer["ruleset"]["promotions"].pop(which % len(fewer["ruleset"]["promotions"]))
    for one in fewer["ruleset"]["promotions"]:
        one["never_with"] = [key for key in one.get("never_with", []) if key != gone["key"]]
    assert quote(document)["payable"] <= quote(fewer)["payable"]


@quick
@given(
    st.lists(st.integers(0, 3000), min_size=1, max_size=6), st.integers(1, 4000), st.sampled_from(["amount", "percent"])
)
def test_shares_of_an_order_discount_add_up_to_it(prices: list[int], value: int, kind: str) -> None:
    effect = amount(value, "order") if kind == "amount" else percent(1 + value % 100, "order")
    lines = [line(f"L{place}", price, 1 + place % 3) for place, price in enumerate(prices)]
    answer = quote(request(lines, promo("o", effect, "order")))
    listed = answer["goods"]["list"]
    expected = min(value, listed) if kind == "amount" else (2 * listed * (1 + value % 100) + 100) // 200
    assert answer["goods"]["discount"] == sum(one["discount"] for one in answer["lines"]) == expected


@quick
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=5), st.data())
def test_the_order_layer_is_non_decreasing_in_the_goods(prices: list[int], data: st.DataObject) -> None:
    """To the cent: a cart with one cheaper unit is never dearer after an order percent with floors."""
    rate, place = data.draw(st.integers(1, 100)), data.draw(st.integers(0, len(prices) - 1))
    cheaper = [max(0, price - (index == place)) for index, price in enumerate(prices)]

    def total(values: list[int]) -> int:
        lines = [line(f"L{index}", price, min_price=900) for index, price in enumerate(values)]
        return int(quote(request(lines, promo("o", percent(rate, "order"), "order")))["payable"])

    assert total(cheaper) <= total(prices)


def test_a_large_cart_gives_up_just_enough_for_a_net_threshold() -> None:
    """95,000 after the sale; 20 of 100 lines give their 50 up, and 3,000 come off 96,000."""
    lines = [line(f"L{number}", 1000) for number in range(100)]
    threshold = {"kind": "goods_from", "value": 96_000, "base": "net"}
    order = promo("o", amount(3000, "order"), "order", conditions=[threshold])
    answer = quote(request(lines, promo("p", amount(50)), order), limit=0)
    assert answer["payable"] == 93_000
    assert answer["proof"] == {"status": "optimal", "bound": 93_000}
