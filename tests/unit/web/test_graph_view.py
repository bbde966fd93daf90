"""A drawn journey: every node has a card, counts add up, and a missing type is shown instead of breaking the page."""

from flask import Flask

from nodes.graph import Graph
from nodes.registry import Registry, builtin_types
from rig.shop import BIRTHDAY, WELCOME
from web.context import Context
from web.graph_view import Counts, Drawing, draw


class _Runtime:
    registry = Registry(builtin_types())


def _draw(document: dict[str, object], counts: Counts | None = None) -> Drawing:
    app = Flask("test")
    app.extensions["wayfare"] = Context(None, None, None, _Runtime())  # type: ignore[arg-type]  # only types are asked
    with app.app_context():
        return draw(Graph.model_validate(document), counts)


def test_every_node_and_edge_is_drawn_with_its_words() -> None:
    drawing = _draw(WELCOME)
    cards = {card.id: card for card in drawing.cards}
    assert set(cards) == {"start", "hello", "wait", "goal", "thanks", "code", "offer", "end"}
    assert cards["start"].category == "trigger"
    assert cards["hello"].summary == "E-mail: Ласкаво просимо"
    assert cards["end"].is_end
    assert len(drawing.wires) == 8
    timeout = next(wire for wire in drawing.wires if wire.port == "timeout")
    assert (timeout.label, timeout.why) == ("Time is over", "no purchase within 5 days")


def test_branches_stand_in_the_order_of_their_ports() -> None:
    at = {card.id: card.x for card in _draw(BIRTHDAY).cards}
    assert at["c1"] < at["c2"] < at["c3"]
    assert at["m1"] < at["m2"] < at["m3"]


def test_counts_stand_where_they_belong() -> None:
    passed = {("start", "next"): 10, ("hello", "next"): 9, ("wait", "happened"): 4, ("wait", "timeout"): 2}
    drawing = _draw(WELCOME, Counts({"wait": 3, "start": 1}, passed, {("hello", "failed"): 1}))
    cards = {card.id: card for card in drawing.cards}
    assert cards["start"].arrived == 11  # ten left it, one still stands there
    assert cards["hello"].arrived == 10
    assert cards["hello"].stuck == [("failed", 1)]
    assert cards["wait"].here == 3
    share = {wire.port: wire.share for wire in drawing.wires if wire.source == "wait"}
    assert share == {"happened": 4 / 6, "timeout": 2 / 6}
    thick = {wire.source: wire.width for wire in drawing.wires if wire.source in ("start", "hello")}
    assert thick["start"] > thick["hello"]


def test_who_ends_at_a_port_without_an_edge_is_counted_on_the_card() -> None:
    drawing = _draw(BIRTHDAY, Counts(passed={("goal", "next"): 5}))
    assert next(card for card in drawing.cards if card.id == "goal").ended == 5


def test_a_step_whose_type_is_missing_is_drawn_as_missing() -> None:
    nodes = [{"id": "a", "type": "trigger.event"}, {"id": "b", "type": "acme.rocket"}]
    drawing = _draw({"nodes": nodes, "edges": [{"from": "a", "to": "b"}]})
    missing = next(card for card in drawing.cards if card.id == "b")
    assert (missing.category, missing.title) == ("missing", "acme.rocket")
    assert "acme.rocket" in missing.problem
    assert drawing.unknown == 1
