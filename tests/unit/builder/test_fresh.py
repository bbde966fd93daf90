"""What a new step begins with."""

from typing import Any

import pytest

from builder.fresh import EACH_TIME, YEARLY, fresh_entry, fresh_settings, place_of
from nodes.builtin.action_send import GREETING
from nodes.contract import Place
from nodes.graph import Node
from nodes.registry import open_registry

REGISTRY = open_registry([])
ONCE = {"reentry": "never", "after_days": None}


def a_journey(type: str, **settings: Any) -> dict[str, Any]:
    return {"nodes": [{"id": "t", "type": type, "settings": settings}], "edges": []}


def somewhere(document: dict[str, Any], journey: str = "") -> Place:
    return place_of("new", document, REGISTRY, journey)


VIP = {"port": "Very VIP", "when": {"type": "compare", "fact": "level", "op": "=", "value": "VIP"}}
BRANCHES: dict[str, Any] = {
    "nodes": [
        {"id": "t", "type": "trigger.date", "settings": {"offset_days": -7}},
        {"id": "s", "type": "flow.split_rule", "settings": {"branches": [VIP]}},
        {"id": "c", "type": "action.promo_code", "settings": {"batch": "birthday-very-vip"}},
    ],
    "edges": [
        {"from": "t", "port": "next", "to": "s"},
        {"from": "s", "port": "Very VIP", "to": "c"},
        {"from": "c", "port": "next", "to": "new"},
        {"from": "s", "port": "else", "to": "other"},
    ],
}


@pytest.mark.parametrize(
    ("settings", "days"), [({}, 7), ({"offset_days": -7}, 7), ({"offset_days": 30}, 37), ({"every_year": False}, 7)]
)
def test_a_promo_code_in_a_journey_around_a_date_is_valid_around_it(settings: dict[str, Any], days: int) -> None:
    found = fresh_settings("action.promo_code", somewhere(a_journey("trigger.date", **settings)), REGISTRY)
    assert found == {"valid": "date", "date": "birthday", "days": days}
    REGISTRY.load(Node(id="c", type="action.promo_code", settings={**found, "batch": "b"}))


def test_a_yearly_date_that_is_no_birthday_would_be_long_past() -> None:
    wedding = a_journey("trigger.date", date="attrs.wedding")
    assert fresh_settings("action.promo_code", somewhere(wedding), REGISTRY) == {}
    once = a_journey("trigger.date", date="attrs.wedding", every_year=False)
    assert fresh_settings("action.promo_code", somewhere(once), REGISTRY)["date"] == "attrs.wedding"


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
    assert fresh_settings("action.promo_code", somewhere(document), REGISTRY) == {}


def test_a_code_has_a_batch_of_its_own_called_like_journey_and_branch() -> None:
    def batch(id: str, journey: str = "Birthday") -> Any:
        return fresh_settings("action.promo_code", place_of(id, BRANCHES, REGISTRY, journey), REGISTRY)["batch"]

    assert batch("other") == "birthday-others"
    assert batch("new") == "birthday-very-vip-2", "the branch has one already"
    assert batch("c") == "birthday-very-vip", "a step is not in its own way"
    assert batch("lost") == "birthday"
    found = batch("lost", "Ласкаво просимо / 2")
    assert found == "ласкаво-просимо-2"
    REGISTRY.load(Node(id="c", type="action.promo_code", settings={"batch": found}))


def test_a_place_tells_what_leads_there() -> None:
    place = place_of("new", BRANCHES, REGISTRY)
    assert [step.key for step in place.before] == ["action.promo_code", "flow.split_rule", "trigger.date"]
    assert place.branch == "Very VIP"
    assert place.trigger is not None
    assert place.trigger.key == "trigger.date"
    round_trip = {**BRANCHES, "edges": [*BRANCHES["edges"], {"from": "new", "port": "next", "to": "s"}]}
    assert place_of("new", round_trip, REGISTRY).branch == "Very VIP", "a circle has an end"


def test_a_message_greets_and_shows_the_code_that_is_issued_before() -> None:
    with_code = fresh_settings("action.send", place_of("new", BRANCHES, REGISTRY), REGISTRY)
    sent = REGISTRY.load(Node(id="m", type="action.send", settings=with_code))
    values = {"first_name": "Ann", "birthday": "1990-05-31", "code": "GIFT-1", "code_valid_until": "2026-06-07"}
    letter = sent.render("email", values)
    assert letter.subject == "A gift for your birthday, Ann"
    assert letter.body.startswith("Hello Ann,")
    assert "31.05" in letter.body
    assert "GIFT-1" in letter.body
    assert "07.06.2026" in letter.body
    plain = fresh_settings("action.send", place_of("other", BRANCHES, REGISTRY), REGISTRY)
    assert plain["body"].strip() == GREETING
    assert "subject" not in plain


@pytest.mark.parametrize(
    ("type", "before", "after"),
    [
        ("trigger.date", ONCE, YEARLY),
        ("trigger.schedule", ONCE, EACH_TIME),
        ("trigger.event", ONCE, None),
        ("trigger.event", YEARLY, ONCE),
        ("trigger.date", YEARLY, None),
        ("trigger.date", {"reentry": "after", "after_days": 30}, None),
        ("trigger.event", {"reentry": "always", "after_days": None}, None),
        ("flow.wait", ONCE, None),
        ("acme.unknown", ONCE, None),
    ],
)
def test_the_first_trigger_says_how_often_a_customer_enters(
    type: str, before: dict[str, Any], after: dict[str, Any] | None
) -> None:
    kept = {"holdout_percent": "5"}
    found = fresh_entry(type, {"nodes": [], "entry": {**before, **kept}}, REGISTRY)
    assert found == (None if after is None else {**after, **kept})


def test_a_second_trigger_changes_nothing() -> None:
    assert fresh_entry("trigger.date", a_journey("trigger.event", event="purchase"), REGISTRY) is None
