"""What the builder's page is told about a draft: cards, ports, problems; after an edit only what has changed."""

import inspect
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from flask import current_app

from builder import history
from builder.check import check
from builder.edit import Edited
from builder.names import by_name
from builder.ops import Document
from builder.ports import ports_of, usual_ports
from builder.problems import Problem
from builder.publish import context_of
from builder.text import from_document
from builder.tidy import CARD
from builder.watched import steps_of
from nodes.contract import Category, NodeType
from nodes.graph import Node
from nodes.registry import Registry
from store.drafts import Draft
from store.views.journeys import VersionLine
from wayfare.errors import NodeTypeError
from web import assets, ui, words
from web.context import store
from web.graph_view import registry
from web.summaries import summary_of

_KEPT = 64
Findings = Mapping[str, Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Face:
    """What the template of a card shows."""

    icon: str
    category: str
    title: str
    summary: str
    note: str
    errors: int
    warnings: int
    known: bool


class Checks:
    """The problems of the drafts that were looked at last, so that each revision is checked once."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[int, int, int, int], Findings] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, journey: Draft, rev: int, document: Document) -> Findings:
        """Return the problems of a revision by node, in the order of `check`; those of the whole journey under ""."""
        with store().read() as conn:
            around = context_of(conn, journey.key, steps_of(conn, document, registry()), document)
        # With the document: SQLite gives the id of a journey that was removed to the next one.
        outside = (*sorted(around.known.items()), *sorted(around.steps.items()), *around.others, around.gifts)
        key = (journey.id, rev, hash(outside), hash(orjson.dumps(document)))
        with self._lock:
            known = self._found.get(key)
        if known is None:
            found = check(from_document(document), registry(), around)
            known = by_node(by_name(found, document, registry()))
        with self._lock:
            self._found[key] = known
            self._found.move_to_end(key)
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return known


def by_node(problems: Iterable[Problem]) -> Findings:
    """Return problems by node, in their order."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.node, []).append(problem)
    return found


def findings(journey: Draft, rev: int, document: Document) -> Findings:
    """Return the problems of a revision by node; each revision is checked once in a while."""
    checks: Checks = current_app.extensions.setdefault("wayfare.builder", Checks())
    return checks.of(journey, rev, document)


def whole(seen: Edited, by: str, versions: Sequence[VersionLine], live_version_id: int | None) -> dict[str, Any]:
    """Return everything about a draft, for a page that has just been opened."""
    found = findings(seen.journey, seen.rev, seen.document)
    is_open = seen.journey.status != "archived"
    may = {
        "edit": ui.may("journeys.edit") and is_open,
        "publish": ui.may("journeys.publish") and is_open,
        "operate": ui.may("journeys.operate"),
    }
    return {
        "key": seen.journey.key,
        "name": seen.journey.name,
        "status": seen.journey.status,
        "rev": seen.rev,
        "graph": seen.document,
        "card": list(CARD),
        "cards": {node["id"]: _card(node, seen.document, found) for node in seen.document["nodes"]},
        "problems": [problem.as_dict() for problems in found.values() for problem in problems],
        **_steps(seen, by),
        "may": may,
        "types": node_types(registry()),
        "versions": [
            {
                "number": one.number,
                "published_at": one.published_at.isoformat(),
                "published_by": one.published_by,
                "note": one.note,
                "is_live": one.id == live_version_id,
            }
            for one in versions
        ],
    }


def changes(seen: Edited, by: str) -> dict[str, Any]:
    """Return what is new since the revision that the page knows: operations, and cards and problems that differ."""
    before = findings(seen.journey, seen.base_rev, seen.base)
    after = findings(seen.journey, seen.rev, seen.document) if seen.rev != seen.base_rev else before
    return {
        "rev": seen.rev,
        "since": seen.since,
        "applied": seen.applied,
        "cards": _changed_cards(seen, before, after),
        "problems": _changed_problems(before, after),
        **_steps(seen, by),
    }


def _steps(seen: Edited, by: str) -> dict[str, Any]:
    undo, redo = history.to_undo(seen.marks, by), history.to_redo(seen.marks, by)
    return {
        "undo": {"label": undo.label} if undo else None,
        "redo": {"label": redo.label} if redo else None,
        "next_id": f"n{seen.last_node + 1}",
    }


def _changed_problems(before: Findings, after: Findings) -> dict[str, Any]:
    ids = [id for id in {**before, **after} if list(before.get(id, ())) != list(after.get(id, ()))]
    every = [problem.severity for problems in after.values() for problem in problems]
    return {
        "changed": {id: [problem.as_dict() for problem in after.get(id, ())] for id in ids},
        "errors": every.count("error"),
        "warnings": every.count("warning"),
    }


def _changed_cards(seen: Edited, before: Findings, after: Findings) -> dict[str, Any]:
    """Return the cards whose words, ports or number of problems differ; a card that only moved is the same."""
    old = {node["id"]: node for node in seen.base["nodes"]}
    ways_before, ways_after = _ways(seen.base), _ways(seen.document)
    found = {}
    for node in seen.document["nodes"]:
        id, was = node["id"], old.get(node["id"])
        is_same = was is node or (was is not None and _content(was) == _content(node))
        is_same = is_same and _weight(before, id) == _weight(after, id)
        if is_same and (ways_before.get(id) == ways_after.get(id) or _is_sound(node)):
            continue
        found[id] = _card(node, seen.document, after)
    return found


def _content(node: Mapping[str, Any]) -> tuple[Any, ...]:
    return (node["type"], node.get("version", 1), node["settings"], node.get("note", ""))


def _weight(found: Findings, id: str) -> tuple[int, int]:
    problems = found.get(id, ())
    errors = sum(problem.severity == "error" for problem in problems)
    return errors, len(problems) - errors


def _ways(document: Document) -> dict[str, list[str]]:
    """Return the ports that arrows leave by: those of nodes that cannot be loaded show in their cards."""
    found: dict[str, list[str]] = {}
    for edge in document["edges"]:
        found.setdefault(edge["from"], []).append(edge["port"])
    return found


def _is_sound(node: Mapping[str, Any]) -> bool:
    try:
        registry().load(Node.model_validate(node))
    except NodeTypeError:
        return False
    return True


def _card(node: Mapping[str, Any], document: Document, found: Findings) -> dict[str, Any]:
    face = face_of(node, found)
    count = face.errors + face.warnings
    name = f"{face.title}: {face.summary}" if face.summary else face.title
    ports, named = ports_of(node, document["edges"], registry()), _named(node)
    return {
        "html": _drawn(face, assets.version("icons.svg")),
        "name": f"{name}, {count} {'problem' if count == 1 else 'problems'}" if count else name,
        "title": face.title,
        "summary": face.summary,
        "ports": [{"name": port, "label": port if port in named else port_label(port, ports)} for port in ports],
        "is_trigger": face.category == Category.TRIGGER,
        "problems": count,
        "errors": face.errors,
        "known": face.known,
    }


@lru_cache(maxsize=4096)
def _drawn(face: Face, _icons: str) -> str:
    """Return the inside of a card; steps that say the same look the same, today as yesterday."""
    return current_app.jinja_env.get_template("builder/_card.html").render(card=face)


def face_of(node: Mapping[str, Any], found: Findings) -> Face:
    """Return what a card shows of a node, with its problems counted."""
    numbers, note = _weight(found, node["id"]), node.get("note", "")
    types = registry()
    if node["type"] not in types:
        return Face("puzzle", "missing", node["type"], "This step's type is not installed", note, *numbers, False)
    node_type = types.type_of(node["type"])
    try:
        summary = summary_of(types.load(Node.model_validate(node)))
    except NodeTypeError:
        summary = ""
    title = node_type.label or node_type.key
    return Face(node_type.icon, str(node_type.category), title, summary, note, *numbers, True)


def _named(node: Mapping[str, Any]) -> set[str]:
    """Return the ports that the settings give a name to, such as branches: that is shown as somebody wrote it."""
    lists = [value for value in node["settings"].values() if isinstance(value, list)]
    names = (row.get("port") for rows in lists for row in rows if isinstance(row, dict))
    return {name for name in names if isinstance(name, str)}


def port_label(port: str, ports: Sequence[str]) -> str:
    """Return the words on an arrow that leaves by a port; the only way out needs none."""
    if port == "next" and len(ports) < 2:
        return ""
    return words.port(port) or "Next"


def node_types(types: Registry) -> dict[str, dict[str, Any]]:
    """Return what the palette needs to know of each node type, by category, rank and label.

    `own` are settings that a copy does not share with its original.
    """
    found: dict[str, dict[str, Any]] = {}
    order = list(Category)
    known = [types.type_of(key) for key in types]
    for one in sorted(known, key=lambda one: (order.index(one.category), one.rank, one.label or one.key)):
        ports = usual_ports(one)
        found[one.key] = {
            "label": one.label or one.key,
            "icon": one.icon,
            "category": str(one.category),
            "help": inspect.cleandoc(one.__doc__ or ""),
            "words": " ".join(one.keywords),
            "own": own_settings(one),
            "ports": [{"name": port, "label": port_label(port, ports)} for port in ports],
        }
    return found


def own_settings(node_type: type[NodeType]) -> list[str]:
    """Return the names of the settings that each step has for itself."""
    extras = ((name, one.json_schema_extra) for name, one in node_type.model_fields.items())
    return [name for name, extra in extras if isinstance(extra, dict) and extra.get("own")]
