"""The plain pricer prices one choice and refuses what the rules do not allow: the search does not judge itself."""

from typing import Any

import pytest

from rig.prices import amount, group, line, percent, promo, request, sets
from wayfare.promotions import QuoteDiffers, parse_request
from wayfare.promotions.pricer import Choice, price
from wayfare.promotions.rules import Compiled
from wayfare.promotions.runs import Pick
from wayfare.promotions.table import Offer, Table, lay


def a_table(*promotions: dict[str, Any], quantity: int = 2, **rules: Any) -> tuple[Table, dict[str, Offer]]:
    """Return the table of one line of 100 each, and its offers by key."""
    asked = parse_request(request([line("a", 100, quantity), line("b", 50)], *promotions, **rules))
    table = lay(Compiled(asked.ruleset), asked.cart)
    return table, {offer.key: offer for offer in table.offers}


def picks(*of: tuple[int, tuple[Pick, ...]]) -> Choice:
    """Return a choice for the first line in one goods group: (count, picks)."""
    return Choice({0: [(count, (some,)) for count, some in of]})


def test_a_choice_is_priced_as_it_is_not_as_it_should_be() -> None:
    table, offers = a_table(promo("p", percent(10)))
    assert price(table, Choice({})).value == 250
    assert price(table, picks((1, (Pick(offers["p"]),)), (1, ()))).value == 240


def test_two_of_a_best_group_on_a_unit_are_refused() -> None:
    table, offers = a_table(promo("p", percent(10)), promo("q", percent(20)))
    with pytest.raises(QuoteDiffers):
        price(table, picks((2, (Pick(offers["p"]), Pick(offers["q"])))))


def test_a_unit_beyond_the_limit_is_refused() -> None:
    table, offers = a_table(promo("p", percent(10), limits={"max_units": 2}))
    assert price(table, picks((1, (Pick(offers["p"]),)), (1, ()))).value == 240  # the cheap line has one of the two
    with pytest.raises(QuoteDiffers):
        price(table, picks((2, (Pick(offers["p"]),))))


def test_half_a_line_is_no_line() -> None:
    table, offers = a_table(promo("p", amount(10, "line")))
    with pytest.raises(QuoteDiffers):
        price(table, picks((1, (Pick(offers["p"]),)), (1, ())))


@pytest.mark.parametrize(("paid", "got"), [(2, 0), (0, 2)])
def test_a_set_needs_its_payers_and_its_rewards(paid: int, got: int) -> None:
    table, offers = a_table(promo("m", sets(2)))
    chosen = [(paid, (Pick(offers["m"], "pay"),)), (got, (Pick(offers["m"], "get"),))]
    with pytest.raises(QuoteDiffers):
        price(table, picks(*[one for one in chosen if one[0]]))


def test_more_sets_than_repeat_are_refused() -> None:
    table, offers = a_table(promo("m", sets(2), limits={"repeat": 1}), quantity=4)
    with pytest.raises(QuoteDiffers):
        price(table, picks((2, (Pick(offers["m"], "pay"),)), (2, (Pick(offers["m"], "get"),))))


def test_the_retailer_has_fixed_the_units() -> None:
    table, offers = a_table(promo("m", sets(2, favor="retailer")), quantity=3)  # b is rewarded, then the first of a
    allowed = [(1, (Pick(offers["m"], "get"),)), (2, (Pick(offers["m"], "pay"),))]
    assert price(table, picks(*allowed)).value == 250
    with pytest.raises(QuoteDiffers):
        price(table, picks((2, (Pick(offers["m"], "pay"),)), (1, (Pick(offers["m"], "get"),))))
    with pytest.raises(QuoteDiffers):
        price(table, picks((1, (Pick(offers["m"], "get"),)), (1, (Pick(offers["m"], "pay"),)), (1, ())))


def test_promotions_that_are_never_together_are_refused() -> None:
    groups = [group("all", policy="all")]
    table, offers = a_table(
        promo("p", percent(10), group="all"), promo("q", percent(5), group="all", never_with=["p"]), groups=groups
    )
    with pytest.raises(QuoteDiffers):
        price(table, picks((2, (Pick(offers["p"]), Pick(offers["q"])))))


def test_two_order_promotions_of_a_best_group_are_refused() -> None:
    table, offers = a_table(promo("o", percent(10, "order"), "order"), promo("q", amount(5, "order"), "order"))
    assert price(table, Choice({}, ((offers["o"],),))).value == 225
    with pytest.raises(QuoteDiffers):
        price(table, Choice({}, ((offers["o"], offers["q"]),)))


def test_parcels_are_held_to_their_rules() -> None:
    one, whole = percent(50, "shipping"), amount(100, "shipping_total")
    courier = {"include": {"shipping_methods": ["courier"]}}
    entries = [{"id": "s", "price": 60, "method": "courier"}, {"id": "t", "price": 40}]
    rules = [promo("f", one, "shipping"), promo("g", one, "shipping", scope=courier), promo("h", whole, "shipping")]
    table, offers = a_table(*rules, shipping=entries)

    def shipped(*way: tuple[str, tuple[int, ...]]) -> int:
        return price(table, Choice({}, (), (tuple((offers[key], places) for key, places in way),))).delivery

    assert shipped(("g", (0,)), ("f", (1,))) == 50
    assert shipped(("h", (0, 1))) == 0
    for bad in ([("f", (0,)), ("g", (0,))], [("g", (1,))], [("h", (0,))], [("h", (0, 1)), ("f", ())]):
        with pytest.raises(QuoteDiffers):
            shipped(*bad)


def test_an_order_promotion_below_its_net_threshold_is_refused() -> None:
    threshold = {"kind": "goods_from", "value": 240, "base": "net"}
    table, offers = a_table(promo("p", percent(10)), promo("o", amount(50, "order"), "order", conditions=[threshold]))
    assert price(table, Choice({0: [(1, ((Pick(offers["p"]),),)), (1, ((),))]}, ((offers["o"],),))).value == 190
    with pytest.raises(QuoteDiffers):
        price(table, Choice({0: [(2, ((Pick(offers["p"]),),))]}, ((offers["o"],),)))
