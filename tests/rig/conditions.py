"""Who, when, where and what: the conditions and scopes of promotions, read from the plain documents.

Written from the rules of pricing, not from the engine; for the brute force.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Doc = dict[str, Any]
MANY = {"skus": "sku", "brands": "brand", "categories": "categories", "lists": "lists", "lines": "id"}


def merged(lines: Sequence[Doc], rules: Doc) -> list[Doc]:
    """Return the lines with identical ones as one: all but id and quantity is equal, and no scope names them."""
    named = set(_ids(rules))
    found: dict[str, Doc] = {}
    for line in lines:
        rest = {key: value for key, value in line.items() if key not in ("id", "quantity")}
        key = line["id"] if line["id"] in named else json.dumps(rest, sort_keys=True)
        if key in found:
            found[key] = {**found[key], "quantity": found[key]["quantity"] + line["quantity"]}
        else:
            found[key] = line
    return list(found.values())


def _ids(part: Any) -> list[str]:
    """Return every line that is named anywhere in a rule set."""
    if isinstance(part, list):
        return [id for one in part for id in _ids(one)]
    if not isinstance(part, dict):
        return []
    mine = [str(id) for key in ("include", "exclude") for id in (part.get(key) or {}).get("lines") or ()]
    return [*mine, *(id for one in part.values() for id in _ids(one))]


def matches(scope: Doc | None, line: Doc) -> bool:
    """Tell whether a line is in scope: all keys of `include` hold and none of `exclude`."""
    include, exclude = (scope or {}).get("include") or {}, (scope or {}).get("exclude") or {}
    return all(_meets(key, wanted, line) for key, wanted in include.items()) and not any(
        _meets(key, wanted, line) for key, wanted in exclude.items()
    )


def _meets(key: str, wanted: Any, line: Doc) -> bool:
    if key == "price_from":
        return bool(line["price"] >= wanted)
    if key == "price_to":
        return bool(line["price"] <= wanted)
    if key == "attributes":
        return all(
            set(_many(line.get("attributes", {}).get(name))) & set(_many(value)) for name, value in wanted.items()
        )
    if key == "shipping_methods":
        return True  # not about goods
    return bool(set(_many(line.get(MANY[key]))) & set(wanted))


def _many(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def ships(one: Doc, method: str | None) -> bool:
    """Tell whether a promotion works on parcels of this method."""
    scope = one.get("scope", {})
    wanted = scope.get("include", {}).get("shipping_methods")
    barred = scope.get("exclude", {}).get("shipping_methods") or []
    return (wanted is None or method in wanted) and method not in barred


def is_net(condition: Doc) -> bool:
    """Tell whether a condition asks for a net value, anywhere in it."""
    inner = condition.get("of", [])
    return condition.get("base") == "net" or any(is_net(one) for one in (inner if isinstance(inner, list) else [inner]))


def allows(cart: Doc, lines: Sequence[Doc], nets: Sequence[int], one: Doc) -> bool:
    """Tell whether a promotion applies: its code is given, and all its conditions hold.

    `lines` are merged ones; `nets` is what each of them is worth after the earlier layers.
    """
    code = one.get("requires_code")
    if code is not None and code.strip().upper() not in [each.strip().upper() for each in cart.get("codes", [])]:
        return False
    return all(holds(cart, lines, nets, condition) for condition in one.get("conditions", []))


def holds(cart: Doc, lines: Sequence[Doc], nets: Sequence[int], condition: Doc) -> bool:
    """Tell whether one condition holds."""
    kind, customer, at = condition["kind"], cart.get("customer") or {}, datetime.fromisoformat(cart["at"])
    if kind in ("any", "all"):
        parts = [holds(cart, lines, nets, each) for each in condition["of"]]
        return any(parts) if kind == "any" else all(parts)
    if kind == "not":
        return not holds(cart, lines, nets, condition["of"])
    if kind == "period":
        start, end = condition.get("from"), condition.get("until")
        return (start is None or datetime.fromisoformat(start) <= at) and (
            end is None or at < datetime.fromisoformat(end)
        )
    if kind == "weekly":
        return _weekly(condition, at.astimezone(ZoneInfo(condition.get("zone", "UTC"))))
    if kind == "birthday":
        return _birthday(condition, customer.get("birthday"), at.date())
    if kind == "order_number":
        number = customer.get("order_number")
        if number is None:
            return False
        return bool(number == condition["equals"] if "equals" in condition else number % condition["multiple_of"] == 0)
    mine = [place for place, line in enumerate(lines) if matches(condition.get("scope"), line)]
    if kind in ("goods_from", "goods_to"):
        listed = [line["price"] * line["quantity"] for line in lines]
        worth = sum((nets if condition.get("base") == "net" else listed)[place] for place in mine)
        return bool(worth >= condition["value"] if kind == "goods_from" else worth <= condition["value"])
    counts = [lines[place]["quantity"] for place in mine]
    if kind == "quantity_from":
        return bool(sum(counts) >= condition["value"])
    if kind == "line_quantity_from":
        return any(count >= condition["value"] for count in counts)
    if kind == "segment":
        return bool(set(customer.get("segments", [])) & set(condition["values"]))
    if kind == "shipping_method":
        return any(entry.get("method") in condition["values"] for entry in cart.get("shipping", []))
    return (customer.get("level") if kind == "level" else cart.get(kind)) in condition["values"]


def _weekly(condition: Doc, local: datetime) -> bool:
    days = condition.get("days", [1, 2, 3, 4, 5, 6, 7])
    now = f"{local:%H:%M}"
    start, end = condition.get("from") or "00:00", condition.get("until") or "24:00"
    if end <= start:  # over midnight: the morning belongs to the day before
        return (now >= start and local.isoweekday() in days) or (
            now < end and (local - timedelta(days=1)).isoweekday() in days
        )
    return start <= now < end and local.isoweekday() in days


def _birthday(condition: Doc, born: str | None, today: date) -> bool:
    if born is None:
        return False
    before, after = condition.get("before", 0), condition.get("after", 0)
    near = [today + timedelta(days=step) for step in range(-after, before + 1)]
    return any(f"{day:%m-%d}" == born[5:] for day in near)
