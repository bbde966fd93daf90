"""The steps of another journey to choose from: those of the version in which its customers are, by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.names import name_of as step_name
from nodes.contract import Category
from store import drafts
from store.db import Connection
from web.builder_forms.choices import Choice, Picked, page_of
from web.graph_view import registry


def rows(conn: Connection, text: str, about: str, page: int) -> Picked:
    """Return one page of the steps of the journey whose key is `about`; triggers are none that one comes to."""
    return page_of((_choice(node) for node in _nodes(conn, about) if not _is_trigger(node)), text, page)


def name_of(conn: Connection, id: str, about: str) -> str | None:
    """Return what a step of the journey `about` is called; None when it is not there."""
    node = next((node for node in _nodes(conn, about) if node["id"] == id), None)
    return None if node is None else step_name(node, registry())


def _nodes(conn: Connection, key: str) -> Iterator[Mapping[str, Any]]:
    live = drafts.live_graph(conn, key) if key else None
    yield from live.graph["nodes"] if live is not None else ()


def _choice(node: Mapping[str, Any]) -> Choice:
    types = registry()
    kind = types.type_of(node["type"]).label if node["type"] in types else node["type"]
    return Choice(node["id"], step_name(node, types), kind)


def _is_trigger(node: Mapping[str, Any]) -> bool:
    types = registry()
    return node["type"] in types and types.type_of(node["type"]).category is Category.TRIGGER
