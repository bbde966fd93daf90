"""The journey that everyone walks: trigger → split → send → wait 1 day → promo code → send."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = 6  # a customer leaves trigger, split, one of two sends, wait, code and send


class Leg(NamedTuple):
    """A part of the journey between two waits: the moment at which everyone is due, and whether it is the first."""

    now: datetime
    first: bool


LEGS = (Leg(START + timedelta(seconds=1), True), Leg(START + timedelta(days=2), False))

GRAPH: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        {"id": "n1", "type": "trigger.event", "settings": {"event": "shop.visited"}},
        {
            "id": "n2",
            "type": "flow.split_rule",
            "settings": {
                "branches": [{"port": "ua", "when": {"type": "compare", "fact": "country", "op": "=", "value": "UA"}}]
            },
        },
        {"id": "n3", "type": "action.send", "settings": {"subject": "Привіт", "body": "Привіт, {{ first_name }}"}},
        {"id": "n4", "type": "action.send", "settings": {"subject": "Hello", "body": "Hello, {{ first_name }}"}},
        {"id": "n5", "type": "flow.wait", "settings": {"amount": 24, "unit": "hours"}},
        {"id": "n6", "type": "action.promo_code", "settings": {"batch": "bench"}},
        {"id": "n7", "type": "action.send", "settings": {"subject": "A gift", "body": "{{ first_name }}: {{ code }}"}},
    ],
    "edges": [
        {"from": "n1", "port": "next", "to": "n2"},
        {"from": "n2", "port": "ua", "to": "n3"},
        {"from": "n2", "port": "else", "to": "n4"},
        {"from": "n3", "port": "next", "to": "n5"},
        {"from": "n4", "port": "next", "to": "n5"},
        {"from": "n5", "port": "next", "to": "n6"},
        {"from": "n6", "port": "next", "to": "n7"},
    ],
}
ORDER = [node["id"] for node in GRAPH["nodes"]]
