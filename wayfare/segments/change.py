"""When time alone may change the answer of a rule, so that nobody has to ask before."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from wayfare.segments.days import next_anniversary, start_of_day
from wayfare.segments.facts import Fact
from wayfare.segments.meaning import Values, local_date, test_of
from wayfare.segments.moment import Moment
from wayfare.segments.parts import Age, Birthday, DaysSince, Events, Orders
from wayfare.segments.rule import AllOf, AnyOf, Not, Rule, facts_of, is_timed, timing_facts_of
from wayfare.segments.values import as_day

Truth = tuple[bool, datetime | None]
"""Whether it holds now, and an instant not later than the next change; None is never."""

Columns = Mapping[Fact, Mapping[int, Any]]
"""Values by fact and customer id."""

Look = Callable[[int, Moment], Truth]
"""Asks about one customer at a moment."""


def next_change(rule: Rule, values: Values, moment: Moment) -> datetime | None:
    """Return an instant (UTC, after now) not later than the next change by time alone; None when there is none.

    Looking too early is harmless. `values` hold the facts of `timing_facts_of` too.
    """
    columns = {fact: {0: values.get(fact)} for fact in facts_of(rule) | timing_facts_of(rule)}
    return looker(rule, columns)(0, moment)[1]


def looker(rule: Rule, columns: Columns) -> Look:
    """Return what says for any customer, in one go, whether the rule holds and when that may next change."""
    match rule:
        case AllOf() | AnyOf():
            # What time cannot change comes first: where it decides, nothing else need be looked at.
            ordered = sorted(rule.rules, key=is_timed)
            return _joined([looker(one, columns) for one in ordered], decisive=isinstance(rule, AnyOf))
        case Not():
            below = looker(rule.rule, columns)

            def inverted(id: int, moment: Moment) -> Truth:
                truth, at = below(id, moment)
                return not truth, at

            return inverted
    test, value = test_of(rule), _column(rule.about, columns)
    when = _TIMES.get(type(rule))
    if when is None:
        return lambda id, moment: (test(value(id), moment), None)
    turn = when(rule, columns)

    def timed(id: int, moment: Moment) -> Truth:
        return test(value(id), moment), turn(id, moment)

    return timed


def _joined(below: list[Look], *, decisive: bool) -> Look:
    """Join answers of which a single `decisive` one decides: False for all, True for any.

    As long as one decisive answer stands, the whole stands: so it is the last of them that counts. Without one, the
    first change of any may change the whole.
    """

    def look(id: int, moment: Moment) -> Truth:
        first: datetime | None = None
        last: datetime | None = None
        for one in below:
            truth, at = one(id, moment)
            if truth is decisive:
                if at is None:
                    return decisive, None
                if last is None or at > last:
                    last = at
            elif at is not None and (first is None or at < first):
                first = at
        return (not decisive, first) if last is None else (decisive, last)

    return look


Turn = Callable[[int, Moment], datetime | None]


def _days(rule: Age | DaysSince, columns: Columns) -> Turn:
    spans, value = rule.spans(), _column(rule.about, columns)
    turns = sorted(
        [low for low, _ in spans if low is not None] + [high + 1 for _, high in spans if high is not None], reverse=True
    )

    def turn(id: int, moment: Moment) -> datetime | None:
        day = local_date(value(id), moment)
        if day is None:
            return None
        today = (moment.today - day).days
        ahead = None
        for one in turns:
            if one <= today:
                break
            ahead = one
        if ahead is None:
            return None
        try:
            return start_of_day(day + timedelta(days=ahead), moment.info)
        except OverflowError:  # a date at the end of the calendar
            return None

    return turn


def _birthday(rule: Birthday, columns: Columns) -> Turn:
    within, leap_day, value = timedelta(days=rule.within_days), rule.leap_day, _column(rule.about, columns)

    def turn(id: int, moment: Moment) -> datetime | None:
        origin = as_day(value(id))
        if origin is None or isinstance(origin, datetime):
            return None
        coming = next_anniversary(origin, moment.today, leap_day)
        inside = coming - moment.today <= within
        return start_of_day(coming + timedelta(days=1) if inside else coming - within, moment.info)

    return turn


def _figure(rule: Events | Orders, columns: Columns) -> Turn:
    value = _column(rule.about.turning, columns)
    return lambda id, moment: value(id)


def _column(fact: Fact, columns: Columns) -> Callable[[int], Any]:
    return columns.get(fact, {}).get


_TIMES: dict[type, Callable[[Any, Columns], Turn]] = {
    Age: _days,
    DaysSince: _days,
    Birthday: _birthday,
    Events: _figure,
    Orders: _figure,
}
