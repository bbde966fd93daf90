"""The one text of a rule set, differences between two, words, and when a second person must approve."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.rules import shapes
from offers.rules.approval import Limits, needs_approval
from offers.rules.diff import compare
from offers.rules.words import in_words
from rig.carts import conditions, goods_effects, scopes
from rig.prices import amount, brand, fixed, group, percent, promo, sets, when
from wayfare.promotions import compile

KEYS = st.sampled_from(["p1", "p2", "p3"])
PROMOTIONS = st.builds(
    lambda key, effect, scope, conditions, priority, name, usage: {
        "key": key,
        "layer": "item",
        "effect": effect,
        "scope": scope,
        "conditions": conditions,
        "priority": priority,
        "name": name,
        "usage": usage,
    },
    KEYS,
    goods_effects,
    scopes,
    st.lists(conditions, max_size=2),
    st.integers(0, 2),
    st.sampled_from(["", "Знижка"]),
    st.sampled_from([{}, {"total": 5}, {"spend": 100, "total": None}]),
)
CAPS = st.builds(
    lambda key, scope, percent: {"key": key, "scope": scope, "max_percent": percent},
    st.sampled_from(["c1", "c2"]),
    scopes,
    st.sampled_from(["10", "15", "20"]),
)
BODIES = st.builds(
    lambda promotions, caps, groups, least: {
        "promotions": promotions,
        "caps": caps,
        "groups": groups,
        "smallest_price": least,
    },
    st.lists(PROMOTIONS, max_size=3, unique_by=lambda one: one["key"]),
    st.lists(CAPS, max_size=2, unique_by=lambda one: one["key"]),
    st.lists(st.sampled_from([group("g1"), group("g2", policy="all")]), max_size=2, unique_by=lambda one: one["key"]),
    st.sampled_from([0, 100]),
)


@given(BODIES)
def test_the_text_says_the_same_whatever_the_order_and_what_is_left_out(body: dict[str, Any]) -> None:
    text = shapes.canonical(shapes.read_body(body))
    mixed = {name: random.sample(value, len(value)) for name, value in body.items() if isinstance(value, list)}
    assert shapes.canonical(shapes.read_body({**mixed, "smallest_price": body["smallest_price"]})) == text
    again = shapes.loaded(text)
    assert shapes.canonical(again) == text
    assert shapes.canonical(shapes.read_body(again)) == text
    spelled = json.loads(text)
    for one in spelled["promotions"]:
        one.setdefault("priority", 0)
        one.setdefault("requires_code", None)
        one.setdefault("scope", {"include": {"brands": None}})
    assert shapes.canonical(shapes.read_body(spelled)) == text


@given(BODIES)
def test_a_rule_set_means_the_same_in_its_canonical_form(body: dict[str, Any]) -> None:
    plain = shapes.contract_of({**body, "promotions": sorted(body["promotions"], key=lambda one: one["key"])}, "v1")
    tidy = shapes.contract_of(shapes.read_body(body), "v1")
    assert {one.key: one for one in compile(tidy).ruleset.promotions} == {
        one.key: one for one in compile(plain).ruleset.promotions
    }


@given(BODIES, BODIES)
def test_two_rule_sets_differ_exactly_when_their_texts_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    old, new = shapes.read_body(one), shapes.read_body(other)
    changes = compare(old, new)
    assert (not changes) == (shapes.canonical(old) == shapes.canonical(new))
    for change in changes:
        assert str(change)
        assert change.what != "changed" or change.fields
        assert all(field.old != field.new for field in change.fields)
    back = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(each.key, back[each.what]) for each in compare(new, old)] == [(each.key, each.what) for each in changes]


@given(BODIES)
def test_the_first_rule_set_asks_for_what_it_would_ask_for_alone(body: dict[str, Any]) -> None:
    tidy = shapes.read_body(body)
    assert needs_approval(tidy, tidy, Limits()) == []
    nothing = needs_approval(shapes.NOTHING, tidy, Limits("100", 10**12))
    assert all("sets a price" in reason for reason in nothing)


WORDS = [
    (promo("p", percent(20), scope=brand("Dior")), "20 % off Dior"),
    (promo("p", percent(100, "shipping"), "shipping"), "free delivery"),
    (promo("p", amount(15_000, "order"), "order", requires_code="HELLO"), "150.00 off the order, with code HELLO"),
    (
        promo("p", sets(2), scope={"include": {"categories": ["perfume"]}}),
        "of each 2 pieces the cheapest free on perfume",
    ),
    (
        promo("p", percent(20), conditions=[{"kind": "period", "from": "2026-11-27T00:00:00+02:00"}]),
        "20 % off, from 27 Nov 2026",
    ),
    (
        promo("p", percent(20), conditions=[{"kind": "period", "until": "2026-12-01T00:00:00+02:00"}]),
        "20 % off, until 30 Nov 2026",
    ),
    (promo("p", percent(5), conditions=[when("store", "kyiv-1", "lviv-2")]), "5 % off, in store kyiv-1 or lviv-2"),
    (promo("p", percent(5), conditions=[when("not", of=when("level", "gold"))]), "5 % off, not for level gold"),
]


@pytest.mark.parametrize(("item", "said"), WORDS, ids=[said for _, said in WORDS])
def test_a_promotion_in_plain_words(item: dict[str, Any], said: str) -> None:
    shapes.read_item("promotion", "p", item)
    assert in_words("promotion", item) == said


@given(PROMOTIONS)
def test_every_promotion_has_words(item: dict[str, Any]) -> None:
    assert in_words("promotion", shapes.read_item("promotion", item["key"], item))


GIVEN = [
    (percent(50), {}, 0),
    (percent("50.5"), {}, 1),
    (percent(100, "shipping"), {"layer": "shipping"}, 0),
    (sets(2), {}, 0),
    (sets(3, 2), {}, 1),
    (sets(2, 1, fixed(100)), {}, 1),
    ({"kind": "nth", "additional": percent(60)}, {}, 1),
    ({"kind": "tiers", "base": "quantity", "steps": [[1, percent(5)], [5, percent(51)]]}, {}, 1),
    ({"kind": "buy_get", "buy": {"quantity": 1}, "get": {"quantity": 1, "effect": percent(100)}}, {}, 1),
    ({"kind": "cashback", "percent": "60"}, {}, 1),
    (percent(90), {"limits": {"max_discount_cart": 100_000}}, 0),
    (percent(90), {"limits": {"max_discount_unit": 10}}, 1),
    (fixed(100), {"limits": {"max_discount_unit": 10}}, 0),
    (fixed(100), {"scope": {"include": {"price_to": 200}}}, 0),
    (fixed(100), {"scope": {"include": {"price_to": 201}}}, 1),
    ({"kind": "gift", "choices": ["g"]}, {"layer": "gift"}, 0),
]


@pytest.mark.parametrize(("effect", "more", "reasons"), GIVEN)
def test_what_one_person_may_publish(effect: dict[str, Any], more: dict[str, Any], reasons: int) -> None:
    body = shapes.read_body({"promotions": [{"key": "p", "layer": "item", "effect": effect, **more}]})
    assert len(needs_approval(shapes.NOTHING, body, Limits())) == reasons
    renamed = shapes.read_body({"promotions": [{**body["promotions"][0], "name": "New", "note": "n", "priority": 7}]})
    assert needs_approval(body, renamed, Limits()) == []


def test_groups_that_begin_to_stack_and_lower_floors_ask_too() -> None:
    live = shapes.read_body({"groups": [group("g")], "smallest_price": 100})
    stacked = shapes.read_body({"groups": [group("g", policy="all")], "smallest_price": 100})
    assert len(needs_approval(live, stacked, Limits())) == 1
    assert needs_approval(stacked, live, Limits()) == []
    assert len(needs_approval(live, {**live, "smallest_price": 99}, Limits())) == 1
