"""Edits of a graph as operations: pure, each with its exact inverse, so that whatever was done can be undone.

One edit is a list of operations that are carried out together or not at all. A document here is the canonical one of
`builder.text.to_document` with unique ids and at most one edge a port, as `normal` returns it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from builder.text import from_document, in_order, to_document
from wayfare.errors import BadOperation

Document = dict[str, Any]
Op = dict[str, Any]


def normal(document: object) -> Document:
    """Return a draft in the form that operations work on.

    What a file or a program saved may hold an id twice, or edges that lead nowhere: the later node gets a new id, such
    edges are left out, and of two edges of one port the first stays. GraphInvalid when it is no graph at all.
    """
    found = to_document(from_document(document))
    taken: set[str] = set()
    for part in (*found["nodes"], *found.get("notes", ())):
        if part["id"] in taken:
            part["id"] = free_id(part["id"], taken)
        taken.add(part["id"])
    known = {node["id"] for node in found["nodes"]}
    ports: set[tuple[str, str]] = set()
    edges = []
    for edge in found["edges"]:
        port = (edge["from"], edge["port"])
        if edge["from"] in known and edge["to"] in known and port not in ports:
            ports.add(port)
            edges.append(edge)
    found["edges"] = in_order(edges, found["nodes"])
    return found


def free_id(id: str, taken: Iterable[str]) -> str:
    """Return an id like this one that is not taken."""
    known, number = set(taken), 2
    while (candidate := f"{id[:56]}-{number}") in known:
        number += 1
    return candidate


def apply(document: Document, ops: Sequence[Op]) -> tuple[Document, list[Op]]:
    """Return the document after these operations, and the operations that bring the old one back.

    Operations must be as `builder.op_shapes.read_ops` returns them. The old document is left as it was; parts that did
    not change are shared. BadOperation when one does not fit, and then nothing was done.
    """
    draft = _Draft(document)
    inverse: list[Op] = []
    for index, op in enumerate(ops):
        try:
            inverse[:0] = _DO[op["op"]](draft, op)
        except BadOperation as error:
            raise BadOperation(str(error), index) from None
    return draft.document(), inverse


class _Draft:
    """A document that is being changed: its lists are copies, their parts are replaced and never written to."""

    def __init__(self, document: Document) -> None:
        self.old = document
        self.nodes: list[dict[str, Any]] = list(document["nodes"])
        self.edges: list[dict[str, Any]] = list(document["edges"])
        self.notes: list[dict[str, Any]] = list(document.get("notes", ()))
        self.values: dict[str, Any] = {}

    def document(self) -> Document:
        """Return it in canonical form again."""
        found = self.old | {"nodes": self.nodes, "edges": in_order(self.edges, self.nodes)} | self.values
        found.pop("notes", None)
        return found | ({"notes": self.notes} if self.notes else {})

    def node(self, id: str) -> int:
        """Return the place of a node."""
        place = _place(self.nodes, id)
        if place is None:
            raise BadOperation(f"there is no step '{id}'")
        return place

    def note(self, id: str) -> int:
        """Return the place of a note."""
        place = _place(self.notes, id)
        if place is None:
            raise BadOperation(f"there is no note '{id}'")
        return place

    def check_free(self, id: str) -> None:
        """Raise unless no node and no note has this id."""
        for parts, word in ((self.nodes, "step"), (self.notes, "note")):
            if _place(parts, id) is not None:
                raise BadOperation(f"there is a {word} '{id}' already")

    def edge(self, source: str, port: str) -> int | None:
        """Return the place of the edge that leaves by a port, or None."""
        found = (at for at, edge in enumerate(self.edges) if edge["from"] == source and edge["port"] == port)
        return next(found, None)


def _place(parts: Sequence[Mapping[str, Any]], id: str) -> int | None:
    return next((at for at, part in enumerate(parts) if part["id"] == id), None)


def _add_node(draft: _Draft, op: Op) -> list[Op]:
    draft.check_free(op["node"]["id"])
    draft.nodes.insert(op.get("index", len(draft.nodes)), op["node"])
    return [{"op": "remove_node", "id": op["node"]["id"]}]


def _remove_node(draft: _Draft, op: Op) -> list[Op]:
    id = op["id"]
    at = draft.node(id)
    node = draft.nodes.pop(at)
    gone = [edge for edge in draft.edges if id in (edge["from"], edge["to"])]
    draft.edges = [edge for edge in draft.edges if id not in (edge["from"], edge["to"])]
    return [{"op": "add_node", "node": node, "index": at}, *({"op": "add_edge", "edge": edge} for edge in gone)]


def _move(draft: _Draft, op: Op) -> list[Op]:
    before = {}
    nodes = {part["id"]: at for at, part in enumerate(draft.nodes)}
    notes = {part["id"]: at for at, part in enumerate(draft.notes)}
    for id, position in op["positions"].items():
        if id not in nodes and id not in notes:
            raise BadOperation(f"there is no step and no note '{id}'")
        parts, at = (draft.nodes, nodes[id]) if id in nodes else (draft.notes, notes[id])
        before[id] = parts[at]["position"]
        parts[at] = parts[at] | {"position": position}
    return [{"op": "move", "positions": before}]


def _add_edge(draft: _Draft, op: Op) -> list[Op]:
    edge = op["edge"]
    draft.node(edge["from"])
    draft.node(edge["to"])
    at = draft.edge(edge["from"], edge["port"])
    if at is None:
        draft.edges.append(edge)
        return [{"op": "remove_edge", "from": edge["from"], "port": edge["port"]}]
    old, draft.edges[at] = draft.edges[at], edge
    return [{"op": "add_edge", "edge": old}]


def _remove_edge(draft: _Draft, op: Op) -> list[Op]:
    at = draft.edge(op["from"], op["port"])
    if at is None:
        raise BadOperation(f"no arrow leaves '{op['from']}' by '{op['port']}'")
    return [{"op": "add_edge", "edge": draft.edges.pop(at)}]


def _set_settings(draft: _Draft, op: Op) -> list[Op]:
    at = draft.node(op["id"])
    old = draft.nodes[at]
    version, inverse = old.get("version", 1), {"op": "set_settings", "id": op["id"], "settings": old["settings"]}
    if op.get("version", version) != version:
        inverse["version"] = version
    draft.nodes[at] = _node_with(old, settings=op["settings"], version=op.get("version", version))
    return [inverse]


def _set_note(draft: _Draft, op: Op) -> list[Op]:
    at = draft.node(op["id"])
    old = draft.nodes[at]
    draft.nodes[at] = _node_with(old, note=op["note"])
    return [{"op": "set_note", "id": op["id"], "note": old.get("note", "")}]


def _node_with(node: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Return a node with these values, in canonical form: key order, and nothing that says the usual."""
    whole = {"version": 1, "note": ""} | node | changed
    order = ("id", "type", "version", "settings", "position", "note")
    usual = {"version": 1, "note": ""}
    return {key: whole[key] for key in order if key not in usual or whole[key] != usual[key]}


