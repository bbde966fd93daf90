"""What dead workers leave behind, and lists of messages as people look at them."""

import pytest

from rig.outbox import NOON, World
from store.messages import list_messages, message_detail
from store.outbox import DEATH, MOST_FAILURES, attempts_of, recover
from store.tables import Message


def _recover(world: World) -> int:
    return world.store.run(lambda conn: recover(conn, world.now))


def _leave(world: World, id: int, **columns: object) -> None:
    """Leave a message as a worker that died long ago."""
    world.change(Message, {"id": id}, **{"lease_token": 7, "attempts": 1, "lease_until": NOON, **columns})
    world.let_leases_end()


@pytest.mark.parametrize(
    ("status", "retry_class", "purpose", "becomes"),
    [
        ("claimed", None, "marketing", "pending"),
        ("sending", "A", "marketing", "pending"),
        ("sending", "B", "marketing", "pending"),
        ("sending", "C", "marketing", "uncertain"),
        ("sending", "C", "transactional", "pending"),
    ],
)
def test_a_lease_that_ran_out(world: World, status: str, retry_class: str | None, purpose: str, becomes: str) -> None:
    id = world.make_message(world.make_customer(), world.make_journey(), purpose=purpose)
    _leave(world, id, status=status, retry_class=retry_class, first_sent_at=NOON if status == "sending" else None)
    assert _recover(world) == 1
    row = world.message(id)
    assert (row["status"], row["failures"], row["lease_token"]) == (becomes, DEATH, None)
    assert (row["first_sent_at"] is not None) == (status == "sending")
    assert _recover(world) == 0


def test_a_lease_that_still_runs_is_left_alone(world: World) -> None:
    id = world.make_message(world.make_customer(), world.make_journey())
    _leave(world, id, status="claimed")
    world.change(Message, {"id": id}, lease_until=NOON.replace(year=2099))
    assert _recover(world) == 0


def test_a_message_that_kills_its_worker_again_and_again_is_alone_and_then_given_up(world: World) -> None:
    version = world.make_journey()
    killer, *others = world.make_messages(world.make_customers(60), version)
    sizes = []
    while world.message(killer)["status"] == "pending":
        claimed = _claim_and_die(world)
        if killer in claimed:
            sizes.append(len(claimed))
    assert sizes == [60, 32, 1, 1, 1]
    row = world.message(killer)
    assert (row["status"], row["failures"]) == ("failed", MOST_FAILURES)
    world.deliver()
    assert {world.message(id)["status"] for id in others} == {"sent"}


def _claim_and_die(world: World) -> list[int]:
    from wayfare import crashpoints

    crashpoints.arm("send.claimed:1:raise")
    try:
        world.deliver_once()
    except crashpoints.Crashed:
        pass
    finally:
        crashpoints.arm("")
    claimed = [row["id"] for row in world.rows() if row["status"] == "claimed"]
    world.let_leases_end()
    _recover(world)
    return claimed


def test_lists_find_by_customer_state_and_page(world: World) -> None:
    version = world.make_journey()
    people = [world.make_customer(name) for name in ("Alice", "Poison", "Al%ce", "Bob")]
    ids = world.make_messages(people, version)
    world.deliver()

    def found(**criteria: object) -> list[int]:
        with world.store.read() as conn:
            return [row.id for row in list_messages(conn, **criteria)]  # type: ignore[arg-type]  # names in a test

    assert found() == ids[::-1]
    assert found(search="ali") == [ids[0]]
    assert found(search="Al%") == [ids[2]]
    assert found(search="c4") == [ids[3]]
    assert found(statuses=["failed"]) == [ids[1]]
    assert found(statuses=["failed", "sent"], before_id=ids[3], limit=2) == [ids[2], ids[1]]
    assert found(statuses=["'; DROP TABLE message"]) == []
    assert found(customer_id=people[0], channel="email", node="n1") == [ids[0]]
    assert found(channel="sms") == []
    with world.store.read() as conn:
        detail = message_detail(conn, ids[0])
        assert detail is not None
        assert (detail.row.customer_key, detail.row.journey_key, detail.row.status) == ("c1", "welcome", "sent")
        assert detail.subject is not None
        assert world.vault.open(detail.subject).decode() == "Hello Alice"
        assert [one.outcome for one in attempts_of(conn, ids[0])] == ["sent"]
        assert message_detail(conn, 10**9) is None
