"""Numbers on the canvas: who came to a step, is there, failed there or left it, and by which arrow."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import current_app

from nodes.graph import Graph
from store.days import day_of, since
from store.db import Connection
from store.moving import MOVED
from store.views import journeys as views
from store.views.journeys import JourneyLine, VersionLine
from wayfare import clock
from wayfare.errors import NotFound
from web.graph_view import Counts, arrived_at

PERIODS = ("today", "week", "all")
_DAYS = {"today": 0, "week": 6}
_GRAPHS, _COUNTS = 32, 64
LONG = 0.2
"""Seconds of counting from which on numbers are kept for whoever asks next: each open window does every few seconds."""
SHARE = 20
"""How many times as long as counting took its numbers are kept: it costs a twentieth of the time at most."""
LONGEST = 60
"""Seconds after which numbers are counted anew in any case."""


class Shelf:
    """Graphs of versions, which never change, and numbers that took long to count."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[tuple[int, datetime], Graph] = OrderedDict()
        self._numbers: OrderedDict[tuple[Any, ...], tuple[float, datetime, dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def graph(self, conn: Connection, version: VersionLine) -> Graph:
        """Return the graph of a version, read once in a while."""
        key = (version.id, version.published_at)  # SQLite may give the id of what is gone again
        with self._lock:
            known = self._graphs.get(key)
        if known is None:
            known = Graph.model_validate(views.graph_of(conn, version.id))
            self._put(self._graphs, key, known, _GRAPHS)
        return known

    def numbers(
        self, key: tuple[Any, ...], now: datetime, count: Callable[[], dict[str, Any]]
    ) -> tuple[datetime, dict[str, Any]]:
        """Return numbers and when they were counted: just now, or a moment ago when counting takes long."""
        with self._lock:
            until, at, known = self._numbers.get(key, (0.0, now, None))
        began = clock.monotonic()
        if known is not None and began < until:
            return at, known
        found = count()
        took = clock.monotonic() - began
        if took >= LONG:
            self._put(self._numbers, key, (began + min(took * SHARE, LONGEST), now, found), _COUNTS)
        return now, found

    def _put(self, kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
        with self._lock:
            kept[key] = value
            kept.move_to_end(key)
            while len(kept) > most:
                kept.popitem(last=False)


def shelf() -> Shelf:
    """Return what this application keeps of numbers and graphs."""
    found: Shelf = current_app.extensions.setdefault("wayfare.builder.numbers", Shelf())
    return found


def version_asked(line: JourneyLine, versions: Sequence[VersionLine], number: str) -> VersionLine | None:
    """Return the version with this number, without one the live or the newest; None when none was published."""
    if number:
        found = next((one for one in versions if str(one.number) == number), None)
        if found is None:
            raise NotFound(f"the journey '{line.key}' has no version {number[:20]}")
        return found
    live = next((one for one in versions if one.id == line.live_version_id), None)
    return live or (versions[0] if versions else None)


def numbers(
    conn: Connection, journey_id: int, version: VersionLine, period: str, now: datetime, graphs: Shelf | None = None
) -> dict[str, Any]:
    """Return the numbers of one version: those of moves within the period, by day, and who is there now.

    Four set-based queries, whatever the number of nodes. `share` is the part of those who left the step that took this
    arrow, null while nobody has left it. `graphs` keeps the version's graph for whoever asks next.
    """
    graph = (graphs or Shelf()).graph(conn, version)
    begin = since(conn, now, _DAYS[period]) if period in _DAYS else None
    here = views.here(conn, version.id)
    passed = views.passed(conn, version.id, day_of(conn, begin).isoformat() if begin else "")
    stuck = views.stuck(conn, journey_id, version.id, begin)
    arrived = arrived_at(graph, Counts(here, passed))
    left: dict[str, int] = {}
    for (node, port), n in passed.items():
        if port != MOVED:  # somebody's decision took them out, and no arrow
            left[node] = left.get(node, 0) + n
    nodes = {
        node.id: {
            "entered": arrived[node.id],
            "here": here.get(node.id, 0),
            "failed": stuck.get((node.id, "failed"), 0) + stuck.get((node.id, "quarantined"), 0),
            "parked": stuck.get((node.id, "parked"), 0),
            "passed": left.get(node.id, 0),
        }
        for node in graph.nodes
    }
    edges = {}
    for edge in graph.edges:
        n, all_ = passed.get((edge.source, edge.port), 0), left.get(edge.source, 0)
        edges[f"{edge.source}:{edge.port}"] = {"count": n, "share": round(n / all_, 4) if all_ else None}
    return {"nodes": nodes, "edges": edges}
