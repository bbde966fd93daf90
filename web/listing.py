"""Lists on pages: which order, which page, and the addresses of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """The order a reader asked for: a column that the page offers, and its direction."""

    column: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list. `total` is None where counting would cost too much; then `has_more` alone tells."""

    rows: Sequence[T]
    page: int
    size: int
    total: int | None = None
    has_more: bool = False

    @property
    def first(self) -> int:
        """The number of the first row shown, from 1."""
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + len(self.rows) - 1

    @property
    def has_next(self) -> bool:
        """Whether another page follows."""
        return self.has_more if self.total is None else self.last < self.total


def asked_order(allowed: Sequence[str], default: str, *, descending: bool = False) -> Order:
    """Return the order in the address, if the page offers it: `?sort=name` or `?sort=-name`."""
    wanted = request.args.get("sort", "")
    column = wanted.removeprefix("-")
    return Order(column, wanted.startswith("-")) if column in allowed else Order(default, descending)


def asked_page(most: int = 10_000) -> int:
    """Return the page number in the address, from 1."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def asked(name: str, longest: int = 200) -> str:
    """Return a search text from the address, cleaned of what no database takes."""
    return request.args.get(name, "").replace("\0", "").strip()[:longest]


def here(**changes: Any) -> str:
    """Return this page's address with some of its parameters changed; None removes one."""
    values = {name: value for name, value in request.args.items() if name not in changes}
    values |= {name: str(value) for name, value in changes.items() if value is not None and value != ""}
    return request.path + (f"?{urlencode(values)}" if values else "")
