"""Journeys that look at other journeys: what happens in one is an event for the other."""

from collections import defaultdict
from typing import Any

from engine.passage import Passage
from engine.runtime import Runtime
from nodes.builtin.trigger_journey import ENDED, REACHED
from store.db import Connection
from store.versions import fingerprint, live_versions

EventRow = tuple[int, str, str, str, int, dict[str, Any]]


def watched(runtime: Runtime, conn: Connection, passage: Passage) -> list[EventRow]:
    """Return the events of a walk at which other live journeys look: steps that were passed, and ends."""
    points = _points(runtime, conn).get(passage.version.journey_key)
    if not points:
        return []
    key, rows = passage.version.journey_key, passage.rows
    events: list[EventRow] = []
    for id, node, visit, _, _, _ in passage.steps:
        if node in points:
            data = {"journey": key, "node": node}
            events.append(
                (rows[id].customer_id, "journey", f"{id}:{node}:{visit}:in", REACHED, rows[id].depth + 1, data)
            )
    if "" in points:
        for id, stop in passage.stops.items():
            if stop.status == "completed":
                row = rows[id]
                data = {"journey": key, "node": stop.node}
                events.append((row.customer_id, "journey", f"{id}:{row.visit}:end", ENDED, row.depth + 1, data))
    return events


def _points(runtime: Runtime, conn: Connection) -> dict[str, set[str]]:
    """Return by journey key the nodes that live journeys watch; an empty node stands for the end.

    Worked out anew when another set of versions is live, which one small statement tells.
    """
    mark = fingerprint(conn)
    kept = runtime.watching
    if kept is not None and kept[0] == mark:
        return kept[1]
    points: dict[str, set[str]] = defaultdict(set)
    for id in live_versions(conn):
        for trigger in runtime.versions.get(conn, id).triggers.values():
            if (watch := trigger.watches()) is not None:
                points[watch[0]].add(watch[1])
    runtime.watching = (mark, points)
    return points
