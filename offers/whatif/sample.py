"""The sample of the Complete Journey data set that comes with Wayfare, as receipts; see the note beside it."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from offers.whatif.receipts import Receipt
from offers.whatif.spec import Spec

CURRENCY = "USD"
LAST = date(2017, 12, 31)


class Goods(NamedTuple):
    """What the sample knows of a product, in the words of the example rule set."""

    brand: str
    categories: tuple[str, ...]


def first_day(spec: Spec) -> date:
    """Return the first day that counts."""
    return LAST - timedelta(days=spec.days - 1)


def count(spec: Spec) -> int:
    """Return how many receipts there are."""
    first = first_day(spec).isoformat()
    return sum(1 for at in _orders() if at >= first)


def receipts(spec: Spec, after: int = 0) -> Iterator[Receipt]:
    """Yield the receipts behind a position, in the order of time."""
    goods, zone, first = _goods(), ZoneInfo(spec.zone), first_day(spec).isoformat()
    for order, rows in groupby(_rows("receipts"), key=lambda row: row["order"]):
        lines = list(rows)
        if int(order) <= after or lines[0]["at"] < first:
            continue
        at = datetime.fromisoformat(lines[0]["at"]).replace(tzinfo=zone)
        yield Receipt(
            int(order),
            f"complete-journey-{order}",
            {
                "currency": spec.currency or CURRENCY,
                "at": at.isoformat(timespec="seconds"),
                "channel": "store",
                "store": lines[0]["store"],
                "lines": [_line(number, row, goods[row["sku"]], spec) for number, row in enumerate(lines, 1)],
            },
        )


def _line(number: int, row: dict[str, str], goods: Goods, spec: Spec) -> dict[str, Any]:
    return {
        "id": str(number),
        "sku": row["sku"],
        "price": spec.priced(int(row["price"])),
        "quantity": int(row["quantity"]),
        "brand": goods.brand,
        "categories": list(goods.categories),
    }


@lru_cache(maxsize=1)
def _goods() -> dict[str, Goods]:
    words = json.loads(_folder().joinpath("words.json").read_text(encoding="utf-8"))
    brands, categories = words["brands"], words["categories"]
    return {
        row["sku"]: Goods(
            brands.get(row["brand"], row["brand"]),
            tuple(
                dict.fromkeys((categories.get(row["category"], row["category"]), row["category"], row["department"]))
            ),
        )
        for row in _rows("products")
    }


@lru_cache(maxsize=1)
def _orders() -> tuple[str, ...]:
    return tuple(next(rows)["at"] for _, rows in groupby(_rows("receipts"), key=lambda row: row["order"]))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with _folder().joinpath(f"{name}.csv.gz").open("rb") as packed, gzip.open(packed) as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def _folder() -> Any:
    return files("wayfare").joinpath("data", "complete_journey")
