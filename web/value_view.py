"""Lifetime value against what winning a customer cost, ready to be shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from store.value import Sum
from wayfare.value import formulas
from wayfare.value.formulas import Band
from wayfare.value.terms import Terms

SHORT = {
    "loses": "Loses money",
    "risky": "Risky",
    "fair": "Nearly healthy",
    "healthy": "Healthy",
    "careful": "Too careful?",
}
TONES = {"loses": "bad", "risky": "warn", "fair": "warn", "healthy": "good", "careful": "info"}


@dataclass(frozen=True, slots=True)
class Row:
    """Customers who are alike: what they are worth, what they cost, and what the ratio says. Amounts a customer."""

    name: str
    key: str
    customers: int
    average: int
    lifetime: int
    predicted: int | None
    acquisition: int | None
    ratio: Fraction | None
    band: Band | None
    width: float

    @property
    def tone(self) -> str:
        """The colour of the band."""
        return TONES[self.band.key] if self.band else ""

    @property
    def says(self) -> str:
        """What the ratio says, in a word or two."""
        return SHORT[self.band.key] if self.band else ""

    @property
    def ratio_words(self) -> str:
        """The ratio as people write it: 3.2 : 1."""
        return "–" if self.ratio is None else f"{float(self.ratio):.1f} : 1"


def rows(
    sums: Sequence[Sum], terms: Terms, name: Callable[[str], str], cost: Callable[[Sum], int | None] | None = None
) -> list[Row]:
    """Return the sums a customer. `cost` says what winning one of them cost; the same for all without it."""
    best = max((one.lifetime or 0) // one.customers for one in sums) if sums else 0
    found = []
    for one in sums:
        worth = (one.lifetime or 0) // one.customers
        acquisition = cost(one) if cost else terms.acquisition_otherwise
        ratio = None if acquisition is None else formulas.ratio(worth, acquisition)
        found.append(
            Row(
                name(one.name),
                one.name,
                one.customers,
                one.spent // one.customers,
                worth,
                None if one.predicted is None else one.predicted // one.customers,
                acquisition,
                ratio,
                None if ratio is None else formulas.band(ratio),
                round(100 * max(worth, 0) / best, 1) if best > 0 else 0,
            )
        )
    return found


def blended_cost(sources: Sequence[Sum], terms: Terms) -> int | None:
    """Return what winning a customer cost on average over those of whose source it is known."""
    known = [(terms.acquisition_of(one.name), one.customers) for one in sources]
    priced = [(cost, n) for cost, n in known if cost is not None]
    customers = sum(n for _, n in priced)
    return sum(cost * n for cost, n in priced) // customers if customers else None


def month_words(name: str) -> str:
    """Write a month of first orders: 202601 as Jan 2026."""
    year, month = divmod(int(name), 100)
    return f"{date(year, month, 1):%b %Y}"


@dataclass(frozen=True, slots=True)
class Holdout:
    """How well a forecast told the part that was held back: two lines of one scale, and the means by earlier repeats.

    `actual` and `expected` are path data in a box of 300 by 120 units.
    """

    cut: date
    weeks: float
    actual: str
    expected: str
    points: Sequence[tuple[float, float, float, float, float]]
    happened: int
    foretold: float
    by_repeats: Sequence[tuple[str, int, float, float, float, float]]
    customers: int

    @property
    def off(self) -> float:
        """By how much of what happened the forecast was off, with its sign; in per cent."""
        return 100 * (self.foretold - self.happened) / self.happened if self.happened else 0.0


def holdout(check: Mapping[str, Any]) -> Holdout | None:
    """Return the check of a forecast as a chart; None where there was too little to check."""
    if not check:
        return None
    weeks, actual, expected = check["weeks"], check["actual"], check["expected"]
    peak = max(*actual, *expected, 1)
    length = weeks[-1] or 1

    def path(values: Sequence[float]) -> str:
        at = [(0.0, 0.0), *zip(weeks, values, strict=True)]
        return " ".join(
            f"{'L' if n else 'M'}{300 * x / length:.1f} {116 - 110 * y / peak:.1f}" for n, (x, y) in enumerate(at)
        )

    points = [
        (round(300 * week / length, 1), week, one, two, round(116 - 110 * one / peak, 1))
        for week, one, two in zip(weeks, actual, expected, strict=True)
    ]
    means = check["by_repeats"]
    top = max((max(row[2], row[3]) for row in means), default=1) or 1
    bars = [
        (
            f"{int(row[0])}" + ("+" if row is means[-1] and len(means) > 7 else ""),
            int(row[1]),
            row[2],
            row[3],
            round(100 * row[2] / top, 1),
            round(100 * row[3] / top, 1),
        )
        for row in means
    ]
    cut = date.fromordinal(int(check["cut"]))
    ends = (actual[-1], expected[-1])
    return Holdout(cut, length, path(actual), path(expected), points, *ends, bars, int(check["customers"]))
