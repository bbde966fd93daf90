"""No allowed choice is cheaper: quotes of small carts equal a brute force over all choices."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from rig.brute_force import lowest
from rig.carts import documents
from wayfare.promotions import quote


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_no_choice_is_cheaper_than_the_quote(document: dict[str, Any]) -> None:
    answer = quote(document)
    best = lowest(document)
    assert answer["proof"]["bound"] <= best <= answer["payable"]
    assert answer["proof"]["status"] == "optimal"
