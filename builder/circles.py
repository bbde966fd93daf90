"""Journeys that start each other: whoever enters one of them comes round and enters it again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from builder.problems import Problem, error, warning

ROUNDS = 16
"""After so many journeys in a row the event that would start the next one is parked: see `engine.match`."""
_HOLDING = ("flow.wait", "flow.wait_until", "flow.wait_event", "flow.throttle")
_OURS = ("trigger.", "flow.", "action.")


@dataclass(frozen=True, slots=True)
class Links:
    """How one journey starts others and is started. `free` are the steps to which customers come without waiting.

    `starts` are (step, journey), `emits` (step, event type); `watches` are (trigger, journey, step or "" for its end),
    `listens` (trigger, event type). `is_limited` says that a customer cannot enter again and again at once.
    """

    key: str
    name: str
    starts: tuple[tuple[str, str], ...] = ()
    emits: tuple[tuple[str, str], ...] = ()
    watches: tuple[tuple[str, str, str], ...] = ()
    listens: tuple[tuple[str, str], ...] = ()
    free: frozenset[str] = frozenset()
    ends_at_once: bool = False
    is_limited: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    """That one journey starts another: by which step of the first, or which trigger of the second."""

    step: str
    trigger: str
    is_free: bool
    is_sure: bool = True


def links_of(key: str, name: str, document: Mapping[str, Any]) -> Links:
    """Return how a graph in its canonical text starts others and is started; settings that make no sense are none."""
    nodes = {node["id"]: node for node in document["nodes"]}
    free, ends_at_once = _free(nodes, document["edges"])
    entry = document.get("entry") or {}
    return Links(
        key,
        name,
        starts=tuple(_named(nodes, "flow.journey", "journey")),
        emits=tuple(_named(nodes, "action.emit", "event")),
        watches=tuple(
            (id, journey, _step_of(nodes[id])) for id, journey in _named(nodes, "trigger.journey", "journey")
        ),
        listens=tuple(_named(nodes, "trigger.event", "event")),
        free=free,
        ends_at_once=ends_at_once,
        is_limited=entry.get("reentry", "never") in ("never", "after") or entry.get("limit_per_day") is not None,
    )


def _named(nodes: Mapping[str, Mapping[str, Any]], type: str, field: str) -> Iterator[tuple[str, str]]:
    for id, node in nodes.items():
        named = node["settings"].get(field)
        if node["type"] == type and isinstance(named, str):
            yield id, named


def _step_of(node: Mapping[str, Any]) -> str:
    return str(node["settings"].get("step_id") or "") if node["settings"].get("when") == "step" else ""


def _free(nodes: Mapping[str, Mapping[str, Any]], edges: Iterable[Mapping[str, Any]]) -> tuple[frozenset[str], bool]:
    """Return the steps to which customers come without waiting, and whether they come to an end so.

    Steps of types that are not our own may hold customers up, so they count as if they did.
    """
    after: dict[str, list[str]] = {}
    for edge in edges:
        after.setdefault(edge["from"], []).append(edge["to"])
    left = [id for id, node in nodes.items() if str(node["type"]).startswith("trigger.")]
    free: set[str] = set()
    ends = False
    while left:
        id = left.pop()
        if id in free or id not in nodes:
            continue
        free.add(id)
        type = str(nodes[id]["type"])
        if type in _HOLDING or not type.startswith(_OURS):
            continue
        left += after.get(id, [])
        ends = ends or id not in after
    return frozenset(free), ends


def circle_problems(own: Links, others: Iterable[Links]) -> Iterator[Problem]:
    """Yield what is wrong with the circle of journeys in which this one stands, if there is one.

    An error when nothing in it holds customers up or keeps them from entering again: they would run round at once
    until they are stopped. Otherwise a warning, for it may be meant so.
    """
    around = {one.key: one for one in others if one.key != own.key}
    if not own.key or not (own.starts or own.emits or any(watch[1] == own.key for watch in _watches(own, around))):
        return
    every = {**around, own.key: own}
    ways = _ways(every)
    wild = {pair: way for pair, way in ways.items() if way.is_free and way.is_sure}
    wild = {pair: way for pair, way in wild.items() if not any(every[key].is_limited for key in pair)}
    ring = _ring(own.key, wild)
    if ring:
        told = f"{_told(ring, every)}, and nothing holds customers up: they run round at once"
        remedy = f"put a wait between, or let them enter only once; they are stopped after {ROUNDS} journeys in a row"
        yield error(_step(ring, wild), _code(ring), told, remedy)
        return
    ring = _ring(own.key, ways)
    if ring:
        limited = next((every[key] for key in ring if every[key].is_limited), None)
        why = "customers come round again after a while"
        if limited is not None:
            where = "here" if limited.key == own.key else f"“{limited.name}”"
            why = f"it ends because not everybody may enter {where} again and again"
        remedy = f"leave it if it is meant so; whoever came through {ROUNDS} journeys in a row is stopped"
        yield warning(_step(ring, ways), _code(ring), f"{_told(ring, every)}; {why}", remedy)


def _watches(own: Links, around: Mapping[str, Links]) -> Iterator[tuple[str, str, str]]:
    for one in (own, *around.values()):
        yield from one.watches


def _ways(every: Mapping[str, Links]) -> dict[tuple[str, str], _Way]:
    """Return by (starting, started) how one journey starts another; the way on which nothing holds anybody up first."""
    listening: dict[str, list[tuple[str, str]]] = {}
    for key, one in every.items():
        for trigger, event in one.listens:
            listening.setdefault(event, []).append((key, trigger))
    found: dict[tuple[str, str], _Way] = {}

    def add(source: str, target: str, way: _Way) -> None:
        known = found.get((source, target))
        if known is None or (way.is_free and way.is_sure) > (known.is_free and known.is_sure):
            found[source, target] = way

    for key, one in every.items():
        for step, target in one.starts:
            if target in every:
                add(key, target, _Way(step, "", step in one.free))
        for trigger, source, step in one.watches:
            if source in every:
                started_by = every[source]
                add(source, key, _Way(step, trigger, step in started_by.free if step else started_by.ends_at_once))
        for step, event in one.emits:
            for target, trigger in listening.get(event, ()):
                add(key, target, _Way(step, trigger, step in one.free, is_sure=False))
    return found


def _ring(key: str, ways: Iterable[tuple[str, str]]) -> list[str]:
    """Return the shortest way from a journey back to itself, without its end; empty when there is none."""
    shape: nx.DiGraph[str] = nx.DiGraph(list(ways))
    if key not in shape:
        return []
    if shape.has_edge(key, key):
        return [key]
    rings = [nx.shortest_path(shape, after, key) for after in shape.successors(key) if nx.has_path(shape, after, key)]
    return [key, *min(rings, key=len)[:-1]] if rings else []


def _step(ring: list[str], ways: Mapping[tuple[str, str], _Way]) -> str:
    """Return the step of the checked journey that is to blame: the one that starts, else the trigger that listens."""
    out, into = ways[ring[0], ring[1 % len(ring)]], ways[ring[-1], ring[0]]
    return out.step if not out.trigger else (into.trigger or out.step)


def _code(ring: list[str]) -> str:
    return "starts_itself" if len(ring) == 1 else "start_each_other"


def _told(ring: list[str], every: Mapping[str, Links]) -> str:
    names = [f"“{every[key].name}”" for key in ring[1:]]
    if not names:
        return "the journey starts itself"
    if len(names) == 1:
        return f"this journey and {names[0]} start each other"
    return f"this journey starts {', which starts '.join(names)}, which starts this one"
