"""Receipts from a table that an admin brings: one row a line, neighbouring rows of one order make one receipt."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from offers.whatif.receipts import Receipt
from offers.whatif.spec import FIRST_YEAR, LAST_YEAR, Spec
from wayfare.errors import InputRefused

NEEDED = ("order", "at", "sku", "quantity", "price")
KNOWN = (*NEEDED, "currency", "channel", "store", "region", "brand", "categories", "level", "segments", "codes")
MOST_BYTES, MOST_ROWS = 20_000_000, 500_000
_HEAD = ("currency", "channel", "store", "region")


@dataclass(frozen=True, slots=True)
class Table:
    """What a table holds."""

    rows: int
    receipts: int
    first: date
    last: date
    currency: str


def read(data: bytes, zone: str) -> Table:
    """Look through a table. Raises InputRefused with the line of the first fault."""
    seen: set[str] = set()
    rows, days = 0, set[date]()
    currency = ""
    for order, group in groupby(_rows(data), key=lambda one: one[1]["order"]):
        lines = list(group)
        if order in seen:
            number = lines[0][0]
            raise _refused(number, f"order '{order}' comes twice; sort the table so that its rows stand together")
        seen.add(order)
        for number, row in lines:
            rows += 1
            if rows > MOST_ROWS:
                raise InputRefused("too_many_rows", f"a table has at most {MOST_ROWS:,} rows", path="file")
            for name, least in (("quantity", 1), ("price", 0)):
                if not (
                    row[name].isascii() and row[name].isdigit() and len(row[name]) < 13 and int(row[name]) >= least
                ):
                    what = "a whole number of pieces" if name == "quantity" else "a price in minor units, such as 1990"
                    raise _refused(number, f"{name} '{row[name][:40]}' is not {what}")
            days.add(_at(number, row["at"], zone).date())
            currency = currency or row.get("currency", "")
    if not rows:
        raise InputRefused("empty", "the table has no rows below its header", path="file")
    return Table(rows, len(seen), min(days), max(days), currency)


def count(data: bytes, spec: Spec, last: date) -> int:
    """Return how many receipts count."""
    return sum(1 for _ in receipts(data, spec, last))


def receipts(data: bytes, spec: Spec, last: date, after: int = 0) -> Iterator[Receipt]:
    """Yield the receipts behind a position: of the `spec.days` up to the day `last`. Lines name what they know."""
    first = last - timedelta(days=spec.days - 1)
    for place, (order, group) in enumerate(groupby(_rows(data), key=lambda one: one[1]["order"]), 1):
        lines = list(group)
        number, head = lines[0]
        at = _at(number, head["at"], spec.zone)
        if place <= after or at.date() < first:
            continue
        cart: dict[str, Any] = {name: head[name] for name in _HEAD if head.get(name)}
        customer = {"level": head["level"]} if head.get("level") else {}
        segments = _many(head, "segments")
        cart["currency"] = spec.currency or head.get("currency") or "UAH"
        cart["at"] = at.isoformat(timespec="seconds")
        cart["lines"] = [_line(number, row, spec) for number, (_, row) in enumerate(lines, 1)]
        if customer or segments:
            cart["customer"] = {**customer, "segments": segments}
        if codes := _many(head, "codes"):
            cart["codes"] = codes
        yield Receipt(place, order, cart)


def _line(number: int, row: Mapping[str, str], spec: Spec) -> dict[str, Any]:
    line = {"id": str(number), "sku": row["sku"], "price": spec.priced(int(row["price"]))}
    line |= {"quantity": int(row["quantity"]), "categories": _many(row, "categories")}
    return {**line, "brand": row["brand"]} if row.get("brand") else line


def _many(row: Mapping[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(part for one in row.get(name, "").split("|") if (part := one.strip())))


def _at(number: int, text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise ValueError(text)
    except ValueError:
        raise _refused(number, f"'{text[:40]}' is not an instant like 2026-11-24T10:00") from None
    return at.astimezone(ZoneInfo(zone)) if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
        header = text.readline()
        delimiter = max(",;\t", key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _check(names)
        reader = csv.reader(text, delimiter=delimiter)
        for cells in reader:
            number = reader.line_num + 1
            if not any(cells):
                continue
            if len(cells) != len(names):
                raise _refused(number, f"the row has {len(cells)} cells and the header {len(names)}")
            row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
            missing = [name for name in NEEDED if not row[name]]
            if missing:
                raise _refused(number, f"{missing[0]} is missing")
            yield number, row
    except UnicodeDecodeError:
        raise InputRefused("encoding", "the file is not text in UTF-8; save it as CSV (UTF-8)", path="file") from None
    except csv.Error as error:
        raise InputRefused("invalid_csv", f"the file cannot be read as a table ({error})", path="file") from None


def _check(names: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in KNOWN]
    if missing or unknown or len(set(names)) < len(names):
        fault = f"it lacks {', '.join(missing)}" if missing else f"it has {', '.join(unknown or names)[:100]}"
        words = f"a table of receipts has the columns {', '.join(NEEDED)} and may have {', '.join(KNOWN[5:])}; {fault}"
        raise InputRefused("columns", words, path="file")


def _refused(number: int, message: str) -> InputRefused:
    return InputRefused("bad_row", f"line {number}: {message}", path="file")
