"""Senders in processes of their own are killed, frozen and stopped; the provider's journal is the judge."""

import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from rig import sender
from rig.outbox import World, a_world
from rig.postgres import PostgresServer
from rig.provider import CHANNELS, Provider
from rig.waiting import until
from store.outbox import recover
from wayfare import crashpoints

pytestmark = pytest.mark.faults

POINTS = [name for name in crashpoints.POINTS if name.startswith("send.")]
MESSAGES = 24


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider with a journal."""
    server = Provider(tmp_path / "provider.journal")
    yield server
    server.close()


@pytest.fixture
def world(database_url: str, provider: Provider) -> Iterator[World]:
    """A world whose messages all go to the provider."""
    with a_world(database_url) as world:
        world.now = datetime.now(UTC)
        yield world


def _fill(world: World, count: int = MESSAGES, **columns: object) -> list[str]:
    people = world.make_customers(count)
    world.make_messages(people, world.make_journey(), "sms", **columns)
    with world.store.read() as conn:
        return sorted(conn.exec_driver_sql("SELECT phone FROM customer").scalars())


def _heal(world: World, provider: Provider, retry_class: str) -> None:
    """End the dead workers' leases, as time would, and deliver what is left."""
    provider.script = lambda number, key: "ok"
    world.runtime.channels = {"sms": CHANNELS[retry_class](provider.url)}
    world.let_leases_end()
    world.store.run(lambda conn: recover(conn, world.now))
    world.wake_all()
    world.deliver("sms")


def _assert_kept_promises(world: World, provider: Provider, recipients: list[str]) -> None:
    """Nobody twice, nobody lost without a named state, and each key with one text."""
    entries = provider.journal.entries()
    assert len({(entry["key"], entry["hash"]) for entry in entries}) == len({entry["key"] for entry in entries})
    assert set(provider.deliveries().values()) <= {1}
    states = world.statuses()
    assert set(states) <= {"sent", "uncertain"}
    if "uncertain" not in states:
        assert sorted(provider.deliveries()) == recipients
    assert all(row["lease_token"] is None for row in world.rows())


@pytest.mark.parametrize("retry_class", ["A", "C"])
@pytest.mark.parametrize("name", POINTS)
def test_killed_at_any_point_nobody_gets_it_twice_and_nobody_is_lost(
    world: World, provider: Provider, name: str, retry_class: str
) -> None:
    provider.is_key_aware = retry_class == "A"
    recipients = _fill(world)
    nth = 1 if name in ("send.claimed", "send.rendered") else 3
    if retry_class == "A" and name != "send.accepted":
        nth = min(nth, 2)
    process = sender.start(world.store.url, provider.url, retry_class, crash=f"{name}:{nth}:kill")
    assert process.wait(60) == -signal.SIGKILL

    _heal(world, provider, retry_class)

    _assert_kept_promises(world, provider, recipients)
    is_doubtful = retry_class == "C" and name not in ("send.claimed", "send.rendered")
    assert world.statuses().count("uncertain") == (1 if is_doubtful else 0)
    assert provider.requests <= MESSAGES + (10 if retry_class == "A" else 0)


@pytest.mark.parametrize("retry_class", ["A", "C"])
@pytest.mark.parametrize("name", POINTS)
def test_a_failure_at_any_point_leaves_the_same_as_a_crash(
    world: World, provider: Provider, name: str, retry_class: str
) -> None:
    provider.is_key_aware = retry_class == "A"
    recipients = _fill(world)
    world.runtime.channels = {"sms": CHANNELS[retry_class](provider.url)}
    crashpoints.arm(f"{name}:1:raise")
    try:
        with pytest.raises(crashpoints.Crashed):
            world.deliver("sms")
    finally:
        crashpoints.arm("")
    _heal(world, provider, retry_class)
    _assert_kept_promises(world, provider, recipients)


