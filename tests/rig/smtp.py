"""A real mail server on loopback with a journal; its recipients decide how it behaves."""

import email
import email.policy
import socket
from asyncio import Server, Transport
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from rig.journal import Journal


class MailServer:
    """Takes mail for everyone but: `refuse@` 550, `later@` 451, `greedy@` 552 after the text; `cut@` is taken over and
    the line goes dead."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.journal = Journal(path)
        self.connections = 0
        self.controller = _AnyPort(_Handler(self), hostname="127.0.0.1", port=0, **options)
        self.controller.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        server = self.controller.server
        assert isinstance(server, Server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its URL as a setting."""
        return f"smtp://127.0.0.1:{self.port}"

    def mails(self) -> list[tuple[str, EmailMessage]]:
        """Return (recipient, message) of everything it took over."""
        return [(entry["to"], _parsed(entry["data"])) for entry in self.journal.entries()]

    def recipients(self) -> list[str]:
        """Return the recipients of everything it took over, in order."""
        return [entry["to"] for entry in self.journal.entries()]

    def close(self) -> None:
        """Stop it."""
        self.controller.stop(no_assert=True)
        self.journal.close()


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        """Touch the port that the system chose: the controller's own probe connects to the one asked for, 0."""
        server = self.server
        assert isinstance(server, Server)
        socket.create_connection(server.sockets[0].getsockname()[:2], 5).close()


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.server.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local = address.partition("@")[0]
        if local.startswith("refuse"):
            return f"550 5.1.1 <{address}> no such mailbox"
        if local.startswith("later"):
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("greedy"):
            return "552 5.2.2 mailbox full"
        content = envelope.content
        assert isinstance(content, bytes)
        self.server.journal.write(to=recipient, data=content.decode())
        if recipient.startswith("cut"):
            assert isinstance(server.transport, Transport)
            server.transport.abort()
        return "250 2.0.0 queued as 4711"


def _parsed(data: str) -> EmailMessage:
    message = email.message_from_string(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
