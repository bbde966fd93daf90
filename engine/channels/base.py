"""What a channel is: a small adapter that hands one message to one provider and says what came of it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal


class RetryClass(StrEnum):
    """What may be done when a request had no clear answer."""

    A = "A"  # the provider drops repeats that carry the same key, for a while: send again
    B = "B"  # the provider can be asked by our key: ask, then decide
    C = "C"  # neither: a person decides, or the message's purpose does


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it goes out. `key` is the same for every attempt, and so are subject, body and `written_at`."""

    key: str
    channel: str
    address: str
    subject: str
    body: str
    written_at: datetime
    purpose: str = "marketing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request.

    `in_doubt` says that the provider may have the message although it did not say so. `provider` tells what the
    answer means for everyone else's messages: down (5xx, no connection), limited (429), stopped (401, 403: an
    operator must act). `retry_in` is the pause that the provider asked for.
    """

    status: Literal["sent", "failed", "retry"]
    detail: str = ""
    provider_id: str | None = None
    in_doubt: bool = False
    provider: Literal["up", "down", "limited", "stopped"] = "up"
    retry_in: timedelta | None = None

    @classmethod
    def sent(cls, provider_id: str | None = None) -> "Outcome":
        """The provider took the message over."""
        return cls("sent", provider_id=provider_id)

    @classmethod
    def failed(cls, detail: str) -> "Outcome":
        """The provider refused this message for good."""
        return cls("failed", detail)

    @classmethod
    def retry(cls, detail: str, *, in_doubt: bool = False) -> "Outcome":
        """This message was not taken over this time; others may fare better."""
        return cls("retry", detail, in_doubt=in_doubt)

    @classmethod
    def down(cls, detail: str, *, in_doubt: bool = False) -> "Outcome":
        """The provider does not work at all at the moment."""
        return cls("retry", detail, in_doubt=in_doubt, provider="down")

    @classmethod
    def limited(cls, detail: str, retry_in: timedelta | None = None) -> "Outcome":
        """The provider wants us to slow down."""
        return cls("retry", detail, provider="limited", retry_in=retry_in)

    @classmethod
    def stopped(cls, detail: str) -> "Outcome":
        """The provider does not accept us: wrong credentials, a closed account."""
        return cls("retry", detail, provider="stopped")


class Channel:
    """An adapter. Subclass it, set what the provider promises, and write `send`.

    `timeout` is the longest that one `send` may take in all, not the longest silence. `rate` is in messages a second
    over all workers; None means unlimited. `window` is how long a class A provider remembers keys; None means for
    ever. `chunk` is how many messages go out between two commits; class C always commits after each.
    """

    name: str = ""
    provider: str = ""
    retry_class: ClassVar[RetryClass] = RetryClass.C
    timeout: timedelta = timedelta(seconds=20)
    rate: float | None = None
    window: timedelta | None = None
    chunk: int = 50
    reaches_people: bool = True  # False for a folder on this machine: customers made for the demo are written to

    def send(self, envelope: Envelope) -> Outcome:
        """Hand one message over. Raises nothing on purpose; whatever it raises counts as in doubt."""
        raise NotImplementedError

    def look_up(self, envelope: Envelope) -> Outcome | None:
        """Ask a class B provider what became of a message; None means that it never arrived."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what was kept open between messages, such as a connection."""


_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_one_line(text: str) -> bool:
    """Say whether a text may stand in a header: no line ends of any alphabet, no control characters."""
    return text.isprintable() or not _BREAKS.search(text)
