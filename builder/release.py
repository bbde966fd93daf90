"""Publishing a draft with a decision about those who stand at steps that it no longer has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from builder.impact import reached
from builder.names import name_of
from builder.ops import normal
from builder.order import digraph
from builder.publish import Published, publish
from builder.text import from_document
from nodes.contract import Category
from nodes.graph import Graph
from nodes.registry import Registry
from store import audit, drafts, moving
from store.db import Connection, Store
from wayfare.errors import BadOperation

CHUNK = 5000  # enrollments in one transaction


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of those who stand at a removed step: they finish on their version, move to a step, or exit."""

    do: Literal["finish", "move", "exit"] = "finish"
    to: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """The version that is live now, and how many customers were moved and taken out."""

    published: Published
    moved: int = 0
    exited: int = 0


def release(
    store: Store,
    registry: Registry,
    key: str,
    choices: Mapping[str, Choice],
    rev: int,
    *,
    now: datetime,
    by: str,
    note: str = "",
) -> Released:
    """Publish the draft with revision `rev`, then carry out the choices by removed node, in chunks.

    Doing the same again publishes nothing twice and goes on with the customers where a crash cut it off. Conflict when
    the draft has another revision; GraphInvalid with every problem; BadOperation for a choice that makes no sense.
    """
    with store.read() as conn:
        graph = from_document(normal(drafts.read_draft(conn, key).document))
    check_choices(graph, registry, choices)
    done = publish(store, registry, key, graph, now, by, note=note, rev=rev)
    moved = exited = 0
    for node, choice in choices.items():
        if choice.do == "move":
            moved += _move(store, registry, key, graph, done, node, choice.to, now, by)
        elif choice.do == "exit":
            exited += _exit(store, key, done, node, now, by)
    return Released(done, moved, exited)


def check_choices(graph: Graph, registry: Registry, choices: Mapping[str, Choice]) -> None:
    """Raise BadOperation unless each choice is about a step that is gone, and leads to one where customers can be."""
    for node, choice in choices.items():
        if graph.node(node) is not None:
            raise BadOperation(f"the step '{node}' is still there; nobody has to leave it")
        if choice.do != "move":
            continue
        target = graph.node(choice.to)
        if target is None:
            raise BadOperation(f"choose the step to which customers at '{node}' go on")
        if target.type in registry and registry.type_of(target.type).category is Category.TRIGGER:
            raise BadOperation("customers cannot be moved to a trigger; choose a step behind it")


def _move(
    store: Store,
    registry: Registry,
    key: str,
    graph: Graph,
    done: Published,
    node: str,
    to: str,
    now: datetime,
    by: str,
) -> int:
    behind = sorted(reached(digraph(graph), to))
    target = graph.node(to)
    name = name_of(target.model_dump(), registry) if target else to
    reason = f"moved to “{name}”: version {done.number} no longer has this step"[:500]
    ways = {"node": node, "to": to, "behind": behind, "reason": reason}
    return _chunks(store, key, done, now, by, "journey.moved", {"node": node, "to": to}, moving.move_some, ways)


def _exit(store: Store, key: str, done: Published, node: str, now: datetime, by: str) -> int:
    ways = {"node": node, "reason": f"version {done.number} no longer has this step"}
    return _chunks(store, key, done, now, by, "journey.exited", {"node": node}, moving.exit_some_at, ways)


def _chunks(
    store: Store,
    key: str,
    done: Published,
    now: datetime,
    by: str,
    action: str,
    detail: dict[str, str],
    some: Callable[..., tuple[int | None, int]],
    ways: Mapping[str, Any],
) -> int:
    """Carry out `some` until nobody is left, one transaction a chunk, each with its line in the audit trail."""

    def work(conn: Connection, after: int) -> tuple[int | None, int]:
        journey = drafts.find_journey(conn, key)
        last, count = some(conn, journey.id, done.version_id, now=now, after=after, limit=CHUNK, **ways)
        if count:
            audit.record(
                conn, by, action, f"journey:{key}", {**detail, "version": done.number, "customers": count}, now
            )
        return last, count

    total, last = 0, 0
    while True:
        found, count = store.run(partial(work, after=last))
        total += count
        if found is None:
            return total
        last = found
