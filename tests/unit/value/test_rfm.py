"""RFM classes against a plain computation, on drawn values and on the whole CDNOW log."""

from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayfare.cli.demo import cdnow
from wayfare.value import rfm


def plain(values: list[int]) -> list[int]:
    """Compute what the document says, word by word: 1 + ⌊5 × share of customers who have less⌋."""
    return [1 + 5 * sum(other < value for other in values) // len(values) for value in values]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_classes_are_as_stated(values: list[int]) -> None:
    array = np.array(values)
    cuts = rfm.cut_points(array)
    assert rfm.scores(array, cuts).tolist() == plain(values)
    assert [rfm.score(value, cuts) for value in values] == plain(values)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=60))
def test_more_is_never_worse(values: list[int]) -> None:
    array = np.array(values)
    found = dict(zip(values, rfm.scores(array, rfm.cut_points(array)).tolist(), strict=True))
    ordered = [found[value] for value in sorted(found)]
    assert ordered == sorted(ordered)


def test_quintiles_where_all_values_differ() -> None:
    cuts = rfm.cut_points(np.arange(100))
    assert cuts == (20, 40, 60, 80)


def test_many_alike_leave_classes_empty() -> None:
    assert rfm.cut_points(np.array([1, 1, 1, 2])) == (2, 2, 2, None)
    cuts = rfm.cut_points(np.array([1, 1, 1, 1, 1, 1, 2, 2, 3, 3]))
    assert list(cuts) == [2, 2, 2, 3]
    assert [rfm.score(value, cuts) for value in (1, 2, 3)] == [1, 4, 5]


def test_nobody_has_no_cuts() -> None:
    assert rfm.cut_points(np.array([], dtype=int)) == (None,) * 4


def test_all_125_cells_have_one_of_the_eleven_groups_and_each_group_has_a_cell() -> None:
    cells = rfm.cells()
    assert len(set(cells)) == 125
    assert {rfm.default_group(cell) for cell in cells} == {group.key for group in rfm.GROUPS}
    assert len(rfm.GROUPS) == 11


@pytest.mark.parametrize(
    ("cell", "group"),
    [
        ((5, 5, 5), "champions"),
        ((1, 1, 1), "lost"),
        ((5, 1, 1), "new"),
        ((1, 5, 5), "cannot_lose"),
        ((3, 1, 1), "about_to_sleep"),
    ],
)
def test_cells_that_everyone_agrees_on(cell: rfm.Cell, group: str) -> None:
    assert rfm.default_group(cell) == group
    assert rfm.group_of(cell, {cell: "loyal"}) == "loyal"


def test_a_better_class_is_never_a_worse_group_of_the_same_recency() -> None:
    rank = {group.key: place for place, group in enumerate(rfm.GROUPS)}
    for recency in (4, 5):
        places = [rank[rfm.default_group((recency, f, f))] for f in range(1, 6)]
        assert places == sorted(places, reverse=True)


def test_the_cdnow_log_against_a_plain_count() -> None:
    days: dict[int, date] = {}
    count: dict[int, int] = defaultdict(int)
    cents: dict[int, int] = defaultdict(int)
    for row in cdnow.rows():
        days[row.customer] = max(days.get(row.customer, row.day), row.day)
        count[row.customer] += 1
        cents[row.customer] += row.cents
    for figure in ({key: day.toordinal() for key, day in days.items()}, count, cents):
        values = sorted(figure.values())
        below: dict[int, int] = {}
        for place, value in enumerate(values):
            below.setdefault(value, place)
        array = np.array([figure[key] for key in sorted(figure)])
        expected = [1 + 5 * below[figure[key]] // len(values) for key in sorted(figure)]
        assert rfm.scores(array, rfm.cut_points(array)).tolist() == expected
