"""What publishing a draft will do to whom: each step that is new, changed or removed, with the customers around it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from builder.check import check
from builder.diff import Change, compare
from builder.names import by_name, name_of
from builder.ops import Document, normal
from builder.order import digraph
from builder.problems import Problem
from builder.publish import context_of
from builder.text import from_document
from nodes.contract import Category
from nodes.graph import Graph
from nodes.registry import Registry
from store import drafts
from store.db import Connection
from store.drafts import Draft
from store.views import publishing
from store.views.publishing import Present
from wayfare.errors import NodeTypeError


@dataclass(frozen=True, slots=True)
class Concerned:
    """One step that differs from the live version.

    Of the customers inside, `before` may still come to it, `here` stand at it; `past` have left it, whenever. For a
    new step, `past` are those inside who stand behind its place. `targets` are the steps, as (id, name), to which
    those who stand at a removed one can be moved: no step that they have passed can be reached from there.
    """

    change: Change
    name: str
    before: int
    here: int
    past: int
    targets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that a person should know before publishing. `live` is the number of the live version, or None."""

    draft: Draft
    live: int | None
    next_number: int
    inside: int
    steps: tuple[Concerned, ...]
    others: tuple[Change, ...]
    present: tuple[Present, ...]
    problems: tuple[Problem, ...]

    @property
    def is_same(self) -> bool:
        """Whether the live version is this very graph."""
        return self.live is not None and not self.steps and not self.others

    @property
    def errors(self) -> list[Problem]:
        """What keeps the draft from being published."""
        return [problem for problem in self.problems if problem.severity == "error"]


def impact(conn: Connection, registry: Registry, key: str) -> Impact:
    """Return what publishing the draft of a journey would do. A few set-based queries, whatever the graph's size."""
    draft = drafts.read_draft(conn, key)
    document = normal(draft.document)
    graph = from_document(document)
    live = drafts.live_graph(conn, key)
    problems = tuple(by_name(check(graph, registry, context_of(conn, key)), document, registry))
    standing, left = publishing.inside(conn, draft.id), publishing.left(conn, draft.id)
    changes = [] if live is None else compare(live.graph, document, registry)
    steps = [] if live is None else _concerned(changes, live.graph, document, registry, standing, left)
    return Impact(
        *(draft, None if live is None else live.number, drafts.next_number(conn, draft.id)),
        *(sum(standing.values()), tuple(steps)),
        tuple(change for change in changes if change.what != "step"),
        tuple(publishing.present(conn, draft.id, segment) for segment in _segments(graph, registry)),
        problems,
    )


def _segments(graph: Graph, registry: Registry) -> list[str]:
    found: dict[str, None] = {}
    for node in graph.nodes:
        try:
            segment = registry.load(node).segment_key()
        except NodeTypeError:
            continue
        if segment:
            found[segment] = None
    return list(found)


def _concerned(
    changes: list[Change],
    old: Document,
    new: Document,
    registry: Registry,
    standing: Mapping[str, int],
    left: Mapping[str, int],
) -> list[Concerned]:
    old_shape, new_shape = digraph(from_document(old)), digraph(from_document(new))
    nodes = {node["id"]: node for document in (old, new) for node in document["nodes"]}
    found = []
    for change in changes:
        if change.what != "step":
            continue
        id = change.node
        shape = new_shape if change.kind == "added" else old_shape
        ancestors: set[str] = nx.ancestors(shape, id)
        before = sum(standing.get(one, 0) for one in ancestors)
        past = left.get(id, 0)
        if change.kind == "added":
            past = sum(standing.get(one, 0) for one in reached(shape, id) - {id})
        targets: tuple[tuple[str, str], ...] = ()
        if change.kind == "removed" and standing.get(id):
            passed = _leading_to(new_shape, ancestors)
            targets = tuple(
                (node["id"], name_of(node, registry))
                for node in new["nodes"]
                if node["id"] not in passed and not _is_trigger(node["type"], registry)
            )
        name = name_of(nodes[id], registry)
        found.append(Concerned(change, name, before, standing.get(id, 0), past, targets))
    return found


def _leading_to(shape: "nx.DiGraph[str]", ids: Iterable[str]) -> set[str]:
    """Return these nodes, as far as they are there, and all from which one of them can be reached."""
    found: set[str] = set()
    left = [id for id in ids if id in shape]
    while left:
        id = left.pop()
        if id not in found:
            found.add(id)
            left += shape.predecessors(id)
    return found


def reached(shape: "nx.DiGraph[str]", id: str) -> set[str]:
    """Return a node and all that can be reached from it."""
    behind: set[str] = nx.descendants(shape, id)
    return behind | {id}


def _is_trigger(key: str, registry: Registry) -> bool:
    return key in registry and registry.type_of(key).category is Category.TRIGGER
