"""The rows that a picker shows, page by page."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wayfare.segments.text import fold

SIZE = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a picker. `note` stands beside the label, smaller."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picked:
    """One page of a picker's rows. `total` counts all rows of the kind, whatever was typed."""

    items: list[Choice] = field(default_factory=list)
    has_more: bool = False
    total: int = 0


def page_of(choices: Iterable[Choice], text: str, page: int) -> Picked:
    """Return one page of the choices in which every word of `text` is found."""
    every = list(choices)
    wanted = fold(text).split()
    fits = [one for one in every if all(word in fold(f"{one.label} {one.value}") for word in wanted)]
    start = (max(page, 1) - 1) * SIZE
    return Picked(fits[start : start + SIZE], len(fits) > start + SIZE, len(every))
