"""Local days begin and end where the calendar of the zone says."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wayfare.segments.days import find_zone, local_day, next_anniversary, start_of_day, zone_or

ODD = [
    "Europe/Kyiv",
    "Asia/Beirut",  # clocks jump at midnight
    "America/St_Johns",  # until 2011 they went back at 00:01
    "America/Sao_Paulo",
    "Pacific/Apia",  # 30 December 2011 never was
    "America/Toronto",  # 30 March 1919 began at 23:30 the day before
    "Pacific/Kiritimati",
    "America/Nuuk",
    "UTC",
]


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("Europe/Kyiv", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),  # 23 hours long
        ("Europe/Kyiv", date(2026, 10, 25), datetime(2026, 10, 24, 21, tzinfo=UTC)),  # 25 hours long
        ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),  # begins at 01:00
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # empty
        ("Pacific/Apia", date(2011, 12, 31), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("America/St_Johns", date(2009, 11, 1), datetime(2009, 11, 1, 2, 30, tzinfo=UTC)),
    ],
)
def test_a_day_begins_with_the_first_instant_of_its_date(zone: str, day: date, starts: datetime) -> None:
    assert start_of_day(day, ZoneInfo(zone)) == starts


@settings(max_examples=500)
@given(
    instant=st.integers(-1_600_000_000, 2_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    zone=st.sampled_from(ODD).map(ZoneInfo),
)
def test_every_instant_lies_in_the_day_that_it_belongs_to(instant: datetime, zone: ZoneInfo) -> None:
    day = local_day(instant, zone)
    assert start_of_day(day, zone) <= instant < start_of_day(day + timedelta(days=1), zone)


def test_a_day_that_began_does_not_come_back_when_the_clock_does() -> None:
    zone = ZoneInfo("America/St_Johns")
    first, second = datetime(2009, 11, 1, 2, 30, 30, tzinfo=UTC), datetime(2009, 11, 1, 2, 31, 30, tzinfo=UTC)
    assert first.astimezone(zone).date() > second.astimezone(zone).date()  # 00:00:30, then 23:01:30
    assert local_day(first, zone) == local_day(second, zone) == date(2009, 11, 1)


@pytest.mark.parametrize(
    "name", ["", "Foo/Bar", None, "Europe", "../../etc/passwd", "/etc/localtime", "x" * 65, "a\0b"]
)
def test_a_zone_that_is_none_falls_back(name: str | None) -> None:
    assert find_zone(name) is None
    assert zone_or(name, "Europe/Kyiv").key == "Europe/Kyiv"
    assert zone_or(name, "Nowhere").key == "UTC"


@pytest.mark.parametrize(
    ("origin", "today", "coming"),
    [
        (date(1990, 11, 24), date(2026, 11, 24), date(2026, 11, 24)),
        (date(1990, 11, 23), date(2026, 11, 24), date(2027, 11, 23)),
        (date(2000, 2, 29), date(2027, 2, 1), date(2027, 2, 28)),
        (date(2000, 2, 29), date(2028, 2, 28), date(2028, 2, 29)),
        (date(2000, 2, 29), date(2027, 3, 1), date(2028, 2, 29)),
    ],
)
def test_anniversaries(origin: date, today: date, coming: date) -> None:
    assert next_anniversary(origin, today, "28 February") == coming


def test_a_leap_day_may_be_celebrated_in_march() -> None:
    assert next_anniversary(date(2000, 2, 29), date(2027, 3, 1), "1 March") == date(2027, 3, 1)
