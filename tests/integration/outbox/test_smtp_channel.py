"""The SMTP adapter alone: TLS, silence, dripping, and headers."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from engine.channels import Envelope, SmtpChannel, channels
from rig.certificate import write_certificate
from rig.smtp import MailServer
from wayfare.clock import monotonic
from wayfare.errors import SettingsError

LETTER = Envelope("k1", "email", "bob@example.com", "Hi", "Text", datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server with a certificate of its own, and of a client that trusts it."""
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    write_certificate(certificate, key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


def test_it_turns_to_tls_and_checks_the_certificate(tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server = MailServer(tmp_path / "journal", tls_context=tls[0], require_starttls=True)
    try:
        trusting = SmtpChannel(server.url, "shop@shop.example", context=tls[1])
        assert trusting.send(LETTER).status == "sent"
        trusting.close()
        strict = SmtpChannel(server.url, "shop@shop.example")
        outcome = strict.send(LETTER)
        assert (outcome.status, outcome.provider, outcome.in_doubt) == ("retry", "stopped", False)
        assert "certificate" in outcome.detail
        strict.close()
    finally:
        server.close()


def test_without_tls_it_speaks_to_this_machine_only(mail_server: MailServer) -> None:
    channel = SmtpChannel(mail_server.url, "shop@shop.example")
    channel.needs_tls = True  # as for any other machine
    outcome = channel.send(LETTER)
    assert (outcome.provider, "no TLS" in outcome.detail) == ("stopped", True)
    channel.needs_tls = False
    assert channel.send(LETTER).status == "sent"
    channel.close()
    assert SmtpChannel("smtp://mail.example", "shop@shop.example").needs_tls
    assert not SmtpChannel("smtp://mail.example?tls=off", "shop@shop.example").needs_tls


def test_objections_go_to_the_address_that_the_hook_names(mail_server: MailServer) -> None:
    channel = SmtpChannel(
        mail_server.url, "shop@shop.example", unsubscribe=lambda letter: f"https://shop.example/u/{letter.key}"
    )
    channel.send(LETTER)
    channel.close()
    ((_, mail),) = mail_server.mails()
    assert mail["List-Unsubscribe"] == "<https://shop.example/u/k1>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(tmp_path: Path) -> None:
    server = MailServer(tmp_path / "one")
    channel = SmtpChannel(server.url, "shop@shop.example")
    assert channel.send(LETTER).status == "sent"
    channel._local.smtp.sock.shutdown(socket.SHUT_RDWR)
    assert channel.send(LETTER).status == "sent"
    channel.close()
    server.close()


class _Dripping:
    """A server that says one sign at a time, slowly enough to take for ever and fast enough to never be silent."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.ended = Event()
        self.thread = Thread(target=self._drip)
        self.thread.start()

    def _drip(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            try:
                while not self.ended.wait(0.05):
                    connection.sendall(b"2")
            except OSError:
                return

    def close(self) -> None:
        self.ended.set()
        self.thread.join()
        self.listening.close()


@pytest.fixture
def dripping() -> Iterator[_Dripping]:
    """A server that drips."""
    server = _Dripping()
    yield server
    server.close()


def test_a_server_that_drips_is_cut_off_in_time(dripping: _Dripping) -> None:
    channel = SmtpChannel(f"smtp://127.0.0.1:{dripping.port}", "shop@shop.example", timeout=timedelta(milliseconds=500))
    began = monotonic()
    outcome = channel.send(LETTER)
    assert (outcome.status, outcome.provider, outcome.in_doubt) == ("retry", "down", False)
    assert monotonic() - began < 20  # without the deadline it would go on for ever


def test_foreign_alphabets_need_a_server_that_takes_them(tmp_path: Path) -> None:
    letter = Envelope("k2", "email", "олена@приклад.example", "Hi", "Text", LETTER.written_at)
    for is_able in (True, False):
        server = MailServer(tmp_path / f"{is_able}", enable_SMTPUTF8=is_able)
        channel = SmtpChannel(server.url, "shop@shop.example")
        outcome = channel.send(letter)
        assert outcome.status == ("sent" if is_able else "failed")
        assert server.recipients() == (["олена@xn--80aikifvh.example"] if is_able else [])
        channel.close()
        server.close()


def test_every_channel_has_an_adapter(tmp_path: Path) -> None:
    found = channels(data_dir=tmp_path, smtp_url="smtp://127.0.0.1:25", mail_from="shop@shop.example")
    assert found["email"].provider == "smtp"
    assert {channel.provider for name, channel in found.items() if name != "email"} == {"file"}
    assert channels(data_dir=tmp_path)["email"].provider == "file"
    with pytest.raises(SettingsError):
        SmtpChannel("http://example.com", "shop@shop.example")
