"""Publishing: a checked draft becomes an immutable version that takes customers in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from builder.check import ANYWHERE, Context, check
from builder.gifts import Around, around, check_two_people
from builder.keys import check_key
from builder.neighbours import running_links
from builder.ops import normal
from builder.order import topological
from builder.problems import Problem, has_errors
from builder.text import from_document, to_document
from builder.watched import steps_of
from nodes.contract import NodeType
from nodes.graph import Graph
from nodes.registry import Registry
from store import audit, drafts, moving
from store.db import Connection, Store
from store.lists import add_lists
from store.locks import lock
from wayfare.errors import Conflict, GraphInvalid, NotFound


@dataclass(frozen=True, slots=True)
class Published:
    """The version that is live now. `is_new` is false when the same graph was live already."""

    version_id: int
    number: int
    is_new: bool
    warnings: tuple[Problem, ...] = ()


def publish(
    store: Store,
    registry: Registry,
    journey_key: str,
    graph: Graph,
    now: datetime,
    by: str,
    *,
    name: str | None = None,
    note: str = "",
    rev: int | None = None,
    decisions: Sequence[moving.Decision] = (),
) -> Published:
    """Publish a graph as the next version of a journey, which is made when there is none; all in one transaction.

    With `rev`, Conflict when the draft has another revision by now. `decisions` are about customers at steps that are
    gone: they are noted as work, which the engine carries out.

    Batches of codes that it names are made. Who is in the trigger's segment already enters if the trigger says so. The
    graph that is live already is not published again. GraphInvalid carries every problem; nothing has changed then.
    BadKey when a new journey cannot have the key. Conflict, too, when it gives away more money than one person may
    decide about and nobody else has written it.
    """
    document = to_document(graph)
    graph = from_document(document)

    def work(conn: Connection) -> Published:
        lock(conn, "publish")
        problems = check(graph, registry, context_of(conn, journey_key, steps_of(conn, document, registry), document))
        if has_errors(problems):
            raise GraphInvalid([problem for problem in problems if problem.severity == "error"])
        if rev is not None and drafts.find_journey(conn, journey_key, lock=True).rev != rev:
            raise Conflict(f"the draft of '{journey_key}' has changed meanwhile; look at it again")
        live = drafts.live_graph(conn, journey_key)
        if live is not None and live.graph == document:
            journey_id = drafts.find_journey(conn, journey_key, lock=True).id
            moving.decide(conn, journey_id, live.id, decisions, now=now, by=by)
            return Published(live.id, live.number, False, tuple(problems))
        _keep_draft(conn, journey_key, document, now, by, name)
        journey = drafts.find_journey(conn, journey_key, lock=True)
        if journey.status == "archived":
            raise Conflict(f"the journey '{journey_key}' is archived; publish under another key")
        before, since = drafts.last_version(conn, journey.id)
        check_two_people(conn, journey.id, graph, before, registry, by, since)
        nodes = {node.id: registry.load(node) for node in graph.nodes}
        drafts.add_code_batches(conn, _code_batches(nodes), now=now)
        add_lists(conn, _own_lists(nodes), now=now)
        order = topological(graph)
        version = drafts.add_version(conn, journey, document, order, now=now, by=by, note=note)
        drafts.set_live(conn, journey, version.id, now=now)
        moving.decide(conn, journey.id, version.id, decisions, now=now, by=by)
        for id in order:
            if segment := nodes[id].segment_key():
                drafts.start_fan_out(conn, journey, version, segment, now=now)
        audit.record(conn, by, "journey.published", f"journey:{journey_key}", {"version": version.number}, now)
        return Published(version.id, version.number, True, tuple(problems))

    return store.run(work)


def _keep_draft(conn: Connection, key: str, document: dict[str, Any], now: datetime, by: str, name: str | None) -> None:
    """Save what is published as the draft, unless it is the draft: then its edits can still be undone."""
    try:
        is_same = normal(drafts.read_draft(conn, key).document) == document
    except NotFound:
        check_key(key)
        is_same = False
    except GraphInvalid:
        is_same = False
    if not is_same:
        drafts.save_draft(conn, key, document, now=now, name=name, by=by)
    elif name:
        drafts.rename_journey(conn, key, name, now=now)


def context_of(
    conn: Connection,
    journey: str = "",
    steps: Mapping[str, frozenset[str] | None] | None = None,
    document: Mapping[str, Any] | None = None,
) -> Context:
    """Return what exists around the journey called `journey`. Batches of codes are left out: publishing makes them.

    `steps` are those that `builder.watched.steps_of` finds; without a journey there is no telling what it starts.
    Without the `document` nothing is known of what it can give away.
    """
    known = drafts.known_keys(conn)
    gifts = Around() if document is None else around(conn, document)
    there = {kind: keys for kind, keys in known.items() if kind != "code_batch"}
    return Context({**there, **ANYWHERE.known}, journey, steps or {}, running_links(conn) if journey else (), gifts)


def _own_lists(nodes: dict[str, NodeType]) -> set[str]:
    return {key for node in nodes.values() for kind, key in node.references() if kind == "own_list"}


def _code_batches(nodes: dict[str, NodeType]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes.values():
        for kind, key in node.references():
            if kind == "code_batch":
                found.setdefault(key, str(getattr(node, "prefix", "")))
    return found
