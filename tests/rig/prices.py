"""Small documents for price tests: a cart and a rule set in a few words."""

from typing import Any

NOON = "2026-11-24T12:00:00+02:00"


def line(id: str, price: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """Return one line; its sku is its id unless another is given."""
    return {"id": id, "sku": id, "price": price, "quantity": quantity, **more}


def promo(key: str, effect: dict[str, Any], layer: str = "item", **more: Any) -> dict[str, Any]:
    """Return one promotion; with `group` it stands there, otherwise in the BEST group of `layer`."""
    place = {} if "group" in more else {"layer": layer}
    return {"key": key, "effect": effect, **place, **more}


def percent(value: int | str, target: str = "unit") -> dict[str, Any]:
    """Return a percent effect."""
    return {"kind": "percent", "value": str(value), "target": target}


def amount(value: int, target: str = "unit") -> dict[str, Any]:
    """Return an amount effect."""
    return {"kind": "amount", "value": value, "target": target}


def request(lines: list[dict[str, Any]], *promotions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a request; keys of the rule set (groups, caps, smallest_price) and of the cart may follow."""
    rules = {key: more.pop(key) for key in ("groups", "caps", "smallest_price", "version") if key in more}
    cart = {"currency": "UAH", "at": NOON, "lines": lines, **more}
    return {"cart": cart, "ruleset": {"promotions": list(promotions), **rules}}


def fixed(value: int, target: str = "unit") -> dict[str, Any]:
    """Return a set-price effect."""
    return {"kind": "set_price", "value": value, "target": target}


def sets(size: int, units: int = 1, effect: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a multi-buy of sets; the reward is free without another effect."""
    return {"kind": "sets", "size": size, "reward": {"units": units, "effect": effect or percent(100)}, **more}


def brand(*names: str) -> dict[str, Any]:
    """Return a scope of brands."""
    return {"include": {"brands": list(names)}}


def group(key: str, layer: str = "item", policy: str = "best", position: int = 1, **more: Any) -> dict[str, Any]:
    """Return a group."""
    return {"key": key, "layer": layer, "policy": policy, "position": position, **more}


def when(kind: str, *values: Any, **more: Any) -> dict[str, Any]:
    """Return a condition with values."""
    return {"kind": kind, **({"values": list(values)} if values else {}), **more}
