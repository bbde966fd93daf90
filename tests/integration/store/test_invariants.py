"""The invariants hold after real work, and each query finds the breach that it is there for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from rig.world import World
from store.invariants import look

VISIT = {"type": "trigger.event", "event": "shop.visited"}
NODES: dict[str, dict[str, Any]] = {
    "enter": VISIT,
    "mail": {"type": "action.send", "subject": "Hi", "body": "Hi", "channel": "email"},
    "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
    "code": {"type": "action.promo_code", "batch": "gift"},
    "wait2": {"type": "flow.wait", "amount": 1, "unit": "days"},
    "end": {"type": "action.send", "subject": "Bye", "body": "{{ code }}", "channel": "email"},
}


@pytest.fixture
def busy(database_url: str) -> Iterator[World]:
    """A world in which some have finished, some wait and some were ended."""
    world = World(database_url)
    world.code_batch("gift")
    customers = world.customers(30)
    world.journey("gift", NODES, exit_rules=[{"event": "purchase"}])
    world.happens(customers[:20], "shop.visited")
    world.settle()
    world.pass_time(days=1)
    world.happens(customers[:5], "purchase", {"order": "1"})
    world.happens(customers[20:], "shop.visited")
    world.settle()
    world.pass_time(days=1)
    yield world
    world.close()


def breaches(world: World) -> dict[str, int]:
    with world.store.read() as conn:
        found = look(conn, now=world.now)
    return {f"{one.invariant.id} {one.invariant.title}": one.breaches for one in found if one.breaches}


def test_all_hold_after_real_work(busy: World) -> None:
    assert breaches(busy) == {}
    assert busy.statuses() == {"exited": 5, "completed": 15, "waiting": 10}


BREACHES = [
    ("I1 No enrollment", "UPDATE enrollment SET wake_at = NULL WHERE status = 'waiting'"),
    ("I1 No enrollment", "UPDATE enrollment SET ended_at = NULL WHERE status = 'completed'"),
    ("I1 Every accepted", "UPDATE event SET matched_at = NULL WHERE id = (SELECT min(id) FROM event)"),
    ("I1 Whoever is due", "UPDATE enrollment SET wake_at = since WHERE status = 'waiting'"),
    ("I2 No effect", "DELETE FROM step_log WHERE node = 'mail'"),
    ("I4 The steps of an enrollment are", "DELETE FROM step_log WHERE node = 'wait'"),
    ("I4 The steps of an enrollment form", "UPDATE step_log SET port = 'else' WHERE node = 'mail'"),
    ("I4 A live", "UPDATE enrollment SET node = 'enter' WHERE status = 'waiting'"),
    ("I5 One owner", "UPDATE step_log SET seq = 0 WHERE node = 'mail'"),
    ("I6 Entered", "DELETE FROM enrollment WHERE status = 'completed' AND id = (SELECT min(id) FROM enrollment "
     "WHERE status = 'completed')"),
    ("I6 Entered", "UPDATE enrollment SET status = 'failed' WHERE status = 'exited'"),
    ("I6 The counters", "UPDATE step_count SET n = n + 1 WHERE node = 'mail'"),
    ("I10 No timer", "UPDATE step_log SET at = :past"),
    ("I10 A date", "INSERT INTO occurrence (rule, customer_id, local_date, at) VALUES "
     "('r:n', 1, '2026-03-01', :past), ('r:n', 1, '2026-03-02', :past)"),
]  # fmt: skip


@pytest.mark.parametrize(("invariant", "damage"), BREACHES)
def test_each_breach_is_found(busy: World, invariant: str, damage: str) -> None:
    from store.types import sqlite_text

    past: Any = busy.now - timedelta(days=400)
    values = {"past": sqlite_text(past) if busy.store.dialect == "sqlite" else past} if ":past" in damage else {}
    busy.now += timedelta(minutes=10)
    with busy.store.write() as conn:
        conn.execute(text(damage), values)
    assert any(name.startswith(invariant) for name in breaches(busy)), breaches(busy)
