"""Providers with keys, without, and those that can be asked: what a lost answer, a limit and an outage lead to."""

from datetime import UTC, datetime, timedelta

import pytest

from rig.outbox import World
from rig.provider import CHANNELS, Provider
from store.tables import ChannelState, Message


@pytest.fixture
def connected(world: World, provider: Provider, request: pytest.FixtureRequest) -> World:
    """A world whose text messages go to the provider by a channel of the class that the test names."""
    retry_class = request.node.get_closest_marker("parametrize")
    letter = request.node.callspec.params.get("retry_class", "A") if retry_class else "A"
    world.runtime.channels = {"sms": CHANNELS[letter](provider.url, timeout=timedelta(seconds=2))}
    provider.is_key_aware = letter == "A"
    return world


def _fill(world: World, count: int, **columns: object) -> int:
    version = world.make_journey()
    world.make_messages(world.make_customers(count), version, "sms", **columns)
    return version


@pytest.mark.parametrize("retry_class", ["A", "B", "C"])
def test_each_key_is_delivered_once(connected: World, provider: Provider, retry_class: str) -> None:
    _fill(connected, 20)
    connected.deliver("sms")
    assert connected.statuses() == ["sent"] * 20
    assert set(provider.deliveries().values()) == {1}
    assert [row["provider_id"] for row in connected.rows()] == [f"id-{n}" for n in range(1, 21)]


@pytest.mark.parametrize("mode", ["cut", "accept500", "hang"])
@pytest.mark.parametrize("retry_class", ["A", "B", "C"])
def test_an_accepted_message_whose_answer_is_lost(
    connected: World, provider: Provider, retry_class: str, mode: str
) -> None:
    _fill(connected, 3)
    provider.script = lambda number, key: mode if number == 2 else "ok"
    connected.deliver("sms")
    if retry_class == "C":
        assert connected.statuses() == ["sent", "uncertain", "sent"]
    else:
        assert connected.statuses() == ["sent", "pending", "sent"]
        connected.wake_all()
        connected.deliver("sms")
        assert connected.statuses() == ["sent"] * 3
    assert set(provider.deliveries().values()) == {1}
    seen = {(entry["key"], entry["hash"]) for entry in provider.journal.entries()}
    assert len(seen) == 3
    assert provider.requests == {"A": 4, "B": 3, "C": 3}[retry_class]


@pytest.mark.parametrize("retry_class", ["C"])
def test_a_key_blind_provider_gets_transactional_messages_again(
    connected: World, provider: Provider, retry_class: str
) -> None:
    _fill(connected, 1, purpose="transactional")
    provider.script = lambda number, key: "cut" if number == 1 else "ok"
    connected.deliver("sms")
    assert connected.statuses() == ["pending"]
    connected.wake_all()
    connected.deliver("sms")
    assert connected.statuses() == ["sent"]
    assert list(provider.deliveries().values()) == [2]
    assert len({(entry["key"], entry["hash"]) for entry in provider.journal.entries()}) == 1


def test_a_provider_that_forgot_the_key_is_not_asked_again(connected: World, provider: Provider) -> None:
    _fill(connected, 1)
    connected.runtime.channels["sms"].window = timedelta(minutes=15)
    provider.script = lambda number, key: "cut"
    connected.deliver("sms")
    assert connected.statuses() == ["pending"]
    connected.change(Message, {"channel": "sms"}, first_sent_at=datetime(2026, 1, 1, tzinfo=UTC))
    connected.wake_all()
    connected.deliver("sms")
    assert connected.statuses() == ["uncertain"]
    assert provider.requests == 1