def _add_note(draft: _Draft, op: Op) -> list[Op]:
    draft.check_free(op["note"]["id"])
    draft.notes.insert(op.get("index", len(draft.notes)), op["note"])
    return [{"op": "remove_note", "id": op["note"]["id"]}]


def _remove_note(draft: _Draft, op: Op) -> list[Op]:
    at = draft.note(op["id"])
    return [{"op": "add_note", "note": draft.notes.pop(at), "index": at}]


def _edit_note(draft: _Draft, op: Op) -> list[Op]:
    at = draft.note(op["id"])
    old = draft.notes[at]
    changed = {key: op[key] for key in ("text", "size") if key in op}
    draft.notes[at] = old | changed
    return [{"op": "edit_note", "id": op["id"], **{key: old[key] for key in changed}}]


def _set_journey(draft: _Draft, op: Op) -> list[Op]:
    now = draft.old | draft.values
    draft.values |= op["values"]
    return [{"op": "set_journey", "values": {key: now[key] for key in op["values"]}}]


_DO: Mapping[str, Callable[[_Draft, Op], list[Op]]] = {
    "add_node": _add_node,
    "remove_node": _remove_node,
    "move": _move,
    "add_edge": _add_edge,
    "remove_edge": _remove_edge,
    "set_settings": _set_settings,
    "set_note": _set_note,
    "add_note": _add_note,
    "remove_note": _remove_note,
    "edit_note": _edit_note,
    "set_journey": _set_journey,
}
