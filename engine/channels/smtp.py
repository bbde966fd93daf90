"""E-mail through a mail server. SMTP knows no keys and cannot be asked, so it is class C.

Spoken command by command instead of `smtplib.sendmail`: what was said when the connection broke decides whether the
server may have the message.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from engine.channels.base import Channel, Envelope, Outcome, RetryClass
from engine.channels.mime import address_of, compose
from wayfare.errors import DeliveryFailed, SettingsError
from wayfare.log import mask

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Refused(Exception):
    """The dialogue ended with an outcome before the message was handed over."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class SmtpChannel(Channel):
    """Sends over `smtp://user:password@host:587` (STARTTLS) or `smtps://` (TLS from the first byte).

    Without TLS it speaks to this machine only, unless the URL ends in `?tls=off`. One connection a thread lives until
    `close`. `unsubscribe` returns the https address for one-click objections (RFC 8058), or None.
    """

    name = "email"
    provider = "smtp"
    retry_class = RetryClass.C

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        timeout: timedelta = timedelta(seconds=20),
        rate: float | None = None,
        context: ssl.SSLContext | None = None,
        unsubscribe: Callable[[Envelope], str | None] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SettingsError("it must look like smtp://user:password@host:587", variable="WAYFARE_SMTP_URL")
        self.host = parts.hostname
        self.is_implicit = parts.scheme == "smtps"
        self.port = parts.port or (465 if self.is_implicit else 587 if parts.username else 25)
        self.user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self.needs_tls = parse_qs(parts.query).get("tls") != ["off"] and self.host not in _LOOPBACK
        self.sender = sender
        self.timeout = timeout
        self.rate = rate
        self._context = context
        self._unsubscribe = unsubscribe
        self._local = threading.local()

    def send(self, envelope: Envelope) -> Outcome:
        """Hand one message over; every refusal is this recipient's own."""
        try:
            data = compose(envelope, self.sender, self._headers(envelope))
            recipient, needs_utf8 = _ascii_domain(address_of(envelope))
        except DeliveryFailed as error:
            return Outcome.failed(str(error)) if error.permanent else Outcome.stopped(str(error))
        smtp: smtplib.SMTP | None = getattr(self._local, "smtp", None)
        is_reused = smtp is not None
        outcome = self._try(smtp, recipient, needs_utf8, data)
        if is_reused and outcome.provider == "down" and not outcome.in_doubt:
            return self._try(None, recipient, needs_utf8, data)  # the server had closed it while we were idle
        return outcome

    def close(self) -> None:
        """Say goodbye to the server."""
        smtp: smtplib.SMTP | None = getattr(self._local, "smtp", None)
        self._local.smtp = None
        if smtp is not None:
            try:
                smtp.quit()
            except (smtplib.SMTPException, OSError):
                smtp.close()

    def _try(self, smtp: smtplib.SMTP | None, recipient: str, needs_utf8: bool, data: bytes) -> Outcome:
        connection = smtp or self._new()
        is_handed_over = False
        try:
            with _deadline(connection, self.timeout.total_seconds()):
                if smtp is None:
                    self._connect(connection)
                self._address(connection, recipient, needs_utf8)
                is_handed_over = True
                connection.send(data + b"\r\n.\r\n")
                outcome = _classified(*connection.getreply(), "the message")
        except _Refused as refused:
            outcome = refused.outcome
        except smtplib.SMTPAuthenticationError as error:
            outcome = Outcome.stopped(f"the mail server refused user and password: {_said(error.smtp_error)}")
        except ssl.SSLCertVerificationError as error:
            outcome = Outcome.stopped(f"the mail server's certificate is not trusted: {error.verify_message}")
        except smtplib.SMTPNotSupportedError as error:
            outcome = Outcome.stopped(f"the mail server lacks something: {error}")
        except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: closed by the deadline meanwhile
            outcome = Outcome.down(_trouble(error), in_doubt=is_handed_over)
        self._keep(connection, outcome)
        return outcome

    def _keep(self, connection: smtplib.SMTP, outcome: Outcome) -> None:
        """Keep the connection for the next message, in a state in which the next dialogue can begin."""
        self._local.smtp = None
        if outcome.provider != "up":
            connection.close()
            return
        try:
            if outcome.status != "sent":
                connection.rset()
        except (smtplib.SMTPException, OSError):
            connection.close()
        else:
            self._local.smtp = connection

    def _new(self) -> smtplib.SMTP:
        name = parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"  # else smtplib asks the DNS for our name
        seconds = self.timeout.total_seconds()
        if self.is_implicit:
            context = self._context or ssl.create_default_context()
            return smtplib.SMTP_SSL(local_hostname=name, timeout=seconds, context=context)
        return smtplib.SMTP(local_hostname=name, timeout=seconds)

    def _connect(self, smtp: smtplib.SMTP) -> None:
        smtp._host = self.host  # type: ignore[attr-defined]  # what TLS checks the certificate against, see connect()
        code, text = smtp.connect(self.host, self.port)
        if code != 220:
            raise _Refused(_classified(code, text, "the connection", refusal="down"))
        smtp.ehlo()
        if not self.is_implicit:
            if smtp.has_extn("starttls"):
                smtp.starttls(context=self._context or ssl.create_default_context())
                smtp.ehlo()
            elif self.needs_tls:
                raise _Refused(
                    Outcome.stopped("the mail server offers no TLS; use smtps:// or, knowing the risk, add ?tls=off")
                )
        if self.user:
            smtp.login(self.user, self._password)

    def _address(self, smtp: smtplib.SMTP, recipient: str, needs_utf8: bool) -> None:
        """Name sender and recipient and ask for the word to begin; raises _Refused."""
        options = []
        if needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise _Refused(Outcome.failed("the mail server takes no addresses beyond ASCII"))
            smtp.command_encoding = "utf-8"
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        code, text = smtp.mail(parseaddr(self.sender)[1], options)
        if code != 250:
            raise _Refused(_classified(code, text, "our sender's address", refusal="stopped"))
        code, text = smtp.rcpt(recipient)
        if code not in (250, 251):
            raise _Refused(_classified(code, text, "the recipient"))
        smtp.putcmd("data")
        code, text = smtp.getreply()
        if code != 354:
            raise _Refused(_classified(code, text, "the message"))

    def _headers(self, envelope: Envelope) -> dict[str, str]:
        url = self._unsubscribe(envelope) if self._unsubscribe else None
        if not url:
            return {}
        return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


