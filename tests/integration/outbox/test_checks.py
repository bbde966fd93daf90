"""What is looked at before a message goes: each "no" ends in a named state with a plain reason."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from engine import outbox
from engine.channels import FileChannel
from engine.guards import Guard
from rig.outbox import NOON, World
from store import outbox_checks
from store.tables import Consent, Customer, Enrollment, Journey


def _only(world: World) -> tuple[str, str]:
    row = world.rows()[0]
    return row["status"], row["reason"]


@pytest.mark.parametrize(
    ("consents", "reason"),
    [({}, "no consent for email, marketing"), ({"email": False}, "consent was withdrawn for email, marketing")],
)
def test_without_consent_nothing_goes_out(world: World, consents: dict[str, bool], reason: str) -> None:
    world.make_message(world.make_customer(consents=consents), world.make_journey())
    world.deliver()
    assert _only(world) == ("suppressed", reason)
    assert world.attempts() == []


def test_transactional_messages_need_no_consent(world: World) -> None:
    world.make_message(world.make_customer(consents={}), world.make_journey(), purpose="transactional")
    world.deliver()
    assert world.statuses() == ["sent"]


def test_consent_to_another_channel_or_purpose_is_none(world: World) -> None:
    version = world.make_journey()
    world.make_message(world.make_customer(consents={"sms": True}), version)
    world.make_message(world.make_customer(), version, purpose="surveys")
    world.deliver()
    assert world.statuses() == ["suppressed", "suppressed"]


def test_a_suppressed_address_gets_nothing_not_even_transactional(world: World) -> None:
    world.make_message(world.make_customer(email="gone@example.com"), world.make_journey(), purpose="transactional")
    world.suppress("email", "gone@example.com")
    world.suppress("sms", "other@example.com")
    world.deliver()
    assert _only(world) == ("suppressed", "nobody may write to this address any more")


def test_an_erased_customer_gets_nothing(world: World) -> None:
    world.make_message(world.make_customer(erased_at=NOON), world.make_journey(), purpose="transactional")
    world.deliver()
    assert _only(world) == ("cancelled", "the customer was erased")


def test_no_address_is_a_failure_with_a_reason(world: World) -> None:
    world.make_message(world.make_customer(email=None), world.make_journey())
    world.deliver()
    assert _only(world) == ("failed", "the customer has no address for email")


@pytest.mark.parametrize("status", ["stopped", "archived"])
def test_a_stopped_journey_sends_nothing_more(world: World, status: str) -> None:
    world.make_message(world.make_customer(), world.make_journey(status=status))
    world.deliver()
    assert _only(world) == ("cancelled", f"the journey is {status}")


def test_a_paused_journey_keeps_its_messages_and_holds_up_no_other(world: World) -> None:
    paused = world.make_journey("paused", status="paused")
    world.make_messages(world.make_customers(3), paused)
    other = world.make_message(world.make_customer(), world.make_journey("other"))
    assert world.deliver(limit=1) == 1
    assert world.message(other)["status"] == "sent"
    assert world.statuses()[:3] == ["pending"] * 3
    world.change(Journey, {"key": "paused"}, status="live")
    world.deliver()
    assert set(world.statuses()) == {"sent"}


def test_who_left_the_journey_gets_no_marketing_from_it(world: World) -> None:
    version = world.make_journey()
    customer = world.make_customer()
    world.make_message(customer, version)
    world.make_message(customer, version, purpose="transactional", entry="second")
    world.change(Enrollment, {"customer_id": customer}, status="exited")
    world.deliver()
    assert world.statuses() == ["cancelled", "sent"]


def test_a_message_whose_time_has_passed_expires(world: World) -> None:
    version = world.make_journey()
    world.make_message(world.make_customer(), version, not_after=NOON)
    world.make_message(world.make_customer(), version, not_after=NOON + timedelta(minutes=1))
    world.deliver()
    assert world.statuses() == ["expired", "sent"]


def test_customers_made_for_the_demo_are_written_to_in_files_only(mail_world: World) -> None:
    mail_world.make_message(mail_world.make_customer(is_synthetic=True), mail_world.make_journey())
    mail_world.deliver()
    assert mail_world.statuses() == ["cancelled"]


def test_consent_withdrawn_between_claim_and_provider_stops_the_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.make_journey()
    staying, leaving = world.make_customer(), world.make_customer()
    world.make_messages([staying, leaving], version)

    def withdraw(name: str) -> None:
        if name == "send.claimed":
            assert world.statuses() == ["claimed", "claimed"]
            world.change(Consent, {"customer_id": leaving}, granted=False)

    monkeypatch.setattr(outbox, "point", withdraw)
    world.deliver()
    assert world.statuses() == ["sent", "suppressed"]
    assert len(world.attempts()) == 1


def test_a_customer_erased_between_claim_and_provider_gets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = world.make_customer()
    world.make_message(customer, world.make_journey())

    def erase(name: str) -> None:
        if name == "send.claimed":
            world.change(Customer, {"id": customer}, erased_at=NOON)

    monkeypatch.setattr(outbox, "point", erase)
    world.deliver()
    assert world.statuses() == ["cancelled"]


@pytest.mark.parametrize("guard", ["judge", "zone", "_delayed", "_find_quiet_end"])
def test_a_check_that_breaks_is_no_permission(world: World, monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    world.set("quiet_hours", {"from": "21:00", "until": "09:00"})
    world.set("caps", {"email": 1})
    world.make_message(world.make_customer(), world.make_journey())

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Guard, guard, broken)
    world.deliver()
    row = world.rows()[0]
    assert (row["status"], row["reason"]) == ("pending", "a check failed: ZeroDivisionError")
    assert row["due_at"] > NOON
    assert world.attempts() == []


@pytest.mark.parametrize("check", ["recipients", "journeys", "suppressed", "workspace"])
def test_a_look_up_that_breaks_sends_nothing(world: World, monkeypatch: pytest.MonkeyPatch, check: str) -> None:
    world.make_message(world.make_customer(), world.make_journey())

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(outbox_checks, check, broken)
    with pytest.raises(ZeroDivisionError):
        world.deliver()
    assert world.statuses() == ["pending"]


def test_settings_that_make_no_sense_send_nothing(world: World) -> None:
    world.set("quiet_hours", {"from": "late", "until": "early"})
    world.make_message(world.make_customer(), world.make_journey())
    with pytest.raises(ValueError, match="late"):
        world.deliver()
    assert world.statuses() == ["pending"]


def test_quiet_hours_delay_until_the_customers_morning(world: World) -> None:
    world.set("quiet_hours", {"from": "21:00", "until": "09:00"})
    version = world.make_journey(window={"time_zone": "Europe/Kyiv"})
    world.now = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)  # 21:30 in Kyiv, 20:30 in Warsaw, 14:30 in New York
    zones = ["Europe/Kyiv", "Europe/Warsaw", "America/New_York", None, "Nowhere/Atall"]
    world.make_messages([world.make_customer(time_zone=zone) for zone in zones], version)
    world.deliver()
    assert world.statuses() == ["pending", "sent", "sent", "pending", "pending"]
    morning = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert [row["due_at"] for row in world.rows() if row["status"] == "pending"] == [morning] * 3
    assert world.rows()[0]["reason"] == "quiet hours"
    world.now = morning
    world.deliver()
    assert set(world.statuses()) == {"sent"}
    assert world.rows()[0]["reason"] is None


def test_quiet_hours_spare_transactional_messages_other_channels_and_journeys_that_opt_out(
    world: World, tmp_path: Path
) -> None:
    world.set("quiet_hours", {"from": "00:00", "until": "23:59", "channels": ["sms"]})
    world.runtime.channels = {**world.runtime.channels, "sms": FileChannel("sms", tmp_path)}
    usual, loud = world.make_journey("usual"), world.make_journey("loud", quiet_hours="none")
    world.make_message(world.make_customer(), usual, "email")
    world.make_message(world.make_customer(), usual, "sms")
    world.make_message(world.make_customer(), usual, "sms", purpose="transactional")
    world.make_message(world.make_customer(), loud, "sms")
    world.deliver("email")
    world.deliver("sms")
    assert world.statuses() == ["sent", "pending", "sent", "sent"]


def test_what_would_be_too_late_after_quiet_hours_expires(world: World) -> None:
    world.set("quiet_hours", {"from": "11:00", "until": "14:00"})
    version = world.make_journey()
    world.make_message(world.make_customer(), version, not_after=NOON + timedelta(hours=2))
    world.make_message(world.make_customer(), version, not_after=NOON + timedelta(hours=3))
    world.deliver()
    assert world.statuses() == ["expired", "pending"]


def test_a_cap_counts_each_customers_local_day(world: World) -> None:
    world.set("caps", {"email": 2})
    version = world.make_journey()
    alice, bob = world.make_customer(time_zone="Pacific/Auckland"), world.make_customer(time_zone="Europe/Kyiv")
    for number in range(3):
        world.make_messages([alice, bob], version, entry=number)
    world.deliver()
    assert world.statuses() == ["sent"] * 4 + ["capped"] * 2
    assert world.rows()[-1]["reason"] == "the customer already gets 2 on email that day"
    assert world.caps() == {(alice, "email", "2026-11-25"): 2, (bob, "email", "2026-11-24"): 2}
    world.now += timedelta(days=1)
    world.make_message(bob, version, entry="next day")
    world.deliver()
    assert world.statuses()[-1] == "sent"


def test_transactional_messages_neither_obey_nor_use_up_a_cap(world: World) -> None:
    world.set("caps", {"email": 1})
    version = world.make_journey()
    alice = world.make_customer()
    world.make_message(alice, version, purpose="transactional", entry=1)
    world.make_message(alice, version, entry=2)
    world.make_message(alice, version, purpose="transactional", entry=3)
    world.deliver()
    assert world.statuses() == ["sent"] * 3
    assert list(world.caps().values()) == [1]


def test_a_message_that_never_left_frees_its_place(world: World) -> None:
    world.set("caps", {"email": 1})
    version = world.make_journey()
    poison = world.make_customer("Poison")
    world.make_message(poison, version)
    world.deliver()
    assert world.statuses() == ["failed"]
    assert list(world.caps().values()) == [0]


def test_a_place_kept_over_midnight_moves_to_the_new_day(world: World) -> None:
    world.set("caps", {"email": 1})
    version = world.make_journey()
    alice = world.make_customer(time_zone="UTC")
    id = world.make_message(alice, version)
    world.deliver_once(stopping=lambda: True)
    assert world.message(id)["cap_date"] == "2026-11-24"
    world.now += timedelta(days=1)
    world.deliver()
    assert world.statuses() == ["sent"]
    assert world.caps() == {(alice, "email", "2026-11-24"): 0, (alice, "email", "2026-11-25"): 1}


def test_five_claims_at_once_send_one_message_under_a_cap_of_one(world: World) -> None:
    world.set("caps", {"email": 1})
    customer = world.make_customer()
    for number in range(5):
        world.make_message(customer, world.make_journey(f"journey {number}"), entry=number)
    barrier = Barrier(5)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait(10)
            while world.deliver_once(limit=1):
                pass
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(world.statuses()) == ["capped"] * 4 + ["sent"]
