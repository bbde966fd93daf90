"""The journey that fault tests run, and the oracle that knows from the rules alone what must have come of it."""

from collections.abc import Iterable
from typing import Any

from rig.world import World
from store import bulk
from store.invariants import look

NODES: dict[str, dict[str, Any]] = {
    "enter": {"type": "trigger.event", "event": "shop.visited"},
    "split": {
        "type": "flow.split_rule",
        "branches": [{"port": "ua", "when": {"type": "compare", "fact": "country", "op": "=", "value": "UA"}}],
    },
    "hello_ua": {"type": "action.send", "subject": "Hi", "body": "Hi {{ first_name }}", "channel": "email"},
    "hello": {"type": "action.send", "subject": "Hi", "body": "Hello {{ first_name }}", "channel": "email"},
    "wait": {"type": "flow.wait", "amount": 1, "unit": "days"},
    "code": {"type": "action.promo_code", "batch": "gift"},
    "offer": {"type": "action.send", "subject": "A gift", "body": "{{ code }}", "channel": "email"},
}
EDGES = [
    ("enter", "next", "split"),
    ("split", "ua", "hello_ua"),
    ("split", "else", "hello"),
    ("hello_ua", "next", "wait"),
    ("hello", "next", "wait"),
    ("wait", "next", "code"),
    ("code", "next", "offer"),
]


def publish(world: World, customers: int) -> list[int]:
    """Publish the journey; add customers of whom a third lives in Poland, all of whom agreed to e-mails."""
    world.code_batch("gift")
    world.journey("gift", NODES, EDGES)
    ids = world.customers([{"country": "PL" if n % 3 == 0 else "UA"} for n in range(customers)])
    columns = ("customer_id", "channel", "purpose", "granted", "source", "at")
    rows = [(id, "email", "marketing", True, "test", world.now) for id in ids]
    world.store.run(lambda conn: bulk.insert_rows(conn, "consent", columns, rows))
    return ids


def expected_steps(customers: Iterable[int], *, second_leg: bool) -> set[tuple[int, int, str, str]]:
    """Return (customer, number, node, port) of every step that must be in the log: no fewer, no others."""
    steps = set()
    for place, id in enumerate(customers):
        abroad = place % 3 == 0
        path = [("enter", "next"), ("split", "else" if abroad else "ua"), ("hello" if abroad else "hello_ua", "next")]
        if second_leg:
            path += [("wait", "next"), ("code", "next"), ("offer", "next")]
        steps |= {(id, number, node, port) for number, (node, port) in enumerate(path)}
    return steps


def logged_steps(world: World) -> list[tuple[Any, ...]]:
    """Return the same of what is in the log, with repeats if there were any."""
    return world.rows(
        """SELECT e.customer_id, s.seq, s.node, s.port FROM step_log s JOIN enrollment e ON e.id = s.enrollment_id"""
    )


def is_as_expected(world: World, customers: list[int], *, second_leg: bool) -> None:
    """Compare steps, messages and codes with the oracle, and look at every invariant."""
    logged = logged_steps(world)
    expected = expected_steps(customers, second_leg=second_leg)
    assert len(logged) == len(set(logged)), "a step is in the log twice"
    assert set(logged) == expected
    messages = world.rows("SELECT customer_id, node FROM message")
    sends = {(id, node) for id, _, node, _ in expected if node.startswith(("hello", "offer"))}
    assert sorted(messages) == sorted(sends)
    codes = [row[0] for row in world.rows("SELECT customer_id FROM code")]
    assert sorted(codes) == (sorted(customers) if second_leg else [])
    with world.store.read() as conn:
        broken = [finding for finding in look(conn, now=world.now) if finding.breaches]
    assert broken == []
