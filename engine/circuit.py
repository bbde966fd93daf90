"""How a provider fares: when to stop asking it, for how long, and how fast it may be asked."""

from datetime import timedelta

from engine.channels import Outcome
from store import channel_state
from store.channel_state import ChannelHealth
from store.db import Connection
from wayfare import clock
from wayfare.chance import share

OPEN_AFTER = 5
"""Failures in a row after which a provider is left alone for a while and then asked with one message at a time."""
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=1)
_STOPPED_PAUSE = timedelta(minutes=5)
_LIMITED_PAUSE = timedelta(seconds=5)
HORIZON = timedelta(seconds=2)
"""How far ahead one claim takes places under a rate limit."""


class Circuit:
    """One claim's view of its provider, written back when the claim ends."""

    def __init__(self, channel: str, state: ChannelHealth) -> None:
        self.channel = channel
        self.before = state
        self.failures = state.failures
        self.is_probing = state.failures >= OPEN_AFTER or state.stopped_reason is not None
        self.is_closed_by: str = ""
        self._pause: timedelta | None = None
        self._stopped: str | None = None
        self._asked = False

    def note(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        self._asked = True
        if outcome.provider == "up":
            self.failures = 0
        elif outcome.provider == "down":
            self.failures += 1
            if self.failures >= OPEN_AFTER:
                self.is_closed_by = "the provider does not work at the moment"
                self._pause = _jittered(self.channel, self.failures)
        elif outcome.provider == "limited":
            self.failures = 0
            self.is_closed_by = "the provider asked for a pause"
            self._pause = outcome.retry_in if outcome.retry_in is not None else _LIMITED_PAUSE
        else:
            self.failures = max(self.failures, OPEN_AFTER)
            self.is_closed_by = self._stopped = outcome.detail
            self._pause = _STOPPED_PAUSE

    def write(self, conn: Connection) -> None:
        """Store what this claim learnt; nothing when there is nothing new."""
        if not self._asked:
            if self.is_probing:
                channel_state.change(conn, self.channel, open_until=None)  # we kept others away for nothing
            return
        if self._pause is not None:
            until = channel_state.clock_of(conn) + self._pause
            channel_state.change(
                conn, self.channel, failures=self.failures, open_until=until, stopped_reason=self._stopped
            )
        elif self.is_probing or self.failures != self.before.failures:
            channel_state.change(conn, self.channel, failures=self.failures, open_until=None, stopped_reason=None)


class Pace:
    """Holds messages back to their places under a rate limit."""

    def __init__(self, rate: float | None, first_in: timedelta = timedelta()) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._next = clock.monotonic() + first_in.total_seconds()

    def wait(self) -> None:
        """Return when the next message may go, and never sooner than one gap after the one before."""
        if not self._gap:
            return
        clock.sleep(self._next - clock.monotonic())
        self._next = max(self._next, clock.monotonic()) + self._gap


def _jittered(channel: str, failures: int) -> timedelta:
    """Full jitter: anything up to twice as long each time. Never less than a tenth, so that it is a pause."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(failures - OPEN_AFTER, 10)))
    return longest * max(0.1, share(channel, failures, clock.monotonic()))


def back_off(key: str, failures: int, asked_for: timedelta | None) -> timedelta:
    """Return how long one message waits after a refusal: full jitter up to an hour, and what the provider asked for."""
    longest = min(timedelta(hours=1), timedelta(seconds=20) * (1 << min(failures, 10)))
    pause = longest * share("back-off", key, failures)
    return max(pause, asked_for) if asked_for else pause
