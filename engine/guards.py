"""May this message go now? Pure: what is known goes in, a verdict with a plain reason comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from nodes.localtime import at_wall_time, to_local, zone_of
from store.outbox import Queued
from store.outbox_checks import JourneyState, Recipient

_RUNS = ("live", "closing", "paused")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` is `go`, `wait` (stay pending; `until` says when to look again), or the state in which it ends."""

    status: str
    reason: str = ""
    until: datetime | None = None


GO = Verdict("go")
PAUSED = Verdict("wait", "the journey is paused")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The daily window in which nobody is written to, by the customer's wall clock; it may cross midnight."""

    start: time
    end: time
    channels: frozenset[str] | None = None  # None: all

    def covers(self, moment: time) -> bool:
        """Say whether a wall time lies inside; the end is outside."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def end_after(self, now: datetime, zone_name: str) -> datetime | None:
        """Return when the window that is open at `now` ends, or None when none is open."""
        zone = zone_of(zone_name)
        local = to_local(now, zone)
        if not self.covers(local.time()):
            return None
        is_evening = self.start > self.end and local.time() >= self.start
        day = local.date() + timedelta(days=is_evening)
        ends = at_wall_time(day, self.end, zone)
        if ends <= now:  # clocks went back over the end of the window, and it is open a second time
            ends = datetime.combine(day, self.end, zone).replace(fold=1).astimezone(UTC)
        return ends


@dataclass(frozen=True, slots=True)
class Rules:
    """What the workspace asks of every message that is not transactional."""

    quiet: QuietHours | None = None
    caps: Mapping[str, int] | None = None

    def cap(self, channel: str) -> int | None:
        """Return how many messages a customer may get on a channel a day, or None."""
        return (self.caps or {}).get(channel)


def rules(settings: Mapping[str, Any]) -> Rules:
    """Read the settings `quiet_hours` and `caps`. Raises ValueError or KeyError when they make no sense."""
    quiet, caps = settings.get("quiet_hours"), settings.get("caps")
    window = None
    if quiet:
        named = quiet.get("channels")
        window = QuietHours(
            time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["until"]), frozenset(named) if named else None
        )
    return Rules(window, {str(channel): int(cap) for channel, cap in caps.items()} if caps else None)


class Guard:
    """Judges the messages of one channel at one moment; what depends on the zone alone is worked out once a zone."""

    def __init__(self, channel: str, rules: Rules, now: datetime, *, reaches_people: bool, default_zone: str) -> None:
        self.channel = channel
        self.rules = rules
        self.now = now
        self.reaches_people = reaches_people
        self.default_zone = default_zone
        self._quiet_end = lru_cache(maxsize=None)(self._find_quiet_end)
        self._day = lru_cache(maxsize=None)(lambda zone: to_local(now, zone_of(zone)).date().isoformat())

    def judge(
        self, message: Queued, recipient: Recipient | None, journey: JourneyState | None, *, is_suppressed: bool
    ) -> Verdict:
        """Return the verdict on one message. Everything that speaks against it for good comes before what delays it."""
        if recipient is None or journey is None:
            return Verdict("cancelled", "the customer or the journey is gone")
        if recipient.is_erased:
            return Verdict("cancelled", "the customer was erased")
        if journey.status not in _RUNS:
            return Verdict("cancelled", f"the journey is {journey.status}")
        if recipient.enrollment_status == "exited" and not message.is_transactional:
            return Verdict("cancelled", "the customer left the journey before it was sent")
        if message.not_after is not None and self.now >= message.not_after:
            return Verdict("expired", "its time had passed before it could be sent")
        if not message.is_transactional and not recipient.consent:
            never = "no consent" if recipient.consent is None else "consent was withdrawn"
            return Verdict("suppressed", f"{never} for {message.channel}, {message.purpose}")
        if not recipient.address:
            return Verdict("failed", f"the customer has no address for {message.channel}")
        if is_suppressed:
            return Verdict("suppressed", "nobody may write to this address any more")
        if recipient.is_synthetic and self.reaches_people:
            return Verdict("cancelled", "the customer was made for the demo and does not exist")
        if journey.status == "paused":
            return PAUSED
        return self._delayed(message, recipient, journey)

    def zone(self, recipient: Recipient, journey: JourneyState) -> str:
        """Return the name of the zone whose wall clock and calendar count for a customer."""
        own = recipient.zone
        return own if own and zone_of(own, "").key == own else journey.zone or self.default_zone

    def day(self, recipient: Recipient, journey: JourneyState) -> str:
        """Return the customer's local date."""
        return self._day(self.zone(recipient, journey))

    def _delayed(self, message: Queued, recipient: Recipient, journey: JourneyState) -> Verdict:
        if message.is_transactional or journey.quiet_hours == "none":
            return GO
        until = self._quiet_end(self.zone(recipient, journey))
        if until is None:
            return GO
        if message.not_after is not None and until >= message.not_after:
            return Verdict("expired", "its time would have passed before the quiet hours end")
        return Verdict("wait", "quiet hours", until)

    def _find_quiet_end(self, zone: str) -> datetime | None:
        quiet = self.rules.quiet
        if quiet is None or (quiet.channels is not None and self.channel not in quiet.channels):
            return None
        return quiet.end_after(self.now, zone)
