"""What a new step begins with, in the journey and at the place that it is put into."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.ports import ports_of
from nodes.contract import Category, NodeType, Place
from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError

ONCE_A_YEAR = 300  # days: a year less what a corrected date or a journey to another time zone takes away
YEARLY: Mapping[str, Any] = {"reentry": "after", "after_days": ONCE_A_YEAR}
EACH_TIME: Mapping[str, Any] = {"reentry": "always", "after_days": None}
_ONCE: Mapping[str, Any] = {"reentry": "never", "after_days": None}  # so begins every draft
Document = Mapping[str, Any]


def fresh_settings(type: str, place: Place, registry: Registry) -> dict[str, Any]:
    """Return the settings of a new step of a known type."""
    return dict(registry.type_of(type).fresh(place))


def place_of(id: str, document: Document, registry: Registry, journey: str = "") -> Place:
    """Return where a step stands in a draft. The step itself need not be there yet, only the edges that lead to it."""
    nodes = {node["id"]: node for node in document.get("nodes") or () if node["id"] != id}
    edges = list(document.get("edges") or ())
    into: dict[str, list[Mapping[str, Any]]] = {}
    for edge in edges:
        into.setdefault(edge["to"], []).append(edge)
    before: list[NodeType] = []
    branch = ""
    seen, line = {id}, [id]
    for here in line:
        for edge in into.get(here, ()):
            node = nodes.get(edge["from"])
            if node is None or node["id"] in seen:
                continue
            seen.add(node["id"])
            line.append(node["id"])
            before += _loaded([node], registry)
            if not branch and len(ports_of(node, edges, registry)) > 1:
                branch = str(edge["port"])
    others = tuple(_loaded(nodes.values(), registry))
    trigger = next((one for one in others if one.category is Category.TRIGGER), None)
    return Place(journey, trigger, tuple(before), others, branch)


def fresh_entry(type: str, document: Document, registry: Registry) -> dict[str, Any] | None:
    """Return who may enter, as the first trigger of a draft wants it; None when nothing is to be changed.

    What comes every year or again and again is for the same customers each time. What somebody has chosen stays.
    """
    triggers = [node for node in document.get("nodes") or () if _is_trigger(node["type"], registry)]
    if triggers or not _is_trigger(type, registry):
        return None
    entry = document.get("entry") or _ONCE
    chosen = {name: entry.get(name) for name in _ONCE}
    wanted = next(map(_entry_for, _loaded([{"id": "new", "type": type}], registry)), _ONCE)
    return {**entry, **wanted} if chosen in (_ONCE, YEARLY) and chosen != wanted else None


def _entry_for(trigger: NodeType) -> Mapping[str, Any]:
    rule = trigger.date_rule()
    if rule is not None and rule.every_year:
        return YEARLY
    return _ONCE if trigger.schedule() is None else EACH_TIME


def triggers_of(document: Document, registry: Registry) -> Iterator[NodeType]:
    """Yield the triggers of a draft that are set up; others are left out."""
    triggers = (node for node in document.get("nodes") or () if _is_trigger(node["type"], registry))
    return _loaded(triggers, registry)


def _is_trigger(type: str, registry: Registry) -> bool:
    return type in registry and registry.type_of(type).category is Category.TRIGGER


def _loaded(nodes: Iterable[Mapping[str, Any]], registry: Registry) -> Iterator[NodeType]:
    for node in nodes:
        try:
            yield registry.load(Node.model_validate(node))
        except NodeTypeError:
            continue
