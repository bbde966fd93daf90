"""One value of a setting as text in a control, and back. Text that makes no sense is kept as it was typed."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from web.builder_forms.schema import Schema, option_text

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?")
_SPACES = re.compile(r"[\s\u00a0\u202f']")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def shown(kind: str, value: Any) -> str:
    """Return the text that stands in the control for a value."""
    if value is None:
        return ""
    if kind == "money":
        return money_shown(value)
    if kind in ("time", "datetime") and isinstance(value, str):
        return value[: 5 if kind == "time" and value[5:] in ("", ":00") else None]
    if kind == "lines" and isinstance(value, list):
        return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in value)
    if kind in ("json", "rule", "event_rule") or isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return option_text(value)


def meant(kind: str, typed: str, schema: Schema) -> Any:
    """Return the value that typed text stands for. A blank is None where that is allowed."""
    typed = typed.replace("\r\n", "\n")
    if not typed.strip() and kind not in ("text", "textarea", "template") and schema.get("nullable"):
        return None
    match kind:
        case "integer":
            return whole(typed)
        case "number":
            return number(typed)
        case "decimal":
            return decimal(typed)
        case "money":
            return money_meant(typed)
        case "time":
            return clock_time(typed)
        case "radio" | "select":
            return next((one for one in schema["enum"] if option_text(one) == typed), typed)
        case "lines":
            item = schema.get("items") or {}
            convert = {"integer": whole, "number": number}.get(item.get("type", ""), str)
            return [convert(line) for line in typed.split("\n") if line.strip()]
        case "json" | "const":
            try:
                return json.loads(typed)
            except (ValueError, RecursionError):
                return typed
    return None if not typed and schema.get("nullable") else typed


_CLOCK = re.compile(r"\s*(\d{1,2})(?:\s*[:.]?\s*(\d{2}))?\s*(am|pm)?\s*", re.ASCII | re.IGNORECASE)


def clock_time(typed: str) -> str:
    """Return 09:30 for 9:30, 9.30, 930 or 9:30 am; what is no time of day stays as it was typed."""
    found = _CLOCK.fullmatch(typed)
    if not found:
        return typed
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else typed


def whole(typed: str) -> int | str:
    """Return a whole number, or the text when it is none. Spaces between digits do no harm."""
    plain = _SPACES.sub("", typed).replace("−", "-")
    return int(plain) if _WHOLE.fullmatch(plain) else typed


def number(typed: str) -> int | float | str:
    """Return a number, whole where it is written so; a comma counts as the decimal point."""
    exact = whole(typed)
    if isinstance(exact, int):
        return exact
    found = _decimal(typed)
    if found is None:
        return typed
    rough = float(found)
    return typed if rough in (float("inf"), float("-inf")) else rough


def decimal(typed: str) -> str:
    """Return a decimal number as text with a point, or what was typed."""
    return typed if _decimal(typed) is None else _SPACES.sub("", typed).replace("−", "-").replace(",", ".")


def money_shown(minor: Any) -> str:
    """Return an amount of minor units in major units, with two decimals."""
    if isinstance(minor, bool) or not isinstance(minor, int | float):
        return option_text(minor)
    amount = Decimal(str(minor)) / 100
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():f}"


def money_meant(typed: str) -> int | float | str:
    """Return minor units from an amount in major units; halves of a minor unit are no money and stay text."""
    found = _decimal(typed)
    if found is None:
        return typed
    minor = found * 100
    return int(minor) if minor == minor.to_integral_value() and abs(minor) < 10**18 else typed


def _decimal(typed: str) -> Decimal | None:
    try:
        found = Decimal(_SPACES.sub("", typed).replace("−", "-").replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 400 else None


def scalar_kind(value: Any) -> str:
    """Return how a value of a setting that takes several types is edited."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes_no"
    return "number" if isinstance(value, int | float) else "text"


def scalar_meant(kind: str, typed: str) -> Any:
    """Return a value of the chosen type."""
    match kind:
        case "nothing":
            return None
        case "yes_no":
            return typed == "true"
        case "number":
            return number(typed)
    return typed.replace("\r\n", "\n")


def value_shown(kind: str, value: Any) -> str:
    """Return a constant of a rule as it stands in the form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "money":
        return money_shown(value)
    return value if isinstance(value, str) else json.dumps(value)


def value_meant(kind: str, typed: str, zone: str = "") -> Any:
    """Return the constant of a rule that was typed; None for a blank number, so that its type is not lost."""
    typed = typed.replace("\r\n", "\n")
    match kind:
        case "money":
            return money_meant(typed) if typed.strip() else None
        case "number":
            return number(typed) if typed.strip() else None
        case "yes_no":
            return typed != "false"
        case "instant" if _LOCAL.fullmatch(typed):
            return typed + (zone or "Z")
    return typed


def duration_shown(value: Any) -> tuple[str, str] | None:
    """Return (amount, unit) of an ISO duration made of one unit; None for any other value."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    parts = (
        [(n, unit) for n, unit in zip(found.groups(), ("days", "hours", "minutes"), strict=True) if n] if found else []
    )
    return parts[0] if len(parts) == 1 else None


def duration_meant(typed: str, unit: str) -> str:
    """Return the ISO text of a duration, or what was typed."""
    amount = whole(typed)
    if not isinstance(amount, int) or amount < 0:
        return typed
    return {"hours": f"PT{amount}H", "minutes": f"PT{amount}M"}.get(unit, f"P{amount}D")


def get(values: Any, name: str, default: Any = None) -> Any:
    """Return a value of what ought to be an object."""
    return values.get(name, default) if isinstance(values, Mapping) else default
