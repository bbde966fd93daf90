"""What is different between two graphs, in words: steps, arrows and settings; where cards stand is left out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from builder.names import name_of
from builder.ops import Document
from nodes.registry import Registry

Kind = Literal["added", "changed", "removed"]
_SIGNS: Mapping[str, str] = {"added": "+", "changed": "~", "removed": "-"}
_PARTS = ("entry", "goals", "exit_rules", "quiet_hours", "window")
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `node` is empty when it concerns the journey as a whole; `details` says what has changed."""

    kind: Kind
    what: Literal["step", "arrow", "journey"]
    node: str
    words: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{_SIGNS[self.kind]} {self.words}" + (f": {'; '.join(self.details)}" if self.details else "")

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self) | {"details": list(self.details)}


def compare(old: Document, new: Document, registry: Registry) -> list[Change]:
    """Return what must be done to make `new` of `old`: steps, then arrows, then settings of the journey."""
    return [*_steps(old, new, registry), *_arrows(old, new, registry), *_journey(old, new)]


def _steps(old: Document, new: Document, registry: Registry) -> Iterator[Change]:
    before, after = _by_id(old), _by_id(new)
    for id, node in after.items():
        if id not in before:
            yield Change("added", "step", id, f"{id} {name_of(node, registry)} ({node['type']})")
        elif details := tuple(_differences(before[id], node, registry)):
            yield Change("changed", "step", id, f"{id} {name_of(node, registry)}", details)
    for id, node in before.items():
        if id not in after:
            yield Change("removed", "step", id, f"{id} {name_of(node, registry)} ({node['type']})")


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    if old["type"] != new["type"]:
        yield f"type {old['type']} → {new['type']}"
        return
    titles = {}
    if new["type"] in registry:
        fields = registry.type_of(new["type"]).model_fields
        titles = {name: field.title or name.replace("_", " ").capitalize() for name, field in fields.items()}
    yield from _values(old["settings"], new["settings"], titles)
    if old.get("version", 1) != new.get("version", 1):
        yield f"version of the type {old.get('version', 1)} → {new.get('version', 1)}"
    if old.get("note", "") != new.get("note", ""):
        yield "note"


def _values(old: Mapping[str, Any], new: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({**old, **new}):
        if old.get(name) == new.get(name) and (name in old) == (name in new):
            continue
        title, before, after = titles.get(name, name), _shown(old.get(name)), _shown(new.get(name))
        yield f"{title} {before} → {after}" if len(before) + len(after) <= _SHORT else f"{title} changed"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, str):
        return f"“{value}”"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _arrows(old: Document, new: Document, registry: Registry) -> Iterator[Change]:
    before, after = _by_port(old), _by_port(new)
    there = _by_id(new)
    for (source, port), target in after.items():
        was = before.get((source, port))
        if was != target:
            kind: Kind = "added" if was is None else "changed"
            details = () if was is None else (f"led to {was}",)
            yield Change(kind, "arrow", source, f"{source} {_by(port)}→ {target}", details)
    for (source, port), target in before.items():
        if (source, port) not in after and source in there:
            yield Change("removed", "arrow", source, f"{source} {_by(port)}→ {target}")


def _by(port: str) -> str:
    return "" if port == "next" else f"by {port} "


def _journey(old: Document, new: Document) -> Iterator[Change]:
    for part in _PARTS:
        before, after = old.get(part), new.get(part)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            details = tuple(_values(before, after, {}))
        else:
            details = tuple(_values({part: before}, {part: after}, {part: "now"}))
        yield Change("changed", "journey", "", part.replace("_", " "), details)


def _by_id(document: Document) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in document["nodes"]}


def _by_port(document: Document) -> dict[tuple[str, str], str]:
    return {(edge["from"], edge["port"]): edge["to"] for edge in document["edges"]}
