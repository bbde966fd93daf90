"""A channel that writes each message into a file of its own: e-mail without a mail server, and every other channel."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import get_ident

import orjson

from engine.channels.base import Channel, Envelope, Outcome, RetryClass
from engine.channels.mime import compose
from wayfare.errors import DeliveryFailed


class FileChannel(Channel):
    """Writes `FOLDER/CHANNEL/DATE/KEY.eml` (other channels: `.json`). The same key is the same file: class A.

    A file appears whole or not at all. It is not forced to the disk: after a power cut the newest may be missing.
    """

    provider = "file"
    retry_class = RetryClass.A
    timeout = timedelta(seconds=2)
    chunk = 1000
    reaches_people = False

    def __init__(self, name: str, folder: Path, sender: str = "Wayfare <wayfare@localhost>") -> None:
        self.name = name
        self.folder = folder / name
        self.sender = sender
        self._made: set[str] = set()

    def send(self, envelope: Envelope) -> Outcome:
        """Write the file, over an older one of the same key."""
        try:
            path = self.path(envelope)
            data = self._content(envelope)
            try:
                _write(path, data)
            except FileNotFoundError:  # someone cleared the folder away
                self._made.clear()
                _write(self.path(envelope), data)
        except DeliveryFailed as error:
            return Outcome.failed(str(error)) if error.permanent else Outcome.stopped(str(error))
        except OSError as error:
            return Outcome.down(f"cannot write the file: {error.strerror}")
        return Outcome.sent(path.rpartition("/")[2])

    def path(self, envelope: Envelope) -> str:
        """Return where a message's file lies, and make its folder. The date is the one on which it was intended."""
        day = envelope.written_at.date().isoformat()
        if day not in self._made:
            (self.folder / day).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made.add(day)
        return f"{self.folder}/{day}/{envelope.key}.{'eml' if self.name == 'email' else 'json'}"

    def _content(self, envelope: Envelope) -> bytes:
        if self.name == "email":
            return compose(envelope, self.sender)
        values = {
            "key": envelope.key,
            "channel": envelope.channel,
            "to": envelope.address,
            "subject": envelope.subject,
            "body": envelope.body,
            "written_at": envelope.written_at,
        }
        return orjson.dumps(values, option=orjson.OPT_INDENT_2)


def _write(path: str, data: bytes) -> None:
    draft = f"{path}.{os.getpid()}-{get_ident()}"  # two workers may write the same message
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            file.write(data)
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        raise
