"""Quiet hours by the customer's wall clock, over midnight and over clock changes."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.guards import QuietHours, rules
from nodes.localtime import to_local, zone_of

NIGHT = QuietHours(time(21), time(9))
ZONES = ["UTC", "Europe/Kyiv", "Asia/Tbilisi", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        ("2026-11-24T18:59", "Europe/Kyiv", None),  # 20:59
        ("2026-11-24T19:00", "Europe/Kyiv", "2026-11-25T07:00"),
        ("2026-11-25T06:59", "Europe/Kyiv", "2026-11-25T07:00"),
        ("2026-11-25T07:00", "Europe/Kyiv", None),
        ("2026-03-28T20:00", "Europe/Kyiv", "2026-03-29T06:00"),  # clocks go forward in the night: 11 hours of it
        ("2026-10-24T20:00", "Europe/Kyiv", "2026-10-25T07:00"),  # and back
    ],
)
def test_the_window_ends_at_the_customers_wall_time(now: str, zone: str, until: str | None) -> None:
    end = NIGHT.end_after(datetime.fromisoformat(now).replace(tzinfo=UTC), zone)
    assert end == (None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_an_end_that_does_not_exist_is_the_first_instant_after_the_gap() -> None:
    quiet = QuietHours(time(22), time(3, 30))  # 29 March 2026 has no 03:30 in Kyiv
    end = quiet.end_after(datetime(2026, 3, 28, 22, 0, tzinfo=UTC), "Europe/Kyiv")
    assert end == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_an_end_that_comes_twice_lets_nobody_be_disturbed_the_second_time_either() -> None:
    quiet = QuietHours(time(22), time(3, 30))  # 25 October 2026 has two of them in Kyiv
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert quiet.end_after(first - timedelta(minutes=1), "Europe/Kyiv") == first
    assert quiet.end_after(first, "Europe/Kyiv") is None
    assert quiet.end_after(second - timedelta(minutes=1), "Europe/Kyiv") == second


@given(
    now=st.integers(1_577_836_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    start=st.times(),
    end=st.times(),
    zone=st.sampled_from(ZONES),
)
def test_after_the_end_the_window_is_closed_and_before_it_was_open(
    now: datetime, start: time, end: time, zone: str
) -> None:
    quiet = QuietHours(start, end)
    until = quiet.end_after(now, zone)
    is_quiet = quiet.covers(to_local(now, zone_of(zone)).time())
    assert (until is not None) == is_quiet
    if until is not None:
        assert now < until <= now + timedelta(hours=26)


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert not QuietHours(time(9), time(9)).covers(time(9))


def test_settings_are_read_and_refused() -> None:
    assert rules({}).quiet is None
    assert rules({"quiet_hours": None, "caps": None}).cap("email") is None
    read = rules({"quiet_hours": {"from": "21:00", "until": "09:00", "channels": ["sms"]}, "caps": {"email": 2}})
    assert read.quiet == QuietHours(time(21), time(9), frozenset(["sms"]))
    assert (read.cap("email"), read.cap("sms")) == (2, None)
    with pytest.raises(KeyError):
        rules({"quiet_hours": {"from": "21:00"}})
