"""Wall times and dates: every clock change of every zone, and every birthday of eight years."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.localtime import (
    LeapDay,
    add_months,
    anniversary,
    at_wall_time,
    date_of,
    days_later,
    end_of_day,
    is_zone,
    month_days_on,
    nearest_anniversary,
    next_anniversary,
    to_instant,
    to_local,
    zone_of,
)

KYIV = ZoneInfo("Europe/Kyiv")
ZONES = sorted(available_timezones() - {"localtime", "Factory", "posixrules"})
wall = datetime.fromisoformat
SOME_ZONES = [ZoneInfo(name) for name in ZONES[:: len(ZONES) // 40]][:40]


def changes(zone: ZoneInfo) -> list[tuple[datetime, timedelta]]:
    """Return the clock changes of a zone from 2020 to 2040, each with how far the clock jumps."""
    found = []
    step, start = timedelta(days=10), datetime(2020, 1, 1, tzinfo=UTC)
    moments = [start + step * number for number in range(767)]
    for low, high in pairwise(moments):
        before = low.astimezone(zone).utcoffset()
        if before == high.astimezone(zone).utcoffset():
            continue
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
        after = high.astimezone(zone).utcoffset()
        assert before is not None
        assert after is not None
        found.append((high, after - before))
    return found


def test_a_wall_time_in_a_gap_is_the_first_instant_after_it_and_a_double_one_the_first() -> None:
    seen = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change, jump in changes(zone):
            seen += 1
            clock_before = to_local(change - timedelta(seconds=1), zone) + timedelta(seconds=1)
            if jump > timedelta():  # wall times from clock_before up to clock_before + jump do not exist
                for part in (timedelta(), jump / 2, jump - timedelta(microseconds=1)):
                    assert to_instant(clock_before + part, zone) == change, (name, change)
                assert to_instant(clock_before + jump, zone) == change
            else:  # wall times from clock_before + jump up to clock_before happen twice
                for part in (jump, jump / 2, timedelta(microseconds=-1)):
                    assert to_instant(clock_before + part, zone) == change + part, (name, change)
                assert to_instant(clock_before, zone) == change - jump
    assert seen > 4000


def test_kyiv_as_everyone_knows_it() -> None:
    assert to_instant(wall("2026-03-29T03:30"), KYIV) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert to_instant(wall("2026-10-25T03:30"), KYIV) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert to_instant(wall("2026-07-01T10:00"), KYIV) == datetime(2026, 7, 1, 7, tzinfo=UTC)


@given(local=st.datetimes(wall("2020-01-01"), wall("2040-01-01")), zone=st.sampled_from(SOME_ZONES))
def test_an_instant_shows_its_wall_time_or_the_first_one_after_a_gap(local: datetime, zone: ZoneInfo) -> None:
    instant = to_instant(local, zone)
    assert to_local(instant, zone) >= local
    assert to_local(instant - timedelta(microseconds=1), zone) < local


@pytest.mark.parametrize("leap_day", ["28 February", "1 March"])
def test_each_of_366_birthdays_comes_once_a_year_in_every_zone(leap_day: LeapDay) -> None:
    birthdays = [date(2000, 1, 1) + timedelta(days=number) for number in range(366)]
    for year in range(2024, 2032):
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
        celebrated = Counter(md for day in days if day.year == year for md in month_days_on(day, leap_day))
        assert celebrated == {birthday.month * 100 + birthday.day: 1 for birthday in birthdays}
        for birthday in birthdays:
            day = anniversary(birthday, year, leap_day)
            assert birthday.month * 100 + birthday.day in month_days_on(day, leap_day)
    for zone in SOME_ZONES:
        instants = [at_wall_time(date(2024, 1, 1) + timedelta(days=n), time(3, 30), zone) for n in range(8 * 365 + 2)]
        assert all(earlier < later for earlier, later in pairwise(instants))
        local_dates = {to_local(instant, zone).date() for instant in instants}
        assert len(local_dates) == len(instants)


@pytest.mark.parametrize(
    ("year", "leap_day", "expected"),
    [
        (2027, "28 February", date(2027, 2, 28)),
        (2027, "1 March", date(2027, 3, 1)),
        (2028, "28 February", date(2028, 2, 29)),
        (2028, "1 March", date(2028, 2, 29)),
        (2100, "28 February", date(2100, 2, 28)),
    ],
)
def test_29_february_in_other_years(year: int, leap_day: LeapDay, expected: date) -> None:
    assert anniversary(date(1996, 2, 29), year, leap_day) == expected


@given(origin=st.dates(date(1930, 1, 1), date(2020, 1, 1)), near=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_the_nearest_anniversary_is_at_most_half_a_year_away(origin: date, near: date) -> None:
    nearest = nearest_anniversary(origin, near)
    assert abs((nearest - near).days) <= 183
    assert nearest in {anniversary(origin, near.year + shift, "28 February") for shift in (-1, 0, 1)}
    assert next_anniversary(origin, near, "1 March") >= near


def test_of_two_equally_near_anniversaries_the_one_to_come_counts() -> None:
    assert nearest_anniversary(date(2000, 1, 1), date(2024, 7, 2)) == date(2025, 1, 1)  # 183 days to both


@pytest.mark.parametrize(
    ("origin", "months", "expected"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2027, 1, 31), 2, date(2027, 3, 31)),
        (date(2027, 1, 31), -11, date(2026, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2027, 3, 15), 9, date(2027, 12, 15)),
        (date(2027, 3, 15), 0, date(2027, 3, 15)),
    ],
)
def test_months_end_on_the_last_day_of_shorter_months_without_drift(origin: date, months: int, expected: date) -> None:
    assert add_months(origin, months) == expected


def test_the_end_of_a_day_shows_that_day() -> None:
    for zone in SOME_ZONES:
        for number in range(366):
            day = date(2026, 1, 1) + timedelta(days=number)
            assert to_local(end_of_day(day, zone), zone).date() == day


@given(
    instant=st.datetimes(wall("2020-01-01"), wall("2039-01-01"), timezones=st.just(UTC)),
    days=st.integers(0, 800),
    zone=st.sampled_from(SOME_ZONES),
)
def test_days_later_is_the_same_wall_time(instant: datetime, days: int, zone: ZoneInfo) -> None:
    local = to_local(instant, zone) + timedelta(days=days)
    assert days_later(instant, days, zone) == (to_instant(local, zone), local)


def test_days_later_around_every_clock_change_of_some_zones() -> None:
    for zone in SOME_ZONES:
        for change, _ in changes(zone):
            for hours in range(-30, 30):
                instant = change + timedelta(hours=hours, minutes=7)
                for days in (1, 7):
                    for start in (instant, instant - timedelta(days=days)):
                        local = to_local(start, zone) + timedelta(days=days)
                        assert days_later(start, days, zone) == (to_instant(local, zone), local)


@pytest.mark.parametrize("name", ["", None, "Foo/Bar", "Europe", "../etc/passwd", "Europe/Kyiv\0", "x" * 1000])
def test_an_unknown_zone_falls_back(name: str | None) -> None:
    assert zone_of(name, "Europe/Kyiv").key == "Europe/Kyiv"
    assert zone_of(name, "also/unknown").key == "UTC"
    assert not is_zone(name or "")


def test_a_value_is_a_date_only_when_it_is_one() -> None:
    assert date_of(date(2027, 1, 2), KYIV) == date(2027, 1, 2)
    assert date_of(datetime(2027, 1, 1, 22, 30, tzinfo=UTC), KYIV) == date(2027, 1, 2)
    assert date_of("2027-01-02", KYIV) == date(2027, 1, 2)
    assert date_of("2027-01-01T22:30:00+00:00", KYIV) == date(2027, 1, 2)
    others: list[object] = [None, "", "soon", "2027-02-30", 20270102, True, [], {}]
    for other in others:
        assert date_of(other, KYIV) is None
