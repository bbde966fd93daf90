"""Small charts as plain SVG, computed here: no script, no inline style, readable without colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from web import formats


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place in a box of 100 by 100 units, its number and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    value: int
    label: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart. `first` and `last` name the ends of its axis."""

    bars: Sequence[Bar]
    total: int
    peak: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the area under it, as path data in a box of 300 by 80 units."""

    line: str
    area: str
    low: int
    high: int
    first: str
    last: str
    points: Sequence[tuple[float, float, int, str]]


def bars(values: Sequence[int], labels: Sequence[str]) -> Bars:
    """Return a chart with one bar a value. A value above 0 is never invisible."""
    peak, count = max(values, default=0), max(len(values), 1)
    step = 100 / count
    drawn = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = 100 * value / peak if peak else 0
        height = max(height, 6) if value else 2
        width = step * 0.72
        x = number * step + step * 0.14
        is_last = number == count - 1
        box = (round(x, 2), round(100 - height, 2), round(width, 2), round(height, 2))
        drawn.append(Bar(*box, value, label, is_last))
    ends = (labels[0], labels[-1]) if labels else ("", "")
    return Bars(drawn, sum(values), peak, *ends)


def by_hour(counts: Mapping[str, int], now: datetime, hours: int = 24) -> Bars:
    """Return a chart of the last hours up to `now` from counts by UTC hour, labelled in the reader's time."""
    begin = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    moments = [begin + timedelta(hours=number) for number in range(hours)]
    labels = [f"{moment.astimezone(formats.zone()):%H:%M}" for moment in moments]
    return bars([counts.get(f"{moment:%Y-%m-%d %H}", 0) for moment in moments], labels)


def since_midnight(counts: Mapping[str, int], now: datetime) -> int:
    """Return the sum of counts by UTC hour since midnight where the reader is, to the hour."""
    local = now.astimezone(formats.zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = f"{local.astimezone(UTC):%Y-%m-%d %H}"
    return sum(n for hour, n in counts.items() if hour >= begin)


def by_day(counts: Mapping[str, int], today: date, days: int = 14) -> Bars:
    """Return a chart of the last days up to `today`."""
    dates = [today - timedelta(days=days - 1 - number) for number in range(days)]
    labels = [f"{day.day} {day:%b}" for day in dates]
    return bars([counts.get(day.isoformat(), 0) for day in dates], labels)


def line(values: Sequence[int], labels: Sequence[str]) -> Line:
    """Return a line through values, scaled between their lowest and highest."""
    low, high = min(values, default=0), max(values, default=0)
    reach = max(high - low, high / 10, 1)  # a change of a few in thousands looks like one
    floor = low - (reach - (high - low)) / 2
    step = 300 / max(len(values) - 1, 1)
    points = [
        (round(number * step, 1), round(72 - 64 * (value - floor) / reach, 1), value, label)
        for number, (value, label) in enumerate(zip(values, labels, strict=True))
    ]
    drawn = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y, _, _) in enumerate(points))
    area = f"{drawn} L{points[-1][0]} 80 L0 80 Z" if points else ""
    ends = (labels[0], labels[-1]) if labels else ("", "")
    return Line(drawn, area, low, high, *ends, points)


@dataclass(frozen=True, slots=True)
class Steps:
    """Values that stay until they change, in a box of 600 by 160 units; `window` is a part of time to point out."""

    line: str
    area: str
    under: str  # a second line, of what would be without what lowers the first one
    window: tuple[float, float] | None
    floor: float | None  # height of the line to point out
    hits: Sequence[tuple[float, float, int]]  # place, width and number of each step
    low: int
    high: int


def steps(
    values: Sequence[tuple[datetime, datetime, int, int]],
    first: datetime,
    last: datetime,
    *,
    window: tuple[datetime, datetime] | None = None,
    floor: int | None = None,
) -> Steps:
    """Return a chart of (from, until, value, other value) between two instants; gaps in time stay gaps."""
    every = [one for _, _, value, other in values for one in (value, other)] + ([floor] if floor is not None else [])
    low, high = min(every, default=0), max(every, default=0)
    reach = max(high - low, high / 10, 1)
    bottom = (high + low - reach) / 2

    def x(at: datetime) -> float:
        return round(600 * (min(max(at, first), last) - first) / (last - first), 1)

    def y(value: int) -> float:
        return round(146 - 132 * (value - bottom) / reach, 1)

    def path(heights: Sequence[int]) -> str:
        drawn, ended = [], None
        for (begin, end, _, _), value in zip(values, heights, strict=True):
            drawn.append(f"{'L' if ended == begin else 'M'}{x(begin)} {y(value)} L{x(end)} {y(value)}")
            ended = end
        return " ".join(drawn)

    line, under = path([one[2] for one in values]), path([one[3] for one in values])
    area = " ".join(f"M{x(a)} 160 L{x(a)} {y(value)} L{x(b)} {y(value)} L{x(b)} 160 Z" for a, b, value, _ in values)
    marked = (x(window[0]), round(x(window[1]) - x(window[0]), 1)) if window and window[1] > first else None
    hits = [(x(a), round(x(b) - x(a), 1), number) for number, (a, b, _, _) in enumerate(values)]
    return Steps(line, area, under, marked, None if floor is None else y(floor), hits, low, high)
