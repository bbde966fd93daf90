"""The only place that reads the clock. Everything else receives `now` as an argument."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds from an arbitrary start that never run backwards: for deadlines, back-off and measuring."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Pause this thread; zero and less return at once."""
    if seconds > 0:
        time.sleep(seconds)
