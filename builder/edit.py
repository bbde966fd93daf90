"""Editing a draft together: each edit is one revision, undone by its inverse, moved onto what others did meanwhile.

The server owns the document. Whoever edits sends operations and the revision they were made on; when others were
first, and their edits do not meet these, the operations are carried out all the same. Nobody's work is lost without a
word: an edit that cannot stand is refused as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from builder import history
from builder.check import MAX_NODES
from builder.fresh import fresh_entry, fresh_settings, place_of
from builder.meeting import meeting, nodes_of
from builder.names import in_words
from builder.ops import Document, Op, apply, normal
from builder.tidy import tidied
from nodes.registry import Registry
from store import draft_log, drafts
from store.db import Connection, Store
from store.draft_log import Entry, Mark
from wayfare.errors import BadOperation, Conflict

T = TypeVar("T")
_TRIES = 100
LAST_NODE = 9_999_999


@dataclass(frozen=True, slots=True)
class Person:
    """Who edits: the name that the log keeps, and the window."""

    by: str
    client: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A draft and how it came to be from the revision that the editor knew.

    `base` is the document at that revision; `since` what others did after it, `applied` what was done now: base, then
    since, then applied give `document`. `renamed` maps ids that were taken meanwhile to those given in their place.
    """

    journey: drafts.Draft
    rev: int
    base_rev: int
    base: Document
    document: Document
    since: list[Op]
    applied: list[Op]
    last_node: int
    marks: list[Mark]


class Met(Conflict):
    """An edit disagrees with one that was made meanwhile. `now` is the draft without it; `nodes` where they meet."""

    def __init__(self, message: str, now: Edited, nodes: Sequence[str]) -> None:
        super().__init__(message)
        self.now = now
        self.nodes = list(nodes)


class Gone(Conflict):
    """The editor's revision is too old to be brought up to date: load the draft again."""

    def __init__(self, rev: int, by: str = "") -> None:
        who = f"{by} has replaced the draft" if by else "The draft has changed too much"
        super().__init__(f"{who} meanwhile, so it was loaded again")
        self.rev = rev


def look(store: Store, key: str, base: int | None = None) -> Edited:
    """Return a draft as it is, with what was done since a revision. NotFound; Gone when that is too long ago."""
    with store.read() as conn:
        return _now(conn, key, base)


def commit(
    store: Store,
    registry: Registry,
    key: str,
    base: int,
    ops: Sequence[Op],
    who: Person,
    *,
    now: datetime,
    label: str = "",
    tidy: bool = False,
) -> Edited:
    """Carry out one edit that was made on revision `base`; `ops` as `builder.op_shapes.read_ops` returns them.

    `tidy` lays the graph out again, in the same edit. Sending the same edit from the same window again, after its
    answer was lost, changes nothing. Raises BadOperation, Met, Gone, NotFound; nothing has changed then.
    """

    def work(conn: Connection, seen: Edited, entries: list[Entry]) -> Edited:
        mine = _stamped(ops, seen.document, registry, key)
        repeated = next((one for one in entries if _is_repeated(one, mine, who)), None)
        if repeated is not None:
            return _cut_in_two(seen, entries, repeated)
        mine = _on_top(mine, seen, entries, who, registry, conn)
        _check_ids(conn, mine, seen)
        document, inverse = _applied(mine, seen, stale=bool(entries))
        if len(document["nodes"]) > max(MAX_NODES, len(seen.document["nodes"])):
            raise BadOperation(f"a journey has at most {MAX_NODES} steps; divide it into several")
        if tidy:
            document, inverse = _tidied(document, inverse, mine, registry)
        return _write(conn, seen, document, mine, inverse, who, now, label or _label(mine))

    return _retried(store, key, base, work)


def undo(
    store: Store, registry: Registry, key: str, base: int, who: Person, *, now: datetime, redo: bool = False
) -> Edited | None:
    """Take back a person's last own edit (or the last undo); None when there is none.

    Met when others have built on it since; their edits stay.
    """

    def work(conn: Connection, seen: Edited, entries: list[Entry]) -> Edited | None:
        mark = (history.to_redo if redo else history.to_undo)(seen.marks, who.by)
        if mark is None:
            return None
        entry, *later = draft_log.since(conn, seen.journey.id, mark.rev - 1, seen.rev)
        mine = _on_top(entry.inverse, seen, history.standing(later), who, registry, conn)
        document, inverse = _applied(mine, seen, stale=True)
        return _write(conn, seen, document, mine, inverse, who, now, entry.label, undo_of=entry.rev)

    return _retried(store, key, base, work)


