"""E-mail over a real mail server on loopback: class C, per recipient, one connection a batch."""

from datetime import timedelta

from engine.channels import SmtpChannel
from rig.outbox import World
from rig.smtp import MailServer


def test_mail_reaches_the_server_once_over_one_connection(mail_world: World, mail_server: MailServer) -> None:
    version = mail_world.make_journey()
    people = [mail_world.make_customer(name) for name in ("Олена", "Bob", "Carol")]
    mail_world.make_messages(people, version)
    mail_world.deliver()
    assert mail_world.statuses() == ["sent"] * 3
    (to, mail), *_ = mail_server.mails()
    assert to == "олена1@example.com"
    assert mail["Subject"] == "Hello Олена"
    assert mail["From"] == "Shop <shop@shop.example>"
    assert mail["Message-ID"] == f"<{mail_world.attempts()[0]['idempotency_key']}@shop.example>"
    assert mail.get_content().startswith("Your code is CODE-")
    assert mail_server.connections == 1
    assert mail_world.rows()[0]["provider_id"] == "2.0.0 queued as 4711"


def test_a_recipient_that_is_refused_costs_no_neighbour(mail_world: World, mail_server: MailServer) -> None:
    version = mail_world.make_journey()
    names = ("Alice", "Refuse", "Bob", "Later", "Greedy", "Carol")
    mail_world.make_messages([mail_world.make_customer(name) for name in names], version)
    mail_world.deliver()
    assert mail_world.statuses() == ["sent", "failed", "sent", "pending", "failed", "sent"]
    refused, later = mail_world.rows()[1], mail_world.rows()[3]
    assert refused["reason"] == "the mail server refused the recipient: 550 5.1.1 <***> no such mailbox"
    assert refused["first_sent_at"] is None
    assert later["due_at"] >= mail_world.now
    assert later["failures"] == 1
    assert [one["outcome"] for one in mail_world.attempts()] == ["sent", "failed", "sent", "retry", "failed", "sent"]
    assert mail_server.connections == 1


def test_an_answer_that_is_lost_leaves_marketing_uncertain_and_sends_transactional_again(
    mail_world: World, mail_server: MailServer
) -> None:
    version = mail_world.make_journey()
    mail_world.make_message(mail_world.make_customer("Cut"), version)
    mail_world.make_message(mail_world.make_customer("Cut"), version, purpose="transactional")
    mail_world.deliver()
    assert mail_world.statuses() == ["uncertain", "pending"]
    assert len(mail_server.recipients()) == 2
    mail_world.wake_all()
    mail_world.deliver()
    assert mail_world.statuses() == ["uncertain", "pending"]
    assert len(mail_server.recipients()) == 3
    keys = {one["idempotency_key"] for one in mail_world.attempts()}
    hashes = {one["body_hash"] for one in mail_world.attempts()}
    assert (len(keys), len(hashes)) == (2, 2)
    assert len({mail["Message-ID"] for _, mail in mail_server.mails()}) == 2


def test_a_server_that_is_away_pauses_the_channel_and_counts_against_nobody(
    mail_world: World, mail_server: MailServer
) -> None:
    version = mail_world.make_journey()
    mail_world.make_messages(mail_world.make_customers(12), version)
    mail_world.runtime.channels = {"email": SmtpChannel("smtp://127.0.0.1:1", "shop@shop.example")}
    mail_world.deliver()
    assert set(mail_world.statuses()) == {"pending"}
    assert {row["failures"] for row in mail_world.rows()} == {0}
    assert len(mail_world.attempts()) == 5
    state = mail_world.channel_state()["email"]
    assert (state["failures"], state["open_until"] is not None) == (5, True)
    mail_world.wake_all()
    mail_world.runtime.channels = {"email": SmtpChannel(mail_server.url, "shop@shop.example")}
    mail_world.deliver()
    assert set(mail_world.statuses()) == {"sent"}
    assert mail_world.channel_state()["email"]["failures"] == 0


def test_a_wrong_password_stops_the_channel_and_fails_nobody(mail_world: World, mail_server: MailServer) -> None:
    version = mail_world.make_journey()
    mail_world.make_messages(mail_world.make_customers(12), version)
    url = mail_server.url.replace("://", "://shop:wrong@")
    mail_world.runtime.channels = {"email": SmtpChannel(url, "shop@shop.example", timeout=timedelta(seconds=5))}
    mail_world.deliver()
    assert set(mail_world.statuses()) == {"pending"}
    assert len(mail_world.attempts()) == 1
    assert "mail server" in mail_world.channel_state()["email"]["stopped_reason"]
