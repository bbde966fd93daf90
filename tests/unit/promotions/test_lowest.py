"""No allowed choice is cheaper: quotes of small carts equal a brute force over all choices."""

from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, event, given, settings

from rig.brute_force import lowest
from rig.carts import documents, multibuys, thresholds
from wayfare.promotions import dealing, quote


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_no_choice_is_cheaper_than_the_quote(document: dict[str, Any]) -> None:
    answer = quote(document)
    best = lowest(document)
    assert answer["proof"]["bound"] <= best <= answer["payable"]
    assert answer["proof"]["status"] == "optimal"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(multibuys())
def test_prices_for_credit_leave_the_lowest_price_alone(document: dict[str, Any]) -> None:
    """Small carts do without them; here they must use them, and the lowest price is the same."""
    best = lowest(document)
    with patch.object(dealing, "FEW", 0):
        answer = quote(document)
    assert answer["payable"] == best
    assert answer["proof"] == {"status": "optimal", "bound": best}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(multibuys())
def test_what_is_dealt_in_parts_has_a_true_bound(document: dict[str, Any]) -> None:
    """Many units are divided; here a few are."""
    best = lowest(document)
    with patch.multiple(dealing, FEW=0, MOST_UNITS=3, PART=2):
        answer = quote(document, limit=0)
    assert answer["proof"]["bound"] <= best <= answer["payable"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(thresholds())
def test_thresholds_at_net_value_are_reached_as_cheaply_as_can_be(document: dict[str, Any]) -> None:
    """In closed form nearly always; where the complete search must help, nothing is claimed without it."""
    least, answer = lowest(document), quote(document, limit=0)
    event(answer["proof"]["status"])
    assert answer["proof"]["bound"] <= least <= answer["payable"]
    if answer["proof"]["status"] == "optimal":
        assert answer["payable"] == least
    whole = quote(document)
    assert (whole["payable"], whole["proof"]) == (least, {"status": "optimal", "bound": least})