def _retried(store: Store, key: str, base: int, work: Callable[[Connection, Edited, list[Entry]], T]) -> T:
    """Do `work` on the present draft, and again on the next one when somebody else wrote in between."""

    def once(conn: Connection) -> tuple[T, ...]:
        seen = _now(conn, key, base)
        if seen.journey.status == "archived":
            raise Conflict(f"the journey '{key}' is archived; copy it to go on")
        entries = draft_log.since(conn, seen.journey.id, base, seen.rev) if base < seen.rev else []
        try:
            return (work(conn, seen, entries),)
        except _Overtaken:
            return ()

    for _ in range(_TRIES):
        for found in store.run(once):
            return found
    raise Conflict(f"too many people edit the journey '{key}' at once; try again")


class _Overtaken(Exception):
    """Somebody else wrote this draft between our reading and our writing."""


def _now(conn: Connection, key: str, base: int | None) -> Edited:
    draft = drafts.read_draft(conn, key)
    document = normal(draft.document)
    marks = [mark for mark in draft_log.marks(conn, draft.id) if mark.rev <= draft.rev]  # later ones came between
    base = draft.rev if base is None else base
    last = max(draft.last_node, drafts.highest_node(document))
    if base == draft.rev:
        return Edited(draft, draft.rev, base, document, document, [], [], last, marks)
    since = [mark for mark in marks if mark.rev > base]
    cut = next((mark for mark in since if mark.is_cut), None)
    if cut is not None or base > draft.rev or len(since) != draft.rev - base:
        raise Gone(draft.rev, draft_log.called(conn, [cut.by])[cut.by] if cut and cut.by else "")
    entries = draft_log.since(conn, draft.id, base, draft.rev)
    before = rewound(document, entries)
    ops = [op for entry in entries for op in entry.ops]
    return Edited(draft, draft.rev, base, before, document, ops, [], last, marks)


def rewound(document: Document, entries: Sequence[Entry]) -> Document:
    """Return the document as it was before these edits, the last of which made it."""
    for entry in reversed(entries):
        document, _ = apply(document, entry.inverse)
    return document


def _is_repeated(entry: Entry, ops: Sequence[Op], who: Person) -> bool:
    return bool(who.client) and (entry.client, entry.by) == (who.client, who.by) and entry.ops[: len(ops)] == list(ops)


def _cut_in_two(seen: Edited, entries: Sequence[Entry], own: Entry) -> Edited:
    """Return the answer to an edit that was carried out already: what came before it and after it is of others."""
    before = [op for entry in entries if entry.rev < own.rev for op in entry.ops]
    after = [op for entry in entries if entry.rev > own.rev for op in entry.ops]
    return Edited(
        *(seen.journey, seen.rev, seen.base_rev, seen.base, seen.document, before, [*own.ops, *after], seen.last_node),
        seen.marks,
    )


def _stamped(ops: Sequence[Op], document: Document, registry: Registry, journey: str) -> list[Op]:
    """Return the operations with the version of the node type that new settings were made for: today's. A new step
    without settings begins with those that its type has for its place, and the first trigger says how often one enters.
    """
    arrows = [*(op["edge"] for op in ops if op["op"] == "add_edge"), *document["edges"]]
    entry = None
    types = {node["id"]: node["type"] for node in document["nodes"]}
    types |= {op["node"]["id"]: op["node"]["type"] for op in ops if op["op"] == "add_node"}
    found = []
    for op in ops:
        if op["op"] == "add_node" and not op["node"].get("settings") and op["node"]["type"] in registry:
            id, type = op["node"]["id"], op["node"]["type"]
            place = place_of(id, {**document, "edges": arrows}, registry, journey)
            settings = fresh_settings(type, place, registry)
            entry = entry or fresh_entry(type, document, registry)
            op = op | {"node": op["node"] | {"settings": settings}} if settings else op
        if op["op"] == "set_settings" and "version" not in op and types.get(op["id"], "") in registry:
            op = op | {"version": registry.type_of(types[op["id"]]).version}
        found.append(op)
    return [*found, {"op": "set_journey", "values": {"entry": entry}}] if entry else found


