"""Named places where a test lets this process die, freeze or fail: `WAYFARE_CRASH="send.accepted:3:kill"`.

The second part says at which passage (the first by default), the third what happens there: `kill` (the default) and
`stop` are signals that the process sends itself, `raise` is an error. Unset, a point costs one look at a global.
"""

import os
import signal
from typing import Final

from wayfare.errors import SettingsError, WayfareError

VARIABLE: Final = "WAYFARE_CRASH"

POINTS: Final = (
    "send.claimed",  # messages are leased, nothing is rendered
    "send.rendered",  # texts exist in memory only
    "send.begun",  # texts are stored and the provider may be called at any moment
    "send.accepted",  # the provider answered, nothing is recorded
    "send.recording",  # outcomes are written and not committed
    "send.recorded",  # outcomes are committed
    "walk.claimed",  # enrollments are leased
    "walk.locked",  # the walk's transaction holds them
    "walk.armed",  # waits for events are decided, events since arrival are not read yet
    "walk.written",  # everything is written and not committed
    "walk.committed",  # the walk is done
    "match.written",  # events took effect and are not committed
    "match.committed",
    "fanout.written",  # a chunk of members is enrolled and not committed
    "fanout.committed",
    "schedule.chunk",  # a chunk of customers has entered by a schedule
    "moving.written",  # a batch at a step that is gone is moved and not committed
    "moving.committed",
    "gate.opened",  # a gate is open, and nobody was let go yet
)
"""Every point there is. Tests of faults go through this list, so a point that is missing here is never tried."""

ACTIONS: Final = ("kill", "stop", "raise")


class Crashed(WayfareError):
    """A test asked for this failure."""


class _Armed:
    def __init__(self, name: str, nth: int, action: str) -> None:
        self.name = name
        self.left = nth
        self.action = action


def _parse(text: str) -> _Armed | None:
    if not text:
        return None
    name, _, rest = text.partition(":")
    nth, _, action = rest.partition(":")
    action = action or "kill"
    if name not in POINTS or action not in ACTIONS or not (nth or "1").isdigit():
        raise SettingsError(
            f"{VARIABLE}={text!r} makes no sense; write POINT:NTH:ACTION with one of {', '.join(POINTS)} "
            f"and one of {', '.join(ACTIONS)}",
            variable=VARIABLE,
        )
    return _Armed(name, int(nth or "1"), action)


_armed = _parse(os.environ.get(VARIABLE, ""))


def arm(text: str) -> None:
    """Arm a point in this process, as the variable does for a whole one; an empty text disarms."""
    global _armed
    _armed = _parse(text)


def point(name: str) -> None:
    """Do here what a test asked for, if it asked for this point and this is the passage it named."""
    armed = _armed
    if armed is None or armed.name != name:
        return
    armed.left -= 1
    if armed.left:
        return
    if armed.action == "raise":
        raise Crashed(f"failed at {name}, as {VARIABLE} asked")
    os.kill(os.getpid(), signal.SIGKILL if armed.action == "kill" else signal.SIGSTOP)
