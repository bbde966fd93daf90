"""Gates: opened by a person or by the size of a segment; then those who wait there go on."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from engine.runtime import Runtime
from engine.versions import Compiled, Versions
from nodes.contract import FOR_EVER, Opening
from nodes.registry import Registry
from store import audit
from store.db import Connection, Store
from store.memory import let_go, lock_memories, read_memories, segment_size, versions_waiting, write_memories
from store.versions import versions_of
from wayfare.crashpoints import point

Gate = tuple[int, str, str, str]
"""One gate: journey id and key, node, and the kind that tells it from another one at the same node."""


def open_gate(store: Store, registry: Registry, journey_key: str, node: str, *, now: datetime, by: str) -> int:
    """Open a gate of a journey for good, in all its versions; return how many had waited.

    An open gate stays as it was opened, until a version makes another gate of it.
    """
    with store.read() as conn:
        versions = [Versions(registry).get(conn, id) for id in versions_of(conn, journey_key)]
    gates = _gates(versions, only=node)
    return sum(_open(store, gate, [version.id for version, _ in found], now, by) for gate, found in gates.items())


def tend_gates(runtime: Runtime, *, now: datetime) -> int:
    """Open the gates whose segment has become large enough, and let go who still waits at an open one; return how many.

    Looks only at versions in which somebody waits at a gate: one probe of an index a version.
    """
    with runtime.store.read() as conn:
        versions = [runtime.versions.get(conn, id) for id in versions_waiting(conn, FOR_EVER)]
    gone = 0
    for gate, found in _gates(versions).items():
        journey_id, _, node, kind = gate
        opening = found[0][1]
        with runtime.store.read() as conn:
            is_open = bool(read_memories(conn, journey_id, {node: kind}).get(node, {}).get("open"))
            size = segment_size(conn, opening.segment) if opening.segment and not is_open else 0
        here = [version.id for version, _ in found]
        if is_open:
            gone += runtime.store.run(partial(let_go, version_ids=here, node=node, now=now))
        elif opening.segment is not None and size >= opening.at_least:
            _open(runtime.store, gate, here, now, "wayfare")
            gone += 1
    return gone


def _gates(versions: Sequence[Compiled], only: str | None = None) -> dict[Gate, list[tuple[Compiled, Opening]]]:
    found: dict[Gate, list[tuple[Compiled, Opening]]] = defaultdict(list)
    for version in versions:
        for id, node in version.nodes.items():
            if only in (None, id) and (opening := node.opening()) is not None:
                found[version.journey_id, version.journey_key, id, node.memory_kind()].append((version, opening))
    return found


def _open(store: Store, gate: Gate, version_ids: Sequence[int], now: datetime, by: str) -> int:
    """Open one gate and let go who waits there.

    Two transactions: a walk holds customers and then the gate, so nobody may hold the gate and then want customers. A
    crash between the two is made good by `tend_gates`.
    """
    journey_id, journey_key, node, kind = gate

    def note(conn: Connection) -> None:
        memory = lock_memories(conn, journey_id, {node: kind})[node]
        if not memory.get("open"):
            opened = {"open": True, "at": now.isoformat(), "by": by}
            write_memories(conn, journey_id, {node: kind}, {node: opened})
            audit.record(conn, by, "journey.gate_opened", f"journey:{journey_key}", {"node": node}, now)

    store.run(note)
    point("gate.opened")
    return store.run(lambda conn: let_go(conn, version_ids, node, now))
