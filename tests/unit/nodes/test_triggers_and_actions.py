"""Triggers say whom they take in; actions say what happens."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from nodes.builtin.action_attribute import SetAttribute
from nodes.builtin.action_emit import EmitEvent
from nodes.builtin.flow_exit import Exit
from nodes.builtin.flow_goal import ReachGoal
from nodes.builtin.trigger_api import ApiTrigger
from nodes.builtin.trigger_date import DateTrigger
from nodes.builtin.trigger_event import EventTrigger
from nodes.builtin.trigger_segment import SegmentTrigger
from nodes.contract import Change, DateRule, Emit, Goal
from nodes.graph import Node
from nodes.registry import open_registry
from wayfare.errors import InvalidSettings
from wayfare.testing import a_batch, run

BIG = {"type": "compare", "fact": "data.total", "op": ">", "value": 1000}


def test_an_event_trigger_takes_in_by_type_and_data() -> None:
    node = EventTrigger.model_validate({"event": "purchase", "where": BIG, "late_days": 3})
    assert node.listens() == ("purchase",)
    assert node.accepts({"total": 1001})
    assert not node.accepts({"total": 1000})
    assert not node.accepts({"total": None})
    assert node.late_days() == 3
    assert node.summary() == "When purchase happens, if total is more than 1000"


def test_a_segment_trigger_takes_in_those_of_its_segment_only() -> None:
    entered = SegmentTrigger(segment="vip", include_present=True)
    assert entered.listens() == ("segment.entered",)
    assert entered.accepts({"segment": "vip"})
    assert not entered.accepts({"segment": "vips"})
    assert not entered.accepts({})
    assert entered.segment_key() == "vip"
    left = SegmentTrigger(segment="vip", on="left", include_present=True)
    assert left.listens() == ("segment.left",)
    assert left.segment_key() is None
    assert SegmentTrigger(segment="vip").segment_key() is None
    assert left.references() == (("segment", "vip"),)


def test_an_api_trigger_takes_in_whom_a_call_names() -> None:
    node = ApiTrigger(journey="welcome", where=BIG)
    assert node.listens() == ("journey.start",)
    assert node.accepts({"journey": "welcome", "total": 2000})
    assert not node.accepts({"journey": "welcome"})
    assert not node.accepts({"journey": "other", "total": 2000})


def test_a_date_trigger_says_when_it_fires() -> None:
    node = DateTrigger.model_validate({"offset_days": -7, "at": "09:30", "leap_day": "1 March", "late_days": 2})
    assert node.date_rule() == DateRule("birthday", -7, time(9, 30), True, "1 March", 2)
    assert node.summary() == "7 days before birthday at 09:30"
    assert DateTrigger().late_days() == 0
    assert DateTrigger().date_rule() == DateRule("birthday")


def test_a_trigger_lets_everyone_go_on() -> None:
    for node in (EventTrigger(), DateTrigger(), SegmentTrigger(segment="vip"), ApiTrigger(journey="x")):
        assert set(run(node, a_batch(size=3)).moves["next"]) == {1, 2, 3}


def test_attributes_are_set_dated_and_removed() -> None:
    def change(batch: Any = None, **given: Any) -> Change:
        (effect,) = run(SetAttribute(**given), batch or a_batch(size=2)).effects
        assert isinstance(effect, Change)
        return effect

    assert change(name="attrs.vip", value=True) == Change("vip", {1: True, 2: True})
    assert change(name="vip", to="nothing") == Change("vip", {1: None, 2: None})
    late = datetime(2027, 3, 8, 22, 30, tzinfo=UTC)
    batch = a_batch({"time_zone": ["Europe/Kyiv", None], "since": [late, late]})
    assert change(batch, name="seen_on", to="today") == Change("seen_on", {1: "2027-03-09", 2: "2027-03-08"})


def test_an_event_happens_a_goal_is_noted_and_the_end_has_a_reason() -> None:
    (emitted,) = run(EmitEvent(event="vip.reached", data={"level": 2}), a_batch(size=2)).effects
    assert emitted == Emit({1, 2}, "vip.reached", {"level": 2})
    (goal,) = run(ReachGoal(), a_batch(size=2)).effects
    assert goal == Goal({1, 2})
    assert run(Exit(reason="bought"), a_batch(size=2)).ends == {"bought": {1, 2}}
    assert list(run(Exit(), a_batch()).ends) == ["end of the journey"]


CITY = {"type": "compare", "fact": "city", "op": "=", "value": "Lviv"}
OLD = {"type": "age", "fact": "data.day", "op": "older than", "days": 3}


@pytest.mark.parametrize(
    ("type", "given", "message"),
    [
        ("trigger.event", {"event": "Purchase!"}, "Event: use small letters"),
        ("trigger.event", {"where": CITY}, "belongs to the customer"),
        ("trigger.event", {"where": OLD}, "how long ago"),
        ("trigger.event", {"where": {"type": "maybe"}}, "Only if"),
        ("trigger.event", {"where": "total > 3"}, "Only if"),
        ("trigger.event", {"late_days": 400}, "at most 365"),
        ("trigger.date", {"date": "orders.last_at"}, "birthday or an attribute"),
        ("trigger.date", {"date": "city"}, "not a date"),
        ("trigger.date", {"at": "25:00"}, "At: write a time like 10:00"),
        ("trigger.date", {"at": "10:00+02:00"}, "leave the time zone out"),
        ("trigger.date", {"offset_days": 400}, "at most 366"),
        ("trigger.segment", {}, "Segment: fill this in"),
        ("trigger.api", {"journey": ""}, "fill this in"),
        ("action.attribute", {"name": "a b", "value": 1}, "Attribute"),
        ("action.attribute", {"name": "a"}, "write the value"),
        ("action.attribute", {"name": "a", "value": "x\0"}, "NUL"),
        ("action.attribute", {"name": "a", "value": float("nan")}, "too large"),
        ("action.attribute", {"name": "a", "value": 2**60}, "too large"),
        ("action.emit", {"event": "purchase"}, "choose another name"),
        ("action.emit", {"event": "segment.entered"}, "choose another name"),
        ("action.emit", {"event": "x", "data": {"a": [1]}}, "Data"),
        ("flow.wait", {"amount": 0}, "at least 1"),
        ("flow.wait", {"unit": "fortnights"}, "minutes"),
        ("flow.wait_until", {"until": "date"}, "choose the date"),
        ("flow.wait_until", {"until": "profile", "fact": "city"}, "not a date"),
        ("flow.wait_event", {"event": ""}, "Event"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_plain_words(type: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        open_registry([]).load(Node(id="n1", type=type, settings=given))
