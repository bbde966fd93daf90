from acme_journeys import PointsSplit
from hypothesis import given
from hypothesis import strategies as st

from wayfare.testing import a_batch, run


def test_the_minimum_itself_is_enough() -> None:
    result = run(PointsSplit(minimum=100), a_batch({"attrs.points": [99, 100, None]}))
    assert result.moves == {"enough": {2}, "too_few": {1, 3}}


@given(points=st.lists(st.none() | st.integers()), minimum=st.integers(0, 1000))
def test_every_enrollment_leaves_by_exactly_one_port(points: list[int | None], minimum: int) -> None:
    run(PointsSplit(minimum=minimum), a_batch({"attrs.points": points}))