def _on_top(
    ops: Sequence[Op], seen: Edited, entries: Sequence[Entry], who: Person, registry: Registry, conn: Connection
) -> list[Op]:
    """Return operations as they can be carried out on top of others' edits; Met when they disagree."""
    for entry in entries:
        met = meeting(ops, entry.ops)
        if met:
            _refuse(met, entry, seen, who, registry, conn)
    if not entries:
        return list(ops)
    there = {part["id"] for part in (*seen.document["nodes"], *seen.document.get("notes", ()))}
    there |= {op[key]["id"] for op in ops for key in ("node", "note") if isinstance(op.get(key), dict)}
    found = []
    for op in ops:
        if op["op"] == "move":
            places = {id: place for id, place in op["positions"].items() if id in there}
            if places:
                found.append(op | {"positions": places})
        else:
            found.append(op)
    return found


def _refuse(
    met: frozenset[str], entry: Entry, seen: Edited, who: Person, registry: Registry, conn: Connection
) -> NoReturn:
    name = "You" if entry.by == who.by else draft_log.called(conn, [entry.by])[entry.by]
    when = "in another window" if entry.by == who.by else "meanwhile"
    what = sorted(met, key=lambda one: (not one.startswith("node:"), one))[0]
    is_gone = any(op["op"] == "remove_node" and f"node:{op['id']}" in met for op in entry.ops)
    words = in_words(what, (seen.base, seen.document), registry)
    raise Met(f"{name} {'deleted' if is_gone else 'changed'} {words} {when}", seen, nodes_of(met))


def _check_ids(conn: Connection, ops: Sequence[Op], seen: Edited) -> None:
    """Refuse a new step that takes the id of another one: effects and memories are kept under it.

    An edit may take a step away and put it back. Undo and redo bring back what was there and are not asked.
    """
    there = {node["id"]: node["type"] for node in seen.document["nodes"]}
    new = [op["node"] for op in ops if op["op"] == "add_node" and op["node"]["id"] not in there]
    named = {node["id"] for node in new if not drafts.highest_node({"nodes": [node]})}
    published = drafts.published_types(conn, seen.journey.id) if named else {}
    for node in new:
        number = drafts.highest_node({"nodes": [node]})
        if number > LAST_NODE:
            raise BadOperation(f"the number of '{node['id']}' is too high; ids go up to n{LAST_NODE}")
        if 0 < number <= seen.last_node or published.get(node["id"], node["type"]) != node["type"]:
            raise BadOperation(f"'{node['id']}' was another step's id; take n{seen.last_node + 1}")


def _applied(ops: Sequence[Op], seen: Edited, *, stale: bool) -> tuple[Document, list[Op]]:
    try:
        return apply(seen.document, ops)
    except BadOperation as error:
        if stale:
            raise Met(f"The draft has changed meanwhile: {error}", seen, []) from None
        raise


def _tidied(document: Document, inverse: list[Op], mine: list[Op], registry: Registry) -> tuple[Document, list[Op]]:
    places = tidied(document, registry)
    if not places:
        return document, inverse
    move = {"op": "move", "positions": places}
    mine.append(move)
    document, back = apply(document, [move])
    return document, [*back, *inverse]


def _write(
    conn: Connection,
    seen: Edited,
    document: Document,
    ops: list[Op],
    inverse: list[Op],
    who: Person,
    now: datetime,
    label: str,
    *,
    undo_of: int | None = None,
) -> Edited:
    journey = seen.journey
    last = max(seen.last_node, drafts.highest_node(_added(ops)))
    rev = drafts.swap_draft(conn, journey, document, last_node=last, now=now)
    if rev is None:
        raise _Overtaken
    draft_log.append(
        *(conn, journey.id, rev, ops, inverse),
        by=who.by,
        now=now,
        client=who.client,
        label=label,
        undo_of=undo_of,
    )
    marks = [Mark(rev, who.by, who.client, label[:200], undo_of, now, False), *seen.marks]
    return Edited(journey, rev, seen.base_rev, seen.base, document, seen.since, ops, last, marks)


def _added(ops: Sequence[Op]) -> dict[str, Any]:
    return {"nodes": [op["node"] for op in ops if op["op"] == "add_node"]}


_LABELS = {
    "add_node": "Add a step",
    "remove_node": "Delete",
    "move": "Move",
    "add_edge": "Connect",
    "remove_edge": "Disconnect",
    "set_settings": "Change a step",
    "set_note": "Change a step's note",
    "add_note": "Add a note",
    "remove_note": "Delete a note",
    "edit_note": "Change a note",
    "set_journey": "Change the journey's settings",
}


def _label(ops: Sequence[Op]) -> str:
    """Return what an edit that was given no label is called: by its first operation that is not a move."""
    main = next((op for op in ops if op["op"] != "move"), ops[0] if ops else {"op": "move"})
    return _LABELS[main["op"]]
