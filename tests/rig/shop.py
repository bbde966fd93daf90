"""A shop's database as it looks after some weeks: people, purchases, three journeys, messages in every state.

The engine itself makes the rows, so that they fit together; what only a provider could do is written by hand.
"""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from builder.publish import publish
from builder.text import from_document
from engine.runtime import Runtime
from engine.segment_rules import save_segment
from engine.segments import refresh
from nodes.registry import Registry, builtin_types
from rig.people import a_customer, add
from rig.web import NOON, Web
from rig.world import World

FIRST = ["Олена", "Андрій", "Марія", "Іван", "Софія", "Тарас", "Anna", "Jan", "Nino", "Айгерім", "Leyla", "Żaneta"]
LAST = ["Коваленко", "Шевченко", "Бондар", "Wiśniewska", "Kowalski", "Beridze", "Мороз", "Лисенко", "Nowak", "Гнатюк"]
CITIES = ["Київ", "Львів", "Одеса", "Харків", "Warszawa", "Kraków", "თბილისი", "Алматы"]
LEVELS = ["Silver", "Gold", "VIP", None, None]
HELLO = "Вітаємо, {{ first_name | default: 'friend' }}!"
TEXT = HELLO + " Your code is {{ code }}."

Nodes = Mapping[str, Mapping[str, Any]]


def graph(nodes: Nodes, edges: list[tuple[str, str, str]], **more: Any) -> dict[str, Any]:
    """Return a journey's text from {id: {"type": ..., settings}} and (from, port, to)."""
    return {
        "schema": 1,
        "nodes": [
            {"id": id, "type": one["type"], "settings": {name: v for name, v in one.items() if name != "type"}}
            for id, one in nodes.items()
        ],
        "edges": [{"from": a, "port": port, "to": b} for a, port, b in edges],
        **more,
    }


WELCOME = graph(
    {
        "start": {"type": "trigger.event", "event": "customer.registered"},
        "hello": {"type": "action.send", "channel": "email", "subject": "Ласкаво просимо", "body": HELLO},
        "wait": {"type": "flow.wait_event", "event": "purchase", "amount": 5, "unit": "days"},
        "goal": {"type": "flow.goal", "name": "First purchase"},
        "thanks": {"type": "action.send", "channel": "sms", "body": "Дякуємо за покупку!"},
        "code": {"type": "action.promo_code", "batch": "welcome", "prefix": "HI-", "days": 14},
        "offer": {"type": "action.send", "channel": "email", "subject": "10 % на першу покупку", "body": TEXT},
        "end": {"type": "flow.exit", "reason": "welcomed"},
    },
    [
        ("start", "next", "hello"),
        ("hello", "next", "wait"),
        ("wait", "happened", "goal"),
        ("wait", "timeout", "code"),
        ("goal", "next", "thanks"),
        ("thanks", "next", "end"),
        ("code", "next", "offer"),
        ("offer", "next", "end"),
    ],
)
BIRTHDAY = graph(
    {
        "day": {"type": "trigger.date", "date": "birthday", "offset_days": -7},
        "split": {
            "type": "flow.split_rule",
            "branches": [
                {"port": "VIP", "when": {"type": "compare", "fact": "level", "op": "=", "value": "VIP"}},
                {"port": "Gold", "when": {"type": "compare", "fact": "level", "op": "=", "value": "Gold"}},
            ],
        },
        "c1": {"type": "action.promo_code", "batch": "vip", "prefix": "VIP-", "valid": "date", "days": 7},
        "c2": {"type": "action.promo_code", "batch": "gold", "prefix": "G-", "valid": "date", "days": 7},
        "c3": {"type": "action.promo_code", "batch": "all", "prefix": "B-", "valid": "date", "days": 7},
        "m1": {"type": "action.send", "channel": "viber", "body": "VIP подарунок: {{ code }}"},
        "m2": {"type": "action.send", "channel": "email", "subject": "Подарунок", "body": "{{ code }}"},
        "m3": {"type": "action.send", "channel": "sms", "body": "З днем народження! {{ code }}"},
        "bought": {"type": "flow.wait_event", "event": "purchase", "amount": 14, "unit": "days"},
        "goal": {"type": "flow.goal", "name": "Used the gift"},
        "end": {"type": "flow.exit", "reason": "the gift is over"},
    },
    [
        ("day", "next", "split"),
        ("split", "VIP", "c1"),
        ("split", "Gold", "c2"),
        ("split", "else", "c3"),
        ("c1", "next", "m1"),
        ("c2", "next", "m2"),
        ("c3", "next", "m3"),
        ("m1", "next", "bought"),
        ("m2", "next", "bought"),
        ("m3", "next", "bought"),
        ("bought", "happened", "goal"),
        ("bought", "timeout", "end"),
    ],
    entry={"reentry": "after", "after_days": 300},
)
SLEEPING = graph(
    {
        "asleep": {"type": "trigger.segment", "segment": "sleeping"},
        "note": {"type": "action.attribute", "name": "win_back", "value": "first letter"},
        "m1": {"type": "action.send", "channel": "email", "subject": "Ми сумуємо", "body": HELLO},
        "wait": {"type": "flow.wait", "amount": 3, "unit": "weeks"},
        "m2": {"type": "action.send", "channel": "sms", "body": "−20 %"},
    },
    [("asleep", "next", "note"), ("note", "next", "m1"), ("m1", "next", "wait"), ("wait", "next", "m2")],
    exit_rules=[{"event": "purchase", "name": "bought again"}],
)
SEGMENTS = {
    "vip": ("VIP", {"type": "compare", "fact": "level", "op": "=", "value": "VIP"}),
    "sleeping": ("Sleeping", {"type": "days_since", "fact": "orders.last_at", "op": ">", "value": 4}),
    "kyiv": ("Київ та околиці", {"type": "compare", "fact": "city", "op": "=", "value": "Київ"}),
    "never": ("Never bought", {"type": "not", "rule": {"type": "set", "fact": "orders.last_at"}}),
}


