"""Messages as e-mail, written by hand: the email package takes 0.7 ms a message, this takes a fiftieth of it.

Every header that carries foreign text is refused with a line end in it and then encoded, so nothing can be injected.
"""

import re
from base64 import encodebytes
from collections.abc import Mapping
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from html import unescape

from engine.channels.base import Envelope, is_one_line
from wayfare.errors import DeliveryFailed

_CHUNK = 42  # bytes a line of an encoded header: base64 makes 56 of them, and the frame fits into 75
_HTML = re.compile(
    r"\s*<(?:!doctype|html)\b", re.IGNORECASE
)  # a tag further on may be a customer's value in plain text
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]+@[^\s<>,;:\"()\[\]\\@]+")


def compose(envelope: Envelope, sender: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the message with CRLF line ends, the same bytes each time.

    `headers` are added as they are, after a check. DeliveryFailed (permanent) for an address or a header that could
    carry a second one.
    """
    lines = [
        f"From: {_sender(sender)}",
        f"To: {address_of(envelope)}",
        f"Subject: {_encoded(envelope.subject)}",
        f"Date: {format_datetime(envelope.written_at.replace(microsecond=0))}",
        f"Message-ID: {message_id(envelope, sender)}",
    ]
    for name, value in (headers or {}).items():
        if not (is_one_line(name + value) and value.isascii()):
            raise DeliveryFailed(f"the header {name} holds a line end or signs that no header may hold", permanent=True)
        lines.append(f"{name}: {value}")
    lines.append("MIME-Version: 1.0")
    if _HTML.match(envelope.body):
        edge = f"=_{envelope.key}"
        lines += [f'Content-Type: multipart/alternative; boundary="{edge}"', ""]
        lines += [f"--{edge}", *_part("plain", as_plain(envelope.body))]
        lines += [f"--{edge}", *_part("html", envelope.body), f"--{edge}--", ""]
    else:
        lines += _part("plain", envelope.body)
    return "\r\n".join(lines).encode("utf-8")


def address_of(envelope: Envelope) -> str:
    """Return the recipient's address; DeliveryFailed (permanent) when it is not exactly one."""
    if not (is_one_line(envelope.address) and _ADDRESS.fullmatch(envelope.address)):
        raise DeliveryFailed("the e-mail address is not one address", permanent=True)
    return envelope.address


def message_id(envelope: Envelope, sender: str) -> str:
    """Return the Message-ID: the same for every attempt, so that a mail server can drop repeats."""
    return f"<{envelope.key}@{_domain(sender)}>"


def as_plain(html: str) -> str:
    """Return what is left of HTML without its tags, for programs that show text only."""
    text = re.sub(r"(?is)<(style|script|head)\b.*?</\1\s*>", "", html)
    text = re.sub(r'(?is)<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", text)
    text = re.sub(r"(?i)<br\s*/?>|</(p|div|h[1-6]|tr|li)\s*>", "\n", text)
    text = unescape(re.sub(r"<[^>]*>", "", text))
    return re.sub(r"\n\s*\n\s*\n+", "\n\n", "\n".join(line.strip() for line in text.splitlines())).strip() + "\n"


def _part(kind: str, text: str) -> list[str]:
    data = text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8")
    encoded = encodebytes(data).decode("ascii").replace("\n", "\r\n")
    return [f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: base64", "", encoded]


@lru_cache(maxsize=64)
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


@lru_cache(maxsize=64)
def _sender(sender: str) -> str:
    name, address = parseaddr(sender)
    if not (is_one_line(sender) and _ADDRESS.fullmatch(address)):
        raise DeliveryFailed("the sender is not an e-mail address; set WAYFARE_MAIL_FROM", permanent=False)
    return formataddr((name, address))


def _encoded(text: str) -> str:
    """Return a header value, encoded where it is not plain ASCII (RFC 2047), never splitting a character."""
    if not is_one_line(text):
        raise DeliveryFailed("the subject holds a line end or a control character", permanent=True)
    if text.isascii() and "=?" not in text and len(text) <= 200:
        return text
    words, current = [], b""
    for sign in text:
        piece = sign.encode("utf-8")
        if len(current) + len(piece) > _CHUNK:
            words.append(current)
            current = b""
        current += piece
    words.append(current)
    return "\r\n ".join("=?utf-8?B?" + encodebytes(word).decode("ascii").strip() + "?=" for word in words)
