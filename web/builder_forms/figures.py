"""Conditions on figures, memberships and consents as form fields, and back."""

from collections.abc import Callable, Mapping
from typing import Any

from web.builder_forms.values import scalar_kind, scalar_meant, value_meant, value_shown, whole

Fields = dict[str, str]
Get = Callable[[str], str | None]
"""Returns the posted text of a field of this condition, or None when the form did not hold it."""

COUNTS = ("=", "!=", "<", "<=", ">", ">=")
_WHERE = 5
_ORDER_FILTERS = ("sku", "brand", "category", "store")


def show_orders(part: Mapping[str, Any]) -> Fields | None:
    """Return the fields of a condition on orders; None when no fields can hold it."""
    if not set(part) <= {"type", "measure", "op", "value", "within_days", *_ORDER_FILTERS}:
        return None
    measure = str(part.get("measure", "count"))
    fields = _figure_shown(part, "money" if measure == "sum" else "number")
    if fields is None or any(isinstance(part.get(name), list | dict) for name in _ORDER_FILTERS):
        return None
    filters = {name: value_shown("", part.get(name)) for name in _ORDER_FILTERS}
    return {"about": "orders", "measure": measure, **fields, **filters}


def orders_meant(get: Get) -> dict[str, Any]:
    """Return the condition on orders that fields stand for."""
    measure = get("measure") or "count"
    is_sum = measure == "sum"
    part: dict[str, Any] = {"type": "orders"} | ({"measure": measure} if is_sum else {})
    part |= _figure_meant(get, "money" if is_sum else "number")
    return part | {name: value for name in _ORDER_FILTERS if (value := (get(name) or "").strip())}


def show_events(part: Mapping[str, Any]) -> Fields | None:
    """Return the fields of a condition on events; None when no fields can hold it."""
    allowed = {"type", "event", "measure", "field", "op", "value", "within_days", "where"}
    fields, where = _figure_shown(part, "number"), part.get("where") or []
    event, of = part.get("event", ""), part.get("field") or ""
    if fields is None or not set(part) <= allowed or not isinstance(where, list | tuple) or len(where) > _WHERE:
        return None
    if not (isinstance(event, str) and isinstance(of, str)):
        return None
    fields = {"about": "events", "event": event, "measure": str(part.get("measure", "count")), "field": of, **fields}
    for n, one in enumerate(where):
        if not isinstance(one, Mapping) or set(one) != {"field", "value"} or isinstance(one["value"], list | dict):
            return None
        kind = scalar_kind(one["value"])
        shown = {"field": str(one["field"]), "kind": kind, "value": value_shown(kind, one["value"])}
        fields |= {f"where.{n}.{name}": value for name, value in shown.items()}
    return fields


def events_meant(get: Get) -> dict[str, Any]:
    """Return the condition on events that fields stand for."""
    measure = get("measure") or "count"
    part: dict[str, Any] = {"type": "events", "event": (get("event") or "").strip()}
    if measure != "count":
        part |= {"measure": measure, "field": (get("field") or "").strip()}
    part |= _figure_meant(get, "number")
    where = []
    for n in range(_WHERE):
        if name := (get(f"where.{n}.field") or "").strip():
            kind = get(f"where.{n}.kind") or "text"
            where.append({"field": name, "value": scalar_meant(kind, get(f"where.{n}.value") or "")})
    return part | ({"where": where} if where else {})


def _figure_shown(part: Mapping[str, Any], kind: str) -> Fields | None:
    op, value, within = part.get("op"), part.get("value"), part.get("within_days")
    if op not in COUNTS or isinstance(value, list | dict) or isinstance(within, list | dict):
        return None
    return {"op": str(op), "value": value_shown(kind, value), "within": value_shown("", within)}


def _figure_meant(get: Get, kind: str) -> dict[str, Any]:
    op = get("op") or ">="
    part = {"op": op if op in COUNTS else ">=", "value": value_meant(kind, get("value") or "")}
    within = get("within") or ""
    return part | ({"within_days": whole(within)} if within.strip() else {})


def show_key(part: Mapping[str, Any]) -> Fields | None:
    """Return the fields of a membership of a segment or list."""
    key = part.get("key", "")
    ok = isinstance(key, str) and set(part) <= {"type", "key"}
    return {"about": str(part["type"]), "key": key} if ok else None


def show_consent(part: Mapping[str, Any]) -> Fields | None:
    """Return the fields of a consent."""
    channel, purpose = part.get("channel", ""), part.get("purpose", "marketing")
    ok = isinstance(channel, str) and isinstance(purpose, str) and set(part) <= {"type", "channel", "purpose"}
    return {"about": "consent", "channel": channel, "purpose": purpose} if ok else None


def consent_meant(get: Get) -> dict[str, Any]:
    """Return the consent that fields stand for."""
    part = {"type": "consent", "channel": get("channel") or ""}
    purpose = get("purpose") or "marketing"
    return part if purpose == "marketing" else part | {"purpose": purpose}
