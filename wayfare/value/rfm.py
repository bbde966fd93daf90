"""RFM: recency, frequency and monetary value, each in five classes; 125 cells; 11 groups with names.

A class says how a customer compares with the others: 5 is the best fifth. **Equal values are always in one class**: the
class of a value is 1 + ⌊5 × (share of customers who have less)⌋. So classes are quintiles where values differ, and
where many are alike (most customers bought once) they all share the lowest class that any of them would have; the
classes above may then be empty, and that is the truth about the data, not a fault.

The four cut points of a figure say all of it: a value's class is 1 + the number of cut points that are not above it.
They can be stored, so one customer is scored without the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLASSES = 5
Cuts = tuple[float | None, ...]
"""Four values, each the smallest that reaches class 2, 3, 4, 5; None: no value reaches it."""


def cut_points(values: NDArray[np.integer]) -> Cuts:
    """Return where the classes begin, for figures of which more is better. Without customers no class begins."""
    if not len(values):
        return (None,) * (CLASSES - 1)
    distinct, counts = np.unique(values, return_counts=True)
    below = np.concatenate(([0], np.cumsum(counts)[:-1]))
    classes = 1 + CLASSES * below // len(values)
    starts = np.searchsorted(classes, np.arange(2, CLASSES + 1))
    return tuple(distinct[at].item() if at < len(distinct) else None for at in starts)


def scores(values: NDArray[np.integer], cuts: Cuts) -> NDArray[np.int8]:
    """Return the class of each value, 1 to 5."""
    found = np.ones(len(values), dtype=np.int8)
    for cut in cuts:
        if cut is not None:
            found += values >= cut
    return found


def score(value: float, cuts: Cuts) -> int:
    """Return the class of one value, 1 to 5."""
    return 1 + sum(cut is not None and value >= cut for cut in cuts)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of customers who are alike in how lately, how often and for how much they buy."""

    key: str
    name: str
    advice: str


GROUPS = (
    Group(
        "champions",
        "Champions",
        "Bought lately, buy often and spend most. Reward them, ask for reviews, show them new things first.",
    ),
    Group("loyal", "Loyal", "Buy regularly. Offer more of what they like; invite them to the next level."),
    Group(
        "potential",
        "Potential loyalists",
        "Bought lately, more than once or for a good sum. Offer membership, recommend other products.",
    ),
    Group("new", "New", "Bought for the first time lately. Welcome them and help with the first steps."),
    Group("promising", "Promising", "Bought lately, a little. Make the brand known, offer a small trial."),
    Group(
        "attention",
        "Need attention",
        "Above the average in all, but not lately. Offers for a limited time, based on past purchases.",
    ),
    Group(
        "about_to_sleep",
        "About to sleep",
        "Below the average, and it has been a while. Remind them before they are gone.",
    ),
    Group("at_risk", "At risk", "Spent well and bought often, long ago. Write personally; bring them back."),
    Group(
        "cannot_lose",
        "Cannot lose them",
        "Spent most and bought most often, but not for long. Win them back: call, ask, renew.",
    ),
    Group("hibernating", "Hibernating", "Bought little, and long ago. Offer what is relevant, at a low cost."),
    Group("lost", "Lost", "Lowest in all. Try once, or spend the money elsewhere."),
)
"""From the best to the worst. `docs/audience.md` shows the cells."""

_TABLE = {  # by recency class; columns are the mean of frequency and monetary class, a half upwards
    5: ("new", "potential", "potential", "loyal", "champions"),
    4: ("promising", "potential", "potential", "loyal", "champions"),
    3: ("about_to_sleep", "attention", "attention", "loyal", "loyal"),
    2: ("hibernating", "about_to_sleep", "at_risk", "at_risk", "cannot_lose"),
    1: ("lost", "hibernating", "at_risk", "at_risk", "cannot_lose"),
}

Cell = tuple[int, int, int]


def cells() -> Sequence[Cell]:
    """Return the 125 cells (recency, frequency, monetary), in order."""
    classes = range(1, CLASSES + 1)
    return [(r, f, m) for r in classes for f in classes for m in classes]


def default_group(cell: Cell) -> str:
    """Return the key of the group of a cell, as long as nobody has said otherwise."""
    recency, frequency, monetary = cell
    return _TABLE[recency][(frequency + monetary + 1) // 2 - 1]


def group_of(cell: Cell, mapping: Mapping[Cell, str]) -> str:
    """Return the key of the group of a cell: as mapped, or the default."""
    return mapping.get(cell) or default_group(cell)


def group_table(mapping: Mapping[Cell, str]) -> NDArray[np.int8]:
    """Return for each cell, at [recency - 1, frequency - 1, monetary - 1], the place of its group in `GROUPS`."""
    places = {group.key: place for place, group in enumerate(GROUPS)}
    found = np.empty((CLASSES, CLASSES, CLASSES), dtype=np.int8)
    for r, f, m in cells():
        found[r - 1, f - 1, m - 1] = places[group_of((r, f, m), mapping)]
    return found
