"""No allowed choice is cheaper: quotes of small carts equal a brute force over all choices."""

from typing import Any
from unittest.mock import patch

from hypothesis import event, given

from rig.brute_force import lowest
from rig.carts import documents, multibuys, thresholds
from rig.examples import examples
from rig.rewards import rewards, tax
from wayfare.promotions import dealing, quote


@examples(100)
@given(documents())
def test_no_choice_is_cheaper_than_the_quote(document: dict[str, Any]) -> None:
    answer = quote(document)
    added = answer["tax"] if document["cart"]["tax_mode"] == "exclusive" else 0
    assert answer["payable"] - added == lowest(document)
    assert answer["proof"] == {"status": "optimal", "bound": answer["payable"]}


@examples(60)
@given(documents())
def test_what_needs_no_complete_search_is_claimed_only_when_it_is_true(document: dict[str, Any]) -> None:
    answer, best = quote(document, limit=0), lowest(document)
    event(answer["proof"]["status"])
    added = answer["tax"] if document["cart"]["tax_mode"] == "exclusive" else 0
    assert answer["proof"]["bound"] - added <= best <= answer["payable"] - added
    assert (answer["proof"]["status"] == "optimal") == (answer["proof"]["bound"] == answer["payable"])


@examples(60)
@given(documents())
def test_gifts_bonus_and_tax_follow_from_the_prices(document: dict[str, Any]) -> None:
    answer, cart = quote(document), document["cart"]
    gifts, bonus = rewards(document, answer)
    assert (answer["gifts"], answer["cashback"]) == (gifts, bonus)
    shown = [*zip(cart["lines"], answer["lines"], strict=True), *zip(cart["shipping"], answer["shipping"], strict=True)]
    assert [one["tax"] for _, one in shown] == [tax(cart, asked.get("tax"), one["net"]) for asked, one in shown]
    assert answer["tax"] == sum(one["tax"] for _, one in shown)
    net = sum(one["net"] for _, one in shown)
    assert answer["payable"] == net + (answer["tax"] if cart["tax_mode"] == "exclusive" else 0)


@examples(60)
@given(multibuys())
def test_prices_for_credit_leave_the_lowest_price_alone(document: dict[str, Any]) -> None:
    """Small carts do without them; here they must use them, and the lowest price is the same."""
    best = lowest(document)
    with patch.object(dealing, "FEW", 0):
        answer = quote(document)
    assert answer["payable"] == best
    assert answer["proof"] == {"status": "optimal", "bound": best}


@examples(60)
@given(multibuys())
def test_what_is_dealt_in_parts_has_a_true_bound(document: dict[str, Any]) -> None:
    """Many units are divided; here a few are."""
    best = lowest(document)
    with patch.multiple(dealing, FEW=0, MOST_UNITS=3, PART=2):
        answer = quote(document, limit=0)
    assert answer["proof"]["bound"] <= best <= answer["payable"]


@examples(40)
@given(thresholds())
def test_thresholds_at_net_value_are_reached_as_cheaply_as_can_be(document: dict[str, Any]) -> None:
    """In closed form, unless caps or parts of the goods are asked about; nothing is claimed that is not so."""
    least, answer = lowest(document), quote(document, limit=0)
    event(answer["proof"]["status"])
    assert answer["proof"]["bound"] <= least <= answer["payable"]
    asked = [one for rule in document["ruleset"]["promotions"] for one in rule.get("conditions", [])]
    if not document["ruleset"]["caps"] and not any("scope" in one for one in asked):
        assert answer["proof"] == {"status": "optimal", "bound": least}
    if answer["proof"]["status"] == "optimal":
        assert answer["payable"] == least
    whole = quote(document)
    assert (whole["payable"], whole["proof"]) == (least, {"status": "optimal", "bound": least})
