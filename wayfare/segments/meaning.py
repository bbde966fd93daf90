"""What a rule means, in Python. `store/segment_sql.py` means the same in SQL; a property test holds them together."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from wayfare.segments.days import local_day, next_anniversary
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

Values = Mapping[Fact, Any]
"""What is known of one customer; a fact that is not there is no value, or 0 for a figure."""

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
    return _MEANINGS[type(rule)](rule, values, moment)


def values_of_event(rule: Rule, data: Mapping[str, Any]) -> Values:
    """Return what a condition needs to be asked about an event: its `data.X` facts from the event's data."""
    return {fact: data.get(fact.name[5:]) for fact in facts_of(rule) if fact.name.startswith("data.")}


def days_since(value: Any, moment: Moment) -> int | None:
    """Return how many local calendar days ago a date or instant is (negative when it is to come), or None."""
    day = local_date(value, moment)
    return None if day is None else (moment.today - day).days


def local_date(value: Any, moment: Moment) -> date | None:
    """Return the date that a value means to the customer, or None."""
    day = as_day(value)
    return local_day(day, moment.info) if isinstance(day, datetime) else day


def _all(rule: AllOf, values: Values, moment: Moment) -> bool:
    return all(_MEANINGS[type(one)](one, values, moment) for one in rule.rules)


def _any(rule: AnyOf, values: Values, moment: Moment) -> bool:
    return any(_MEANINGS[type(one)](one, values, moment) for one in rule.rules)


def _not(rule: Not, values: Values, moment: Moment) -> bool:
    return not holds(rule.rule, values, moment)


def _compare(rule: Compare, values: Values, moment: Moment) -> bool:
    value = as_kind(values.get(rule.about), rule.kind)
    return value is not None and _ORDER[rule.op](value, rule.literal)


def _is_set(rule: IsSet, values: Values, moment: Moment) -> bool:
    return (values.get(rule.about) not in (None, "")) is (rule.type == "set")


def _days(rule: Age | DaysSince, values: Values, moment: Moment) -> bool:
    days = days_since(values.get(rule.about), moment)
    return days is not None and any(
        (low is None or low <= days) and (high is None or days <= high) for low, high in rule.spans()
    )


def _birthday(rule: Birthday, values: Values, moment: Moment) -> bool:
    origin = as_day(values.get(rule.about))
    if origin is None or isinstance(origin, datetime):
        return False
    return (next_anniversary(origin, moment.today, rule.leap_day) - moment.today).days <= rule.within_days


def _figure(rule: Events | Orders, values: Values, moment: Moment) -> bool:
    return _ORDER[rule.op](values.get(rule.about) or 0, rule.value)


def _flag(rule: InSegment | InList | HasConsent, values: Values, moment: Moment) -> bool:
    return values.get(rule.about) is True


_MEANINGS: dict[type, Callable[[Any, Values, Moment], bool]] = {
    AllOf: _all,
    AnyOf: _any,
    Not: _not,
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
