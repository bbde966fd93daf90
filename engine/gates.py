"""Gates: opened by a person or by the size of a segment; then those who wait there go on."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from engine.crashpoints import point
from engine.runtime import Runtime
from nodes.contract import FOR_EVER
from store import audit
from store.db import Connection, Store
from store.memory import let_go, lock_memories, read_memories, segment_size, versions_waiting, write_memories


def open_gate(store: Store, journey_id: int, journey_key: str, node: str, *, now: datetime, by: str) -> int:
    """Open a gate of a journey for good; return how many had waited. An open gate stays as it was opened.

    Two transactions: a walk holds customers and then the gate, so nobody may hold the gate and then want customers. A
    crash between the two is made good by `tend_gates`.
    """

    def note(conn: Connection) -> None:
        if _open(conn, journey_id, node, now, by):
            audit.record(conn, by, "journey.gate_opened", f"journey:{journey_key}", {"node": node}, now)

    store.run(note)
    point("gate.opened")
    return store.run(lambda conn: let_go(conn, journey_id, node, now))


def tend_gates(runtime: Runtime, *, now: datetime) -> int:
    """Open the gates whose segment has become large enough, and let go who still waits at an open one; return how many.

    Looks only at versions in which somebody waits at a gate: one probe of an index a version.
    """
    with runtime.store.read() as conn:
        versions = [runtime.versions.get(conn, id) for id in versions_waiting(conn, FOR_EVER)]
    gone = 0
    for version in versions:
        gates = {id: opening for id, node in version.nodes.items() if (opening := node.opening()) is not None}
        if not gates:
            continue
        with runtime.store.read() as conn:
            memories = read_memories(conn, version.journey_id, gates)
            sizes = {one.segment: segment_size(conn, one.segment) for one in gates.values() if one.segment}
        for id, opening in gates.items():
            is_due = opening.segment is not None and sizes[opening.segment] >= opening.at_least
            if is_due and not _is_open(memories, id):
                open_gate(runtime.store, version.journey_id, version.journey_key, id, now=now, by="wayfare")
                gone += 1
            elif _is_open(memories, id):
                go = partial(let_go, journey_id=version.journey_id, node=id, now=now, version_id=version.id)
                gone += runtime.store.run(go)
    return gone


def _is_open(memories: Mapping[str, Mapping[str, object]], node: str) -> bool:
    return bool(memories.get(node, {}).get("open"))


def _open(conn: Connection, journey_id: int, node: str, now: datetime, by: str) -> bool:
    memory = lock_memories(conn, journey_id, [node])[node]
    if memory.get("open"):
        return False
    write_memories(conn, journey_id, {node: {"open": True, "at": now.isoformat(), "by": by}})
    return True
