"""From a pending row to a file, on both databases."""

import email
import email.policy
from pathlib import Path

import pytest

from rig.outbox import NOON, World, counting


def _files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "outbox").rglob("*.eml"))


def test_each_message_becomes_one_file(world: World, tmp_path: Path) -> None:
    version = world.make_journey()
    people = [world.make_customer("Олена"), world.make_customer("Bob")]
    world.make_messages(people, version)

    assert world.deliver() == 2

    assert world.statuses() == ["sent", "sent"]
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in _files(tmp_path)]
    assert sorted(mail["Subject"] for mail in mails) == ["Hello Bob", "Hello Олена"]
    assert all("CODE-" in mail.get_content() for mail in mails)
    assert _files(tmp_path)[0].parent.name == "2026-11-24"
    row = world.rows()[0]
    assert row["provider"] == "file"
    assert row["sent_at"] >= NOON
    assert row["variables"] is None
    assert world.vault.open(row["body"]).decode() == f"Your code is CODE-{row['enrollment_id']}."
    assert [one["outcome"] for one in world.attempts()] == ["sent", "sent"]
    assert world.attempts()[0]["body_hash"] == row["body_hash"]


def test_nothing_due_is_nothing_done(world: World) -> None:
    version = world.make_journey()
    world.make_message(world.make_customer(), version, due_at=NOON.replace(hour=13))
    assert world.deliver() == 0
    assert world.statuses() == ["pending"]


def test_urgent_messages_go_first(world: World) -> None:
    version = world.make_journey()
    people = world.make_customers(3)
    late = world.make_message(people[0], version, priority=9)
    usual = world.make_message(people[1], version)
    urgent = world.make_message(people[2], version, priority=1, purpose="transactional")
    for expected in (urgent, usual, late):
        assert world.deliver_once(limit=1) == 1
        assert world.message(expected)["status"] == "sent"


def test_a_template_that_fails_costs_no_neighbour(world: World) -> None:
    version = world.make_journey()
    people = [world.make_customer(name) for name in ("Alice", "Poison", "Bomb", "Bob")]
    world.make_messages(people, version)
    world.deliver()
    assert world.statuses() == ["sent", "failed", "failed", "sent"]
    reasons = [row["reason"] for row in world.rows()]
    assert reasons[1] == "template: line 1, column 3: there is no filter 'upcas'"
    assert reasons[2] == "template: SystemError"


def test_a_message_of_an_unknown_node_type_waits(world: World) -> None:
    version = world.make_journey()
    id = world.make_message(world.make_customer(), version, node="odd")
    world.deliver()
    row = world.message(id)
    assert (row["status"], row["due_at"] > world.now) == ("pending", True)
    assert "acme.unknown" in row["reason"]


def test_a_folder_that_cannot_be_written_pauses_the_channel_and_fails_nobody(world: World, tmp_path: Path) -> None:
    version = world.make_journey()
    world.make_messages(world.make_customers(20), version)
    (tmp_path / "outbox").write_text("in the way")
    assert world.deliver_once() == 20
    assert set(world.statuses()) == {"pending"}
    assert world.deliver_once() == 0
    assert len(world.attempts()) == 5
    (tmp_path / "outbox").unlink()
    world.wake_all()
    assert world.deliver() >= 20
    assert set(world.statuses()) == {"sent"}


def test_the_number_of_statements_does_not_grow_with_the_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = world.make_journey()
    world.set("caps", {"email": 5})
    counts = []
    for size in (1, 10, 300):  # the first time also loads the version
        people = world.make_customers(size)
        world.make_messages(people, version)
        with counting(world, monkeypatch) as seen:
            assert world.deliver_once() == size
        counts.append(len(seen))
    assert counts[1] == counts[2]
    assert set(world.statuses()) == {"sent"}


def test_stopping_gives_the_rest_back_untouched(world: World) -> None:
    version = world.make_journey()
    world.make_messages(world.make_customers(10), version)
    answers = iter([False, False, False, False])
    world.deliver_once(stopping=lambda: next(answers, True))
    assert world.statuses() == ["sent"] * 3 + ["pending"] * 7
    assert all(row["lease_token"] is None and row["first_sent_at"] is None for row in world.rows()[3:])
    assert len(world.attempts()) == 3
    assert world.deliver() == 7
