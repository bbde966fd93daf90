"""The tools for integrators tell them what the engine would."""

from typing import ClassVar

import pytest

import wayfare.sdk
from wayfare.errors import BadResult
from wayfare.sdk import Batch, Fact, NodeType, Result
from wayfare.testing import NOW, a_batch, check_result, run


class Node(NodeType):
    """A node for these tests."""

    key = "test.node"
    needs: ClassVar[tuple[str, ...]] = ("attrs.points",)

    def step(self, batch: Batch) -> Result:
        return Result(moves={"next": {id for id, points in batch.rows("attrs.points") if points}})


def test_a_batch_is_numbered_from_one_and_filled_in() -> None:
    batch = a_batch({"attrs.points": [5, None]})
    assert batch.ids == {1, 2}
    assert list(batch.rows("attrs.points", "since")) == [(1, 5, NOW), (2, None, NOW)]
    assert batch.column(Fact.of("attrs.points")) == {1: 5, 2: None}
    assert batch.column("customer") == {1: 1, 2: 2}
    assert a_batch(size=3).ids == {1, 2, 3}
    assert a_batch({Fact.of("city"): ["x"]}).column("city") == {1: "x"}


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        a_batch({"city": ["a"], "level": ["a", "b"]})


def test_what_the_engine_would_refuse_is_refused() -> None:
    with pytest.raises(BadResult, match="no answer for 1 of 2"):
        run(Node(), a_batch({"attrs.points": [5, None]}))
    with pytest.raises(BadResult, match=r"has no values for attrs\.points"):
        run(Node(), a_batch({"city": ["x"]}))

    class Greedy(Node):
        """It asks for what it did not declare."""

        needs: ClassVar[tuple[str, ...]] = ()

    with pytest.raises(BadResult, match="declare it in needs"):
        run(Greedy(), a_batch({"attrs.points": [5]}))

    class Wrong(Node):
        """It names a port that it does not have."""

        def step(self, batch: Batch) -> Result:
            return Result(moves={"maybe": batch.ids})

    with pytest.raises(BadResult, match="unknown port 'maybe'; there is next"):
        run(Wrong(), a_batch({"attrs.points": [5]}))

    class Meddler(Node):
        """It changes the batch."""

        def step(self, batch: Batch) -> Result:
            batch.ids.clear()
            return Result()

    with pytest.raises(BadResult, match="changed the ids"):
        run(Meddler(), a_batch({"attrs.points": [5]}))


def test_a_result_is_checked_by_node_or_by_ports() -> None:
    batch = a_batch(size=1)
    check_result(batch, Result(moves={"next": {1}}), Node())
    with pytest.raises(BadResult, match="more than once"):
        check_result(batch, Result(moves={"a": {1}}, failures={1: "no"}), ["a"])


def test_the_sdk_holds_what_it_lists() -> None:
    for name in wayfare.sdk.__all__:
        assert hasattr(wayfare.sdk, name)
