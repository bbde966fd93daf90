"""What the models ask of a log of purchases: repeats, the age at the last one, the age, the mean of the repeats."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Figures = NDArray[np.float64]
WEEK = 7.0


@dataclass(frozen=True, slots=True)
class Purchases:
    """Purchases by customer and day, several of a day merged: `first` is where each customer's begin."""

    first: Whole
    day: Whole
    total: Whole

    @property
    def counts(self) -> Whole:
        """How many days of purchase each customer has."""
        return np.diff(np.append(self.first, len(self.day)))


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of customers at one day, in weeks; see `bgnbd` and `spend`. `customer` is the place in order."""

    customer: Whole
    repeats: Figures
    last: Figures
    age: Figures
    mean: Figures


def merged(customer: Whole, day: Whole, total: Whole) -> tuple[Whole, Purchases]:
    """Return the customers in order, and their purchases; those of one day count as one. Input sorted by both."""
    if not len(customer):
        empty = np.empty(0, dtype=np.int64)
        return empty, Purchases(empty, empty, empty)
    begins = np.flatnonzero(np.append(True, (np.diff(customer) != 0) | (np.diff(day) != 0)))
    totals = np.add.reduceat(total, begins)
    owners = customer[begins]
    first = np.flatnonzero(np.append(True, np.diff(owners) != 0))
    return owners[first], Purchases(first, day[begins], totals)


def seen(bought: Purchases, today: int) -> Seen:
    """Return what is known at the end of a day; customers whose first purchase is later are left out."""
    if not len(bought.first):
        none = np.empty(0)
        return Seen(np.empty(0, dtype=np.int64), none, none, none, none)
    counts = np.add.reduceat((bought.day <= today).astype(np.int64), bought.first)
    spent = np.add.reduceat(np.where(bought.day <= today, bought.total, 0), bought.first)
    who = np.flatnonzero(counts > 0)
    begin, n = bought.first[who], counts[who]
    repeats = (n - 1).astype(np.float64)
    after_first = (spent[who] - bought.total[begin]).astype(np.float64)
    mean = np.divide(after_first, repeats, out=np.zeros(len(who)), where=repeats > 0)
    last = (bought.day[begin + n - 1] - bought.day[begin]) / WEEK
    return Seen(who, repeats, last, (today - bought.day[begin]) / WEEK, mean)
