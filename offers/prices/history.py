"""What one product cost everyone, as stretches of time, and the lowest price before a reduction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from offers.prices.seasons import Season

DAYS = 30
"""Article 6a of directive 98/6/EC: the lowest price of a period not shorter than thirty days."""

Cause = Literal["promotion", "price", ""]


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands on a product's shelf from an instant on; `price` in minor units, None when it is not sold."""

    at: datetime
    price: int | None
    currency: str
    brand: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """The price of one piece for everyone, and the promotions that made it."""

    price: int
    promotions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until before `until` the product was shown at `price`; its list price was `listed`."""

    start: datetime
    until: datetime
    currency: str
    listed: int
    price: int
    promotions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """What the law asks for beside a reduced price.

    `lowest` is the lowest price of the thirty days before `began`, and was last shown in `lowest_at`'s stretch; None
    when nothing was sold then. `cause` says what reduces the price now: a promotion, a lower list price, or nothing;
    then `began` is the instant asked about: what a reduction that begins there would have to name. `is_complete`
    tells whether the history reaches back thirty days.
    """

    price: int | None
    listed: int | None
    currency: str
    cause: Cause
    began: datetime
    lowest: int | None
    lowest_at: datetime | None
    is_complete: bool

    @property
    def is_higher_than_lowest(self) -> bool:
        """Whether the list price, shown as the one before, would promise more than the law allows."""
        return bool(self.cause == "promotion" and self.lowest is not None and (self.listed or 0) > self.lowest)


def stretches(
    tags: Sequence[Tag], seasons: Sequence[Season], shown: Callable[[Tag, Season], Shown], since: datetime
) -> list[Stretch]:
    """Return what a product cost from `since` to the end of the last season, stretch by stretch.

    `tags` are in order, the last one of an instant counts; seasons have no gaps. Times in which the product had no
    price are left out. Neighbours differ in something other than their times.
    """
    found: list[Stretch] = []
    for start, until, tag, season in _together(tags, seasons, since):
        if tag.price is None:
            continue
        now = shown(tag, season)
        one = Stretch(start, until, tag.currency, tag.price, now.price, now.promotions)
        if found and found[-1].until == start and _same(found[-1], one):
            last = found.pop()
            one = Stretch(last.start, until, tag.currency, tag.price, now.price, now.promotions)
        found.append(one)
    return found


def reference(found: Sequence[Stretch], at: datetime, *, began: datetime | None, progressive: bool) -> Reference:
    """Return the lowest price of the thirty days before the reduction that holds at an instant.

    `began` is when the reduction began, where the caller knows better. With `progressive` a reduction that grew step
    by step without a pause counts from its first step (article 6a, paragraph 5), otherwise each lower price is a
    reduction of its own.
    """
    here = next((index for index in range(len(found) - 1, -1, -1) if found[index].start <= at < found[index].until), -1)
    now = found[here] if here >= 0 else None
    cause: Cause = _cause(found, here, at) if here >= 0 else ""
    if began is None:
        began = _began(found, here, progressive) if cause else at
    currency = now.currency if now else (found[-1].currency if found else "")
    first = began - timedelta(days=DAYS)
    before = [one for one in found if one.currency == currency and one.until > first and one.start < began]
    least = min(before, key=lambda one: (one.price, -one.start.timestamp()), default=None)
    return Reference(
        now.price if now else None,
        now.listed if now else None,
        currency,
        cause,
        began,
        least.price if least else None,
        max(least.start, first) if least else None,
        bool(found) and found[0].start <= first,
    )


def _together(
    tags: Sequence[Tag], seasons: Sequence[Season], since: datetime
) -> Iterator[tuple[datetime, datetime, Tag, Season]]:
    """Yield the parts of time in which neither the tag nor the season changes."""
    last: dict[datetime, Tag] = {max(tag.at, since): tag for tag in tags}
    starts = sorted(last)
    at = 0
    for season in seasons:
        while at < len(starts):
            until = starts[at + 1] if at + 1 < len(starts) else season.until
            start, end = max(starts[at], season.start), min(until, season.until)
            if start < end:
                yield start, end, last[starts[at]], season
            if until >= season.until:
                break
            at += 1


def _same(one: Stretch, other: Stretch) -> bool:
    return (one.currency, one.listed, one.price, one.promotions) == (
        *(other.currency, other.listed, other.price),
        other.promotions,
    )


def _follows(found: Sequence[Stretch], index: int) -> bool:
    """Tell whether a stretch follows another one without a pause, in the same currency."""
    return (
        index > 0
        and found[index - 1].until == found[index].start
        and found[index - 1].currency == found[index].currency
    )


def _cause(found: Sequence[Stretch], index: int, at: datetime) -> Cause:
    """Return what makes a stretch a reduction at an instant in it: a lower list price is one for thirty days."""
    one = found[index]
    if one.price < one.listed:
        return "promotion"
    first = index  # of those that show the same price
    while _follows(found, first) and found[first - 1].price == one.price:
        first -= 1
    fell = _follows(found, first) and found[first - 1].price > one.price
    return "price" if fell and at < found[first].start + timedelta(days=DAYS) else ""


def _began(found: Sequence[Stretch], index: int, progressive: bool) -> datetime:
    """Return when the reduction began that holds in a stretch: when its price was first shown, or its first step."""
    while _follows(found, index):
        before, one = found[index - 1], found[index]
        cause = _cause(found, index - 1, before.until - timedelta.resolution)
        goes_on = before.price == one.price if not progressive else before.price >= one.price
        if not cause or not goes_on:
            break
        index -= 1
    return found[index].start
