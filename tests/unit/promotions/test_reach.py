"""A net threshold above what the goods cost at list prices asks for no search."""

from typing import Any

import pytest

from wayfare.promotions import quote


def request(threshold: int) -> dict[str, Any]:
    """Return four things of 10.00 under 30 % off one brand and three for two of one category.

    The brand's two cost 7.00 each; three for two takes in one of them. 20.00 off from a net value on.
    """
    lines = [
        {"id": f"L{n}", "sku": f"S{n}", "price": 1000, "quantity": 1, "brand": brand, "categories": ["skin"][:skin]}
        for n, (brand, skin) in enumerate([("Own", 0), ("Own", 1), ("Other", 1), ("Other", 1)])
    ]
    three_for_two = {"kind": "sets", "size": 3, "reward": {"units": 1, "effect": {"kind": "percent", "value": "100"}}}
    promotions = [
        {
            "key": "own",
            "layer": "item",
            "effect": {"kind": "percent", "value": "30"},
            "scope": {"include": {"brands": ["Own"]}},
        },
        {
            "key": "three",
            "layer": "item",
            "effect": three_for_two,
            "scope": {"include": {"categories": ["skin"]}},
        },
        {
            "key": "basket",
            "layer": "order",
            "effect": {"kind": "amount", "value": 2000, "target": "order"},
            "conditions": [{"kind": "goods_from", "value": threshold, "base": "net"}],
        },
    ]
    return {
        "cart": {"currency": "UAH", "at": "2026-11-24T10:00:00+02:00", "lines": lines},
        "ruleset": {"promotions": promotions},
    }


def test_out_of_reach_is_proven_without_search_and_says_by_how_much() -> None:
    answer = quote(request(4001), limit=0)
    assert answer["payable"] == 2700
    assert answer["proof"] == {"status": "optimal", "bound": 2700}
    assert answer["not_applied"] == [{"promotion": "basket", "reason": "threshold_short", "short": 1301}]


@pytest.mark.parametrize(("threshold", "payable"), [(4000, 2000), (2700, 700)])
def test_within_reach_is_looked_at(threshold: int, payable: int) -> None:
    """At 40.00 every other promotion is given up for the 20.00; at 27.00 none is."""
    answer = quote(request(threshold))
    assert answer["payable"] == payable
    assert answer["proof"]["status"] == "optimal"
