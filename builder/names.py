"""What steps and arrows of a draft are called in sentences for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from builder.problems import Problem
from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError

_JOURNEY = {
    "entry": "who may enter",
    "goals": "the goals",
    "exit_rules": "the exit rules",
    "quiet_hours": "the quiet hours",
    "window": "the time window",
}


def name_of(node: Mapping[str, Any], registry: Registry) -> str:
    """Return what a node is called: its summary, else its type's label, else the type's key."""
    try:
        loaded = registry.load(Node.model_validate(node))
    except NodeTypeError:
        known = str(node["type"]) in registry
        return (registry.type_of(node["type"]).label if known else "") or str(node["type"])
    return loaded.summary() or loaded.label or loaded.key


def by_name(problems: Sequence[Problem], document: Mapping[str, Any], registry: Registry) -> Sequence[Problem]:
    """Return problems whose words name steps as people know them: a circle is told by names instead of ids."""
    if not any(problem.code == "cycle" for problem in problems):
        return problems
    names = {node["id"]: name_of(node, registry) for node in document["nodes"]}

    def told(problem: Problem) -> Problem:
        words, colon, ring = problem.message.partition(": ")
        ids = ring.split(" → ")
        return replace(problem, message=words + colon + " → ".join(names.get(id, id) for id in ids))

    return [told(problem) if problem.code == "cycle" else problem for problem in problems]


def in_words(resource: str, documents: Iterable[Mapping[str, Any]], registry: Registry) -> str:
    """Return a resource of `builder.meeting.touched` in words; the first document that has the node names it."""
    kind, id = resource.split(":")[:2]
    if kind == "journey":
        return _JOURNEY.get(id, id)
    if kind == "note":
        return "a note"
    found = (node for document in documents for node in document["nodes"] if node["id"] == id)
    node = next(found, None)
    name = f"“{name_of(node, registry)}”" if node else f"the step {id}"
    return f"what follows {name}" if kind == "edge" else name
