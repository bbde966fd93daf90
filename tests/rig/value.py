"""A shop with customers and orders in bulk, for classes and values: `Shop(url).bought([(1, day, 1000), ...])`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text

from engine.value import compute
from store import bulk
from store.db import Store
from store.value_runs import RFM, Run
from wayfare.cli.demo.cdnow import LAST_DAY, rows
from wayfare.vault import Vault

NOON = time(12)
Order = tuple[int, date, int]


class Shop:
    """One database; `now` moves only when the test moves it."""

    def __init__(self, url: str, zone: str = "UTC") -> None:
        self.now = datetime.combine(LAST_DAY, time(20), UTC)
        self.store = Store(url, Vault(b"a secret for tests, long enough!"), zone=zone)
        self._orders = 0

    def close(self) -> None:
        """Let go of the database."""
        self.store.dispose()

    def bought(self, orders: Iterable[Order], attributes: dict[int, dict[str, Any]] | None = None) -> None:
        """Add orders (customer, day, total), customers among them, and the figures that the matcher would keep."""
        found = sorted(orders)
        facts: dict[int, list[Any]] = {}
        made = []
        for customer, day, total in found:
            self._orders += 1
            at = datetime.combine(day, NOON, UTC)
            made.append(("test", f"o{self._orders}", customer, at, "USD", total))
            known = facts.setdefault(customer, [0, 0, at, at])
            facts[customer] = [known[0] + 1, known[1] + total, min(known[2], at), max(known[3], at)]
        columns = ("id", "key", "attributes", "folded", "created_at", "updated_at", "is_synthetic")
        given = attributes or {}
        people: list[tuple[Any, ...]] = [
            (id, f"c{id}", given.get(id, {}), {}, self.now, self.now, True) for id in facts
        ]
        ordered = ("source", "key", "customer_id", "at", "currency", "total")
        figures = ("customer_id", "order_count", "order_sum", "first_order_at", "last_order_at")

        def work(conn: Any) -> None:
            bulk.insert_rows(conn, "customer", columns, people)
            bulk.insert_rows(conn, "sales_order", ordered, made)
            bulk.insert_rows(conn, "customer_fact", figures, [(id, *figure) for id, figure in sorted(facts.items())])

        self.store.run(work)

    def compute(self, kind: str = RFM) -> Run:
        """Compute now."""
        return compute(self.store, kind, self.now, "test")

    def pass_time(self, **duration: float) -> None:
        """Let time go by, as for `timedelta`."""
        self.now += timedelta(**duration)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query as plain tuples."""
        with self.store.read() as conn:
            return [tuple(row) for row in conn.execute(text(query), values)]


def cdnow() -> list[Order]:
    """Return the whole CDNOW log."""
    return [(row.customer, row.day, row.cents) for row in rows()]
