"""Short messages outside journeys: sent once where that is possible, and gone from the database afterwards."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.channels import Channel, Envelope, Outcome
from engine.notices import MOST_ATTEMPTS, deliver_notices
from rig.world import World
from store import notices


class Gateway(Channel):
    """A channel that answers as it is told."""

    name = provider = "sms"
    rate = None

    def __init__(self) -> None:
        self.answers: list[Outcome] = []
        self.sent: list[Envelope] = []

    def send(self, envelope: Envelope) -> Outcome:
        self.sent.append(envelope)
        return self.answers.pop(0) if self.answers else Outcome.sent()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.close()


@pytest.fixture
def gateway(world: World) -> Gateway:
    gateway = Gateway()
    world.runtime.channels = {"sms": gateway}
    return gateway


def queued(world: World, minutes: int = 10) -> None:
    address, body = world.store.vault.seal_many([b"+380671234567", b"123456 is the password"])
    until = world.now + timedelta(minutes=minutes)
    world.store.run(lambda conn: notices.add(conn, "sms", address, body, now=world.now, not_after=until))


def state(world: World) -> list[tuple[str, int, bool]]:
    rows = world.rows("SELECT status, attempts, body IS NOT NULL FROM notice ORDER BY id")
    return [(row[0], row[1], bool(row[2])) for row in rows]


def test_a_notice_goes_out_once_and_its_text_is_gone(world: World, gateway: Gateway) -> None:
    queued(world)
    assert [deliver_notices(world.runtime, "sms", world.now) for _ in range(2)] == [1, 0]
    assert [(one.address, one.body, one.purpose) for one in gateway.sent] == [
        ("+380671234567", "123456 is the password", "transactional")
    ]
    assert state(world) == [("sent", 1, False)]


def test_it_is_tried_again_under_the_same_key_until_its_time_is_over(world: World, gateway: Gateway) -> None:
    gateway.answers = [Outcome.down("no answer", in_doubt=True)] * 20
    queued(world)
    for _ in range(20):
        deliver_notices(world.runtime, "sms", world.now)
        world.now += timedelta(minutes=1)
    assert state(world)[0][0] in ("expired", "failed")
    assert 2 <= len(gateway.sent) <= MOST_ATTEMPTS
    assert len({one.key for one in gateway.sent}) == 1
    assert state(world)[0][2] is False


def test_a_refused_one_is_not_tried_again(world: World, gateway: Gateway) -> None:
    gateway.answers = [Outcome.failed("no such number")]
    queued(world)
    assert [deliver_notices(world.runtime, "sms", world.now) for _ in range(2)] == [1, 0]
    assert state(world) == [("failed", 1, False)]


def test_what_a_dead_worker_held_goes_out_and_the_dead_one_changes_nothing(world: World, gateway: Gateway) -> None:
    queued(world)
    late = world.store.run(lambda conn: notices.claim(conn, "sms", 1, timedelta(seconds=-1), now=world.now, limit=10))
    assert deliver_notices(world.runtime, "sms", world.now) == 1
    assert len(gateway.sent) == 1
    settled = {"status": "failed", "reason": "too late"}
    assert not world.store.run(lambda conn: notices.settle(conn, late[0].id, 1, settled))
    assert state(world) == [("sent", 2, False)]
