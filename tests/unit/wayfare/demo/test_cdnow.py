"""The purchase log that comes with Wayfare is the published one, and moves by whole days."""

import gzip
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.localtime import to_local, zone_of
from wayfare.cli.demo.calendar import SHOP, Calendar
from wayfare.cli.demo.cdnow import FIRST_DAY, LAST_DAY, rows
from wayfare.cli.demo.places import COUNTRIES


def test_the_log_is_an_unchanged_copy_and_says_where_it_comes_from() -> None:
    folder = files("wayfare").joinpath("data", "cdnow")
    text = gzip.decompress(folder.joinpath("CDNOW_master.txt.gz").read_bytes())
    assert sha256(text).hexdigest() in folder.joinpath("ORIGIN.md").read_text()
    assert "MIT License" in folder.joinpath("LICENSE-lifetimes.txt").read_text()


def test_all_purchases_are_there_to_the_cent() -> None:
    found = list(rows())
    assert len(found) == 69_659
    assert len({row.customer for row in found}) == 23_570
    assert (min(row.day for row in found), max(row.day for row in found)) == (FIRST_DAY, LAST_DAY)
    assert sum(row.cents == 0 for row in found) == 80
    assert sum(row.cents for row in found) == 250_031_563


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_last_day_of_the_log_is_today_and_nothing_lies_in_the_future(hour: int) -> None:
    now = datetime(2026, 11, 24, hour, 1, tzinfo=UTC)
    demo = Calendar(now)
    assert demo.day(LAST_DAY) == to_local(now, SHOP).date()
    for number in range(200):
        assert to_local(demo.moment(demo.day(LAST_DAY), number), SHOP).date() == demo.today
        assert demo.moment(demo.day(LAST_DAY), number) <= now


@given(back=st.integers(1, 545), today=st.dates(date(2026, 1, 1), date(2040, 1, 1)), who=st.integers())
def test_before_today_a_purchase_has_the_date_of_the_log_wherever_its_customer_lives(
    back: int, today: date, who: int
) -> None:
    demo = Calendar(datetime(today.year, today.month, today.day, 12, tzinfo=UTC))
    day = demo.day(LAST_DAY - timedelta(days=back))
    for zone in {city.time_zone for country in COUNTRIES for city in country.cities}:
        assert to_local(demo.moment(day, who), zone_of(zone)).date() == day
