"""Where two edits meet: what each operation touches, and when two that were made side by side cannot both stand."""

from collections.abc import Iterable, Sequence
from typing import Any

from builder.ops import Op


def touched(op: Op) -> frozenset[str]:
    """Return what an operation changes: "node:n1", "edge:n1:next", "note:x1", "journey:entry", "position:n1"."""
    match op["op"]:
        case "add_node":
            return frozenset({f"node:{op['node']['id']}"})
        case "remove_node" | "set_settings" | "set_note":
            return frozenset({f"node:{op['id']}"})
        case "add_edge":
            return frozenset({f"edge:{op['edge']['from']}:{op['edge']['port']}"})
        case "remove_edge":
            return frozenset({f"edge:{op['from']}:{op['port']}"})
        case "add_note":
            return frozenset({f"note:{op['note']['id']}"})
        case "remove_note" | "edit_note":
            return frozenset({f"note:{op['id']}"})
        case "set_journey":
            return frozenset(f"journey:{name}" for name in op["values"])
    return frozenset(f"position:{id}" for id in op["positions"])


def meeting(mine: Sequence[Op], theirs: Sequence[Op]) -> frozenset[str]:
    """Return the resources over which two edits disagree; empty when both can stand, in either order.

    Positions never count: the later one stands. Removing a node meets every edit that names it.
    """
    ours, others = _all(mine), _all(theirs)
    met = {one for one in ours & others if not one.startswith("position:")}
    for gone, named in ((_removed(mine), _named(theirs)), (_removed(theirs), _named(mine))):
        met |= {f"node:{id}" for id in gone & named}
    return frozenset(met)


def nodes_of(resources: Iterable[str]) -> list[str]:
    """Return the ids of the nodes and notes that resources belong to."""
    return sorted({one.split(":")[1] for one in resources if not one.startswith("journey:")})


def _all(ops: Iterable[Op]) -> set[str]:
    return {one for op in ops for one in touched(op)}


def _removed(ops: Iterable[Op]) -> set[str]:
    return {op["id"] for op in ops if op["op"] == "remove_node"}


def _named(ops: Iterable[Op]) -> set[str]:
    found: set[Any] = set()
    for op in ops:
        match op["op"]:
            case "add_node":
                found.add(op["node"]["id"])
            case "remove_node" | "set_settings" | "set_note":
                found.add(op["id"])
            case "add_edge":
                found |= {op["edge"]["from"], op["edge"]["to"]}
            case "remove_edge":
                found.add(op["from"])
    return found
