"""The journeys at which a draft's triggers look, and the steps that customers pass in them."""

from collections.abc import Mapping
from typing import Any

from builder.fresh import triggers_of
from nodes.registry import Registry
from store import drafts
from store.db import Connection


def steps_of(conn: Connection, document: Mapping[str, Any], registry: Registry) -> dict[str, frozenset[str] | None]:
    """Return by key of a watched journey the ids of the steps of its live version; None where there is none."""
    found: dict[str, frozenset[str] | None] = {}
    for trigger in triggers_of(document, registry):
        watch = trigger.watches()
        if watch is not None and watch[0] not in found:
            live = drafts.live_graph(conn, watch[0])
            found[watch[0]] = None if live is None else frozenset(node["id"] for node in live.graph["nodes"])
    return found
