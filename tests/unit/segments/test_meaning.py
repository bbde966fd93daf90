"""What a rule means, in the cases that are decided in writing. Python and SQL are held together elsewhere."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from wayfare.segments import Fact, Moment, holds, parse_rule, values_of_event
from wayfare.segments.text import fold, folded_copies

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MISSING = object()


def asked(rule: dict[str, Any], value: Any = MISSING, zone: str | None = "UTC") -> bool:
    parsed = parse_rule(rule)
    (fact, *_) = (fact for fact in parsed.facts())
    return holds(parsed, {} if value is MISSING else {fact: value}, Moment(NOW, zone))


def compare(op: str, value: Any, fact: str = "attrs.x") -> dict[str, Any]:
    return {"type": "compare", "fact": fact, "op": op, "value": value}


@pytest.mark.parametrize("value", [MISSING, None, "", [], {}, "five", True])
@pytest.mark.parametrize("op", ["=", "!=", "<", ">=", "in", "not in", "between"])
def test_comparing_with_no_value_is_false(op: str, value: Any) -> None:
    constant: Any = {"in": [5], "not in": [5], "between": [0, 9]}.get(op, 5)
    assert not asked(compare(op, constant), value)


def test_not_turns_even_that_around() -> None:
    rule = parse_rule({"type": "not", "rule": compare("!=", 5)})
    assert holds(rule, {}, Moment(NOW))


@pytest.mark.parametrize(
    ("value", "is_set"), [(MISSING, False), (None, False), ("", False), (0, True), (False, True), ([], True)]
)
def test_set_and_empty(value: Any, is_set: bool) -> None:
    assert asked({"type": "set", "fact": "attrs.x"}, value) is is_set
    assert asked({"type": "empty", "fact": "attrs.x"}, value) is not is_set


@pytest.mark.parametrize(
    ("op", "constant", "value"),
    [
        ("=", "київ", "КИЇВ"),
        ("=", "Київ", "Киі\u0308в"),
        ("=", "strasse", "STRAẞE"),
        ("contains", "ИЇ", "київ"),
        ("starts with", "Ки", "київ"),
        ("<", "б", "А"),
        ("between", ["а", "г"], "Б"),
    ],
)
def test_text_compares_without_regard_to_case_and_encoding(op: str, constant: Any, value: str) -> None:
    assert asked(compare(op, constant), value)


def test_true_is_not_one() -> None:
    assert not asked(compare("=", 1), True)
    assert not asked(compare("=", True), 1)
    assert asked(compare("=", True), True)
    assert asked(compare("!=", True), False)


@pytest.mark.parametrize(
    ("op", "days", "ago", "expected"),
    [
        ("older than", 30, 30, False),
        ("older than", 30, 31, True),
        ("younger than", 30, 30, False),
        ("younger than", 30, 29, True),
        ("younger than", 30, -400, True),
        ("within last", 30, 30, True),
        ("within last", 30, 0, True),
        ("within last", 30, -1, False),
        ("within next", 30, 0, True),
        ("within next", 30, -30, True),
        ("within next", 30, 1, False),
    ],
)
def test_ages_count_whole_days(op: str, days: int, ago: int, expected: bool) -> None:
    rule = {"type": "age", "fact": "attrs.x", "op": op, "days": days}
    assert asked(rule, (NOW - timedelta(days=ago)).date().isoformat()) is expected


def test_days_since_an_instant_are_days_of_the_customers_calendar() -> None:
    rule = {"type": "days_since", "fact": "orders.last_at", "op": "=", "value": 1}
    late_yesterday = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    assert asked(rule, late_yesterday, "UTC")
    assert not asked(rule, late_yesterday, "Europe/Kyiv")  # there it was 00:30 today


@pytest.mark.parametrize(("zone", "expected"), [("UTC", False), ("Pacific/Kiritimati", True), ("Foo/Bar", False)])
def test_a_birthday_is_where_the_customer_is(zone: str, expected: bool) -> None:
    assert asked({"type": "birthday", "within_days": 0}, date(1990, 11, 25), zone) is expected


def test_conditions_look_at_the_data_of_an_event() -> None:
    rule = parse_rule(compare(">=", 500, "data.total"))
    assert holds(rule, values_of_event(rule, {"total": 700}), Moment(NOW))
    assert not holds(rule, values_of_event(rule, {"total": "700"}), Moment(NOW))
    assert not holds(rule, values_of_event(rule, {}), Moment(NOW))


def test_what_intake_keeps_for_comparisons_is_all_text_and_only_text() -> None:
    copies = folded_copies({"city": "КИЇВ", "sex": None, "level": ""}, {"note": "Ї", "points": 5, "flag": True})
    assert copies == {"city": "київ", "attrs.note": "ї"}
    assert fold("ΣΑΣ") == fold("σας")
    assert Fact.of("city").name == "city"
