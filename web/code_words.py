"""Codes in words for pages: their states, and how many of a batch are in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from offers.codes.batches import is_low
from store.codes import BatchRow

STATES: Mapping[str, tuple[str, str, str]] = {
    "free": ("In the pool", "info", "Made, and given to nobody yet."),
    "issued": ("Issued", "accent", "Somebody has it, and did not use it yet."),
    "activated": ("Activated", "violet", "It was activated, and not used yet."),
    "released": ("Usable again", "accent", "An order had it and let it go."),
    "reserved": ("Reserved", "warn", "An order has it and is not paid yet."),
    "redeemed": ("Used", "good", "It is used up."),
    "void": ("Void", "bad", "It was taken out of use."),
    "expired": ("Expired", "", "Its time is over."),
}
"""By state: what it is called, its tone, and what that means; in the order of a code's life."""


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a bar of 100 units."""

    state: str
    label: str
    words: str
    count: int
    x: float
    width: float


def shares(found: Mapping[str, int]) -> Sequence[Share]:
    """Return the states of a batch's codes as parts of a bar, in the order of a code's life; none is invisible."""
    present = [(state, found[state]) for state in STATES if found.get(state)]
    total = sum(count for _, count in present)
    widths = [max(100 * count / total, 1.5) for _, count in present]
    scale, x, made = 100 / sum(widths) if widths else 1, 0.0, []
    for (state, count), width in zip(present, widths, strict=True):
        label, _, words = STATES[state]
        made.append(Share(state, label, words, count, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return made


def total(found: Mapping[str, int]) -> int:
    """Return how many codes a batch has."""
    return sum(found.get(state, 0) for state in STATES)


def given_out(found: Mapping[str, int]) -> int:
    """Return how many codes left the pool."""
    return total(found) - found.get("free", 0)


def pool_percent(row: BatchRow, found: Mapping[str, int]) -> int:
    """Return how full a pool is, against all codes that were ever in it; the warning level counts when it is higher."""
    whole = max(total(found), row.pool_warn or 0, 1)
    return min(100, 100 * found.get("free", 0) // whole)


__all__ = ["STATES", "Share", "given_out", "is_low", "pool_percent", "shares", "total"]
