"""A population with every kind of odd value, drawn from the same pools as the rules in `rig.rules`."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rig.people import a_customer, add, an_event, an_order
from rig.rules import NUMBERS, TEXTS, ZONES

MIXED = [*TEXTS, *NUMBERS, True, False, None, "", [], {}, [5], {"a": 5}, "2024-02-29", "2026-02-30", "0000-01-01", " "]
DAYS = ["2026-11-24", "2024-02-29", "1996-02-29", "2026-03-29", "9999-12-31", "0000-01-01", "2026-13-01", "٢٠٢٦-01-01"]


def _a_value(conn: Connection, customer: int, chance: random.Random, since: datetime) -> None:
    """Give a customer classes, and to some a forecast."""
    forecast: dict[str, Any] = {}
    if chance.random() < 0.7:
        forecast = {"predicted": chance.choice([0, 5, 100, 10**12]), "alive": chance.choice([0, 5, 100])}
        forecast |= {"orders_expected": chance.choice([0.0, 0.1, 5.0, 7.25]), "profit": chance.choice([-3, 0, 100])}
    add(
        conn,
        "customer_value",
        customer_id=customer,
        **{name: chance.randrange(1, 6) for name in ("recency", "frequency", "monetary")},
        rfm_group=chance.choice(["champions", "loyal", "lost", "at_risk"]),
        rfm_since=since,
        orders=1,
        spent=100,
        first_month=202601,
        **forecast,
    )


def populate(conn: Connection) -> list[int]:
    """Make 90 customers with every kind of odd value; return their ids."""
    chance = random.Random(7)
    for sku, brand, categories in (("A", "Élan", ["Парфуми", "x"]), ("B", None, ["y"]), ("C", "élan", [])):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        add(conn, "product", sku=sku, name=sku, brand=brand, categories=categories, currency="UAH", updated_at=now)
    everyone = {"type": "all", "rules": []}
    segment = add(conn, "segment", key="vip", name="VIP", rule=everyone, built_rev=1, created_at=now, updated_at=now)
    friends = add(conn, "customer_list", key="friends", name="Friends", created_at=now)
    ids = []
    for number in range(90):

        def moment() -> datetime:
            return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 800))

        attributes: dict[str, Any] = {
            "mixed": chance.choice(MIXED),
            "points": chance.choice(NUMBERS),
            "text": chance.choice(TEXTS),
        }
        attributes |= {"day": chance.choice(DAYS), "flag": chance.choice([True, False, 1, "true"])}
        for name in list(attributes):
            if chance.random() < 0.2:
                del attributes[name]
        birthday = date(1970, 1, 1) + timedelta(days=chance.randrange(20_000))
        id = a_customer(
            conn,
            f"c{number}",
            attributes,
            city=chance.choice([*TEXTS, "", None]),
            first_name=chance.choice([*TEXTS, None]),
            level=chance.choice(["Gold", "gold", None]),
            time_zone=ZONES[number % len(ZONES)],
            birthday=chance.choice([birthday, date(2000, 2, 29), date(1999, 12, 31), date(1999, 1, 1), None]),
            created_at=chance.choice([moment(), datetime(2026, 3, 28, 22, 30, tzinfo=UTC)]),
        )
        ids.append(id)
        for _ in range(chance.randrange(4)):
            data: dict[str, Any] = {"amount": chance.choice(NUMBERS), "mixed": chance.choice(MIXED)}
            an_event(conn, id, "visit", moment(), {**data, "page": chance.choice(["Київ", "київ", 5])})
        for _ in range(chance.randrange(3)):
            lines = [(sku, chance.randrange(1, 3), chance.choice([50, 100])) for sku in chance.sample("ABC", 2)]
            an_order(conn, id, moment(), *lines, store=chance.choice(["web", "Shop"]))
        if chance.random() < 0.7:
            _a_value(conn, id, chance, moment())
        if number % 3:
            add(conn, "points_account", customer_id=id, balance=(0, 5, 100, -3)[number % 4], updated_at=now)
        if chance.random() < 0.3:
            add(conn, "segment_member", segment_id=segment, customer_id=id, since=now)
        if chance.random() < 0.3:
            add(conn, "list_member", list_id=friends, customer_id=id, since=now)
        for purpose in ("marketing", "service"):
            granted = chance.random() < 0.5
            add(conn, "consent", customer_id=id, channel="sms", purpose=purpose, granted=granted, source="", at=now)
    return ids
