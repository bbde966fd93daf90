"""Checks of single node types: what can be told of a step by its settings and its place."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import networkx as nx

from builder.order import digraph
from builder.problems import Problem, error, warning
from nodes.builtin.flow_experiment import Experiment
from nodes.builtin.flow_gate import Gate
from nodes.builtin.flow_window import TimeWindow
from nodes.contract import NodeType
from nodes.graph import Graph

_FOUR_YEARS = [date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1)]


def node_problems(graph: Graph, loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    """Yield what is wrong with single steps."""
    for id, node in loaded.items():
        schedule = node.schedule()
        if schedule is not None:
            if not any(schedule.times_on(day) for day in _FOUR_YEARS):
                yield error(id, "schedule_never", "this schedule never comes round", "choose days that exist")
            elif graph.entry.reentry == "never":
                remedy = "let them enter again: Journey settings → A customer may enter"
                yield warning(id, "once_only", "it comes again and again, but customers may enter only once", remedy)
        if isinstance(node, Experiment):
            yield from _experiment(graph, id, node, loaded)
        elif isinstance(node, Gate):
            yield from _gate(graph, id, node)
        elif isinstance(node, TimeWindow) and node.opens == node.closes and len(node.days) == 7:
            yield warning(id, "always_open", "this window is always open", "choose days or hours, or remove it")


def _experiment(graph: Graph, id: str, node: Experiment, loaded: Mapping[str, NodeType]) -> Iterator[Problem]:
    if node.success != "goal" or graph.goals:
        return
    shape: nx.DiGraph[str] = digraph(graph)
    behind = nx.descendants(shape, id) if id in shape else set()
    if not any(loaded[other].key == "flow.goal" for other in behind if other in loaded):
        remedy = "add a goal to the journey or behind this step, or let an event decide"
        yield error(id, "never_won", "no variant can win: the journey has no goal", remedy)


def _gate(graph: Graph, id: str, node: Gate) -> Iterator[Problem]:
    if node.opens == "date" and node.date and node.date.year > 2200:
        yield error(id, "gate_never", f"this gate opens in the year {node.date.year}", "choose a date that will come")
    if node.opens == "segment" and graph.entry.exclude_segment and node.segment == graph.entry.exclude_segment:
        remedy = "choose another segment, or let the journey take its members in"
        yield warning(id, "gate_never", "it waits for a segment that this journey keeps out", remedy)
