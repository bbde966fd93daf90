"""The ports of a node in a draft, whose settings may be half filled in."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from nodes.contract import NodeType
from nodes.graph import Node
from nodes.registry import Registry
from wayfare.errors import NodeTypeError


def ports_of(node: Mapping[str, Any], edges: Iterable[Mapping[str, Any]], registry: Registry) -> tuple[str, ...]:
    """Return the ports of a node in their order.

    Settings that are not valid yet are asked all the same: a split whose second branch has no rule so far has two
    branches. Where that gives nothing, there are the ports that arrows leave by, and one at the least.
    """
    try:
        return registry.load(Node.model_validate(node)).ports()
    except NodeTypeError:
        used = tuple(dict.fromkeys(edge["port"] for edge in edges if edge["from"] == node["id"]))
        if node["type"] not in registry:
            return used or ("next",)
        asked = _asked(registry.type_of(node["type"]), node["settings"])
        return used or ("next",) if asked is None else asked


def usual_ports(node_type: type[NodeType]) -> tuple[str, ...]:
    """Return the ports of a node type before anybody has filled in its settings."""
    asked = _asked(node_type, {})
    return ("next",) if asked is None else asked


def _asked(node_type: type[NodeType], settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        ports = node_type.model_construct(**{name: _loose(value) for name, value in settings.items()}).ports()
    except Exception:  # foreign code with settings that it does not expect: then its arrows tell
        return None
    fine = [port for port in ports if isinstance(port, str) and port] if isinstance(ports, tuple) else []
    return tuple(dict.fromkeys(fine))


def _loose(value: Any) -> Any:
    """Return JSON values with objects as things with attributes, which is how settings are read."""
    if isinstance(value, dict):
        return SimpleNamespace(**{str(name): _loose(part) for name, part in value.items()})
    return tuple(_loose(part) for part in value) if isinstance(value, list) else value
