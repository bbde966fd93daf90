"""What publishing a draft will do to whom: each step that is new, changed or removed, with the customers around it."""

from collections import Counter
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
from builder.watched import steps_of
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
    those who stand at a removed one can be moved: no step that they have passed can be reached from there. `versions`
    are the numbers of the older versions in which they stand, for a step that the live one does not have either.
    """

    change: Change
    name: str
    before: int
    here: int
    past: int
    targets: tuple[tuple[str, str], ...] = ()
    versions: tuple[int, ...] = ()


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
        """Whether the live version is this very graph. Steps that it does not have either make no difference."""
        return self.live is not None and not self.others and not any(not step.versions for step in self.steps)

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
    around = context_of(conn, key, steps_of(conn, document, registry), document)
    problems = tuple(by_name(check(graph, registry, around), document, registry))
    places, left = publishing.inside(conn, draft.id), publishing.left(conn, draft.id)
    standing: Counter[str] = Counter()
    for (_, node), n in places.items():
        standing[node] += n
    changes = [] if live is None else compare(live.graph, document, registry)
    steps = [] if live is None else _concerned(changes, live.graph, document, registry, standing, left)
    known = {node["id"] for one in (document, live.graph if live else {"nodes": []}) for node in one["nodes"]}
    stranded = {place: n for place, n in places.items() if place[1] not in known}
    steps += _left_behind(conn, stranded, places, document, registry, left)
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
            targets = _targets(new, new_shape, ancestors, registry)
        name = name_of(nodes[id], registry)
        found.append(Concerned(change, name, before, standing.get(id, 0), past, targets))
    return found


def _left_behind(
    conn: Connection,
    stranded: Mapping[tuple[int, str], int],
    places: Mapping[tuple[int, str], int],
    new: Document,
    registry: Registry,
    left: Mapping[str, int],
) -> list[Concerned]:
    """Return the steps that neither the draft nor the live version has, and where customers of older ones stand."""
    graphs = {id: drafts.version_graph(conn, id) for id in sorted({version for version, _ in stranded})}
    shapes = {id: digraph(from_document(version.graph)) for id, version in graphs.items()}
    shape = digraph(from_document(new))
    found = []
    for node in dict.fromkeys(node for _, node in sorted(stranded)):
        versions = [id for id, one in sorted(stranded) if one == node]
        ancestors = {id: nx.ancestors(shapes[id], node) if node in shapes[id] else set() for id in versions}
        before = sum(places.get((id, one), 0) for id in versions for one in ancestors[id])
        here = sum(stranded[id, node] for id in versions)
        step = next((one for one in graphs[versions[-1]].graph["nodes"] if one["id"] == node), None)
        name = name_of(step, registry) if step else node
        numbers = tuple(graphs[id].number for id in versions)
        targets = _targets(new, shape, set().union(*ancestors.values()), registry)
        change = Change("removed", "step", node, f"{node} {name}" + (f" ({step['type']})" if step else ""))
        found.append(Concerned(change, name, before, here, left.get(node, 0), targets, numbers))
    return found


def _targets(
    new: Document, shape: "nx.DiGraph[str]", ancestors: Iterable[str], registry: Registry
) -> tuple[tuple[str, str], ...]:
    passed = _leading_to(shape, ancestors)
    return tuple(
        (node["id"], name_of(node, registry))
        for node in new["nodes"]
        if node["id"] not in passed and not _is_trigger(node["type"], registry)
    )


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