@pytest.mark.parametrize("retry_class", ["A", "C"])
@pytest.mark.parametrize("name", POINTS)
def test_frozen_past_its_lease_a_sender_changes_nothing_when_it_thaws(
    postgres_url: str, provider: Provider, name: str, retry_class: str
) -> None:
    provider.is_key_aware = retry_class == "A"
    with a_world(postgres_url) as world:
        world.now = datetime.now(UTC)
        recipients = _fill(world)
        frozen = sender.start(postgres_url, provider.url, retry_class, crash=f"{name}:1:stop", lease_seconds=3)
        try:
            until(lambda: _is_stopped(frozen.pid), "the freeze", 60)
            if name == "send.recording":  # it holds its rows in an open transaction until the server gives up on it
                frozen.kill()
            else:
                until(lambda: _lease_is_over(world), "the end of the lease", 30)
                with sender.start(postgres_url, provider.url, retry_class) as second:
                    assert second.wait(60) == 0
                before = [(row["status"], row["attempts"], row["sent_at"]) for row in world.rows()]
                requests = provider.requests
                frozen.send_signal(signal.SIGCONT)
                assert frozen.wait(60) == 0
                assert [(row["status"], row["attempts"], row["sent_at"]) for row in world.rows()] == before
                assert provider.requests <= requests + 1  # the send that had begun before the freeze
        finally:
            frozen.kill()
            frozen.wait()
        _heal(world, provider, retry_class)
        _assert_kept_promises(world, provider, recipients)


def test_a_stop_finishes_what_is_under_way_and_repeats_nothing(world: World, provider: Provider) -> None:
    recipients = _fill(world, 300)
    process = sender.start(world.store.url, provider.url, "A", chunk=300, lease_seconds=60)
    until(lambda: provider.requests >= 20, "the first requests", 60)
    process.terminate()
    assert process.wait(30) == 0
    assert provider.requests < 300
    assert world.statuses().count("sent") == provider.requests
    assert world.statuses().count("pending") == 300 - provider.requests
    _heal(world, provider, "A")
    _assert_kept_promises(world, provider, recipients)
    assert provider.requests == 300


def test_random_kills_lose_nobody_and_repeat_nobody(world: World, provider: Provider) -> None:
    recipients = _fill(world, 150)
    chance = Random(4)
    senders = [_start(world, provider) for _ in range(2)]
    try:
        for _ in range(3):
            before = provider.requests
            until(lambda before=before: provider.requests > before or _is_done(world), "progress", 60)  # type: ignore[misc]  # bound on purpose
            victim = chance.randrange(len(senders))
            senders[victim].kill()
            senders[victim].wait()
            senders[victim] = _start(world, provider)
        until(lambda: _is_done(world), "the end", 120)
    finally:
        for process in senders:
            process.kill()
            process.wait()
    _heal(world, provider, "A")
    _assert_kept_promises(world, provider, recipients)
    assert world.statuses() == ["sent"] * 150


def test_a_database_that_crashes_again_and_again_loses_nobody(
    postgres_server: PostgresServer, postgres_url: str, provider: Provider
) -> None:
    with a_world(postgres_url) as world:
        world.now = datetime.now(UTC)
        recipients = _fill(world, 200)
        process = sender.start(postgres_url, provider.url, "A", lease_seconds=3)
        try:
            for crash in range(3):
                seen = 10 * (crash + 1)
                until(lambda seen=seen: provider.requests >= seen, "progress", 60)  # type: ignore[misc]  # as above
                postgres_server.restart_immediate()
            assert process.wait(120) == 0
        finally:
            process.kill()
            process.wait()
        world.store.dispose()
        _assert_kept_promises(world, provider, recipients)
        assert world.statuses() == ["sent"] * 200


def _start(world: World, provider: Provider) -> "subprocess.Popen[bytes]":
    return sender.start(world.store.url, provider.url, "A", forever=True, lease_seconds=3)


def _is_done(world: World) -> bool:
    return not {"pending", "claimed", "sending"} & set(world.statuses())


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _lease_is_over(world: World) -> bool:
    leases = [row["lease_until"] for row in world.rows() if row["lease_until"]]
    return all(lease < datetime.now(UTC) - timedelta(milliseconds=50) for lease in leases)
