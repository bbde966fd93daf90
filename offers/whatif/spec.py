"""What is asked: which receipts, how many of them, and what is assumed about them."""

import re
from dataclasses import asdict, dataclass, fields
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from wayfare.errors import InputRefused
from wayfare.money import half_up

Source = Literal["sample", "own", "file"]
SOURCES: tuple[Source, ...] = ("sample", "own", "file")
MOST_DAYS, MOST_RECEIPTS = 3660, 1_000_000
FIRST_YEAR, LAST_YEAR = 1950, 2200
"""Of receipts: with room to move them and to count days back."""
_SCALE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Spec:
    """One question. `days` counts back from the last receipt of a file, or from `until` (an instant) of our own.

    `most` receipts are taken by their hash when there are more; None takes all. `begins` moves all receipts by whole
    weeks so that the first day is not before it; None leaves them where they were. `scale` multiplies prices, for
    receipts in another currency than the rules: `currency` is what they then are in. `margin` is the percentage of
    the list price that is assumed where a product's cost is not known; None assumes none.
    """

    source: Source = "sample"
    days: int = 90
    most: int | None = None
    begins: str | None = None
    scale: str = "1"
    currency: str = ""
    margin: str | None = None
    zone: str = "UTC"
    until: str = ""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputRefused("source", f"receipts come from {', '.join(SOURCES)}", path="source")
        if not 1 <= self.days <= MOST_DAYS:
            raise InputRefused("days", f"give a number of days from 1 to {MOST_DAYS}", path="days")
        if self.most is not None and not 1 <= self.most <= MOST_RECEIPTS:
            raise InputRefused("most", f"give a number of receipts from 1 to {MOST_RECEIPTS:,}", path="most")
        if not _SCALE.fullmatch(self.scale) or not 0 < Fraction(self.scale) <= 100_000:
            raise InputRefused("scale", "give a factor for prices such as 1 or 41.5", path="scale")
        if self.margin is not None and (not _SCALE.fullmatch(self.margin) or Fraction(self.margin) > 100):
            raise InputRefused("margin", "give a margin in percent of the list price, from 0 to 100", path="margin")
        if self.begins is not None:
            try:
                if not FIRST_YEAR <= date.fromisoformat(self.begins).year <= LAST_YEAR:
                    raise ValueError(self.begins)
            except ValueError:
                raise InputRefused("begins", "write a day like 2026-11-24", path="begins") from None

    def as_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Spec":
        """Return it from its document."""
        return cls(**{one.name: document[one.name] for one in fields(cls) if one.name in document})

    def priced(self, price: int) -> int:
        """Return a price of the receipts, multiplied; a half is rounded up."""
        factor = Fraction(self.scale)
        return half_up(price * factor.numerator, factor.denominator)

    def cost(self, listed: int) -> int | None:
        """Return the cost that is assumed for goods at this list value; None when nothing is assumed."""
        if self.margin is None:
            return None
        left = 100 - Fraction(self.margin)
        return half_up(listed * left.numerator, left.denominator * 100)
