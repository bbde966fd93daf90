"""Compiled versions: a published graph with its node types loaded, ready to be walked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any

from nodes.contract import META, Need, NodeType
from nodes.graph import EventRule, Graph
from nodes.registry import Registry
from store.db import Connection
from store.versions import VersionRow, load_version
from wayfare.errors import NodeTypeError, NotFound
from wayfare.segments.facts import Fact
from wayfare.segments.meaning import holds
from wayfare.segments.moment import Moment
from wayfare.segments.rule import Rule, facts_of, parse_rule

_KEPT = 2048


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event with a condition on its data, parsed once: a goal or an exit rule."""

    event: str
    name: str
    where: Rule | None
    facts: tuple[Fact, ...]

    def fits(self, type: str, data: Mapping[str, Any], at: datetime) -> bool:
        """Say whether an event of this type, with these data, is meant."""
        if type != self.event:
            return False
        if self.where is None:
            return True
        values = {fact: data.get(fact.name.removeprefix("data.")) for fact in self.facts}
        return holds(self.where, values, Moment(at))


@dataclass(frozen=True)
class Compiled:
    """A version as the engine needs it. Nodes whose type cannot be loaded here are in `unknown`, with the reason."""

    id: int
    journey_id: int
    journey_key: str
    number: int
    graph: Graph
    order: tuple[str, ...]
    nodes: Mapping[str, NodeType]
    ports: Mapping[str, tuple[str, ...]]
    next: Mapping[tuple[str, str], str]
    unknown: Mapping[str, str]

    @cached_property
    def needs(self) -> frozenset[Need]:
        """Everything that the nodes of this version ask for, by name or as a fact."""
        return frozenset(need for node in self.nodes.values() for need in node.facts())

    @cached_property
    def facts(self) -> frozenset[Fact]:
        """What must be loaded from the store: needs without the columns that every batch has and without event data."""
        plain = (need if isinstance(need, Fact) else Fact.of(need) for need in self.needs if need not in META)
        return frozenset(fact for fact in plain if not fact.name.startswith("data."))

    @cached_property
    def needs_event(self) -> bool:
        """Whether a node looks at the data of the event that enrolled or woke a customer."""
        names = (need if isinstance(need, str) else need.name for need in self.needs)
        return any(name == "event" or name.startswith("data.") for name in names)

    @cached_property
    def remembering(self) -> frozenset[str]:
        """The nodes that remember something for all their customers."""
        return frozenset(id for id, node in self.nodes.items() if node.remembers)

    def memory_kinds(self, nodes: Iterable[str]) -> dict[str, str]:
        """Return under which kind each of these nodes keeps its memory."""
        return {id: self.nodes[id].memory_kind() for id in nodes}

    def remembering_from(self, nodes: Iterable[str]) -> frozenset[str]:
        """Return the nodes that remember and to which customers can come from these nodes."""
        if not self.remembering:
            return frozenset()
        reached = set(nodes)
        ahead = list(reached)
        following: dict[str, list[str]] = {}
        for (source, _), target in self.next.items():
            following.setdefault(source, []).append(target)
        while ahead:
            for target in following.get(ahead.pop(), ()):
                if target not in reached:
                    reached.add(target)
                    ahead.append(target)
        return self.remembering & reached

    @cached_property
    def exit_rules(self) -> tuple[EventMatch, ...]:
        """The events that end an enrollment early."""
        return _matches(self.graph.exit_rules)

    @cached_property
    def goals(self) -> tuple[EventMatch, ...]:
        """The events that count as reaching the goal."""
        return _matches(self.graph.goals)

    @cached_property
    def triggers(self) -> Mapping[str, NodeType]:
        """The nodes where customers enter."""
        entered = set(self.next.values())
        return {id: node for id, node in self.nodes.items() if id not in entered and node.category == "trigger"}


def _matches(rules: Iterable[EventRule]) -> tuple[EventMatch, ...]:
    found = []
    for rule in rules:
        where = None if rule.where is None else parse_rule(rule.where)
        facts = () if where is None else tuple(facts_of(where))
        found.append(EventMatch(rule.event, rule.name, where, facts))
    return tuple(found)


def compile_version(registry: Registry, row: VersionRow) -> Compiled:
    """Load the node types of a version; what cannot be loaded parks its customers and is never discarded."""
    graph = Graph.model_validate(row.graph)
    nodes: dict[str, NodeType] = {}
    unknown: dict[str, str] = {}
    for node in graph.nodes:
        try:
            nodes[node.id] = registry.load(node)
        except NodeTypeError as error:
            unknown[node.id] = str(error)
    ports = {id: node.ports() for id, node in nodes.items()}
    return Compiled(
        row.id, row.journey_id, row.journey_key, row.number, graph, row.node_order, nodes, ports, graph.next(), unknown
    )


class Versions:
    """Compiled versions by id. Published versions never change, so they are kept; the oldest make room."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._kept: dict[int, Compiled] = {}
        self._lock = Lock()

    def get(self, conn: Connection, version_id: int) -> Compiled:
        """Return a version, compiled; NotFound when there is none with this id."""
        found = self._kept.get(version_id)
        if found is not None:
            return found
        row = load_version(conn, version_id)
        if row is None:
            raise NotFound(f"there is no version {version_id}")
        compiled = compile_version(self.registry, row)
        with self._lock:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[version_id] = compiled
        return compiled

    def forget(self) -> None:
        """Drop what is kept, as a fresh process would have it."""
        with self._lock:
            self._kept.clear()
