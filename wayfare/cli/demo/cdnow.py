"""The CDNOW purchase log: real purchases of a CD shop in 1997 and 1998, as they come with Wayfare."""

import gzip
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

FIRST_DAY, LAST_DAY = date(1997, 1, 1), date(1998, 6, 30)
SOURCE = "cdnow"


@dataclass(frozen=True, slots=True)
class Row:
    """One purchase of the log. `number` counts the lines from 1; `cents` is what all its CDs cost together."""

    number: int
    customer: int
    day: date
    units: int
    cents: int

    @property
    def key(self) -> str:
        """Return the customer's key in Wayfare."""
        return customer_key(self.customer)


def customer_key(customer: int) -> str:
    """Return the key of the customer whom the log knows by a number."""
    return f"{SOURCE}-{customer:05d}"


def text_of_log() -> str:
    """Return the log as it was published."""
    packed = files("wayfare").joinpath("data", "cdnow", "CDNOW_master.txt.gz").read_bytes()
    return gzip.decompress(packed).decode("ascii")


def rows(customers: Collection[int] | None = None) -> Iterator[Row]:
    """Yield the purchases in the order of the log: of everyone, or of some customers only."""
    for number, line in enumerate(text_of_log().splitlines()[1:], start=1):
        customer, day, units, dollars = line.split()
        if customers is None or int(customer) in customers:
            when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
            yield Row(number, int(customer), when, int(units), round(float(dollars) * 100))
