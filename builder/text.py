"""A journey as text: read with limits and friendly problems, written in one canonical form that diffs well."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import ValidationError

from builder.problems import Problem, error
from nodes.graph import CanvasNote, Edge, Graph, Node
from nodes.plain_words import problems_of
from wayfare.errors import GraphInvalid

MAX_BYTES = 5_000_000
MAX_DEPTH = 60
_MAX_NUMBER = 2**63 - 1
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_PAIR = re.compile(r'"(position|size)": \[\s+(-?\d+),\s+(-?\d+)\s+\]')


def read(text: str | bytes) -> Graph:
    """Read a journey from JSON, or the one that a template holds as its `graph`.

    GraphInvalid carries every problem, each with its place in the text.
    """
    document = parse(text)
    if isinstance(document, dict) and isinstance(document.get("graph"), dict) and "nodes" not in document:
        document = document["graph"]
    return from_document(document)


def parse(text: str | bytes) -> Any:
    """Read JSON from strangers: refuses what is too large, too deep, ambiguous or not storable."""
    if len(text) > MAX_BYTES:
        _refuse("too_big", f"the text has {len(text)} bytes; a journey has at most {MAX_BYTES}")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            _refuse("not_utf8", f"the text is not UTF-8 at byte {problem.start}", "save the file as UTF-8")
    text = text.removeprefix("\ufeff")
    if _depth(text) > MAX_DEPTH:
        _refuse("too_deep", f"the text nests more than {MAX_DEPTH} deep")
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as problem:
        _refuse("not_json", f"line {problem.lineno}, column {problem.colno}: this is not JSON: {problem.msg}")
    except RecursionError:
        _refuse("too_deep", f"the text nests more than {MAX_DEPTH} deep")
    return document


def from_document(document: Any) -> Graph:
    """Read a journey from JSON values, checking the shape only. GraphInvalid names each place."""
    if not isinstance(document, dict):
        _refuse("not_an_object", "a journey is an object with nodes and edges")
    if bad := unstorable(document):
        _refuse("bad_text", f"{bad}: text with NUL or half a character cannot be stored", "remove that character")
    try:
        return Graph.model_validate(document)
    except ValidationError as problem:
        raise GraphInvalid([_shape(document, *fault) for fault in problems_of(problem)]) from None


def to_document(graph: Graph) -> dict[str, Any]:
    """Return the canonical JSON values of a journey: fixed key order, settings sorted, edges in the nodes' order."""
    nodes = [node_document(node) for node in graph.nodes]
    document: dict[str, Any] = {
        "schema": graph.schema_,
        "nodes": nodes,
        "edges": in_order([edge_document(edge) for edge in graph.edges], nodes),
    }
    rest = graph.model_dump(mode="json", by_alias=True, exclude={"schema_", "nodes", "edges", "notes"})
    rest["entry"]["holdout_percent"] = _decimal(graph.entry.holdout_percent)
    for rules in (rest["goals"], rest["exit_rules"]):
        for rule in rules:
            rule["where"] = sorted_values(rule["where"])
    notes = {"notes": [note_document(note) for note in graph.notes]} if graph.notes else {}
    return document | rest | notes


def write(graph: Graph) -> str:
    """Return the canonical text of a journey. Reading it and writing it again gives the same text."""
    text = json.dumps(to_document(graph), indent=2, ensure_ascii=False, allow_nan=False)
    return _PAIR.sub(r'"\1": [\2, \3]', text) + "\n"


def in_order(edges: Sequence[dict[str, Any]], nodes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return edges in canonical order: as their sources stand among the nodes, then by port and target."""
    place = {node["id"]: number for number, node in enumerate(nodes)}
    last = len(place)
    return sorted(edges, key=lambda edge: (place.get(edge["from"], last), edge["from"], edge["port"], edge["to"]))


def node_document(node: Node) -> dict[str, Any]:
    """Return the canonical JSON values of a node."""
    document: dict[str, Any] = {"id": node.id, "type": node.type}
    if node.version != 1:
        document["version"] = node.version
    document |= {"settings": sorted_values(node.settings), "position": list(node.position)}
    if node.note:
        document["note"] = node.note
    return document


def edge_document(edge: Edge) -> dict[str, Any]:
    """Return the canonical JSON values of an edge."""
    return {"from": edge.source, "port": edge.port, "to": edge.target}


def note_document(note: CanvasNote) -> dict[str, Any]:
    """Return the canonical JSON values of a note on the canvas."""
    return {"id": note.id, "text": note.text, "position": list(note.position), "size": list(note.size)}


def sorted_values(value: Any) -> Any:
    """Return JSON values with the names in every object in order."""
    if isinstance(value, dict):
        return {key: sorted_values(value[key]) for key in sorted(value)}
    return [sorted_values(part) for part in value] if isinstance(value, list | tuple) else value


def _decimal(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _shape(document: dict[str, Any], path: str, code: str, message: str) -> Problem:
    node = ""
    steps = path.split(".")
    if len(steps) > 1 and steps[0] == "nodes" and steps[1].isdigit():
        found = document["nodes"][int(steps[1])]
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            node = found["id"]
    return error(node, f"shape_{code}", f"{path}: {message}" if path else message)


def _refuse(code: str, message: str, remedy: str = "") -> NoReturn:
    raise GraphInvalid([error("", code, message, remedy)])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse("duplicate_key", f"'{twice[:100]}' is written twice in one object", "keep one of the two")
    return found


def _constant(name: str) -> NoReturn:
    _refuse("not_a_number", f"{name} is not a number")


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > _MAX_NUMBER:
        _refuse("number_too_large", f"the number {digits[:20]}… is too large")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits[:400])
    if number in (float("inf"), float("-inf")) or len(digits) > 400:
        _refuse("number_too_large", f"the number {digits[:20]} is too large")
    return number


def _depth(text: str) -> int:
    """Return how deep brackets nest, those inside of strings left out. Linear, without recursion."""
    depth = deepest = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.DOTALL):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def unstorable(value: Any, path: str = "") -> str:
    """Return where a text is that a database refuses: with NUL, or with half of a surrogate pair."""
    if value is None or isinstance(value, int | float):
        return ""
    if isinstance(value, str):
        return path or "text" if _UNSTORABLE.search(value) else ""
    parts: Any = ()
    if isinstance(value, dict):
        if any(_UNSTORABLE.search(str(key)) for key in value):
            return path or "a name"
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for key, part in parts:
        if found := unstorable(part, f"{path}.{key}" if path else str(key)):
            return found
    return ""
