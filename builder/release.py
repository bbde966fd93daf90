"""Publishing a draft with a decision about those who stand at steps that it no longer has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from builder.impact import reached
from builder.names import name_of
from builder.ops import normal
from builder.order import digraph
from builder.publish import Published, publish
from builder.text import from_document
from nodes.contract import Category
from nodes.graph import Graph
from nodes.registry import Registry
from store import drafts
from store.db import Store
from store.moving import Decision
from wayfare.errors import BadOperation


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of those who stand at a removed step: they finish on their version, move to a step, or exit."""

    do: Literal["finish", "move", "exit"] = "finish"
    to: str = ""


def release(
    store: Store,
    registry: Registry,
    key: str,
    choices: Mapping[str, Choice],
    rev: int,
    *,
    now: datetime,
    by: str,
    note: str = "",
) -> Published:
    """Publish the draft with revision `rev`; the choices by removed node become work that the engine carries out.

    All in one transaction that takes as long for a million customers as for none: see `engine.moving`. Doing the same
    again publishes nothing twice and moves nobody twice. Conflict when the draft has another revision; GraphInvalid
    with every problem; BadOperation for a choice that makes no sense.
    """
    with store.read() as conn:
        draft = drafts.read_draft(conn, key)
        known = drafts.published_nodes(conn, draft.id) if choices else {}
    graph = from_document(normal(draft.document))
    check_choices(graph, registry, choices)
    decisions = [
        _decision(graph, registry, node, choice, known) for node, choice in choices.items() if choice.do != "finish"
    ]
    return publish(store, registry, key, graph, now, by, note=note, rev=rev, decisions=decisions)


def check_choices(graph: Graph, registry: Registry, choices: Mapping[str, Choice]) -> None:
    """Raise BadOperation unless each choice is about a step that is gone, and leads to one where customers can be."""
    for node, choice in choices.items():
        if graph.node(node) is not None:
            raise BadOperation(f"the step '{node}' is still there; nobody has to leave it")
        if choice.do != "move":
            continue
        target = graph.node(choice.to)
        if target is None:
            raise BadOperation(f"choose the step to which customers at '{node}' go on")
        if target.type in registry and registry.type_of(target.type).category is Category.TRIGGER:
            raise BadOperation("customers cannot be moved to a trigger; choose a step behind it")


def _decision(
    graph: Graph, registry: Registry, node: str, choice: Choice, known: Mapping[str, Mapping[str, Any]]
) -> Decision:
    title = name_of(known[node], registry) if node in known else node
    if choice.do == "exit":
        return Decision(node, title, "exit")
    target = graph.node(choice.to)
    name = name_of(target.model_dump(), registry) if target else choice.to
    return Decision(node, title, "move", choice.to, name, tuple(sorted(reached(digraph(graph), choice.to))))
