"""Checks of what surrounds the graph: entry, window, goals, exit rules."""

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from builder.problems import Problem, error
from nodes.conditions import EventCondition
from nodes.graph import Graph
from nodes.localtime import is_zone
from nodes.plain_words import problems_of

_CONDITION: TypeAdapter[object] = TypeAdapter(EventCondition)
_QUIET = ("default", "none")


def entry_problems(graph: Graph, segments: frozenset[str] | None) -> Iterator[Problem]:
    """Yield the problems of everything but nodes and edges; unknown segments only when `segments` are given."""
    entry, window = graph.entry, graph.window
    if entry.reentry == "after" and entry.after_days is None:
        yield error("", "entry", "re-entry after some time needs the number of days", "set after_days")
    if entry.reentry == "per_key" and not (entry.key or "").startswith("data."):
        yield error("", "entry", "one entry per key needs the key, such as data.order", "set key")
    if entry.exclude_segment and segments is not None and entry.exclude_segment not in segments:
        remedy = "create it, or choose another"
        yield error("", "segment_gone", f"there is no segment '{entry.exclude_segment}', which is to stay out", remedy)
    if window.from_ and window.until and window.from_ >= window.until:
        yield error("", "window", "the journey closes before it opens", "exchange from and until")
    for name, instant in (("from", window.from_), ("until", window.until)):
        if instant is not None and instant.tzinfo is None:
            yield error("", "window", f"window.{name} has no time zone", "write it like 2027-03-08T10:00:00+02:00")
    if not is_zone(window.time_zone):
        yield error("", "time_zone", f"there is no time zone '{window.time_zone}'", "write one like Europe/Kyiv")
    if graph.quiet_hours not in _QUIET:
        yield error("", "quiet_hours", f"quiet_hours is '{graph.quiet_hours}'", f"write {' or '.join(_QUIET)}")
    for what, rules in (("goal", graph.goals), ("exit rule", graph.exit_rules)):
        for number, rule in enumerate(rules, 1):
            try:
                _CONDITION.validate_python(rule.where)
            except ValidationError as problem:
                for _, _, message in problems_of(problem):
                    yield error("", "invalid_rule", f"{what} {number}: {message}", "correct its condition")
