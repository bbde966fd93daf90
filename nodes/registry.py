"""Which node types there are: the built-in ones by discovery, others by entry point or from a folder."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nodes import builtin
from nodes.contract import NodeType
from nodes.folder import danger, modules_in, types_of
from nodes.graph import Node
from nodes.plain_words import problems_of
from wayfare.errors import DuplicateNodeType, InvalidSettings, NodeTypeError, UnknownNodeType
from wayfare.segments.facts import Fact

GROUP = "wayfare.nodes"
_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CACHED = 4096


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """An entry point that gave no node type, and why. Its nodes are unknown; their customers park."""

    name: str
    package: str
    reason: str


class Registry:
    """Node types by key. A built-in type is added like any other."""

    def __init__(self, types: Iterable[type[NodeType]] = ()) -> None:
        self._types: dict[str, type[NodeType]] = {}
        self._loaded: dict[tuple[str, int, str], NodeType] = {}
        self.failures: list[PluginFailure] = []
        for node_type in types:
            self.add(node_type)

    def add(self, node_type: type[NodeType]) -> None:
        """Add a node type; adding the same class again changes nothing.

        DuplicateNodeType when its key is taken; NodeTypeError when it has no key or help text.
        """
        if not (inspect.isclass(node_type) and issubclass(node_type, NodeType)):
            raise NodeTypeError(f"{node_type!r} is not a node type; make it a class that inherits from NodeType")
        if not _KEY.fullmatch(node_type.key):
            raise NodeTypeError(
                f"{node_type.__qualname__} has the key '{node_type.key}'; it must look like acme.points_split"
            )
        if not (node_type.__doc__ or "").strip():
            raise NodeTypeError(f"{node_type.key} needs a docstring: it is the help text of the form")
        if self._types.get(node_type.key, node_type) is not node_type:
            raise DuplicateNodeType(node_type.key)
        self._types[node_type.key] = node_type

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))

    def __contains__(self, key: object) -> bool:
        return key in self._types

    def type_of(self, key: str) -> type[NodeType]:
        """Return the class behind a key. UnknownNodeType when no installed package offers it."""
        try:
            return self._types[key]
        except KeyError:
            raise UnknownNodeType(key) from None

    def load(self, node: Node) -> NodeType:
        """Return the node type with this node's settings, brought up to date and checked; the same object each time.

        UnknownNodeType when nobody offers it, or when a newer release saved it; InvalidSettings names each field.
        """
        settings = json.dumps(node.settings, sort_keys=True, ensure_ascii=False, default=str)
        cached = self._loaded.get((node.type, node.version, settings))
        if cached is not None:
            return cached
        node_type = self.type_of(node.type)
        loaded = _validated(node_type, json.loads(settings), node.version)
        if len(self._loaded) >= _CACHED:
            self._loaded.clear()
        self._loaded[(node.type, node.version, settings)] = loaded
        return loaded

    def describe(self, key: str) -> dict[str, Any]:
        """Return what a form and a palette need: label, help, category, icon, and the JSON Schema of the settings."""
        node_type = self.type_of(key)
        return {
            "key": key,
            "label": node_type.label or key,
            "category": str(node_type.category),
            "icon": node_type.icon,
            "version": node_type.version,
            "help": inspect.cleandoc(node_type.__doc__ or ""),
            "schema": node_type.model_json_schema(),
        }


def open_registry(plugins: Iterable[EntryPoint] | None = None, folder: Path | None = None) -> Registry:
    """Return a registry of the built-in types, of every installed package's, and of the files in a folder.

    A package or file that cannot be imported, or whose type is refused, is listed in `failures` and costs nobody else.
    """
    registry = Registry(builtin_types())
    found = entry_points(group=GROUP) if plugins is None else plugins
    for point in sorted(found, key=lambda point: (point.name, point.value)):
        try:
            registry.add(point.load())
        except (Exception, SystemExit) as error:  # foreign code: whatever it raises, the others go on
            package = point.dist.name if point.dist else ""
            registry.failures.append(PluginFailure(point.name, package, f"{type(error).__name__}: {error}"[:500]))
    for path in modules_in(folder) if folder is not None else ():
        try:
            if reason := danger(path):
                raise NodeTypeError(reason)
            for node_type in types_of(path):
                registry.add(node_type)
        except (Exception, SystemExit) as error:  # foreign code, as above
            failure = PluginFailure(path.stem, str(path), f"{type(error).__name__}: {error}"[:500])
            registry.failures.append(failure)
    return registry


def builtin_types() -> list[type[NodeType]]:
    """Return the node types defined in the modules of `nodes.builtin`."""
    types = []
    for module in pkgutil.iter_modules(builtin.__path__):
        members = vars(importlib.import_module(f"{builtin.__name__}.{module.name}")).values()
        types += [
            member
            for member in members
            if inspect.isclass(member)
            and issubclass(member, NodeType)
            and member.key
            and member.__module__ == f"{builtin.__name__}.{module.name}"
        ]
    return types


def _validated(node_type: type[NodeType], settings: dict[str, Any], version: int) -> NodeType:
    if version > node_type.version:
        message = (
            f"'{node_type.key}' was saved by version {version} of its package and version {node_type.version} "
            "is installed; update the package"
        )
        raise UnknownNodeType(node_type.key, message)
    try:
        if version < node_type.version:
            settings = node_type.upgrade(settings, version)
        loaded = node_type.model_validate(settings)
        ports, facts = loaded.ports(), loaded.facts()
    except ValidationError as error:
        raise InvalidSettings(node_type.key, problems_of(error, node_type)) from None
    except Exception as error:  # foreign code: its fault parks its own customers and costs nobody else
        raise NodeTypeError(f"{node_type.key} cannot be loaded: {type(error).__name__}: {error}") from error
    if len(set(ports)) != len(ports) or not all(isinstance(port, str) and port for port in ports):
        raise NodeTypeError(f"{node_type.key} names its ports {ports!r}; each needs a name of its own")
    if not all(isinstance(need, str | Fact) for need in facts):
        raise NodeTypeError(f"{node_type.key} needs {facts!r}; name facts as text or as Fact")
    return loaded
