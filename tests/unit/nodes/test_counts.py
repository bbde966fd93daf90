"""Nodes that count for all their customers: first N, throttle, experiment, gate; and the window that does not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nodes.builtin.flow_best_channel import BestChannel, Choice
from nodes.builtin.flow_experiment import Experiment, Variant
from nodes.builtin.flow_gate import Gate
from nodes.builtin.flow_split_count import SplitByCount
from nodes.builtin.flow_throttle import Throttle
from nodes.builtin.flow_window import TimeWindow
from nodes.contract import FOR_EVER, Result
from wayfare.errors import BadResult
from wayfare.segments.facts import Fact
from wayfare.testing import NOW, a_batch, run

at = datetime.fromisoformat


def ids(result: Result, port: str) -> set[int]:
    return set(result.moves.get(port, ()))


def test_the_first_so_many_are_those_who_came_first() -> None:
    node = SplitByCount(count=2)
    since = [NOW, NOW - timedelta(hours=2), NOW - timedelta(hours=1)]
    result = run(node, a_batch({"since": since}))
    assert ids(result, "first") == {2, 3}
    later = run(node, a_batch(size=3, memory=result.memory))
    assert ids(later, "else") == {1, 2, 3}
    assert later.memory is None


def test_a_daily_count_begins_anew_at_midnight_of_the_journey() -> None:
    node = SplitByCount(count=1, per="day")
    evening = at("2027-03-08T21:30+00:00")
    first = run(node, a_batch(size=2, now=evening, zone="Europe/Kyiv"))
    assert len(ids(first, "first")) == 1
    same = run(node, a_batch(size=1, now=evening + timedelta(minutes=29), zone="Europe/Kyiv", memory=first.memory))
    assert ids(same, "else") == {1}
    next_day = run(node, a_batch(size=1, now=evening + timedelta(minutes=30), zone="Europe/Kyiv", memory=first.memory))
    assert ids(next_day, "first") == {1}


def test_a_type_that_does_not_remember_is_told_so() -> None:
    with pytest.raises(BadResult, match="remembers = True"):
        run(TimeWindow(), a_batch({"time_zone": [None]}, memory={"a": 1}))


class Queue:
    """Customers before a throttle, as the engine would keep them."""

    def __init__(self, node: Throttle) -> None:
        self.node, self.number = node, 0
        self.memory: dict[str, Any] = {}
        self.waiting: dict[int, tuple[datetime, datetime, Any]] = {}  # id → came, due, state

    def step(self, now: datetime, newcomers: int = 0) -> list[int]:
        """Let some come, step with all who are due; return who passed, in their order."""
        for _ in range(newcomers):
            self.number += 1
            self.waiting[self.number] = (now, now, None)
        due = [id for id, row in self.waiting.items() if row[1] <= now]
        if not due:
            return []
        columns: dict[Any, list[Any]] = {
            "since": [self.waiting[id][0] for id in due],
            "state": [self.waiting[id][2] for id in due],
        }
        result = run(self.node, a_batch(columns, now=now, memory=self.memory))
        assert result.memory is not None
        self.memory = dict(result.memory)
        for place, wait in result.waits.items():
            assert wait.until > now
            self.waiting[due[place - 1]] = (self.waiting[due[place - 1]][0], wait.until, result.state[place])
        passed = [due[place - 1] for place in result.moves["next"]]
        for id in passed:
            del self.waiting[id]
        return passed


@settings(max_examples=60, deadline=None)
@given(
    waves=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 200)), min_size=1, max_size=12),
    count=st.integers(1, 4),
    per=st.sampled_from(["minute", "hour", "day"]),
)
def test_no_window_lets_more_pass_and_nobody_overtakes(waves: list[tuple[int, int]], count: int, per: Any) -> None:
    """Newcomers with pauses between them, in which those who are due pile up."""
    queue, now = Queue(Throttle(count=count, per=per)), NOW
    passed: dict[datetime, int] = {}
    left: list[int] = []
    for newcomers, minutes in [*waves, *[(0, 24 * 60)] * 110]:
        now += timedelta(minutes=minutes)
        gone = queue.step(now, newcomers)
        left += gone
        window = now.replace(minute=now.minute if per == "minute" else 0)
        window = window.replace(hour=0) if per == "day" else window
        passed[window] = passed.get(window, 0) + len(gone)
    assert max(passed.values()) <= count
    assert left == list(range(1, queue.number + 1))


def test_a_throttle_fills_each_window_on_time() -> None:
    queue = Queue(Throttle(count=2, per="hour"))
    assert queue.step(NOW + timedelta(minutes=50), 5) == [1, 2]
    assert sorted(row[1] for row in queue.waiting.values()) == [NOW + timedelta(hours=n) for n in (1, 1, 2)]
    assert queue.step(NOW + timedelta(hours=1)) == [3, 4]
    assert queue.step(NOW + timedelta(hours=2), 2) == [5, 6]


def test_a_throttle_by_day_counts_in_the_zone_of_the_journey() -> None:
    result = run(Throttle(count=1, per="day"), a_batch(size=2, now=at("2027-03-27T10:00+00:00"), zone="Europe/Kyiv"))
    assert [wait.until for wait in result.waits.values()] == [at("2027-03-27T22:00+00:00")]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2027-03-08T09:00+00:00", None),  # Monday 11:00 in Kyiv
        ("2027-03-08T06:59:59+00:00", "2027-03-08T07:00+00:00"),
        ("2027-03-08T19:00+00:00", "2027-03-09T07:00+00:00"),  # the end itself is outside
        ("2027-03-12T20:00+00:00", "2027-03-15T07:00+00:00"),  # Friday night until Monday
        ("2027-03-27T12:00+00:00", "2027-03-29T06:00+00:00"),  # clocks go forward on Sunday
    ],
)
def test_a_window_is_open_where_the_customer_lives(now: str, until: str | None) -> None:
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    result = run(TimeWindow(days=weekdays), a_batch({"time_zone": ["Europe/Kyiv"]}, now=at(now)))
    assert [wait.until for wait in result.waits.values()] == ([at(until)] if until else [])


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    night = TimeWindow(days=("Friday",), opens="22:00", closes="02:00")
    saturday = run(night, a_batch({"time_zone": ["UTC"]}, now=at("2027-03-13T01:59+00:00")))
    assert ids(saturday, "next") == {1}
    friday = run(night, a_batch({"time_zone": ["UTC"]}, now=at("2027-03-12T01:59+00:00")))
    assert friday.waits[1].until == at("2027-03-12T22:00+00:00")


def test_who_is_woken_too_late_for_the_window_waits_for_the_next() -> None:
    batch = a_batch({"time_zone": ["UTC"], "woken_by": ["timer"], "since": [NOW]}, now=at("2027-03-09T23:00+00:00"))
    assert run(TimeWindow(), batch).waits[1].until == at("2027-03-10T09:00+00:00")


def test_a_gate_holds_until_it_is_open_and_a_date_opens_it() -> None:
    assert run(Gate(), a_batch(size=1)).waits[1].until == FOR_EVER
    assert ids(run(Gate(), a_batch(size=1, memory={"open": True})), "next") == {1}
    dated = Gate(opens="date", date="2027-03-10", at="10:00")
    assert run(dated, a_batch(size=1, zone="Europe/Kyiv")).waits[1].until == at("2027-03-10T08:00+00:00")
    assert ids(run(dated, a_batch(size=1, now=at("2027-03-10T10:00+00:00"))), "next") == {1}
    assert ids(run(dated, a_batch(size=1, memory={"open": True})), "next") == {1}


@pytest.mark.parametrize("given", [{"opens": "date"}, {"opens": "segment"}])
def test_a_gate_says_what_it_lacks(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="choose the"):
        Gate(**given)


TRIAL = Experiment(after_customers=10, after_days=2)


def test_an_experiment_keeps_each_customer_in_one_variant() -> None:
    first = run(TRIAL, a_batch(size=200))
    again = run(TRIAL, a_batch(size=200, memory=first.memory))
    assert {port: set(moved) for port, moved in first.moves.items()} == {
        port: set(moved) for port, moved in again.moves.items()
    }
    assert min(len(moved) for moved in first.moves.values()) > 60
    assert again.memory is not None
    assert again.memory["entered"] == 400


def test_the_winner_is_asked_for_when_it_is_time_and_not_again_within_the_hour() -> None:
    began = {"began": NOW.isoformat(), "entered": 9}
    assert TRIAL.tallies({}, NOW) is None
    assert TRIAL.tallies(began, NOW) is None
    assert TRIAL.tallies(began | {"entered": 10}, NOW) is not None
    assert TRIAL.tallies(began, NOW + timedelta(days=2)) is not None
    looked = began | {"entered": 10, "looked_at": NOW.isoformat()}
    assert TRIAL.tallies(looked, NOW + timedelta(minutes=59)) is None
    assert TRIAL.tallies(looked | {"winner": "a"}, NOW + timedelta(days=9)) is None


@pytest.mark.parametrize(
    ("tally", "winner"),
    [
        ({"a": (100, 9), "b": (50, 5)}, "b"),
        ({"a": (100, 10), "b": (50, 5)}, "a"),  # equal rates: the first
        ({"a": (100, 0), "b": (50, 0)}, None),
        ({"b": (1, 1)}, "b"),
        ({}, None),
    ],
)
def test_the_best_rate_wins_for_good(tally: dict[str, tuple[int, int]], winner: str | None) -> None:
    memory = {"began": NOW.isoformat(), "entered": 150}
    result = run(TRIAL, a_batch(size=50, memory=memory, tally=tally))
    assert result.memory is not None
    assert result.memory.get("winner") == winner
    later = run(TRIAL, a_batch(size=50, memory=result.memory))
    assert (ids(later, winner) == set(range(1, 51))) if winner else all(later.moves.values())


def test_a_winner_that_was_taken_out_begins_the_trial_anew() -> None:
    node = Experiment(variants=(Variant(port="c", percent=Decimal(50)), Variant(port="d", percent=Decimal(50))))
    result = run(node, a_batch(size=50, memory={"began": NOW.isoformat(), "entered": 1, "winner": "a"}))
    assert all(result.moves.values())


def channel_batch(rows: list[tuple[str | None, str, str]], node: BestChannel) -> Any:
    """Rows are (last reaction, channels with an address, channels with consent)."""
    values: dict[Any, list[Any]] = {Fact("last_channel"): [row[0] for row in rows]}
    for channel in node.names:
        values[Fact("address", key=channel)] = [channel in row[1].split() for row in rows]
        if node.purpose == "marketing":
            consent = Fact("consent", key=channel, purpose="marketing")
            values[consent] = [channel in row[2].split() for row in rows]
    return a_batch(values)


def test_the_channel_reacted_to_last_comes_first_if_it_is_open() -> None:
    node = BestChannel()
    rows: list[tuple[str | None, str, str]] = [
        ("email", "viber email sms", "viber email sms"),
        ("email", "viber sms", "viber email sms"),
        (None, "viber email", "email"),
        ("push", "sms", "sms"),
        ("sms", "sms", ""),
    ]
    result = run(node, channel_batch(rows, node))
    assert {port: set(moved) for port, moved in result.moves.items()} == {
        "email": {1, 3},
        "viber": {2},
        "sms": {4},
        "none": {5},
    }
    transactional = BestChannel(channels=(Choice(channel="sms"),), purpose="transactional")
    assert ids(run(transactional, channel_batch(rows, transactional)), "sms") == {1, 2, 4, 5}


def test_moments_of_waits_are_in_utc() -> None:
    assert run(Gate(), a_batch(size=1)).waits[1].until.tzinfo is UTC
