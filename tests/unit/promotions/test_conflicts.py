"""What promotions do to each other is known before launch, with a cart that shows it."""

from typing import Any

from rig.prices import amount, brand, fixed, group, percent, promo, when
from wayfare.promotions import Finding, conflicts, parse_ruleset, quote, worst_stack


def found(*promotions: dict[str, Any], **rules: Any) -> set[tuple[str, str, str]]:
    ruleset = parse_ruleset({"promotions": list(promotions), **rules})
    return {(one.kind, one.promotion, one.other) for one in conflicts(ruleset)}


def test_two_of_one_best_group_compete() -> None:
    assert ("competes", "p", "q") in found(promo("p", percent(10)), promo("q", amount(500)))


def test_two_of_two_layers_stack_and_the_worst_price_is_told() -> None:
    rules = {"promotions": [promo("p", percent(10)), promo("q", percent(10), "personal")]}
    one = next(one for one in conflicts(parse_ruleset(rules)) if one.kind == "stacks")
    assert (one.listed, one.payable) == (100_000, 81_000 + 10_000)


def test_scopes_that_never_meet_are_no_conflict() -> None:
    assert found(promo("p", percent(10), scope=brand("x")), promo("q", percent(10), scope=brand("y"))) == set()


def test_segments_and_places_are_brought_together() -> None:
    vip = promo("p", percent(10), conditions=[when("segment", "vip"), when("region", "kyiv")])
    assert ("competes", "p", "q") in found(vip, promo("q", percent(20), conditions=[when("channel", "web")]))


def test_a_smaller_percent_of_a_smaller_scope_never_wins() -> None:
    assert ("never_wins", "p", "q") in found(promo("p", percent(10), scope=brand("x")), promo("q", percent(20)))


def test_a_smaller_percent_of_a_larger_scope_may_win() -> None:
    kinds = {kind for kind, _, _ in found(promo("p", percent(10)), promo("q", percent(20), scope=brand("x")))}
    assert kinds == {"competes"}


def test_a_first_group_can_hide_a_promotion() -> None:
    first = group("f", policy="first")
    hidden = promo("p", percent(30), group="f")
    assert ("never_reached", "p", "q") in found(hidden, promo("q", percent(10), group="f", priority=5), groups=[first])


def test_a_cap_of_nothing_makes_a_promotion_useless() -> None:
    caps = [{"key": "c", "max_percent": "0", "scope": brand("x")}]
    assert ("useless_cap", "p", "c") in found(promo("p", percent(10), scope=brand("x")), caps=caps)
    assert found(promo("p", percent(10), scope=brand("y")), caps=caps) == set()


def test_each_example_shows_what_it_says() -> None:
    rules = {"promotions": [promo("p", percent(10)), promo("q", percent(20)), promo("r", percent(5), "personal")]}
    findings: list[Finding] = conflicts(parse_ruleset(rules))
    assert findings
    for one in findings:
        mine = [each for each in rules["promotions"] if each["key"] in (one.promotion, one.other)]
        assert quote({"cart": one.cart, "ruleset": {"promotions": mine}})["payable"] == one.payable


def worst(key: str, *promotions: dict[str, Any], **rules: Any) -> tuple[int, int, set[str]]:
    """Return the list price, the net price and what is applied in the worst stack of a promotion."""
    found = worst_stack(parse_ruleset({"promotions": list(promotions), **rules}), key)
    assert found is not None
    return found.listed, found.net, set(found.applied)


def test_the_worst_stack_is_of_all_layers_together_not_of_two() -> None:
    """90 percent of 90 percent of 90 percent."""
    rules = [promo("p", percent(10)), promo("q", percent(10), "personal"), promo("o", percent(10, "order"), "order")]
    assert worst("p", *rules) == (100_000, 72_900, {"p", "q", "o"})


def test_caps_and_groups_count_in_the_worst_stack() -> None:
    rules = [promo("p", percent(30)), promo("r", percent(20)), promo("q", percent(30), "personal")]
    assert worst("r", *rules) == (100_000, 49_000, {"p", "q"})
    assert worst("p", *rules, caps=[{"key": "c", "max_percent": "40"}]) == (100_000, 60_000, {"p", "q"})


def test_the_worst_stack_is_one_customer_at_one_moment() -> None:
    """Nobody is gold and silver, in the app and in a shop at once: the stronger pair counts."""
    rules = [
        promo("p", percent(10)),
        promo("gold", percent(10), "personal", conditions=[when("level", "gold")]),
        promo("silver", percent(20), "personal", conditions=[when("level", "silver")]),
        promo("app", percent(10, "order"), "order", conditions=[when("level", "gold"), when("channel", "app")]),
    ]
    assert worst("p", *rules) == (100_000, 72_000, {"p", "silver"})
    assert worst("app", *rules) == (100_000, 72_900, {"p", "gold", "app"})


def test_goods_that_never_meet_are_in_no_stack() -> None:
    rules = [promo("p", percent(10), scope=brand("x")), promo("q", percent(50), "personal", scope=brand("y"))]
    assert worst("p", *rules) == (100_000, 90_000, {"p"})


def test_of_two_that_are_alike_the_one_that_comes_later_never_wins() -> None:
    mine = found(promo("p", fixed(500)), promo("q", fixed(500)))
    assert ("never_wins", "q", "p") in mine
    assert ("never_wins", "p", "q") not in mine


def test_an_example_has_the_delivery_and_the_goods_that_are_asked_for() -> None:
    by_courier = promo(
        "p", percent(10), conditions=[when("shipping_method", "courier"), when("goods_from", value=250_000)]
    )
    assert ("stacks", "p", "q") in found(by_courier, promo("q", percent(10), "personal"))


def test_what_needs_a_code_or_a_segment_hides_nobody() -> None:
    assert ("never_wins", "p", "q") not in found(promo("p", percent(10)), promo("q", percent(20), requires_code="A"))
