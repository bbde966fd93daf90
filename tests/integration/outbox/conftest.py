"""A world whose messages go to files, to a mail server on loopback and to a fake provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.channels import FileChannel, SmtpChannel
from rig.outbox import World, a_world
from rig.provider import Provider
from rig.smtp import MailServer


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """E-mail goes to files."""
    with a_world(database_url, {"email": FileChannel("email", tmp_path / "outbox")}) as world:
        yield world


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer(tmp_path / "smtp.journal")
    yield server
    server.close()


@pytest.fixture
def mail_world(database_url: str, mail_server: MailServer) -> Iterator[World]:
    """E-mail goes to the mail server."""
    with a_world(database_url, {"email": SmtpChannel(mail_server.url, "Shop <shop@shop.example>")}) as world:
        yield world


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider that knows keys."""
    server = Provider(tmp_path / "provider.journal")
    yield server
    server.close()
