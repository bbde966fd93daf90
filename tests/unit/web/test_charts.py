"""Charts show what they are given, to scale, and nothing outside their box."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from web import charts, words
from web.pages.segments import sizes

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_bars_stay_in_their_box_and_a_value_is_never_invisible(values: list[int]) -> None:
    drawn = charts.bars(values, [str(number) for number in range(len(values))])
    assert drawn.total == sum(values)
    for bar, value in zip(drawn.bars, values, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= 100.1
        assert bar.y >= 0
        assert round(bar.y + bar.height) == 100
        assert (bar.height >= 6) == (value > 0)


def test_the_highest_bar_fills_the_box() -> None:
    assert [bar.height for bar in charts.bars([1, 2, 4], ["a", "b", "c"]).bars] == [25, 50, 100]


def test_hours_are_labelled_in_the_readers_zone_and_end_now() -> None:
    with Flask("test").test_request_context(headers={"Cookie": "wayfare-zone=Europe/Kyiv"}):
        drawn = charts.by_hour({"2026-11-24 12": 3, "2026-11-23 13": 1, "2026-11-23 12": 99}, NOW)
        today = charts.since_midnight({"2026-11-24 12": 3, "2026-11-23 22": 5, "2026-11-23 21": 7}, NOW)
    assert (drawn.first, drawn.last) == ("15:00", "14:00")
    assert [bar.value for bar in drawn.bars if bar.value] == [1, 3]
    assert drawn.bars[-1].value == 3
    assert today == 8  # midnight in Kyiv is 22:00 UTC


def test_days_without_anything_have_a_bar_of_their_own() -> None:
    drawn = charts.by_day({"2026-11-24": 2}, date(2026, 11, 24), 3)
    assert [(bar.label, bar.value) for bar in drawn.bars] == [("22 Nov", 0), ("23 Nov", 0), ("24 Nov", 2)]


@pytest.mark.parametrize("values", [[], [5], [5, 5, 5], [0, 10, 3]])
def test_a_line_stays_in_its_box(values: list[int]) -> None:
    drawn = charts.line(values, [str(value) for value in values])
    assert all(0 <= x <= 300 and 0 <= y <= 80 for x, y, _, _ in drawn.points)
    assert bool(drawn.line) == bool(values)


def test_a_small_change_of_a_large_size_looks_small() -> None:
    drawn = charts.line([10_000, 10_010], ["a", "b"])
    assert abs(drawn.points[0][1] - drawn.points[1][1]) < 2


@pytest.mark.parametrize(
    ("count", "moves", "expected"),
    [
        (5, {"2026-11-24": (2, 1), "2026-11-23": (1, 0)}, [3, 4, 5]),  # as far back as days are shown
        (4, {"2026-11-24": (1, 0), "2026-11-22": (3, 0)}, [3, 3, 4]),  # built on the 22nd
        (0, {}, [0, 0]),
    ],
)
def test_sizes_are_reckoned_back_from_the_present_one(
    count: int, moves: dict[str, tuple[int, int]], expected: list[int]
) -> None:
    values, labels = sizes(count, moves, date(2026, 11, 24))
    assert values[-len(expected) :] == expected
    assert labels[-1] == "24 Nov"
    assert len(values) == len(labels) <= 30


def test_every_status_of_the_tables_has_words() -> None:
    from store.messages import STATUSES

    assert set(STATUSES) == set(words.MESSAGE)
    assert words.journey("unheard_of").label == "Unheard_of"
    assert words.event("loyalty.level_changed") == "Loyalty level changed"
    assert words.port("next") == ""
    assert words.port("too_few") == "Too few"
