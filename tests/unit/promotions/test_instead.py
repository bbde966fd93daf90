"""What if this promotion were used: the next best price, worked out by hand, and bounds that hold for any cart."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from rig.carts import documents
from wayfare.promotions import instead, parse_request, quote

SOAP, CREAM = (
    {"id": name, "sku": name, "price": price, "quantity": 1} for name, price in (("soap", 10_000), ("cream", 20_000))
)


def item(key: str, percent: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "layer": "item", "effect": {"kind": "percent", "value": percent}, **more}


def order(key: str, amount: int, **more: Any) -> dict[str, Any]:
    return {"key": key, "layer": "order", "effect": {"kind": "amount", "value": amount, "target": "order"}, **more}


def of(sku: str) -> dict[str, Any]:
    return {"include": {"skus": [sku]}}


def forced(promotions: list[dict[str, Any]], key: str, *groups: dict[str, Any]) -> tuple[int, int] | None:
    """Return payable and how much more it is, for a soap and a cream."""
    cart = {"currency": "UAH", "at": "2026-11-24T10:00:00+02:00", "lines": [SOAP, CREAM]}
    request = parse_request({"cart": cart, "ruleset": {"promotions": promotions, "groups": list(groups)}})
    found = instead(request.cart, request.ruleset, key)
    return (found.quote["payable"], found.more) if found else None


CASES = [
    (
        "a better one of its group makes room on its lines only",
        [item("a", "20"), item("b", "10", scope=of("soap"))],
        "b",
        (25_000, 1_000),
    ),
    ("one that is used costs nothing more", [item("a", "20"), item("b", "10", scope=of("soap"))], "a", (24_000, 0)),
    ("another group stays", [item("a", "20"), item("b", "10"), order("c", 1_000)], "b", (26_000, 3_000)),
    ("of order promotions there is one", [order("a", 3_000), order("b", 1_000)], "b", (29_000, 2_000)),
    ("what it is never with goes", [item("a", "20"), order("b", 1_000, never_with=["a"])], "b", (29_000, 5_000)),
    ("never together holds both ways", [item("a", "20", never_with=["b"]), order("b", 1_000)], "b", (29_000, 5_000)),
    (
        "one that stands alone stands alone",
        [item("a", "20"), item("b", "5", standalone=True), order("c", 1_000)],
        "b",
        (28_500, 5_500),
    ),
    (
        "one that stands alone does so even where others together give more",
        [item("a", "20"), item("b", "5", standalone=True), order("c", 3_000)],
        "b",
        (28_500, 7_500),
    ),
    ("one that stands alone makes room", [item("a", "50", standalone=True), order("b", 1_000)], "b", (29_000, 14_000)),
    ("what gives nothing here gives nothing", [item("a", "20"), item("b", "90", scope=of("comb"))], "b", None),
    ("a code that was not given opens nothing", [item("a", "20"), item("b", "90", requires_code="X")], "b", None),
]


@pytest.mark.parametrize(
    ("promotions", "key", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_by_hand(promotions: list[dict[str, Any]], key: str, expected: tuple[int, int] | None) -> None:
    assert forced(promotions, key) == expected


def test_one_that_was_passed_over_costs_less() -> None:
    first = {"key": "fixed", "layer": "item", "policy": "first"}
    worse, better = (
        {**item(key, value, priority=rank), "group": "fixed"} for key, value, rank in (("a", "10", 2), ("b", "30", 1))
    )
    for one in (worse, better):
        del one["layer"]
    assert forced([worse, better], "b", first) == (21_000, -6_000)


def test_a_promotion_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        forced([item("a", "20")], "z")


@settings(max_examples=40, deadline=None)
@given(documents())
def test_it_uses_what_was_asked_for_and_never_beats_the_best(document: dict[str, Any]) -> None:
    request = parse_request(document)
    best = quote(document)
    said = json.dumps(document["ruleset"])
    is_fixed = any(f'"{word}"' in said for word in ("first", "retailer", "max_units", "max_units_line"))
    for promotion in request.ruleset.promotions:
        found = instead(request.cart, request.ruleset, promotion.key)
        if found is None:
            continue
        used = {one["promotion"] for one in [*found.quote["applied"], *found.quote["gifts"]]}
        assert promotion.key in used
        assert found.more == found.quote["payable"] - best["payable"]
        if not is_fixed and best["proof"]["status"] == "optimal":
            assert _net(found.quote) >= _net(best), "where every choice is free, leaving some out never helps"


def _net(found: dict[str, Any]) -> int:
    """Return what the best price minimises: goods and delivery without added tax."""
    return int(found["goods"]["net"] + sum(one["net"] for one in found["shipping"]))
