"""Named places where a test lets this process die, freeze or fail: `WAYFARE_CRASH="send.accepted:3:kill"`.

The second part says at which passage (the first by default), the third what happens there: `kill` (the default) and
`stop` are signals that the process sends itself, `raise` is an error. `WAYFARE_CRASH="@FILE"` looks into a file at each
point: what it says happens once, and a server whose worker died of it goes on with the next. Unset, a point costs one
look at a global.
"""

import os
import signal
from pathlib import Path
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
    "answer.begun",  # a request has taken its Idempotency-Key, nothing is done
    "answer.done",  # what it asked for is committed, its answer is not kept
    "answer.kept",  # the answer is kept and not sent
    "reserve.added",  # an order has its row, and took nothing yet
    "reserve.counted",  # limits are raised, codes are not reserved
    "reserve.written",  # everything is written and not committed
    "confirm.counted",  # limits count a use, codes are still reserved
    "confirm.redeemed",  # codes are used, journeys have not heard of it
    "confirm.written",
    "release.counted",  # limits are lowered, codes are still reserved
    "release.written",
    "return.counted",  # limits are lowered, codes are still used
    "return.written",
    "authorise.held",  # a payment has its row, the certificate still has all its money
    "authorise.written",
    "capture.marked",  # a payment is taken, no money has moved
    "capture.written",
    "refund.counted",  # a refund is counted, no money has moved
    "refund.written",
    "ledger.headed",  # a movement has its row and no postings
    "expire.written",  # orders that nobody paid are let go and not committed
    "expire.committed",
    "receipt.added",  # a till's receipt has its row, and counts nowhere
    "receipt.counted",  # limits and codes are taken, the sale is not confirmed
    "receipt.written",  # everything is written and not committed
)
"""Every point there is. Tests of faults go through this list, so a point that is missing here is never tried."""

ACTIONS: Final = ("kill", "stop", "raise")


class Crashed(WayfareError):
    """A test asked for this failure."""


class _Armed:
    """One point, to be passed `left` times until it acts."""

    def __init__(self, name: str, nth: int, action: str) -> None:
        self.name = name
        self.left = nth
        self.action = action


def _parse(text: str) -> _Armed | Path | None:
    if not text:
        return None
    if text.startswith("@"):
        return Path(text[1:])
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
    if armed is None:
        return
    if isinstance(armed, Path):
        armed = _told_by(armed, name)
    if armed is None or armed.name != name:
        return
    armed.left -= 1
    if armed.left:
        return
    if armed.action == "raise":
        raise Crashed(f"failed at {name}, as {VARIABLE} asked")
    os.kill(os.getpid(), signal.SIGKILL if armed.action == "kill" else signal.SIGSTOP)


def _told_by(file: Path, name: str) -> _Armed | None:
    """Return what a file asks for if it asks for this point; the file goes first, so that it happens once."""
    asked = _parse(file.read_text().strip()) if file.exists() else None
    if not isinstance(asked, _Armed) or asked.name != name:
        return None
    file.unlink()
    return asked
