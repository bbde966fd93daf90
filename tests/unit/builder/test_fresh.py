"""What a new step begins with."""

from typing import Any

import pytest

from builder.fresh import fresh_settings
from nodes.graph import Node
from nodes.registry import open_registry

REGISTRY = open_registry([])


def a_journey(type: str, **settings: Any) -> dict[str, Any]:
    return {"nodes": [{"id": "t", "type": type, "settings": settings}], "edges": []}


@pytest.mark.parametrize(
    ("settings", "days"), [({}, 7), ({"offset_days": -7}, 7), ({"offset_days": 30}, 37), ({"every_year": False}, 7)]
)
def test_a_promo_code_in_a_journey_around_a_date_is_valid_around_it(settings: dict[str, Any], days: int) -> None:
    found = fresh_settings("action.promo_code", a_journey("trigger.date", **settings), REGISTRY)
    assert found == {"valid": "date", "date": "birthday", "days": days}
    REGISTRY.load(Node(id="c", type="action.promo_code", settings={**found, "batch": "b"}))


def test_a_yearly_date_that_is_no_birthday_would_be_long_past() -> None:
    wedding = a_journey("trigger.date", date="attrs.wedding")
    assert fresh_settings("action.promo_code", wedding, REGISTRY) == {}
    once = a_journey("trigger.date", date="attrs.wedding", every_year=False)
    assert fresh_settings("action.promo_code", once, REGISTRY)["date"] == "attrs.wedding"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"nodes": []},
        a_journey("trigger.event"),
        a_journey("trigger.date", date="first_name"),
        a_journey("acme.unknown"),
        a_journey("flow.wait"),
    ],
)
def test_everywhere_else_a_code_begins_empty(document: dict[str, Any]) -> None:
    assert fresh_settings("action.promo_code", document, REGISTRY) == {}
