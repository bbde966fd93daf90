"""Channels: how messages travel. Each adapter is a module; `channels` says which one serves what on this machine."""

from collections.abc import Callable
from pathlib import Path

from engine.channels.base import Channel, Envelope, Outcome, RetryClass
from engine.channels.file import FileChannel
from engine.channels.smtp import SmtpChannel

NAMES = ("email", "sms", "viber", "telegram", "whatsapp", "push", "in_app")
"""Every channel that a message may name."""


def channels(
    *,
    data_dir: Path,
    smtp_url: str | None = None,
    mail_from: str = "Wayfare <wayfare@localhost>",
    unsubscribe: Callable[[Envelope], str | None] | None = None,
) -> dict[str, Channel]:
    """Return the adapter of every channel by name.

    E-mail goes to the mail server at `smtp_url`; what has no provider is written to files below `data_dir`/outbox.
    `unsubscribe` returns the address under which the recipient of a message can object to more of them.
    """
    folder = data_dir / "outbox"
    found: dict[str, Channel] = {name: FileChannel(name, folder, mail_from) for name in NAMES}
    if smtp_url:
        found["email"] = SmtpChannel(smtp_url, mail_from, unsubscribe=unsubscribe)
    return found


__all__ = ["NAMES", "Channel", "Envelope", "FileChannel", "Outcome", "RetryClass", "SmtpChannel", "channels"]
