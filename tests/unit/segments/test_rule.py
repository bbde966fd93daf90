"""Reading rules: what is refused, where, and what is asked of the customer."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.rules import RULES
from wayfare.segments import (
    Fact,
    RuleInvalid,
    dump_rule,
    facts_of,
    in_words,
    is_timed,
    parse_rule,
    paths_of,
    timing_facts_of,
)

KYIV = {"type": "compare", "fact": "city", "op": "=", "value": "Київ"}


def compare(fact: str, op: str, value: Any) -> dict[str, Any]:
    return {"type": "compare", "fact": fact, "op": op, "value": value}


def nested(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = KYIV
    for _ in range(depth):
        rule = {"type": "not", "rule": rule}
    return rule


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (3, ("", "wrong_type")),
        (None, ("", "wrong_type")),
        ({}, ("type", "unknown_type")),
        ({"type": "nothing"}, ("type", "unknown_type")),
        ({"type": "compare", "fact": "city", "op": "="}, ("value", "missing")),
        ({**KYIV, "x": 1}, ("x", "unknown_field")),
        (compare("citi", "=", "x"), ("fact", "unknown_fact")),
        (compare('attrs."); DROP TABLE customer', "=", "x"), ("fact", "unknown_fact")),
        (compare("city", "~", "x"), ("op", "unknown_value")),
        (compare("city", "=", 5), ("value", "wrong_type")),
        (compare("city", "=", ""), ("value", "empty")),
        (compare("city", "=", "a\0"), ("value", "bad_text")),
        (compare("city", "=", ["x"]), ("value", "wrong_type")),
        (compare("city", "in", "x"), ("value", "wrong_type")),
        (compare("city", "in", []), ("value", "wrong_length")),
        (compare("city", "in", ["x"] * 1001), ("value", "wrong_length")),
        (compare("attrs.x", "in", ["x", 1]), ("value", "mixed_types")),
        (compare("attrs.x", "in", [True, 1]), ("value", "mixed_types")),
        (compare("attrs.x", "<", True), ("op", "wrong_operator")),
        (compare("attrs.x", "contains", 5), ("op", "wrong_operator")),
        (compare("attrs.x", "between", [1, 2, 3]), ("value", "wrong_length")),
        (compare("attrs.x", "=", 10**16), ("value", "out_of_range")),
        (compare("attrs.x", "=", float("nan")), ("value", "out_of_range")),
        (compare("birthday", "=", "1990-02-30"), ("value", "wrong_type")),
        (compare("created_at", "<", "2026-01-01T00:00:00"), ("value", "wrong_type")),
        ({"type": "any", "rules": []}, ("rules", "too_short")),
        ({"type": "all", "rules": [KYIV, {"type": "age", "fact": "city"}]}, ("rules.1.op", "missing")),
        ({"type": "age", "fact": "city", "op": "older than", "days": 3}, ("fact", "wrong_type")),
        ({"type": "age", "fact": "birthday", "op": "older than", "days": -1}, ("days", "greater_than_equal")),
        ({"type": "birthday", "fact": "created_at", "within_days": 1}, ("fact", "wrong_type")),
        ({"type": "events", "event": "x", "op": ">", "value": 1, "measure": "sum"}, ("field", "wrong_field")),
        (nested(12), ("", "too_deep")),
        ({"type": "all", "rules": [KYIV] * 300}, ("", "too_big")),
        (
            {"type": "any", "rules": [{"type": "events", "event": f"e{n}", "op": ">", "value": 1} for n in range(21)]},
            ("", "too_many_figures"),
        ),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_place(rule: Any, problem: tuple[str, str]) -> None:
    with pytest.raises(RuleInvalid) as caught:
        parse_rule(rule)
    assert problem in [(one.path, one.code) for one in caught.value.problems]


def test_every_problem_is_reported_not_only_the_first() -> None:
    with pytest.raises(RuleInvalid) as caught:
        parse_rule({"type": "all", "rules": [compare("citi", "=", "x"), compare("city", "=", 5)]})
    assert [one.path for one in caught.value.problems] == ["rules.0.fact", "rules.1.value"]


def test_a_rule_nested_beyond_all_measure_is_refused_and_not_recursed_into() -> None:
    with pytest.raises(RuleInvalid):
        parse_rule(nested(100_000))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "rule", "rules", "fact", "op", "value"]), below, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_no_json_makes_reading_fail_in_another_way(junk: Any) -> None:
    with suppress(RuleInvalid):
        parse_rule(junk)


@settings(deadline=None)
@given(RULES)
def test_a_rule_survives_being_stored(raw: dict[str, Any]) -> None:
    rule = parse_rule(raw)
    assert parse_rule(json.loads(json.dumps(dump_rule(rule)))) == rule
    assert in_words(rule)


def test_the_zone_is_asked_for_only_where_the_calendar_matters() -> None:
    assert facts_of(parse_rule(KYIV)) == {Fact.of("city")}
    age = parse_rule({"type": "age", "fact": "birthday", "op": "older than", "days": 1})
    assert facts_of(age) == {Fact.of("birthday"), Fact.of("time_zone")}
    assert is_timed(age)
    assert not is_timed(parse_rule(KYIV))


def test_a_window_also_needs_to_know_when_it_turns() -> None:
    rule = parse_rule({"type": "events", "event": "visit", "op": ">", "value": 1, "within_days": 3})
    (turning,) = timing_facts_of(rule)
    assert (turning.name, turning.key, turning.within_days) == ("events.turns_at", "visit", 3)


def test_paths_lead_to_parts() -> None:
    rule = parse_rule({"type": "all", "rules": [KYIV, {"type": "not", "rule": KYIV}]})
    assert [path for path, _ in paths_of(rule)] == ["", "rules.0", "rules.1", "rules.1.rule"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (KYIV, "city is Київ"),
        ({"type": "all", "rules": []}, "everyone"),
        (
            {
                "type": "all",
                "rules": [
                    {"type": "age", "fact": "orders.last_at", "op": "older than", "days": 270},
                    {"type": "any", "rules": [KYIV, {"type": "not", "rule": {"type": "segment", "key": "vip"}}]},
                ],
            },
            "last order was more than 270 days ago and (city is Київ or not (is in segment vip))",
        ),
        ({"type": "birthday", "within_days": 1}, "birthday is within the next 1 day"),
        (compare("attrs.points", "between", [1, 2]), "points is between 1 and 2"),
        (
            {"type": "orders", "measure": "sum", "op": ">=", "value": 500, "brand": "Dior", "within_days": 365},
            "sum of orders at least 5.00 with brand Dior in the last 365 days",
        ),
        ({"type": "consent", "channel": "sms"}, "agreed to marketing by sms"),
    ],
)
def test_in_words(rule: dict[str, Any], words: str) -> None:
    assert in_words(parse_rule(rule)) == words
