"""From the cells of a table to the items that intake takes."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from engine.files import Cells, Row
from engine.parse import Broken
from engine.problems import printable
from nodes.localtime import to_instant
from store.customers import PROFILE
from wayfare.errors import InputRefused

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_TRUE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

COLUMNS = {
    "customers": {"key", *(name for name, _ in PROFILE)},
    "products": {"sku", "name", "brand", "categories", "price", "cost", "currency"},
    "orders": {"order", "customer", "at", "source", "store", "channel", "currency", "sku", "quantity", "price"},
    "events": {"key", "customer", "type", "at", "source", "data"},
}
PREFIXES = {"customers": ("attributes.", "consent."), "products": (), "orders": (), "events": ("data.",)}


def check_columns(kind: str, columns: Iterable[str]) -> None:
    """Refuse a table with columns that nobody would read."""
    unknown = [name for name in columns if name not in COLUMNS[kind] and not name.startswith(PREFIXES[kind] or ("\0",))]
    if unknown:
        known = ", ".join(sorted(COLUMNS[kind]) + [f"{prefix}NAME" for prefix in PREFIXES[kind]])
        names = ", ".join(map(printable, unknown[:10]))
        raise InputRefused("unknown_column", f"unknown columns: {names}; {kind} have {known}")


def items(kind: str, rows: Iterable[Row], *, zone: ZoneInfo | None, file_key: str) -> Iterator[tuple[Row, Any]]:
    """Yield each item with the row that ended it. Neighbouring rows of one order become one purchase.

    `zone` is where instants without a time zone belong; `file_key` makes keys for events that bring none.
    """
    if kind == "orders":
        yield from _orders(rows, zone)
        return
    for row in rows:
        value = row.value
        if isinstance(value, dict):
            value = _ITEM[kind](value) if isinstance(value, Cells) else dict(value)
            if kind == "events":
                value.setdefault("key", f"{file_key}:{row.number}")
            _place(value, zone)
        yield row, value


def _customer(cells: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    consents = []
    for name, cell in cells.items():
        if name.startswith("attributes."):
            attributes[name.removeprefix("attributes.")] = _value(cell)
        elif name.startswith("consent."):
            channel, _, purpose = name.removeprefix("consent.").partition(".")
            granted = _TRUE.get(cell.strip().lower(), cell)
            consents.append(
                {"channel": channel, "purpose": purpose or "marketing", "granted": granted, "source": "import"}
            )
        else:
            item[name] = cell
    return item | ({"attributes": attributes} if attributes else {}) | ({"consents": consents} if consents else {})


def _product(cells: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {name: _whole(cell) if name in ("price", "cost") else cell for name, cell in cells.items()}
    if "categories" in item:
        item["categories"] = [part.strip() for part in re.split(r"[|;]", item["categories"]) if part.strip()]
    return item


def _event(cells: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("data")}
    try:
        data = orjson.loads(cells["data"].encode("utf-8", "surrogateescape")) if "data" in cells else {}
    except (ValueError, UnicodeEncodeError):
        data = cells["data"]
    if isinstance(data, dict):
        data |= {name.removeprefix("data."): _value(cell) for name, cell in cells.items() if name.startswith("data.")}
    return item | {"data": data}


_ITEM = {"customers": _customer, "products": _product, "events": _event}


def _orders(rows: Iterable[Row], zone: ZoneInfo | None) -> Iterator[tuple[Row, Any]]:
    pending: tuple[Row, dict[str, Any]] | None = None
    for row in rows:
        value = row.value
        if isinstance(value, Cells):
            line = {name: value[name] if name == "sku" else _whole(value[name]) for name in _LINE if name in value}
            head = {name: cell for name, cell in value.items() if name not in _LINE}
            if pending and pending[1]["head"] == head:
                pending = (row, pending[1])
                pending[1]["lines"].append(line)
                continue
        if pending:
            yield pending[0], _purchase(pending[1]["head"], pending[1]["lines"], zone)
            pending = None
        if isinstance(value, Cells):
            pending = (row, {"head": head, "lines": [line]})
        elif isinstance(value, dict):
            yield row, _purchase({k: v for k, v in value.items() if k != "lines"}, value.get("lines"), zone)
        else:
            yield row, value
    if pending:
        yield pending[0], _purchase(pending[1]["head"], pending[1]["lines"], zone)


_LINE = ("sku", "quantity", "price")
_OUTER = ("customer", "at", "source")


def _purchase(head: dict[str, Any], lines: Any, zone: ZoneInfo | None) -> Any:
    if "order" not in head:
        return Broken("missing", "the order's number is missing; fill in the column order")
    event = {name: head[name] for name in _OUTER if name in head}
    data = {name: value for name, value in head.items() if name not in _OUTER}
    event |= {"key": head["order"], "type": "purchase", "data": data | {"lines": lines}}
    _place(event, zone)
    return event


def _place(item: dict[str, Any], zone: ZoneInfo | None) -> None:
    """Give an instant without a time zone the one that the file is in."""
    at = item.get("at")
    if zone is None or not isinstance(at, str):
        return
    try:
        local = datetime.fromisoformat(at.strip())
    except ValueError:
        return
    if local.tzinfo is None:
        item["at"] = to_instant(local, zone).isoformat()


def _value(cell: str) -> Any:
    """Return what an attribute's cell means: a number or a truth value when it is written as one, else text."""
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return {"true": True, "false": False}.get(text.lower(), cell)


def _whole(cell: str) -> Any:
    text = cell.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else cell
