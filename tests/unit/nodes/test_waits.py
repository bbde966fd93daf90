"""Waits: exact durations, the same time of day over clock changes, moments that have passed, events with a timeout."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.builtin.flow_wait import WaitFor
from nodes.builtin.flow_wait_event import WaitForEvent
from nodes.builtin.flow_wait_until import WaitUntil
from nodes.contract import NodeType, Wait
from nodes.localtime import to_local, zone_of
from wayfare.testing import NOW, a_batch, run

at = datetime.fromisoformat
ZONES = ["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "Asia/Baku"]


def utc(text: str) -> datetime:
    return at(text).replace(tzinfo=UTC)


def only_wait(node: NodeType, since: datetime, zone: str | None = "Europe/Kyiv", **columns: Any) -> Wait:
    given: dict[str, list[Any]] = {"since": [since], "time_zone": [zone]}
    given |= {name: [value] for name, value in columns.items()}
    result = run(node, a_batch(given))
    assert set(result.waits) == {1}
    return result.waits[1]


@pytest.mark.parametrize(
    ("amount", "unit", "since", "zone", "until", "local"),
    [
        (90, "minutes", "2026-03-29T00:30", "Europe/Kyiv", "2026-03-29T02:00", None),
        (24, "hours", "2026-03-28T10:00", "Europe/Kyiv", "2026-03-29T10:00", None),
        # a day is the same time of day: 23 hours when clocks go forward, 25 when they go back
        (1, "days", "2026-03-28T10:00", "Europe/Kyiv", "2026-03-29T09:00", "2026-03-29T12:00:00"),
        (1, "days", "2026-10-24T10:00", "Europe/Kyiv", "2026-10-25T11:00", "2026-10-25T13:00:00"),
        (1, "days", "2026-03-28T10:00", "Asia/Tokyo", "2026-03-29T10:00", "2026-03-29T19:00:00"),
        (2, "weeks", "2026-03-20T10:00", "Europe/Kyiv", "2026-04-03T09:00", "2026-04-03T12:00:00"),
        # 03:30 does not exist on 29 March: the first instant after the gap
        (1, "days", "2026-03-28T01:30", "Europe/Kyiv", "2026-03-29T01:00", "2026-03-29T03:30:00"),
        # 03:30 comes twice on 25 October: the first
        (1, "days", "2026-10-24T00:30", "Europe/Kyiv", "2026-10-25T00:30", "2026-10-25T03:30:00"),
        # no zone, or one that nobody knows: the journey's, which is UTC here
        (1, "days", "2026-03-28T10:00", "", "2026-03-29T10:00", "2026-03-29T10:00:00"),
        (1, "days", "2026-03-28T10:00", "Foo/Bar", "2026-03-29T10:00", "2026-03-29T10:00:00"),
        (1, "days", "2026-03-28T10:00", None, "2026-03-29T10:00", "2026-03-29T10:00:00"),
    ],
)
def test_how_long_a_wait_lasts(
    amount: int, unit: str, since: str, zone: str | None, until: str, local: str | None
) -> None:
    node = WaitFor.model_validate({"amount": amount, "unit": unit})
    assert only_wait(node, utc(since), zone) == Wait(utc(until), None, local)


def test_a_wait_counts_from_the_arrival_however_late_the_worker_is() -> None:
    batch = a_batch({"since": [utc("2027-03-08T10:00")], "time_zone": [None]}, now=utc("2027-03-11T10:00"))
    assert run(WaitFor(amount=2, unit="hours"), batch).waits[1].until == utc("2027-03-08T12:00")


def test_who_was_woken_moves_on_and_who_has_just_come_waits() -> None:
    result = run(WaitFor(), a_batch({"woken_by": [None, "timer", "event"], "time_zone": [None] * 3}))
    assert set(result.waits) == {1}
    assert set(result.moves["next"]) == {2, 3}


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(at("2020-01-01"), at("2039-01-01"), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    node=st.sampled_from([WaitFor(amount=1, unit="days"), WaitUntil(at="03:30"), WaitUntil(at="02:15")]),
)
def test_a_daily_wait_wakes_once_on_every_local_date(start: datetime, zone: str, node: NodeType) -> None:
    instants = [only_wait(node, start, zone).until]
    for _ in range(40):
        # A day's wait starts at the wake-up; one until a time of day a moment after it.
        since = instants[-1] if isinstance(node, WaitFor) else instants[-1] + timedelta(seconds=1)
        instants.append(only_wait(node, since, zone).until)
    dates = [to_local(instant, zone_of(zone)).date() for instant in instants]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(dates))


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"until": "weekday", "weekday": "Monday"}, "2027-03-08T07:59", "2027-03-08T08:00"),
        ({"until": "weekday", "weekday": "Monday"}, "2027-03-08T08:00", "2027-03-08T08:00"),
        ({"until": "weekday", "weekday": "Monday"}, "2027-03-08T08:01", "2027-03-15T08:00"),
        ({"until": "weekday", "weekday": "Sunday", "at": "03:30"}, "2027-03-27T08:00", "2027-03-28T01:00"),  # gap
        ({"until": "weekday"}, "2027-03-08T23:00", "2027-03-09T08:00"),
        ({"until": "date", "date": "2027-04-01", "at": "09:15"}, "2027-03-08T10:00", "2027-04-01T06:15"),
        ({"until": "date", "date": "2027-03-08"}, "2027-03-08T08:00", "2027-03-08T08:00"),
    ],
)
def test_until_a_day(given: dict[str, Any], since: str, until: str) -> None:
    assert only_wait(WaitUntil.model_validate(given), utc(since)).until == utc(until)


@pytest.mark.parametrize(
    ("given", "value", "since", "until"),
    [
        # the sleeping cascade: 9 months after the last purchase
        ({"fact": "orders.last_at", "months": 9}, utc("2026-06-30T20:00"), "2027-01-01T00:00", "2027-03-30T07:00"),
        # 22:30 UTC is the next day in Kyiv
        ({"fact": "orders.last_at", "months": 1}, utc("2026-01-30T22:30"), "2026-01-31T00:00", "2026-02-28T08:00"),
        ({"fact": "birthday", "days": -7}, date(1990, 3, 20), "2027-03-08T10:00", "2027-03-13T08:00"),
        ({"fact": "birthday", "days": -7}, date(1990, 3, 10), "2027-03-08T10:00", "2028-03-03T08:00"),
        ({"fact": "birthday"}, date(1996, 2, 29), "2027-01-01T00:00", "2027-02-28T08:00"),
        ({"fact": "birthday", "leap_day": "1 March"}, date(1996, 2, 29), "2027-01-01T00:00", "2027-03-01T08:00"),
        ({"fact": "birthday", "months": -6}, date(1990, 1, 10), "2027-03-08T10:00", "2027-07-10T07:00"),
        ({"fact": "attrs.due", "days": 1}, "2027-05-05", "2027-03-08T10:00", "2027-05-06T07:00"),
    ],
)
def test_until_a_date_of_the_customer(given: dict[str, Any], value: Any, since: str, until: str) -> None:
    node = WaitUntil.model_validate({"until": "profile"} | given)
    assert only_wait(node, utc(since), **{given["fact"]: value}).until == utc(until)


@pytest.mark.parametrize("value", [None, "soon", 5, utc("2020-01-01T00:00"), "9999-12-31"])
def test_who_comes_too_late_or_has_no_date_takes_the_way_late(value: Any) -> None:
    columns = {"attrs.due": [value], "time_zone": ["Europe/Kyiv"]}
    late = run(WaitUntil(until="profile", fact="attrs.due", days=1), a_batch(columns))
    assert set(late.moves["late"]) == {1}
    assert late.reasons[1] in ("that moment has passed", "the customer has no such date")
    going_on = run(WaitUntil(until="profile", fact="attrs.due", days=1, past="next"), a_batch(columns))
    assert set(going_on.moves["next"]) == {1}


def test_who_waits_for_an_event_goes_by_what_happened_first() -> None:
    node = WaitForEvent(event="purchase", amount=7, unit="days")
    result = run(node, a_batch({"woken_by": [None, "event", "timer"], "time_zone": ["Europe/Kyiv"] * 3}))
    assert result.waits == {1: Wait(NOW + timedelta(days=7), "purchase", "2027-03-15T12:00:00")}
    assert (set(result.moves["happened"]), set(result.moves["timeout"])) == ({2}, {3})


def test_only_events_that_meet_the_condition_count() -> None:
    where = {"type": "compare", "fact": "data.total", "op": ">=", "value": 5000}
    node = WaitForEvent(where=where)
    assert node.accepts({"total": 5000})
    assert not node.accepts({"total": 4999})
    assert not node.accepts({"total": "5000"})
    assert not node.accepts({})
    assert WaitForEvent().accepts({})
