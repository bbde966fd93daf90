"""Figures that are read together are those that each would be alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import Connection, text

from rig.people import a_customer, add, an_event, an_order, open_store
from rig.statements import counted
from store.bulk import id_list, in_ids
from store.db import Store
from store.figures import figure, narrowed, turning_points, turns_at
from store.windows import load_figures
from wayfare.segments import Fact
from wayfare.segments.facts import Filter

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
VALUES = ("1", 1, 1.0, True, False, "true", "Ї \"'", 2.5, None, [1], {"a": 1}, "", 10**20)
ASKED: tuple[str | float | bool, ...] = ("1", 1, True, False, "true", "Ї \"'", 2.5, "", 10**20, "nobody")


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    with open_store(database_url) as store, store.write() as conn:
        yield conn


def alone(conn: Connection, ids: list[int], fact: Fact) -> dict[int, object]:
    """Ask for one figure by its own SELECT."""
    narrow = in_ids(conn, "customer_id")
    if fact.name.endswith("turns_at"):
        rows = conn.execute(narrowed(turning_points(fact, NOW, conn.dialect.name), narrow), {"ids": id_list(conn, ids)})
        return dict.fromkeys(ids) | {row[0]: turns_at(fact, row[1], row[2]) for row in rows}
    rows = conn.execute(narrowed(figure(fact, NOW, conn.dialect.name), narrow), {"ids": id_list(conn, ids)})
    return dict.fromkeys(ids, 0) | {row[0]: row[1] for row in rows}


def asked() -> list[Fact]:
    facts = []
    where: tuple[Filter, ...]
    for days, value in product((None, 7, 30), ASKED):
        where = (("what", value),)
        facts.append(Fact("events.count", key="seen", within_days=days, where=where))
        facts.append(Fact("events.sum", key="seen", field="amount", within_days=days, where=where))
        facts.append(Fact("events.count", key="seen", within_days=days, where=(("what", value), ("page", "x"))))
    for days in (None, 7, 30):
        facts.append(Fact("events.count", key="seen", within_days=days))
        facts.append(Fact("events.count", key="never", within_days=days))
        narrowings: tuple[tuple[Filter, ...], ...] = (
            (),
            (("store", "kyiv"),),
            (("sku", "A"),),
            (("brand", "Chanel"),),
            (("brand", "Chanel"), ("store", "kyiv")),
            (("category", "perfume"),),
        )
        for where in narrowings:
            facts.append(Fact("orders.window_count", within_days=days, where=where))
            facts.append(Fact("orders.window_sum", within_days=days, where=where))
    return facts + [fact.turning for fact in facts]


def test_together_as_alone(conn: Connection) -> None:
    ids = [a_customer(conn, name) for name in ("alice", "bob", "carol")]
    for sku, brand, category in (("A", "Chanel", "perfume"), ("B", "Dior", "perfume"), ("C", "Chanel", "make-up")):
        add(conn, "product", sku=sku, name=sku, brand=brand, categories=[category], currency="UAH", updated_at=NOW)
    for number, (value, days) in enumerate(product(VALUES, (-1, 0, 3, 7, 29, 400))):
        data = {"what": value, "amount": number / 2, "page": "x" if number % 3 else 5}
        an_event(conn, ids[number % 2], "seen", NOW - timedelta(days=days), data)
    for days in (-2, 1, 6, 31):
        an_order(conn, ids[0], NOW - timedelta(days=days), ("A", 2, 50), ("B", 1, 7), ("C", 1, 9), ("unknown", 1, 1))
    conn.execute(text("UPDATE sales_order SET store = 'kyiv' WHERE id % 2 = 0"))
    facts = asked()
    found = load_figures(conn, ids, facts, NOW)
    for fact in facts:
        assert found[fact] == alone(conn, ids, fact), fact
    assert any(found[fact][ids[0]] for fact in facts)


def test_statements_do_not_depend_on_how_many_values_are_asked(database_url: str) -> None:
    def sent(store: Store, id: int, values: int) -> int:
        facts = [Fact("events.count", key="seen", within_days=30, where=(("what", f"v{n}"),)) for n in range(values)]
        with counted(store) as statements, store.read() as conn:
            load_figures(conn, [id], facts + [fact.turning for fact in facts], NOW)
        return len(statements)

    with open_store(database_url) as store:
        id = store.run(lambda conn: a_customer(conn, "alice"))
        assert sent(store, id, 1) == sent(store, id, 80)
