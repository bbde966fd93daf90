"""What a new step begins with, in the journey that it is put into."""

from collections.abc import Iterator, Mapping
from typing import Any

from nodes.contract import Category, NodeType
from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError


def fresh_settings(type: str, document: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return the settings of a new step of a known type."""
    return dict(registry.type_of(type).fresh(trigger_of(document, registry)))


def trigger_of(document: Mapping[str, Any], registry: Registry) -> NodeType | None:
    """Return the first trigger of a draft that is set up, or None."""
    return next(triggers_of(document, registry), None)


def triggers_of(document: Mapping[str, Any], registry: Registry) -> Iterator[NodeType]:
    """Yield the triggers of a draft that are set up; others are left out."""
    for node in document.get("nodes") or ():
        if node["type"] not in registry or registry.type_of(node["type"]).category is not Category.TRIGGER:
            continue
        try:
            yield registry.load(Node.model_validate(node))
        except NodeTypeError:
            continue
