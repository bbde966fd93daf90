"""Documents of the contract as trees of texts, and back. Text that makes no sense is left to the contract to refuse."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from web.builder_forms.values import decimal, money_meant, money_shown, whole
from web.promotion_forms.specs import CONDITIONS, EFFECTS, SIMPLE, Spec, specs_of
from web.promotion_forms.tree import Tree

_UNIONS = {"effect": EFFECTS, "simple": SIMPLE, "condition": CONDITIONS}


def shown(specs: Iterable[Spec], document: Any, zone: str) -> Tree:
    """Return the texts that stand in the fields for a document."""
    found = {}
    for spec in specs:
        value = document.get(spec.name) if isinstance(document, dict) else None
        if value is None and spec.kind in ("choice", "bool", "whole") and spec.default is not None:
            value = spec.default
        if value is not None:
            found[spec.name] = _shown(spec, value, zone)
    return found


def meant(specs: Iterable[Spec], tree: Any, zone: str) -> dict[str, Any]:
    """Return the document that typed texts stand for. What is blank, or as it is anyway, is left out."""
    node = tree if isinstance(tree, dict) else {}
    values = {spec.name: (_meant(spec, node.get(spec.name), zone), spec.default) for spec in specs}
    return {name: value for name, (value, default) in values.items() if value is not None and value != default}


def _shown(spec: Spec, value: Any, zone: str) -> Any:
    match spec.kind:
        case "money":
            return money_shown(value)
        case "bool":
            return "1" if value else ""
        case "keys" | "checks":
            return "\n".join(map(str, value))
        case "attributes":
            return "\n".join(f"{name} = {', '.join(_listed(one))}" for name, one in value.items())
        case "moment":
            return moment_shown(value, zone, is_end=spec.name == "until")
        case "scope" | "model":
            assert spec.model  # noqa: S101  narrows the type
            return shown(specs_of(spec.model), value, zone)
        case "rows":
            assert spec.model  # noqa: S101  narrows the type
            return [shown(specs_of(spec.model), one, zone) for one in value]
        case "effect" | "simple" | "condition":
            return union_shown(spec.kind, value, zone)
        case "conditions":
            return [union_shown("condition", one, zone) for one in value]
        case "steps":
            return value  # by the effect, which knows what they count
    return str(value)


def union_shown(which: str, value: Any, zone: str) -> Tree:
    """Return an effect or condition as texts."""
    model = _UNIONS[which].get(str(value.get("kind")))
    if model is None:
        return {"kind": str(value.get("kind", ""))}
    found = {"kind": value["kind"], **shown(specs_of(model), value, zone)}
    if "steps" in found:
        counts = value.get("base") != "goods"
        found["steps"] = [
            [str(start) if counts else money_shown(start), union_shown("simple", effect, zone)]
            for start, effect in value["steps"]
        ]
    return found


def _meant(spec: Spec, node: Any, zone: str) -> Any:
    match spec.kind:
        case "scope":
            assert spec.model  # noqa: S101  narrows the type
            return _pruned(meant(specs_of(spec.model), node, zone)) or None
        case "model":
            assert spec.model  # noqa: S101  narrows the type
            fields = meant(specs_of(spec.model), node, zone)
            return fields or (None if spec.is_optional else {})
        case "rows":
            assert spec.model  # noqa: S101  narrows the type
            return [meant(specs_of(spec.model), one, zone) for one in node] if isinstance(node, list) else []
        case "effect" | "simple" | "condition":
            return union_meant(spec.kind, node, zone)
        case "conditions":
            inside = [union_meant("condition", one, zone) for one in node] if isinstance(node, list) else []
            return [one for one in inside if one is not None] or (None if spec.is_optional else [])
        case "moment":
            return moment_meant(node, zone, is_end=spec.name == "until")
        case "steps":
            return node
    return _plain(spec, node) if isinstance(node, str) else None


def _plain(spec: Spec, text: str) -> Any:
    typed = text.strip()
    if spec.kind == "bool":
        return True if typed else None
    if not typed:
        return None
    match spec.kind:
        case "money":
            return money_meant(typed)
        case "percent":
            return decimal(typed.removesuffix("%").strip())
        case "whole":
            return whole(typed)
        case "keys":
            return list(dict.fromkeys(line.strip() for line in typed.split("\n") if line.strip()))
        case "checks":
            lines = [line for line in typed.split("\n") if line]
            return [whole(line) for line in lines] if spec.name == "days" else lines
        case "attributes":
            return _attributes(typed)
    return typed


def union_meant(which: str, node: Any, zone: str) -> dict[str, Any] | None:
    """Return an effect or condition from texts; None where none was chosen."""
    kind = str(node.get("kind", "")) if isinstance(node, dict) else ""
    model = _UNIONS[which].get(kind)
    if model is None:
        return {"kind": kind} if kind else None
    found = {"kind": kind, **meant(specs_of(model), node, zone)}
    if "steps" in found:
        count = money_meant if found.get("base") == "goods" else whole
        found["steps"] = [
            [count(str(row[0]).strip()), union_meant("simple", row[1], zone) or {"kind": "percent"}]
            for row in found["steps"]
            if isinstance(row, list) and len(row) == 2
        ]
    return found


def moment_shown(value: Any, zone: str, *, is_end: bool = False) -> dict[str, str]:
    """Return a moment as day and time in the workspace's zone. The midnight that ends a day is that day, no time."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = at.astimezone(ZoneInfo(zone))
    except (ValueError, AttributeError):
        return {"day": str(value), "time": ""}
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        day = local.date() - timedelta(days=1) if is_end else local.date()
        return {"day": day.isoformat(), "time": ""}
    return {"day": local.date().isoformat(), "time": f"{local:%H:%M:%S}".removesuffix(":00")}


def moment_meant(node: Any, zone: str, *, is_end: bool = False) -> str | None:
    """Return the moment of a day and a time in a zone. Without a time a day begins at midnight and ends at the next."""
    if not isinstance(node, dict):
        return None
    day, clock = str(node.get("day", "")).strip(), str(node.get("time", "")).strip()
    if not day and not clock:
        return None
    try:
        found = date.fromisoformat(day)
        if clock:
            at = datetime.combine(found, time.fromisoformat(clock), ZoneInfo(zone))
        else:
            at = datetime.combine(found + timedelta(days=1 if is_end else 0), time(), ZoneInfo(zone))
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        return f"{day} {clock}".strip()
    return at.isoformat()


def _attributes(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        name, is_pair, values = (part.strip() for part in line.partition("="))
        if name:
            several = [one.strip() for one in values.split(",") if one.strip()] if is_pair else []
            found[name] = several[0] if len(several) == 1 else several
    return found


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]


def _pruned(scope: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in scope.items() if one not in (None, {}, False)}