@contextmanager
def _deadline(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection when the whole dialogue takes too long: a server that drips never hits a read's time-out."""

    def cut() -> None:
        if smtp.sock is not None:
            with suppress(OSError):  # it broke by itself
                smtp.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _classified(code: int, text: bytes, what: str, *, refusal: str = "failed") -> Outcome:
    """Return what a reply means. `refusal` says whose a permanent one (5xx) is: this message's or the channel's."""
    said = f"the mail server refused {what}: {code} {_said(text)}"
    if code == 250:
        return Outcome.sent(_said(text)[:200])
    if code == 421 or code < 400:  # closing, or no reply at all (-1)
        return Outcome.down(said)
    if code < 500:
        return Outcome.retry(said) if refusal == "failed" else Outcome.down(said)
    if code in (530, 534, 535, 538) or refusal == "stopped":
        return Outcome.stopped(said)
    return Outcome.down(said) if refusal == "down" else Outcome.failed(said)


def _said(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return mask(" ".join(decoded.split()))[:300]  # servers like to repeat the recipient's address


def _trouble(error: Exception) -> str:
    if isinstance(error, TimeoutError | ValueError):
        return "the mail server did not answer in time"
    return f"no connection to the mail server: {_said(str(error))}"


def _ascii_domain(address: str) -> tuple[str, bool]:
    """Return the address with its domain in ASCII, and whether the part before the @ still needs SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}", not local.isascii()
    except UnicodeError:
        raise DeliveryFailed("the e-mail address has no valid domain", permanent=True) from None
