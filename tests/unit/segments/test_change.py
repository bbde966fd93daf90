"""`next_change` may be early and is never late."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rig.rules import MOMENTS, NUMBERS, TEXTS, TIMED_RULES, ZONES
from wayfare.segments import Fact, Moment, holds, next_change, parse_rule

DATES = st.dates(date(1950, 1, 1), date(2030, 1, 1)) | st.just(date(2000, 2, 29))
INSTANTS = MOMENTS | MOMENTS.map(lambda at: at - timedelta(days=700))
MIXED = st.one_of(st.sampled_from([*TEXTS, *NUMBERS, True, None, "9999-12-31"]), DATES.map(date.isoformat))
VALUES = st.fixed_dictionaries(
    {
        "birthday": st.none() | DATES,
        "created_at": INSTANTS,
        "orders.first_at": st.none() | INSTANTS,
        "orders.last_at": st.none() | INSTANTS,
        "orders.count": st.integers(0, 10),
        "city": st.sampled_from(TEXTS),
        "attrs.mixed": MIXED,
        "attrs.day": MIXED,
    }
)


@settings(max_examples=500, deadline=None)
@given(
    raw=TIMED_RULES,
    named=VALUES,
    now=MOMENTS,
    zone=st.sampled_from(ZONES),
    shares=st.lists(st.floats(0, 1), max_size=8),
)
def test_nothing_changes_before_the_next_change(
    raw: dict[str, Any], named: dict[str, Any], now: datetime, zone: str | None, shares: list[float]
) -> None:
    rule = parse_rule(raw)
    values = {Fact.of(name): value for name, value in named.items()}
    truth = holds(rule, values, Moment(now, zone))
    change = next_change(rule, values, Moment(now, zone))
    assert change is None or change > now
    until = change or now + timedelta(days=1500)
    last = until - timedelta(microseconds=1)
    for at in [last, *(now + (last - now) * share for share in shares)]:
        assert holds(rule, values, Moment(at, zone)) == truth, at


@settings(max_examples=200, deadline=None)
@given(raw=TIMED_RULES, named=VALUES, now=MOMENTS, zone=st.sampled_from(ZONES))
def test_following_the_changes_comes_to_an_end_or_goes_on_for_ever_but_never_stands_still(
    raw: dict[str, Any], named: dict[str, Any], now: datetime, zone: str | None
) -> None:
    rule = parse_rule(raw)
    values = {Fact.of(name): value for name, value in named.items()}
    at = now
    for _ in range(20):
        change = next_change(rule, values, Moment(at, zone))
        if change is None:
            return
        assert change > at
        at = change


def test_a_window_turns_when_its_figure_does() -> None:
    rule = parse_rule({"type": "events", "event": "visit", "op": ">=", "value": 1, "within_days": 30})
    (fact,) = (one for one in rule.facts())
    at = datetime(2026, 12, 1, tzinfo=UTC)
    moment = Moment(datetime(2026, 11, 24, tzinfo=UTC), "UTC")
    assert next_change(rule, {fact: 1, fact.turning: at}, moment) == at
    assert next_change(rule, {fact: 0}, moment) is None


def test_what_time_cannot_change_never_changes() -> None:
    """A customer from elsewhere never enters, however the calendar turns."""
    kyiv = {"type": "compare", "fact": "city", "op": "=", "value": "Київ"}
    rule = parse_rule({"type": "all", "rules": [kyiv, {"type": "birthday", "within_days": 7}]})
    moment = Moment(datetime(2026, 11, 24, tzinfo=UTC), "UTC")
    birthday = {Fact.of("birthday"): date(1990, 12, 31)}
    assert next_change(rule, {Fact.of("city"): "Львів", **birthday}, moment) is None
    assert next_change(rule, {Fact.of("city"): "КИЇВ", **birthday}, moment) == datetime(2026, 12, 24, tzinfo=UTC)
