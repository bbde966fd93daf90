"""A published graph as a drawing: cards and edges with their places, words and counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from builder.layout import Layout, Measures, Point, lay_out
from nodes.contract import NodeType
from nodes.graph import Graph
from nodes.registry import Registry, open_registry
from wayfare.errors import NodeTypeError
from web import words
from web.context import context

SIZE = Measures()
_THINNEST, _THICKEST = 1.5, 6.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Live numbers of one version: who is at a node, who left it by a port, who is stuck at it and how."""

    here: Mapping[str, int] = field(default_factory=dict)
    passed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    stuck: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """One node as it is drawn. `ended` came to the end of their passage here, where a port leads nowhere."""

    id: str
    x: float
    y: float
    title: str
    summary: str
    icon: str
    category: str
    note: str
    problem: str
    here: int
    arrived: int
    ended: int
    stuck: Sequence[tuple[str, int]]
    is_end: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """One edge as it is drawn: path data, its width by share, and the chip with its name and count."""

    source: str
    port: str
    target: str
    label: str
    why: str
    d: str
    width: float
    count: int
    share: float | None
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole graph, ready for the template."""

    width: float
    height: float
    cards: Sequence[Card]
    wires: Sequence[Wire]
    unknown: int
    size: Measures = SIZE


def registry() -> Registry:
    """Return the node types: the engine's, or those installed here in an application made without one."""
    runtime = context().runtime
    return runtime.registry if runtime is not None else _own_registry()


@lru_cache(maxsize=1)
def _own_registry() -> Registry:
    return open_registry()


def node_types(graph: Graph) -> dict[str, NodeType]:
    """Return the node types of a graph by node id; those that cannot be loaded are left out."""
    return {id: loaded for id, loaded in _loaded(graph).items() if isinstance(loaded, NodeType)}


def _loaded(graph: Graph) -> dict[str, NodeType | str]:
    found: dict[str, NodeType | str] = {}
    for node in graph.nodes:
        try:
            found[node.id] = registry().load(node)
        except NodeTypeError as error:
            found[node.id] = str(error)
    return found


def title_of(node: NodeType | None, id: str) -> str:
    """Return what a step is called."""
    return (node.label or node.key) if node is not None else id


def draw(graph: Graph, counts: Counts | None = None) -> Drawing:
    """Return the drawing of a graph with its counts."""
    counts = counts or Counts()
    loaded = _loaded(graph)
    ports = {id: _ports(node) for id, node in loaded.items()}
    edges = [(edge.source, edge.port, edge.target) for edge in graph.edges]
    places = _placed(tuple(node.id for node in graph.nodes), tuple(edges), tuple(sorted(ports.items())))
    arrived = arrived_at(graph, counts)
    most = max([*counts.passed.values(), 1])
    left = {node.id: sum(n for (source, _), n in counts.passed.items() if source == node.id) for node in graph.nodes}
    cards = [_card(graph, id, loaded[id], ports[id], places, counts, arrived) for id in places.boxes]
    wires = []
    for path in places.paths:
        n, node = counts.passed.get((path.source, path.port), 0), loaded[path.source]
        why = node.explain(path.port) if isinstance(node, NodeType) else ""
        width = _THINNEST + (_THICKEST - _THINNEST) * n / most if n else _THINNEST
        share = n / left[path.source] if left[path.source] else None
        label = words.port(path.port)
        wires.append(
            Wire(
                *(path.source, path.port, path.target, label, why, curve(path.points), round(width, 2), n, share),
                *path.chip,
            )
        )
    unknown = sum(isinstance(node, str) for node in loaded.values())
    return Drawing(places.width, places.height, cards, wires, unknown)


@lru_cache(maxsize=256)
def _placed(
    nodes: tuple[str, ...], edges: tuple[tuple[str, str, str], ...], ports: tuple[tuple[str, tuple[str, ...]], ...]
) -> Layout:
    """Return the layout of a graph, kept: pages that are looked at ask every few seconds."""
    return lay_out(nodes, edges, dict(ports))


def _ports(node: NodeType | str) -> tuple[str, ...]:
    return node.ports() if isinstance(node, NodeType) else ()


def arrived_at(graph: Graph, counts: Counts) -> dict[str, int]:
    """Return how many came to each node: by its edges, or at a trigger from outside."""
    found = {node.id: 0 for node in graph.nodes}
    entered = {edge.target for edge in graph.edges}
    for edge in graph.edges:
        if edge.target in found:
            found[edge.target] += counts.passed.get((edge.source, edge.port), 0)
    for node in graph.nodes:
        if node.id not in entered:
            left = sum(n for (source, _), n in counts.passed.items() if source == node.id)
            found[node.id] = left + counts.here.get(node.id, 0)
    return found


def _card(
    graph: Graph,
    id: str,
    node: NodeType | str,
    ports: Sequence[str],
    places: Layout,
    counts: Counts,
    arrived: Mapping[str, int],
) -> Card:
    box, found = places.boxes[id], graph.node(id)
    connected = {edge.port for edge in graph.edges_from(id)}
    ended = sum(
        n
        for (source, port), n in counts.passed.items()
        if source == id and port and port not in connected and not port.startswith("@")
    )
    stuck = sorted((status, n) for (at, status), n in counts.stuck.items() if at == id and n)
    if isinstance(node, NodeType):
        words_ = (title_of(node, id), node.summary(), node.icon, str(node.category), found.note if found else "", "")
    else:
        words_ = (found.type if found else id, "This step's type is not installed", "puzzle", "missing", "", node)
    numbers = (counts.here.get(id, 0), arrived[id], ended, stuck)
    return Card(id, box.x, box.y, *words_, *numbers, is_end=not ports)


def curve(points: Sequence[Point]) -> str:
    """Return path data: every other piece is a curve with upright ends, those between are straight."""
    x, y = points[0]
    parts = [f"M{x} {y}"]
    for number, (to_x, to_y) in enumerate(points[1:]):
        if number % 2 or abs(to_x - x) < 0.5:
            parts.append(f"L{to_x} {to_y}")
        else:
            reach = round((to_y - y) * 0.62, 1)
            parts.append(f"C{x} {round(y + reach, 1)} {to_x} {round(to_y - reach, 1)} {to_x} {to_y}")
        x, y = to_x, to_y
    return "".join(parts)