def fill(web: Web, customers: int = 60, days: int = 16) -> World:
    """Let a shop run for some days up to noon of `rig.web`; return its engine, for what comes after."""
    chance = random.Random(7)
    world = World(web.store.url, now=NOON - timedelta(days=days))
    world.store.dispose()
    world.store = web.store
    world.runtime = Runtime(web.store, Registry(builtin_types()), web.store.vault, now=lambda: world.now)
    _segments(world)
    for key, name, document in (
        ("birthday", "Birthday", BIRTHDAY),
        ("welcome", "Ласкаво просимо", WELCOME),
        ("win-back", "Sleeping customers", SLEEPING),
    ):
        publish(web.store, world.runtime.registry, key, from_document(document), world.now, "alice", name=name)
    people: list[int] = []
    for number in range(days):
        share = customers * (number + 1) // days - customers * number // days
        fresh = [_somebody(world, chance, len(people) + at, days - number) for at in range(share)]
        people += fresh
        world.happens(fresh, "customer.registered", {"form": "web"})
        buyers = chance.sample(people, k=max(1, len(people) // 6))
        for at, one in enumerate(buyers):
            lines = [{"sku": f"sku-{chance.randint(1, 9)}", "quantity": chance.randint(1, 3), "price": 49_900}]
            data = {"order": f"{number}-{at}", "store": "web", "currency": "UAH", "lines": lines}
            world.happens(one, "purchase", data)
        world.settle()
        refresh(web.store, world.now)
        world.pass_time(hours=23, minutes=50)
        world.now = NOON - timedelta(days=days - number - 1, minutes=chance.randint(1, 100))
        world.dates()
    world.now = NOON
    world.settle()
    refresh(web.store, world.now)
    world.settle()
    _deliver(web, chance)
    _also(web, world)
    return world


def _segments(world: World) -> None:
    for key, (name, rule) in SEGMENTS.items():
        save_segment(world.store, key, name, rule, world.now)
    refresh(world.store, world.now)


def _somebody(world: World, chance: random.Random, number: int, days_left: int) -> int:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    born = (NOON + timedelta(days=chance.randint(-10, 20))).date()

    def work(conn: Any) -> int:
        id = a_customer(
            conn,
            f"c-{1000 + number}",
            {"points": chance.randint(0, 4000), "favourite_brand": chance.choice(["Chanel", "Dior", "Lush"])},
            first_name=first,
            last_name=last,
            email=f"client{number}@mail.example",
            phone=f"+38067{number:07}",
            city=chance.choice(CITIES),
            country="UA",
            time_zone="Europe/Kyiv",
            level=chance.choice(LEVELS),
            locale="uk",
            sex=chance.choice(["female", "male"]),
            birthday=date(1970 + number % 35, born.month, min(born.day, 28)),
            created_at=world.now,
        )
        for channel in ("email", "sms"):
            granted = chance.random() < 0.85
            values = {"customer_id": id, "channel": channel, "purpose": "marketing", "granted": granted}
            add(conn, "consent", **values, source="web form", at=world.now)
            add(conn, "consent_change", **values, source="web form", at=world.now, received_at=world.now)
        return id

    return world.store.run(work)


def _deliver(web: Web, chance: random.Random) -> None:
    """Give messages the outcomes that channels and providers would."""
    seal = web.store.vault.seal
    letter = (
        "<!doctype html><html><body style='font-family:sans-serif'><h1>Вітаємо!</h1><p>Code HI-4F7K2</p></body></html>"
    )
    outcomes = (
        [("sent", None, "sent")] * 14
        + [("suppressed", "no consent for marketing by email", None)] * 2
        + [("failed", "550 5.1.1 mailbox client7@mail.example unavailable", "failed")]
        + [("uncertain", "the connection broke after the text was handed over", "uncertain")]
        + [("expired", "could not leave before its time was over", None), ("pending", None, None)]
    )

    def work(conn: Any) -> None:
        rows = conn.execute(text("SELECT id, created_at, channel FROM message ORDER BY id")).all()
        for id, created, channel in rows:
            status, reason, outcome = chance.choice(outcomes)
            made = datetime.fromisoformat(created).replace(tzinfo=UTC) if isinstance(created, str) else created
            at = made + timedelta(seconds=chance.randint(1, 90))
            values = {
                "id": id,
                "status": status,
                "reason": reason,
                "provider": f"{channel}-provider" if outcome else None,
                "subject": seal("Ласкаво просимо, Олена".encode()) if outcome else None,
                "body": seal(letter.encode() if channel == "email" else b"Code HI-4F7K2") if outcome else None,
            }
            message = _table("message")
            conn.execute(message.update().where(message.c.id == id).values(**values, attempts=1 if outcome else 0))
            if outcome:
                sent = {"sent_at": at} if status == "sent" else {}
                conn.execute(message.update().where(message.c.id == id).values(first_sent_at=at, **sent))
                add(
                    conn,
                    "attempt",
                    message_id=id,
                    number=1,
                    started_at=at,
                    ended_at=at + timedelta(milliseconds=chance.randint(40, 900)),
                    outcome=outcome,
                    provider=f"{channel}-provider",
                    idempotency_key=f"wf-{id:032x}",
                    body_hash=b"",
                    detail=reason or "250 2.0.0 OK",
                )

    web.store.run(work)


def _also(web: Web, world: World) -> None:
    """Add what a running shop has besides: a draft, a paused journey, somebody set aside, a silent channel."""
    journey = {"description": "", "pause_epoch": 0, "rev": 1, "created_at": world.now, "updated_at": world.now}

    def work(conn: Any) -> None:
        add(conn, "journey", key="cart", name="Abandoned cart", status="draft", draft=WELCOME, **journey)
        long = "Післяпокупкове опитування для покупців парфумерії преміумсегмента в регіонах, весна 2026"
        add(conn, "journey", key="survey", name=long, status="paused", draft={}, **journey)
        conn.execute(
            text(
                """UPDATE enrollment SET status = 'quarantined', wake_at = NULL, ended_at = :at,
                reason = 'BadResult: the template asks for attrs.points, which is text here'
                WHERE id IN (SELECT id FROM enrollment WHERE status = 'waiting' ORDER BY id LIMIT 2)"""
            ),
            {"at": world.now.replace(tzinfo=None) if web.store.dialect == "sqlite" else world.now},
        )
        aside = text("SELECT version_id, count(*) FROM enrollment WHERE status = 'quarantined' GROUP BY version_id")
        for version, n in conn.execute(aside).all():
            add(conn, "step_count", version_id=version, node="", port="@quarantined", day=f"{NOON:%Y-%m-%d}", n=n)
        add(
            conn,
            "channel_state",
            channel="viber",
            failures=9,
            stopped_reason="the provider refuses the key (401); put a new one into the settings of the channel",
            updated_at=world.now,
        )

    web.store.run(work)


def _table(name: str) -> Any:
    from store.tables import metadata

    return metadata.tables[name]
