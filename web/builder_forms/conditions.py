"""One condition of a rule as form fields, and back: what it asks about, the operator, and the values."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from wayfare.segments.facts import PROFILE, Kind, kind_of
from web.builder_forms.figures import (
    COUNTS,
    Fields,
    Get,
    consent_meant,
    events_meant,
    orders_meant,
    show_consent,
    show_events,
    show_key,
    show_orders,
)
from web.builder_forms.values import scalar_kind, value_meant, value_shown, whole

LISTS = ("in", "not in")
COMPARE = ("=", "!=", "<", "<=", ">", ">=", *LISTS, "between", "contains", "starts with")
AGES = ("older than", "younger than", "within last", "within next")
MONEY = frozenset({"orders.sum", "value.spent", "value.predicted", "value.profit"})
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})")


def shown(part: Any) -> Fields | None:
    """Return the fields that show a part of a rule; None when no fields can, so that it is edited as JSON.

    `was` holds the part itself where the fields alone would not give it back exactly.
    """
    if not isinstance(part, Mapping):
        return None
    show = _SHOW.get(str(part.get("type")))
    fields = show(part) if show else None
    if fields is None:
        return None
    fields["from"] = fields["about"]
    if _text(meant(fields.get)) != _text(part):
        fields["was"] = json.dumps(part, ensure_ascii=False)
    return fields


def meant(get: Get) -> dict[str, Any]:
    """Return the part of a rule that fields stand for; blanks and nonsense stay in it as they were typed."""
    about = get("about") or ""
    if (before := get("from")) is not None and before != about:
        return fresh(about, get("name") or "")
    if (raw := get("was")) and (old := _unchanged(raw, get)) is not None:
        return dict(old)
    if about.startswith("fact:") or about in ("", "attr", "data"):
        return _fact_meant(_fact_name(about, get("name") or ""), get)
    return _MEAN[about](get) if about in _MEAN else _fact_meant("", get)


def fresh(about: str, name: str = "") -> dict[str, Any]:
    """Return a new condition about something, with what people ask of it most."""
    match about:
        case "orders":
            return {"type": "orders", "op": ">=", "value": 1}
        case "events":
            return {"type": "events", "event": "", "op": ">=", "value": 1, "within_days": 30}
        case "segment" | "list":
            return {"type": about, "key": ""}
        case "consent":
            return {"type": "consent", "channel": "email"}
    fact = _fact_name(about, name)
    if fact == "birthday":
        return {"type": "birthday", "within_days": 7}
    match kind_of(fact):
        case Kind.DATE | Kind.INSTANT:
            return {"type": "age", "fact": fact, "op": "within last", "days": 30}
        case Kind.NUMBER:
            return {"type": "compare", "fact": fact, "op": ">=", "value": None}
    return {"type": "compare", "fact": fact, "op": "=", "value": ""}


def value_kind(fact: str, value: Any) -> str:
    """Return how the constants of a comparison are typed in: text, number, yes_no, date, instant or money."""
    if fact in MONEY:
        return "money"
    match kind_of(fact) or Kind.ANY:
        case Kind.TEXT:
            return "text"
        case Kind.NUMBER:
            return "number"
        case Kind.DATE:
            return "date"
        case Kind.INSTANT:
            return "instant"
    first = value[0] if isinstance(value, list | tuple) and value else value
    kind = scalar_kind(None if isinstance(first, list | tuple) else first)
    return "number" if kind == "nothing" else kind


def about_of(fact: str) -> Fields:
    """Return the fields that name a fact."""
    if fact in PROFILE:
        return {"about": f"fact:{fact}"}
    root, dot, name = fact.partition(".")
    if root == "data" and dot:
        return {"about": "data", "name": name}
    if root == "attrs" and dot:
        return {"about": f"fact:{fact}"} if name else {"about": "attr", "name": ""}
    return {"about": f"fact:{fact}"} if fact else {"about": ""}


def _fact_name(about: str, name: str) -> str:
    name = name.strip()
    if about == "attr":
        return f"attrs.{name.removeprefix('attrs.')}"
    if about == "data":
        return f"data.{name.removeprefix('data.')}"
    return about.removeprefix("fact:")


def _unchanged(raw: str, get: Get) -> Any:
    """Return the part that the form was made from, when nobody has changed a field of it."""
    try:
        old = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    fields = shown(old)
    if fields is None:
        return None
    same = all(
        _browser(value) == (get(name) or "").replace("\r\n", "\n") for name, value in fields.items() if name != "was"
    )
    return old if same else None


def _browser(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _text(part: Any) -> str:
    return json.dumps(part, sort_keys=True, ensure_ascii=False)


# What is known of the customer, or carried by an event


def _show_compare(part: Mapping[str, Any]) -> Fields | None:
    fact, op, value = part.get("fact"), part.get("op"), part.get("value")
    if not isinstance(fact, str) or op not in COMPARE or not set(part) <= {"type", "fact", "op", "value"}:
        return None
    kind = value_kind(fact, value)
    fields = {**about_of(fact), "op": str(op), "kind": kind}
    if op in LISTS or op == "between":
        several = list(value) if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, list | tuple | dict) for one in several):
            return None
        if op in LISTS:
            fields["values"] = "\n".join(value_shown(kind, one) for one in several)
        else:
            low, high = [*(value_shown(kind, one) for one in several), "", ""][:2]
            fields |= {"value": low, "value2": high}
    elif isinstance(value, list | tuple | dict):
        return None
    else:
        fields["value"] = value_shown(kind, value)
    if kind == "instant":
        found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
        fields["zone"] = found[2] if found else ""
        if found:
            fields["value"] = found[1].replace(" ", "T")
    return fields


def _fact_meant(fact: str, get: Get) -> dict[str, Any]:
    op = get("op") or "="
    kind_op, _, rest = op.partition(":")
    if op in ("set", "empty"):
        return {"type": op, "fact": fact}
    days = whole(get("days") or "")
    if kind_op == "age":
        return {"type": "age", "fact": fact, "op": rest, "days": days}
    if kind_op == "since":
        if rest == "between":
            days2 = get("days2")
            return {
                "type": "days_since",
                "fact": fact,
                "op": rest,
                "value": [days, days if days2 is None else whole(days2)],
            }
        return {"type": "days_since", "fact": fact, "op": rest, "value": days}
    if op == "birthday":
        part: dict[str, Any] = {"type": "birthday", "within_days": days}
        part |= {} if fact == "birthday" else {"fact": fact}
        leap_day = get("leap_day")
        return part | ({} if leap_day in (None, "", "28 February") else {"leap_day": leap_day})
    return _compare_meant(fact, op, get)


def _compare_meant(fact: str, op: str, get: Get) -> dict[str, Any]:
    kind, value, values = get("kind") or "", get("value"), get("values")
    if kind not in _KINDS.get(kind_of(fact) or Kind.ANY, _ANY):
        kind = value_kind(fact, "")
    if kind == "yes_no" and op not in ("=", "!="):
        op = "="
    if op in ("contains", "starts with") and kind in ("number", "money"):
        op = "="
    zone = get("zone") or ""
    found: Any
    if op in LISTS:
        lines = [line for line in (values or "").replace("\r\n", "\n").split("\n") if line.strip()]
        if values is None and value:
            lines = [value]
        found = [value_meant(kind, line, zone) for line in lines]
    elif op == "between":
        found = [value_meant(kind, value or "", zone), value_meant(kind, get("value2") or "", zone)]
    else:
        first = (values or "").replace("\r\n", "\n").split("\n")[0] if value is None else value
        found = value_meant(kind, first, zone)
    return {"type": "compare", "fact": fact, "op": op if op in COMPARE else "=", "value": found}


_ANY = ("text", "number", "yes_no")
_KINDS = {
    Kind.TEXT: ("text",),
    Kind.NUMBER: ("number", "money"),
    Kind.DATE: ("date",),
    Kind.INSTANT: ("instant",),
    Kind.ANY: _ANY,
}


def _show_set(part: Mapping[str, Any]) -> Fields | None:
    fact = part.get("fact")
    return (
        {**about_of(fact), "op": str(part["type"])} if isinstance(fact, str) and set(part) == {"type", "fact"} else None
    )


def _show_age(part: Mapping[str, Any]) -> Fields | None:
    fact, op = part.get("fact"), part.get("op")
    if not isinstance(fact, str) or op not in AGES or not set(part) <= {"type", "fact", "op", "days"}:
        return None
    days = part.get("days")
    return (
        None if isinstance(days, list | dict) else {**about_of(fact), "op": f"age:{op}", "days": value_shown("", days)}
    )


def _show_since(part: Mapping[str, Any]) -> Fields | None:
    fact, op, value = part.get("fact"), part.get("op"), part.get("value")
    if not isinstance(fact, str) or op not in (*COUNTS, "between") or not set(part) <= {"type", "fact", "op", "value"}:
        return None
    several = list(value) if isinstance(value, list | tuple) else [value]
    if isinstance(value, dict) or (op == "between") != (len(several) == 2):
        return None
    fields = {**about_of(fact), "op": f"since:{op}", "days": value_shown("", several[0])}
    return fields | ({"days2": value_shown("", several[1])} if op == "between" else {})


def _show_birthday(part: Mapping[str, Any]) -> Fields | None:
    fact, days = part.get("fact", "birthday"), part.get("within_days")
    allowed = {"type", "fact", "within_days", "leap_day"}
    if not isinstance(fact, str) or isinstance(days, list | dict) or not set(part) <= allowed:
        return None
    leap_day = str(part.get("leap_day", "28 February"))
    return {**about_of(fact), "op": "birthday", "days": value_shown("", days), "leap_day": leap_day}


_SHOW: Mapping[str, Callable[[Mapping[str, Any]], Fields | None]] = {
    "compare": _show_compare,
    "set": _show_set,
    "empty": _show_set,
    "age": _show_age,
    "days_since": _show_since,
    "birthday": _show_birthday,
    "orders": show_orders,
    "events": show_events,
    "segment": show_key,
    "list": show_key,
    "consent": show_consent,
}
_MEAN: Mapping[str, Callable[[Get], dict[str, Any]]] = {
    "orders": orders_meant,
    "events": events_meant,
    "segment": lambda get: {"type": "segment", "key": get("key") or ""},
    "list": lambda get: {"type": "list", "key": get("key") or ""},
    "consent": consent_meant,
}
