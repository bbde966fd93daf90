"""The two models together: fitted to a log, tried on what was held back, and asked about customers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wayfare.value import bgnbd, spend
from wayfare.value.history import Purchases, Seen, seen

Figures = NDArray[np.float64]
YEAR = 365.25 / 7
"""Weeks."""
MIN_REPEATERS = 100
"""Customers who came back, below which no forecast is made: what few do says little about the rest."""
POINTS = 13
MOST_REPEATS = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Both models. `p`, `q`, `v` of the second are in minor units."""

    purchases: bgnbd.Model
    amount: spend.Spend

    def parameters(self) -> dict[str, float]:
        """Return what `from_parameters` takes."""
        one, two = self.purchases, self.amount
        return {
            **{name: getattr(one, name) for name in ("r", "alpha", "a", "b", "log_likelihood", "customers")},
            **{name: getattr(two, name) for name in ("p", "q", "v")},
            "spend_log_likelihood": two.log_likelihood,
            "spend_customers": two.customers,
        }

    @classmethod
    def from_parameters(cls, of: dict[str, float]) -> "Forecast":
        """Return a forecast that was fitted before."""
        one = bgnbd.Model(of["r"], of["alpha"], of["a"], of["b"], of["log_likelihood"], int(of["customers"]))
        two = spend.Spend(of["p"], of["q"], of["v"], of["spend_log_likelihood"], int(of["spend_customers"]))
        return cls(one, two)

    def orders(self, weeks: float, known: Seen) -> Figures:
        """Return how many purchases each customer is expected to make in the next `weeks`; never below 0."""
        found = self.purchases.expected_purchases(weeks, known.repeats, known.last, known.age)
        return np.maximum(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0), 0.0)

    def to_come(self, known: Seen, years: int, rate: float) -> tuple[Figures, Figures, Figures]:
        """Return orders of the next year, revenue of the next year, and revenue of `years` discounted to today.

        What comes in the course of a year is discounted for the whole of it, as in the formula with CAC.
        """
        each = np.maximum(np.nan_to_num(self.amount.expected(known.repeats, known.mean)), 0.0)
        until = np.zeros(len(each))
        worth = np.zeros(len(each))
        first = until
        for year in range(1, years + 1):
            upto = self.orders(year * YEAR, known)
            worth += (upto - until) * each / (1 + rate) ** year
            until = upto
            first = upto if year == 1 else first
        return first, first * each, worth


def fit(known: Seen) -> Forecast:
    """Fit both models. ValueError, in words for people, when there is too little to learn from."""
    repeaters = int((known.repeats > 0).sum())
    if repeaters < MIN_REPEATERS:
        raise ValueError(
            f"{repeaters} customers came back so far; a forecast needs {MIN_REPEATERS}, for what few do says little"
        )
    return Forecast(bgnbd.fit(known.repeats, known.last, known.age), spend.fit(known.repeats, known.mean))


def holdout(bought: Purchases, today: int) -> dict[str, Any]:
    """Fit to the first two thirds of the time, foretell the last third, and compare with what happened.

    Returns the day of the cut, the weeks held back, cumulative repeat purchases by week (actual, expected) and the mean
    per customer by the number of earlier repeats. Empty when two thirds are too little to learn from.
    """
    if not len(bought.day):
        return {}
    span = today - int(bought.day.min())
    cut = today - span // 3
    known = seen(bought, cut)
    if int((known.repeats > 0).sum()) < MIN_REPEATERS or today - cut < POINTS:
        return {}
    model = bgnbd.fit(known.repeats, known.last, known.age)
    rows, place, counts = np.unique(
        np.column_stack((known.repeats, known.last, known.age)), axis=0, return_inverse=True, return_counts=True
    )
    alike = Seen(np.arange(len(rows)), rows[:, 0], rows[:, 1], rows[:, 2], np.zeros(len(rows)))
    ask = Forecast(model, spend.Spend(1, 2, 1, 0, 0))
    owner = np.repeat(np.arange(len(bought.first)), bought.counts)
    is_known = np.zeros(len(bought.first), dtype=bool)
    is_known[known.customer] = True
    later = bought.day[(bought.day > cut) & is_known[owner]]
    days = np.unique(np.linspace(0, today - cut, POINTS + 1).round().astype(int))[1:]
    expected = [float((ask.orders(day / 7, alike) * counts).sum()) for day in days]
    actual = [int((later <= cut + day).sum()) for day in days]
    return {
        "cut": cut,
        "weeks": [round(float(day) / 7, 1) for day in days],
        "actual": actual,
        "expected": [round(one, 1) for one in expected],
        "customers": len(known.customer),
        "by_repeats": _by_repeats(known, bought, cut, ask.orders((today - cut) / 7, alike)[place.ravel()]),
    }


def _by_repeats(known: Seen, bought: Purchases, cut: int, expected: Figures) -> list[list[float]]:
    """Return rows (repeats before, customers, actual mean, expected mean); the last row is that many and more."""
    later = np.add.reduceat((bought.day > cut).astype(np.int64), bought.first)[known.customer]
    group = np.minimum(known.repeats, MOST_REPEATS).astype(int)
    rows = []
    for repeats in range(MOST_REPEATS + 1):
        here = group == repeats
        if here.any():
            actual, foretold = float(later[here].mean()), float(expected[here].mean())
            rows.append([float(repeats), float(here.sum()), round(actual, 3), round(foretold, 3)])
    return rows
