"""Times in which the same public promotions hold: versions of the rule set, cut where a period or a window ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from wayfare.promotions import Ruleset
from wayfare.promotions.conditions import PeriodCondition, WeeklyCondition, leaves
from wayfare.promotions.scope import Scope

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a price is shown; None is nowhere in particular, so that what holds in some places only does not count."""

    channel: str | None = None
    store: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PublicRules:
    """The public part of one or more versions. `digest` names its content."""

    digest: str
    ruleset: Ruleset


@dataclass(frozen=True, slots=True)
class Season:
    """From `start` until before `until`, of all public promotions those with the keys `active` hold."""

    start: datetime
    until: datetime
    rules: PublicRules
    active: tuple[str, ...]

    @property
    def name(self) -> tuple[str, tuple[str, ...]]:
        """What two seasons have in common in which everything costs the same."""
        return self.rules.digest, self.active


@dataclass(slots=True)
class _Facts:
    """What public conditions ask about."""

    at: datetime
    known: dict[str, list[str]]
    birthday: date | None = None
    order_number: int | None = None

    def values(self, kind: str) -> list[str]:
        return self.known.get(kind, [])

    def worth(self, scope: Scope, base: str) -> int:
        raise AssertionError("public conditions ask for no goods")

    def pieces(self, scope: Scope) -> int:
        raise AssertionError("public conditions ask for no goods")

    longest = pieces


def seasons(
    versions: Sequence[tuple[datetime, PublicRules]], currency: str, place: Place, start: datetime, until: datetime
) -> list[Season]:
    """Return the seasons between two instants without a gap. `versions` are in the order in which they began.

    Of versions that began at the same instant the last one counts; before the first one nothing holds.
    """
    known = {"currency": [currency]}
    known |= {name: [value] for name in ("channel", "store", "region") if (value := getattr(place, name)) is not None}
    found: list[Season] = []
    for begin, end, rules in _spans(versions, start, until):
        for at, then in _cuts(rules.ruleset, begin, end):
            facts = _Facts(at, known)
            active = tuple(
                one.key
                for one in rules.ruleset.promotions
                if not any(condition.failing(facts) for condition in one.conditions)
            )
            if found and found[-1].name == (rules.digest, active):
                found[-1] = Season(found[-1].start, then, found[-1].rules, active)
            else:
                found.append(Season(at, then, rules, active))
    return found


NO_RULES = PublicRules("", Ruleset())


def _spans(
    versions: Sequence[tuple[datetime, PublicRules]], start: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, PublicRules]]:
    """Yield which rules were live from when until when."""
    live, begin = NO_RULES, start
    for at, rules in versions:
        if at >= until:
            break
        if at > begin:
            yield begin, at, live
            begin = at
        live = rules
    if begin < until:
        yield begin, until, live


def _cuts(ruleset: Ruleset, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a span in which no condition changes its answer."""
    moments = {begin, end}
    for one in ruleset.promotions:
        for condition in one.conditions:
            for leaf in leaves(condition):
                if isinstance(leaf, PeriodCondition):
                    moments |= {at.astimezone(UTC) for at in (leaf.from_, leaf.until) if at is not None}
                elif isinstance(leaf, WeeklyCondition):
                    times = tuple({time(0), *(at for at in (leaf.from_, leaf.until) if at is not None)})
                    moments |= set(_window_moments(leaf.zone, times, begin.date() - _DAY, end.date() + _DAY))
    inside = sorted(at for at in moments if begin <= at <= end)
    return pairwise(inside)


@lru_cache(maxsize=256)
def _window_moments(zone: str, times: tuple[time, ...], first: date, last: date) -> tuple[datetime, ...]:
    """Return every instant between two days at which a clock on the wall shows one of these times, or is changed."""
    place, found = ZoneInfo(zone), list[datetime]()
    day = first
    while day <= last:
        for at in times:
            local = datetime.combine(day, at, place)
            found += [local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)]
        dawn = datetime.combine(day, time(0), UTC)
        if (change := _clock_change(place, dawn, dawn + _DAY)) is not None:
            found.append(change)
        day += _DAY
    return tuple(found)


def _clock_change(place: ZoneInfo, low: datetime, high: datetime) -> datetime | None:
    """Return the instant between two others at which the zone's offset changes, to the second."""

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(place).utcoffset()

    if offset(low) == offset(high):
        return None
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
    return high
