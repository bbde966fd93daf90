"""One door for everything that edits a draft: operations from the canvas, forms, undo and redo."""

from collections.abc import Callable
from typing import Any

from builder import edit
from builder.edit import Edited, Gone, Met, Person
from builder.op_shapes import read_ops
from nodes.registry import Registry
from wayfare.errors import BadOperation, Conflict, GraphInvalid, NotFound
from web import builder_view
from web.context import now, store
from web.graph_view import registry
from web.principal import principal

Answer = tuple[int, dict[str, Any]]


def commit(key: str, base: int, ops: Any, label: str, client: str, tidy: bool = False) -> Answer:
    """Carry out one edit of a draft that was made on revision `base`; return the status and the answer.

    200 with what changed; 409 when it disagrees with what others did meanwhile (nothing of it was carried out);
    422 when an operation is wrong; 404 when there is no such journey.
    """
    who = Person(principal().actor, client)

    def work() -> Edited:
        types = registry()
        checked = read_ops(_of_today(ops, types))
        return edit.commit(store(), types, key, base, checked, who, now=now(), label=label, tidy=tidy)

    return _answered(work)


def step_back(key: str, base: int, client: str, *, redo: bool = False) -> Answer:
    """Undo this person's last own edit, or redo what was undone last; return the status and the answer."""
    who = Person(principal().actor, client)

    def work() -> Edited | None:
        return edit.undo(store(), registry(), key, base, who, now=now(), redo=redo)

    def nothing() -> dict[str, Any]:
        seen = edit.look(store(), key, base)
        return {**builder_view.changes(seen, who.by), "nothing": True}

    return _answered(work, nothing)


def since(key: str, rev: int) -> Answer:
    """Return the status and what others have changed since a revision."""
    return _answered(lambda: edit.look(store(), key, rev))


def _of_today(ops: Any, types: Registry) -> Any:
    """Return operations in which new nodes say the version of their type that is installed, unless they say another."""
    if not isinstance(ops, list):
        return ops
    found = []
    for op in ops:
        node = op.get("node") if isinstance(op, dict) and op.get("op") == "add_node" else None
        if isinstance(node, dict) and "version" not in node and str(node.get("type")) in types:
            op = {**op, "node": {**node, "version": types.type_of(str(node["type"])).version}}
        found.append(op)
    return found


def _answered(work: Callable[[], Edited | None], nothing: Callable[[], dict[str, Any]] | None = None) -> Answer:
    by = principal().actor
    try:
        done = work()
        if done is None:
            return 200, nothing() if nothing else {}
        return 200, builder_view.changes(done, by)
    except Met as met:
        found = builder_view.changes(met.now, by)
        return 409, {"error": "conflict", "message": str(met), "nodes": met.nodes, **found}
    except Gone as gone:  # without a revision: the page has to load everything again
        return 409, {"error": "gone", "message": str(gone), "reload": True}
    except Conflict as conflict:
        return 409, {"error": "conflict", "message": _sentence(str(conflict))}
    except BadOperation as bad:
        return 422, {"error": "bad_op", "message": str(bad), "index": bad.index}
    except GraphInvalid as invalid:
        return 422, {"error": "unreadable", "message": f"This draft cannot be read: {invalid}"}
    except NotFound as missing:
        return 404, {"error": "not_found", "message": _sentence(str(missing))}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
