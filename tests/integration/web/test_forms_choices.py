"""What forms offer to choose: subjects that come later, steps of other journeys, and changes of the whole journey."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, String, Table, insert

from builder.publish import publish
from builder.text import from_document
from nodes.registry import Registry, builtin_types
from rig.formdata import sent
from rig.shop import WELCOME, graph
from rig.web import Browser, Web
from store import drafts
from store.tables import metadata
from store.views import known

YEARLY = graph({"day": {"type": "trigger.date"}, "again": {"type": "trigger.schedule"}}, [])


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("marketer")


@pytest.fixture
def templates(web: Web) -> Iterator[Table]:
    """A table of message templates, as another part of Wayfare may bring it."""
    made = Table("message_template", metadata, Column("key", String, primary_key=True), Column("name", String))
    with web.store.write() as conn:
        made.create(conn)
    yield made
    metadata.remove(made)


def _picked(browser: Browser, kind: str, **asked: str) -> Any:
    return browser.get(f"/forms/pick/{kind}", query_string=asked).json


def _save(browser: Browser, node: str, do: str = "", base: int = 1, **changes: str) -> Any:
    form: dict[str, Any] = dict(sent(browser.get(f"/journeys/j/draft/nodes/{node}/panel").text)) | changes
    more = {"_base": str(base), "_client": "tab", "_do": do}
    return browser.post(f"/journeys/j/draft/nodes/{node}/settings", {**form, **more})


def _draft(web: Web, document: dict[str, Any]) -> None:
    web.store.run(lambda conn: drafts.save_draft(conn, "j", document, now=web.at, name="J"))


def test_a_subject_without_a_table_says_so(alice: Browser) -> None:
    assert _picked(alice, "message_template")["empty"]["title"] == "Message templates are not kept here yet"


def test_a_subject_that_comes_later_can_be_chosen_at_once(web: Web, alice: Browser, templates: Table) -> None:
    assert _picked(alice, "message_template")["empty"]["title"] == "No message templates yet"
    with web.store.write() as conn:
        conn.execute(insert(templates), [{"key": "hello", "name": "Hello"}, {"key": "bye", "name": "Good bye"}])
        assert known.name_of(conn, "message_template", "bye") == "Good bye"
    found = _picked(alice, "message_template", q="good")
    assert found["items"] == [{"value": "bye", "label": "Good bye", "note": "bye"}]
    assert found["empty"] is None


def test_steps_of_another_journey_are_those_of_its_live_version_by_name(web: Web, alice: Browser) -> None:
    assert _picked(alice, "journey_step", about="welcome")["empty"]["title"] == "No steps to choose yet"
    assert _picked(alice, "journey_step")["items"] == []
    publish(web.store, Registry(builtin_types()), "welcome", from_document(WELCOME), web.at, "test", name="Welcome")
    found = _picked(alice, "journey_step", about="welcome", q="goal")["items"]
    assert found == [{"value": "goal", "label": "Goal reached: First purchase", "note": "Goal"}]
    values = {one["value"] for one in _picked(alice, "journey_step", about="welcome")["items"]}
    assert values == {node["id"] for node in WELCOME["nodes"]} - {"start"}
    _draft(web, graph({"t": {"type": "trigger.journey", "journey": "welcome", "when": "step", "step_id": "goal"}}, []))
    assert 'value="Goal reached: First purchase"' in alice.get("/journeys/j/draft/nodes/t/panel").text


def test_who_enters_once_is_let_in_again_by_one_button(web: Web, alice: Browser) -> None:
    _draft(web, YEARLY)
    assert "Let them enter once a year" in alice.get("/journeys/j/draft/nodes/day/panel").text
    answer = _save(alice, "day", "enter:yearly")
    assert answer.json["applied"][0]["values"]["entry"]["after_days"] == 300
    assert "Let them enter" not in answer.json["panel"]
    _draft(web, {**YEARLY, "entry": {"reentry": "never", "limit_per_day": 50}})
    _save(alice, "again", "enter:always", base=3)
    with web.store.read() as conn:
        entry = drafts.draft_of(conn, "j")["entry"]
    assert (entry["reentry"], entry["limit_per_day"]) == ("always", 50)


def test_a_promo_code_that_is_added_around_a_birthday_is_not_wrong_yet(web: Web, alice: Browser) -> None:
    _draft(web, YEARLY)
    node = {"id": "n1", "type": "action.promo_code", "settings": {}, "position": [0, 0]}
    ops = [{"op": "add_node", "node": node}]
    answer: Any = alice.send("POST", "/journeys/j/draft/ops", json={"base": 1, "ops": ops, "client": "tab"})
    assert answer.json["applied"][0]["node"]["settings"] == {
        "batch": "j",
        "valid": "date",
        "date": "birthday",
        "days": 7,
    }
    panel = alice.get("/journeys/j/draft/nodes/n1/panel").text
    assert 'name="days.way"' in panel
    assert "aria-invalid" not in panel
    assert "Fill this in" in _save(alice, "n1", base=2, batch="").json["panel"]


def test_segments_are_told_by_their_names_in_rules(web: Web, alice: Browser) -> None:
    rule = {"_path": "rule", "name": "Dear ones", "rule": "1", "rule.is": "part", "rule.about": "fact:level"}
    alice.post("/segments/new", {**rule, "rule.op": "=", "rule.kind": "text", "rule.value": "VIP", "key": "dear"})
    asks = {**rule, "name": "Asks", "rule.about": "segment", "rule.key": "dear"}
    alice.post("/segments/new", asks)
    for place in ("/segments", "/segments/asks"):
        assert "in segment “Dear ones”" in alice.get(place).text


def test_cards_tell_what_steps_point_to_by_name(web: Web, alice: Browser) -> None:
    registry = Registry(builtin_types())
    publish(web.store, registry, "welcome", from_document(WELCOME), web.at, "test", name="Hello, welcome")
    rule = {"_path": "rule", "name": "The journey", "key": "journey", "rule": "1", "rule.is": "part"}
    alice.post("/segments/new", {**rule, "rule.about": "fact:level", "rule.op": "set"})
    nodes = {
        "t": {"type": "trigger.journey", "journey": "welcome", "when": "step", "step_id": "goal"},
        "s": {"type": "trigger.segment", "segment": "journey"},
        "j": {"type": "flow.journey", "journey": "welcome"},
        "gone": {"type": "flow.journey", "journey": "gone"},
    }
    _draft(web, graph(nodes, []))
    answer: Any = alice.get("/journeys/j/draft").json
    summaries = {id: card["summary"] for id, card in answer["cards"].items()}
    assert summaries == {
        "t": "When “Hello, welcome” has come to “Goal reached: First purchase”",
        "s": "When customers come into “The journey”",
        "j": "Start “Hello, welcome”",
        "gone": "Start gone",
    }
