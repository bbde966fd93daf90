"""What journeys gave to one customer, and their bonus points, as their page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nodes.plain_money import shown
from store import personal_prices, points
from store.db import Connection
from store.gifts import Given, given_to
from store.personal_prices import Shown
from store.points import Entry

_SHOWN = 6
KINDS = {
    "given": "given",
    "taken": "taken",
    "cashback": "cashback",
    "returned": "taken back with a return",
    "expired": "expired",
}


@dataclass(frozen=True, slots=True)
class Gifts:
    """Points with the latest movements, prices of the customer's own, certificates."""

    balance: int
    entries: Sequence[Entry]
    prices: Sequence[Shown]
    certificates: Sequence[Given]

    @classmethod
    def of(cls, conn: Connection, customer_id: int) -> "Gifts":
        """Read a customer's gifts: four small queries."""
        return cls(
            points.balances(conn, [customer_id]).get(customer_id, 0),
            points.entries_of(conn, customer_id, _SHOWN),
            personal_prices.prices_of(conn, customer_id, _SHOWN),
            given_to(conn, customer_id, _SHOWN),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.entries or self.prices or self.certificates)

    @staticmethod
    def price_words(one: Shown) -> str:
        """Return what a price is in words: 20 % off Soap."""
        what = one.product or one.what
        return f"{one.percent} % off {what}" if one.percent else f"{what} for {shown(one.price or 0)} {one.currency}"

    @staticmethod
    def entry_words(one: Entry) -> str:
        """Return why points came or went."""
        return KINDS.get(one.kind, one.kind)
