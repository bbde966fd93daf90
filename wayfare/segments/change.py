"""When time alone may change the answer of a rule, so that nobody has to ask before."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from wayfare.segments.days import next_anniversary, start_of_day
from wayfare.segments.meaning import Values, holds, local_date
from wayfare.segments.moment import Moment
from wayfare.segments.parts import Age, Birthday, DaysSince, Events, Orders
from wayfare.segments.rule import AllOf, AnyOf, Not, Rule
from wayfare.segments.values import as_day

Truth = tuple[bool, datetime | None]
"""Whether it holds now, and an instant not later than the next change; None is never."""


def next_change(rule: Rule, values: Values, moment: Moment) -> datetime | None:
    """Return an instant (UTC, after now) not later than the next change by time alone; None when there is none.

    Looking too early is harmless. `values` hold the facts of `timing_facts_of` too.
    """
    return look(rule, values, moment)[1]


def look(rule: Rule, values: Values, moment: Moment) -> Truth:
    """Return in one go what `holds` and `next_change` say."""
    match rule:
        case AllOf():
            return _joined([look(one, values, moment) for one in rule.rules], decisive=False)
        case AnyOf():
            return _joined([look(one, values, moment) for one in rule.rules], decisive=True)
        case Not():
            truth, at = look(rule.rule, values, moment)
            return not truth, at
    when = _TIMES.get(type(rule))
    return holds(rule, values, moment), when(rule, values, moment) if when else None


def _joined(below: list[Truth], *, decisive: bool) -> Truth:
    """Join answers of which a single `decisive` one decides: False for all, True for any.

    As long as one decisive answer stands, the whole stands: so it is the last of them that counts. Without one, the
    first change of any may change the whole.
    """
    deciding = [at for truth, at in below if truth is decisive]
    if deciding:
        known = [at for at in deciding if at is not None]
        return decisive, max(known) if len(known) == len(deciding) else None
    return not decisive, min((at for _, at in below if at is not None), default=None)


def _days(rule: Age | DaysSince, values: Values, moment: Moment) -> datetime | None:
    day = local_date(values.get(rule.about), moment)
    if day is None:
        return None
    turns = [low for low, _ in rule.spans() if low is not None]
    turns += [high + 1 for _, high in rule.spans() if high is not None]
    today = (moment.today - day).days
    ahead = min((turn for turn in turns if turn > today), default=None)
    if ahead is None:
        return None
    try:
        return start_of_day(day + timedelta(days=ahead), moment.info)
    except OverflowError:  # a date at the end of the calendar
        return None


def _birthday(rule: Birthday, values: Values, moment: Moment) -> datetime | None:
    origin = as_day(values.get(rule.about))
    if origin is None or isinstance(origin, datetime):
        return None
    coming = next_anniversary(origin, moment.today, rule.leap_day)
    if (coming - moment.today).days <= rule.within_days:
        return start_of_day(coming + timedelta(days=1), moment.info)
    return start_of_day(coming - timedelta(days=rule.within_days), moment.info)


def _figure(rule: Events | Orders, values: Values, moment: Moment) -> datetime | None:
    at: datetime | None = values.get(rule.about.turning)
    return at


_TIMES: dict[type, Callable[[Any, Values, Moment], datetime | None]] = {
    Age: _days,
    DaysSince: _days,
    Birthday: _birthday,
    Events: _figure,
    Orders: _figure,
}
