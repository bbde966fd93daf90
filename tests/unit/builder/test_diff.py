"""Differences between graphs, in words that name steps as people know them."""

from typing import Any

import pytest

from builder.diff import compare
from builder.ops import Document, normal
from nodes.registry import open_registry

REGISTRY = open_registry([])


def a_graph(**rest: Any) -> Document:
    """Trigger → wait → end."""
    nodes = [
        {"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}},
        {"id": "n2", "type": "flow.wait", "settings": {"amount": 3, "unit": "days"}},
        {"id": "n3", "type": "flow.exit", "settings": {}},
    ]
    edges = [{"from": "n1", "to": "n2"}, {"from": "n2", "to": "n3"}]
    return normal({"nodes": nodes, "edges": edges} | rest)


def with_node(**changed: Any) -> Document:
    graph = a_graph()
    graph["nodes"][1] = graph["nodes"][1] | changed
    return normal(graph)


CASES: list[tuple[str, Document, list[str]]] = [
    ("nothing", a_graph(), []),
    ("a place", with_node(position=[50, 60]), []),
    (
        "settings",
        with_node(settings={"amount": 5, "unit": "weeks"}),
        ["~ n2 Wait 5 weeks: How long 3 → 5; Unit “days” → “weeks”"],
    ),
    ("a setting that is gone", with_node(settings={"unit": "days"}), ["~ n2 Wait 1 day: How long 3 → nothing"]),
    (
        "a long setting",
        with_node(settings={"amount": "x" * 90}),
        ["~ n2 Wait: How long changed; Unit “days” → nothing"],
    ),
    ("a type", with_node(type="acme.gone"), ["~ n2 acme.gone: type flow.wait → acme.gone"]),
    ("a note", with_node(note="why"), ["~ n2 Wait 3 days: note"]),
    ("a version", with_node(version=2), ["~ n2 Wait: version of the type 1 → 2"]),
    ("an arrow less", a_graph(edges=[{"from": "n1", "to": "n2"}]), ["- n2 → n3"]),
    (
        "another way",
        a_graph(edges=[{"from": "n1", "to": "n3"}, {"from": "n1", "port": "no", "to": "n2"}]),
        ["~ n1 → n3: led to n2", "+ n1 by no → n2", "- n2 → n3"],
    ),
    (
        "the journey",
        a_graph(entry={"reentry": "after", "after_days": 30}, quiet_hours="none"),
        ["~ entry: after_days nothing → 30; reentry “never” → “after”", "~ quiet hours: now “default” → “none”"],
    ),
    ("a note on the canvas", a_graph(notes=[{"id": "x1", "text": "hi"}]), []),
]


@pytest.mark.parametrize(("name", "other", "lines"), CASES, ids=[row[0] for row in CASES])
def test_each_difference_is_one_line(name: str, other: Document, lines: list[str]) -> None:
    assert [str(change) for change in compare(a_graph(), other, REGISTRY)] == lines


def test_a_removed_step_takes_its_arrows_along_without_a_word() -> None:
    nodes = [node for node in a_graph()["nodes"] if node["id"] != "n2"]
    other = normal({"nodes": nodes, "edges": [{"from": "n1", "to": "n3"}]})
    changes = compare(a_graph(), other, REGISTRY)
    assert [str(change) for change in changes] == ["- n2 Wait 3 days (flow.wait)", "~ n1 → n3: led to n2"]
    assert changes[0].as_dict() == {
        "kind": "removed",
        "what": "step",
        "node": "n2",
        "words": "n2 Wait 3 days (flow.wait)",
        "details": [],
    }
