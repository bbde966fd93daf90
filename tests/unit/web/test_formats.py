"""How pages write instants and numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, g

from web import formats
from web.listing import here
from web.respond import local

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def page() -> Flask:
    return Flask("x")


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=30), "now"),
        (timedelta(seconds=50), "a moment ago"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=45), "1 month ago"),
        (timedelta(days=-2), "in 2 days"),
    ],
)
def test_distances(page: Flask, away: timedelta, text: str) -> None:
    with page.test_request_context():
        g.now = NOON
        assert f">{text}</time>" in formats.ago(NOON - away)


@pytest.mark.parametrize(
    ("zone", "text"),
    [("", "12:00"), ("Europe/Kyiv", "14:00"), ("../../etc/passwd", "12:00"), ("No/Where", "12:00"), ("\0", "12:00")],
)
def test_instants_are_written_in_the_readers_zone_whatever_the_cookie_says(page: Flask, zone: str, text: str) -> None:
    with page.test_request_context(headers={"Cookie": f"{formats.ZONE_COOKIE}={zone}"}):
        g.now = NOON
        assert f">{text}</time>" in formats.when(NOON)


def test_numbers() -> None:
    assert formats.number(1234567) == "1\u202f234\u202f567"
    assert formats.number(None) == "–"
    assert formats.percent(1, 3) == "33\u202f%"
    assert formats.percent(1, 200) == "0.5\u202f%"
    assert formats.percent(1, 0) == "–"
    assert formats.plural(1, "entry", "entries") == "1 entry"
    assert formats.plural(2, "entry", "entries") == "2 entries"
    assert formats.money(-123456, "UAH") == "−1\u202f234.56 UAH"


def test_an_address_keeps_what_it_does_not_change(page: Flask) -> None:
    with page.test_request_context("/audit?q=a%26b&page=3"):
        assert here(page=None) == "/audit?q=a%26b"
        assert here(page=4, sort="-at") == "/audit?q=a%26b&page=4&sort=-at"


@pytest.mark.parametrize("place", ["//x", "/\\x", "https://x", "x", "", None, "/\nx", "/a\\b", "/" + "x" * 2000])
def test_only_paths_of_ours_are_places_to_go_to(place: str | None) -> None:
    assert local(place) == "/"
