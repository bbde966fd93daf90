"""Splits: the first branch that fits, and shares that stay the same and add up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.builtin.flow_split_rule import SplitByRule
from nodes.builtin.flow_split_share import SplitByShare
from nodes.graph import Node
from nodes.registry import open_registry
from wayfare.chance import share
from wayfare.errors import InvalidSettings
from wayfare.segments.facts import Fact
from wayfare.segments.meaning import holds
from wayfare.segments.moment import Moment
from wayfare.segments.rule import parse_rule
from wayfare.testing import NOW, a_batch, run


def compare(fact: str, op: str, value: Any) -> dict[str, Any]:
    return {"type": "compare", "fact": fact, "op": op, "value": value}


def by_rule(**branches: dict[str, Any]) -> SplitByRule:
    return SplitByRule.model_validate({"branches": [{"port": port, "when": when} for port, when in branches.items()]})


def test_the_first_branch_that_fits_wins_and_everyone_else_goes_else() -> None:
    node = by_rule(vip=compare("attrs.points", ">=", 500), some=compare("attrs.points", ">=", 100))
    result = run(node, a_batch({"attrs.points": [500, 100, 99, None, "900"]}))
    assert {port: set(ids) for port, ids in result.moves.items()} == {"vip": {1}, "some": {2}, "else": {3, 4, 5}}
    assert node.ports() == ("vip", "some", "else")
    assert node.explain("vip") == "points is at least 500"
    assert node.explain("else")


def test_one_and_true_are_different_values() -> None:
    node = by_rule(yes=compare("attrs.x", "=", True), one=compare("attrs.x", "=", 1))
    result = run(node, a_batch({"attrs.x": [True, 1, 1.0, False, 0, [1], {"a": 1}]}))
    assert {port: set(ids) for port, ids in result.moves.items()} == {"yes": {1}, "one": {2, 3}, "else": {4, 5, 6, 7}}


def test_rules_on_dates_use_the_customers_own_calendar() -> None:
    node = by_rule(today={"type": "birthday", "within_days": 0})
    batch = a_batch({"birthday": [NOW.date()] * 2, "time_zone": ["Europe/Kyiv", "Pacific/Kiritimati"]})
    result = run(node, batch)  # 10:00 UTC is already tomorrow on Kiritimati
    assert set(result.moves["today"]) == {1}


def test_a_split_asks_for_segments_events_and_the_event_at_hand() -> None:
    member, bought = {"type": "segment", "key": "vip"}, {"type": "events", "event": "purchase", "op": ">=", "value": 2}
    node = by_rule(a=member, b=bought, c=compare("data.total", ">", 100))
    vip, count, total = Fact("segment", key="vip"), Fact("events.count", key="purchase"), Fact.of("data.total")
    assert set(node.facts()) == {vip, count, total}
    assert node.references() == [("segment", "vip")]
    columns: dict[Fact, list[Any]] = {
        vip: [True, False, False, False],
        count: [0, 2, 0, 0],
        total: [None, None, 101, 100],
    }
    result = run(node, a_batch(columns))
    assert {port: set(ids) for port, ids in result.moves.items()} == {"a": {1}, "b": {2}, "c": {3}, "else": {4}}


VALUES = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, "1", "a", "A", ""]) | st.lists(st.none())
)


@given(values=st.lists(st.tuples(VALUES, VALUES), max_size=30))
def test_a_whole_batch_goes_where_each_customer_alone_would_go(values: list[tuple[Any, Any]]) -> None:
    rules = {"first": compare("attrs.x", ">=", 1), "second": {"type": "set", "fact": "attrs.y"}}
    batch = a_batch({"attrs.x": [x for x, _ in values], "attrs.y": [y for _, y in values]}, size=len(values))
    moves = run(by_rule(**rules), batch).moves
    for id, (x, y) in enumerate(values, 1):
        facts = {Fact.of("attrs.x"): x, Fact.of("attrs.y"): y}
        fits = [port for port, rule in rules.items() if holds(parse_rule(rule), facts, Moment(NOW))]
        assert id in moves[fits[0] if fits else "else"]


@pytest.mark.parametrize(
    ("type", "given", "message"),
    [
        ("flow.split_rule", {"branches": []}, "add at least 1"),
        ("flow.split_rule", {"branches": [{"port": "else", "when": {"type": "all"}}]}, "taken by everyone else"),
        ("flow.split_rule", {"branches": [{"port": "a", "when": {"type": "all"}}] * 2}, "there twice"),
        ("flow.split_rule", {"branches": [{"port": "a", "when": compare("frist_name", "=", "x")}]}, "frist_name"),
        ("flow.split_rule", {"branches": [{"port": "a\nb", "when": {"type": "all"}}]}, "Branches 1"),
        ("flow.split_share", {"shares": [{"port": "a", "percent": 50}]}, "add up to 50 percent"),
        ("flow.split_share", {"shares": [{"port": "a", "percent": "33.3"}] * 3}, "there twice"),
        (
            "flow.split_share",
            {"shares": [{"port": port, "percent": "33.3333"} for port in "abc"]},
            "add up to 99.9999 percent",
        ),
        ("flow.split_share", {"shares": [{"port": "a", "percent": "nan"}]}, "number"),
        ("flow.split_share", {"shares": [{"port": "a", "percent": 0}, {"port": "b", "percent": 100}]}, "more than 0"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(type: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        open_registry([]).load(Node(id="n1", type=type, settings=given))


def by_share(**percent: Any) -> SplitByShare:
    return SplitByShare.model_validate({"shares": [{"port": port, "percent": n} for port, n in percent.items()]})


def test_shares_that_floats_cannot_add_up_are_exact() -> None:
    assert by_share(a=0.1, b=0.2, c="99.7").ports() == ("a", "b", "c")


def test_a_customer_takes_the_same_way_each_time_and_an_analyst_can_recompute_it() -> None:
    node = by_share(a="12.5", b="87.5")
    customers = list(range(1000, 3000))
    moves = run(node, a_batch({"customer": customers}, journey="welcome", node="s1")).moves
    again = run(node, a_batch({"customer": customers[::-1]}, journey="welcome", node="s1")).moves
    assert {customers[id - 1] for id in moves["a"]} == {customers[-id] for id in again["a"]}
    assert {customers[id - 1] for id in moves["a"]} == {c for c in customers if share("welcome", "s1", c) < 0.125}
    elsewhere = run(node, a_batch({"customer": customers}, journey="welcome", node="s2")).moves
    assert set(elsewhere["a"]) != set(moves["a"])


def test_shares_come_out_as_set() -> None:
    moves = run(by_share(a=10, b=30, c=60), a_batch(size=20_000)).moves
    for port, percent in (("a", 10), ("b", 30), ("c", 60)):
        assert abs(len(moves[port]) - percent * 200) < 4 * (20_000 * percent / 100 * (1 - percent / 100)) ** 0.5