def test_a_retry_sends_the_bytes_of_the_first_attempt(
    connected: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(connected, 1)
    provider.script = lambda number, key: "500" if number == 1 else "ok"
    connected.deliver("sms")
    first = connected.rows()[0]
    assert first["variables"] is None
    monkeypatch.setattr(connected.runtime.versions, "get", lambda *_: pytest.fail("rendered again"))
    connected.wake_all()
    connected.deliver("sms")
    again = connected.rows()[0]
    assert (again["status"], again["body"], again["body_hash"]) == ("sent", first["body"], first["body_hash"])
    assert len({entry["hash"] for entry in provider.journal.entries()}) == 1
    assert [one["number"] for one in connected.attempts()] == [1, 2]


def test_refusals_are_each_recipients_own(connected: World, provider: Provider) -> None:
    _fill(connected, 5)
    provider.script = lambda number, key: {2: "422", 3: "error200", 4: "garbage"}.get(number, "ok")
    connected.deliver("sms")
    assert connected.statuses() == ["sent", "failed", "failed", "pending", "sent"]
    assert connected.rows()[2]["reason"] == "unknown recipient"


def test_a_limit_pauses_the_channel_for_as_long_as_asked_and_burns_no_attempt(
    connected: World, provider: Provider
) -> None:
    _fill(connected, 10)
    provider.retry_after = "120"
    provider.script = lambda number, key: "429" if number == 4 else "ok"
    assert connected.deliver("sms") == 10
    assert connected.statuses() == ["sent"] * 3 + ["pending"] * 7
    assert provider.requests == 4
    pause = connected.channel_state()["sms"]
    assert timedelta(seconds=110) < pause["open_until"] - pause["updated_at"] <= timedelta(seconds=120)
    limited = connected.rows()[3]
    assert (limited["failures"], limited["first_sent_at"], limited["due_at"]) == (0, None, connected.now)
    connected.wake_all()
    connected.deliver("sms")
    assert connected.statuses() == ["sent"] * 10
    assert provider.requests == 11


def test_an_outage_opens_the_circuit_and_heals(connected: World, provider: Provider) -> None:
    _fill(connected, 30)
    provider.script = lambda number, key: "503"
    connected.deliver("sms")
    assert provider.requests == 5
    for _ in range(3):  # one message at a time asks whether it is over
        connected.wake_all()
        connected.deliver("sms")
    assert provider.requests == 8
    assert {row["failures"] for row in connected.rows()} == {0}
    provider.script = lambda number, key: "ok"
    connected.wake_all()
    connected.deliver("sms")
    assert connected.statuses() == ["sent"] * 30
    assert provider.requests == 38
    state = connected.channel_state()["sms"]
    assert (state["failures"], state["open_until"]) == (0, None)


def test_revoked_credentials_stop_the_channel_not_the_messages(connected: World, provider: Provider) -> None:
    _fill(connected, 100)
    provider.script = lambda number, key: "ok" if number <= 10 else "401"
    connected.deliver("sms")
    connected.deliver("sms")
    assert provider.requests == 11
    assert connected.statuses() == ["sent"] * 10 + ["pending"] * 90
    assert connected.channel_state()["sms"]["stopped_reason"] == "401 from the provider"
    provider.script = lambda number, key: "ok"
    connected.wake_all()
    connected.deliver("sms")
    assert connected.statuses() == ["sent"] * 100
    assert connected.channel_state()["sms"]["stopped_reason"] is None


def test_a_message_that_is_refused_again_and_again_is_given_up(connected: World, provider: Provider) -> None:
    _fill(connected, 1)
    provider.script = lambda number, key: "500"
    for _ in range(20):
        connected.wake_all()
        connected.change(ChannelState, {"channel": "sms"}, failures=0)
        connected.deliver("sms")
    row = connected.rows()[0]
    assert (row["status"], row["failures"]) == ("uncertain", 15)  # a 500 says nothing about what was done
    assert row["reason"] == "given up: 500"


def test_the_rate_is_kept_in_every_window(connected: World, provider: Provider) -> None:
    connected.runtime.channels["sms"].rate = 50
    _fill(connected, 60)
    while "pending" in connected.statuses():
        connected.deliver("sms")
    assert connected.statuses() == ["sent"] * 60
    times = [entry["at"] for entry in provider.journal.entries()]
    for start in times:
        assert len([at for at in times if start <= at < start + 0.2]) <= 13  # 10, and what the network bunches up
