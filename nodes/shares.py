"""Shares of a hundred: ways that divide customers at random, the same way each time."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from pydantic_core import PydanticCustomError

from nodes.contract import Batch
from wayfare.chance import share


class Way(Protocol):
    """One way out and its share."""

    @property
    def port(self) -> str:
        """The name of the way."""

    @property
    def percent(self) -> Decimal:
        """How many of a hundred take it."""


def check_shares(ways: Sequence[Way]) -> None:
    """Raise what the form shows when a name is there twice or the shares do not add up to 100."""
    names = [one.port for one in ways]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise PydanticCustomError("duplicate_port", "the name '{name}' is there twice", {"name": twice})
    total = sum((one.percent for one in ways), Decimal(0))
    if total != 100:
        raise PydanticCustomError(
            "shares_not_100", "the shares add up to {total} percent; make it 100", {"total": str(total)}
        )


def chooser(ways: Sequence[Way], batch: Batch) -> Callable[[int], str]:
    """Return what names the way of an enrollment, by journey, node and customer."""
    customers, journey, node = batch.column("customer"), batch.journey, batch.node
    limits: list[tuple[float, str]] = []
    limit = Decimal(0)
    for one in ways:
        limit += one.percent
        limits.append((float(limit / 100), one.port))

    def choose(id: int) -> str:
        place = share(journey, node, customers[id])
        return next(port for below, port in limits if place < below)

    return choose


def in_words(ways: Sequence[Way]) -> str:
    """Return the shares on one line: "50 % a, 50 % b"."""
    return ", ".join(f"{one.percent.normalize():f} % {one.port}" for one in ways)
