"""Amounts of money as people read them in messages and on cards, and the currency as a setting."""

from typing import Annotated

from pydantic import Field

Currency = Annotated[
    str, Field(min_length=3, max_length=3, pattern=r"^[A-Z]{3}$", json_schema_extra={"placeholder": "UAH"})
]
"""A currency's three letters."""


def major(minor: int) -> str:
    """Return an amount of minor units in major ones, without needless zeros: 500, 1199.50."""
    whole, rest = divmod(abs(minor), 100)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:02}" if rest else f"{sign}{whole}"


def shown(minor: int) -> str:
    """Return an amount with its thousands apart: 12 500."""
    whole, dot, rest = major(minor).partition(".")
    return f"{int(whole):,}".replace(",", " ") + dot + rest
