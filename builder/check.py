"""Checks before publishing: everything that is wrong with a graph, at once, in plain words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import networkx as nx

from builder.circles import Links, circle_problems, links_of
from builder.entry_checks import entry_problems
from builder.gifts import Around, gift_problems
from builder.node_checks import node_problems
from builder.order import cycles, digraph
from builder.problems import Problem, error, warning
from engine.channels import NAMES
from nodes.contract import Category, NodeType
from nodes.graph import Graph
from nodes.registry import Registry
from wayfare.errors import InvalidSettings, NodeTypeError, UnknownNodeType

MAX_NODES = 10_000
MAX_EDGES = 40_000


@dataclass(frozen=True, slots=True)
class Context:
    """What exists around the journey, by kind: the keys of `segment`, `list`, `code_batch`, `journey`, `channel`. An
    absent kind is not checked. `steps` are those of the journeys at which triggers look, None for one that is not live.
    `others` are the journeys that run, as they start each other. `gifts` is what there is to give away.
    """

    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    journey: str = ""  # the key of the journey that is checked, where it has one
    steps: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    others: tuple[Links, ...] = ()
    gifts: Around = field(default_factory=Around)


ANYWHERE = Context({"channel": frozenset(NAMES)})
"""What is the same in every installation: enough to check a file without a database."""


def check(graph: Graph, registry: Registry, context: Context | None = None) -> list[Problem]:
    """Return every problem of a graph, errors first, each kind in the order of the nodes."""
    if len(graph.nodes) > MAX_NODES or len(graph.edges) > MAX_EDGES:
        size = f"{len(graph.nodes)} steps and {len(graph.edges)} arrows"
        limit = f"at most {MAX_NODES} steps and {MAX_EDGES} arrows are allowed"
        return [error("", "too_big", f"the journey has {size}; {limit}", "divide it into several journeys")]
    context = context or Context()
    loaded: dict[str, NodeType] = {}
    problems = [*_ids(graph), *_settings(graph, registry, loaded), *_edges(graph), *_ports(graph, loaded)]
    problems += [*_shape(graph, registry, loaded), *_references(loaded, context)]
    problems += [*_watched(loaded, context), *_yearly(graph, loaded), *node_problems(graph, loaded)]
    problems += gift_problems(graph, loaded, context.gifts)
    problems += circle_problems(_links(graph, context), context.others)
    problems += entry_problems(graph, context.known.get("segment"))
    place = {node.id: number for number, node in enumerate(graph.nodes)}
    return sorted(problems, key=lambda one: (one.severity != "error", place.get(one.node, -1)))


def _ids(graph: Graph) -> Iterator[Problem]:
    for id, times in Counter(node.id for node in graph.nodes).items():
        if times > 1:
            yield error(id, "duplicate_id", f"{times} steps have the id '{id}'", "give each an id of its own")


def _settings(graph: Graph, registry: Registry, loaded: dict[str, NodeType]) -> Iterator[Problem]:
    for node in graph.nodes:
        try:
            loaded[node.id] = registry.load(node)
        except UnknownNodeType as problem:
            yield error(node.id, "unknown_type", str(problem))
        except InvalidSettings as problem:
            for _, kind, message in problem.problems:
                code = kind if kind in ("unknown_variable", "invalid_template") else "invalid_settings"
                yield error(node.id, code, message, "open the step and correct it")
        except NodeTypeError as problem:
            yield error(node.id, "broken_type", str(problem), "ask whoever wrote the node type")


def _edges(graph: Graph) -> Iterator[Problem]:
    known = {node.id for node in graph.nodes}
    for edge in graph.edges:
        for id, other, way in ((edge.source, edge.target, "from"), (edge.target, edge.source, "to")):
            if id not in known:
                at = other if other in known else ""
                yield error(at, "no_such_node", f"an arrow goes {way} '{id}', which does not exist", "remove the arrow")
    for (source, port), times in Counter((edge.source, edge.port) for edge in graph.edges).items():
        if times > 1 and source in known:
            message = f"{times} arrows leave by '{port}'; there can be one"
            yield error(source, "two_edges", message, "remove the others, or divide customers with a split")


def _ports(graph: Graph, loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    used: dict[str, set[str]] = {}
    for edge in graph.edges:
        used.setdefault(edge.source, set()).add(edge.port)
    for id, node in loaded.items():
        ports = node.ports()
        left = used.get(id, set())
        for port in sorted(left.difference(ports)):
            there = f"there is {', '.join(ports)}" if ports else "nothing can follow it"
            yield error(id, "unknown_port", f"an arrow leaves by '{port}'; {there}", "move the arrow or remove it")
        missing = [port for port in ports if port not in left]
        if len(ports) > 1 and left.intersection(ports):
            for port in missing:
                remedy = "connect it, or put an exit there"
                way = "Everyone else" if port == "else" else port
                yield error(id, "missing_port", f"nothing follows the way “{way}”", remedy)
        elif missing and node.category is not Category.ACTION:  # to do something last is a usual end
            yield warning(id, "dead_end", "the journey ends here", "connect it, or put an exit there")


def _shape(graph: Graph, registry: Registry, loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    shape = digraph(graph)
    for circle in cycles(shape):
        ring = " → ".join([*circle[:8], *(["…"] if len(circle) > 8 else []), circle[0]])
        yield error(circle[0], "cycle", f"the journey goes round in a circle: {ring}", "remove one of these arrows")
    triggers = [node.id for node in graph.nodes if _is_trigger(node.type, registry)]
    unknown = [node.id for node in graph.nodes if node.type not in registry]
    if not triggers:
        if not unknown:
            yield error("", "no_trigger", "nobody can enter: there is no trigger", "add one, such as an event")
        return
    for id in triggers[1:]:
        yield error(id, "several_triggers", "there is more than one trigger", "keep one; another journey can hold this")
    for id in triggers:
        if shape.in_degree(id):
            yield error(id, "edge_into_trigger", "an arrow leads into the trigger", "lead it to the step behind")
    reached = set(triggers)
    for id in triggers:
        reached |= nx.descendants(shape, id)
    for node in graph.nodes:
        if node.id not in reached:
            yield error(node.id, "unreachable", "nobody can come here", "connect it with the trigger, or remove it")


def _is_trigger(key: str, registry: Registry) -> bool:
    return key in registry and registry.type_of(key).category is Category.TRIGGER


def _references(loaded: Mapping[str, NodeType], context: Context) -> Iterator[Problem]:
    words = {"segment": "segment", "list": "list", "code_batch": "code batch"}
    made = {key for node in loaded.values() for kind, key in node.references() if kind == "own_list"}
    for id, node in loaded.items():
        for kind, key in node.references():
            known = context.known.get(kind)
            is_made = kind == "list" and key in made
            if known is not None and key not in known and not is_made:
                name = words.get(kind, kind)
                yield error(id, f"{kind}_gone", f"there is no {name} '{key}'", "create it, or choose another")


def _watched(loaded: Mapping[str, NodeType], context: Context) -> Iterator[Problem]:
    for id, node in loaded.items():
        journey, step = node.watches() or ("", "")
        if journey not in context.steps:
            continue
        steps = context.steps[journey]
        if steps is None:
            remedy = "publish that journey, or choose another"
            yield warning(id, "watches_nothing", "the journey that it waits for is not live: nobody enters", remedy)
        elif step and step not in steps:
            message = "the step that it waits for is no longer in the published version of that journey"
            yield error(id, "step_gone", message, "choose another of its steps")


def _links(graph: Graph, context: Context) -> Links:
    nodes = [{"id": node.id, "type": node.type, "settings": node.settings} for node in graph.nodes]
    edges = [{"from": edge.source, "to": edge.target} for edge in graph.edges]
    entry = {"reentry": graph.entry.reentry, "limit_per_day": graph.entry.limit_per_day}
    return links_of(context.journey, "", {"nodes": nodes, "edges": edges, "entry": entry})


def _yearly(graph: Graph, loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    for id, node in loaded.items():
        rule = node.date_rule()
        if rule is not None and rule.every_year and graph.entry.reentry == "never":
            remedy = "let them enter once a year: Journey settings → A customer may enter"
            yield warning(id, "once_only", "it comes every year, but customers may enter only once, ever", remedy)
