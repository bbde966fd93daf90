"""What a rule means, in Python. `store/segment_sql.py` means the same in SQL; a property test holds them together."""

import operator
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from wayfare.segments.days import next_anniversary
from wayfare.segments.facts import Fact
from wayfare.segments.moment import Moment
from wayfare.segments.parts import (
    Age,
    Birthday,
    Compare,
    DaysSince,
    Events,
    HasConsent,
    InList,
    InSegment,
    IsSet,
    Orders,
)
from wayfare.segments.rule import AllOf, AnyOf, Not, Rule, facts_of
from wayfare.segments.values import as_day, as_kind

Test = Callable[[Any, Moment], bool]
"""What a part says of one value; each part looks at exactly one fact."""


class Values(Protocol):
    """What is known of one customer, such as a dict; a fact that is not there is no value, or 0 for a figure."""

    def get(self, fact: Fact, /) -> Any:
        """Return the value of a fact, or None."""


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda value, wanted: value in wanted,
    "not in": lambda value, wanted: value not in wanted,
    "between": lambda value, ends: bool(ends[0] <= value <= ends[1]),
    "contains": lambda value, part: part in value,
    "starts with": lambda value, start: value.startswith(start),
}


def holds(rule: Rule, values: Values, moment: Moment) -> bool:
    """Say whether the rule is true for one customer at a moment. Windowed figures must be those of that moment."""
    match rule:
        case AllOf():
            return all(holds(one, values, moment) for one in rule.rules)
        case AnyOf():
            return any(holds(one, values, moment) for one in rule.rules)
        case Not():
            return not holds(rule.rule, values, moment)
    return test_of(rule)(values.get(rule.about), moment)


def test_of(part: Rule) -> Test:
    """Return what a part that is not all, any or not says of the value of its fact."""
    return _TESTS[type(part)](part)


def who(
    rule: Rule, columns: Mapping[Fact, Mapping[int, Any]], moments: Mapping[int, Moment], ids: AbstractSet[int]
) -> set[int]:
    """Return for which of many customers the rule holds; `columns` and `moments` are by customer id.

    The same as `holds` for each, some twenty times as fast: part after part, each only for those still in question.
    """
    match rule:
        case AllOf():
            remaining = set(ids)
            for one in rule.rules:
                remaining = who(one, columns, moments, remaining)
            return remaining
        case AnyOf():
            remaining, found = set(ids), set[int]()
            for one in rule.rules:
                hits = who(one, columns, moments, remaining)
                found |= hits
                remaining -= hits
            return found
        case Not():
            return set(ids) - who(rule.rule, columns, moments, ids)
    test, value = test_of(rule), columns[rule.about].get
    return {id for id in ids if test(value(id), moments[id])}


def values_of_event(rule: Rule, data: Mapping[str, Any]) -> dict[Fact, Any]:
    """Return what a condition needs to be asked about an event: its `data.X` facts from the event's data."""
    return {fact: data.get(fact.name[5:]) for fact in facts_of(rule) if fact.name.startswith("data.")}


def days_since(value: Any, moment: Moment) -> int | None:
    """Return how many local calendar days ago a date or instant is (negative when it is to come), or None."""
    day = local_date(value, moment)
    return None if day is None else (moment.today - day).days


def local_date(value: Any, moment: Moment) -> date | None:
    """Return the date that a value means to the customer, or None."""
    day = as_day(value)
    return moment.day_of(day) if isinstance(day, datetime) else day


def _compare(rule: Compare) -> Test:
    kind, compares, literal = rule.kind, _ORDER[rule.op], rule.literal

    def test(value: Any, moment: Moment) -> bool:
        value = as_kind(value, kind)
        return value is not None and compares(value, literal)

    return test


def _is_set(rule: IsSet) -> Test:
    if rule.type == "set":
        return lambda value, moment: value is not None and value != ""
    return lambda value, moment: value is None or value == ""


def _days(rule: Age | DaysSince) -> Test:
    spans = rule.spans()

    def test(value: Any, moment: Moment) -> bool:
        days = days_since(value, moment)
        return days is not None and any(
            (low is None or low <= days) and (high is None or days <= high) for low, high in spans
        )

    return test


def _birthday(rule: Birthday) -> Test:
    within, leap_day = timedelta(days=rule.within_days), rule.leap_day

    def test(value: Any, moment: Moment) -> bool:
        origin = as_day(value)
        if origin is None or isinstance(origin, datetime):
            return False
        return next_anniversary(origin, moment.today, leap_day) - moment.today <= within

    return test


def _figure(rule: Events | Orders) -> Test:
    compares, literal = _ORDER[rule.op], rule.value
    return lambda value, moment: compares(value or 0, literal)


def _flag(rule: InSegment | InList | HasConsent) -> Test:
    return lambda value, moment: value is True


_TESTS: dict[type, Callable[[Any], Test]] = {
    Compare: _compare,
    IsSet: _is_set,
    Age: _days,
    DaysSince: _days,
    Birthday: _birthday,
    Events: _figure,
    Orders: _figure,
    InSegment: _flag,
    InList: _flag,
    HasConsent: _flag,
}
