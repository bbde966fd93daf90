"""Importing files: in batches, and after a kill from where the last finished batch ended."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.customers import upsert_customers
from engine.files import Row, read_rows
from engine.intake import ingest_events
from engine.problems import Problem
from engine.products import upsert_products
from engine.tabular import check_columns, items
from store.db import Store
from store.imports import Run, begin_import, note_import, refresh_statistics

KINDS = ("customers", "products", "orders", "events")
BATCH = 1000
_LARGE = 10_000
_REPORT = ("row", "line", "path", "code", "message")


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read. `zone` is where instants without a time zone belong."""

    source: str = "import"
    encoding: str = "utf-8"
    zone: ZoneInfo | None = None
    country: str | None = None
    history: bool = False
    again: bool = False

    def name(self, kind: str) -> str:
        """Return what tells apart imports of one file that mean different things."""
        zone = self.zone.key if self.zone else ""
        return "|".join((kind, self.source, self.encoding, zone, self.country or "", "history" * self.history))[:100]


def import_file(
    store: Store,
    kind: str,
    path: Path,
    report: Path,
    *,
    options: Options,
    now: Callable[[], datetime],
    seen: Callable[[int], None] = lambda bytes: None,
    done: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Take in a file of customers, products, orders or events, and return what came of it.

    Each batch is one transaction; how far the import came is remembered after it, by the file's content. The same
    call on the same file goes on there, and does nothing once all is in, unless `options.again`. Rows taken twice by
    a kill in between change nothing, because every item has a key of its own. Bad rows are written to `report`.
    """
    digest = _digest(path)
    with store.write() as conn:
        run = begin_import(conn, options.name(kind), digest, now=now(), again=options.again)
    if run.is_ended:
        return run
    _cut_report(report, run.rows)
    rows = read_rows(path, encoding=options.encoding, check=lambda names: check_columns(kind, names), seen=seen)
    found = items(kind, (row for row in rows if row.number > run.rows), zone=options.zone, file_key=digest.hex()[:16])
    first = run.rows
    for batch in _batches(found):
        problems = _take(store, kind, [item for _, item in batch], options, run, now())
        _write_report(report, ((batch[problem["index"]][0], problem) for problem in problems))
        run.rows = batch[-1][0].number
        with store.write() as conn:
            note_import(conn, run, now=now())
        done(run)
    run.is_ended = True
    with store.write() as conn:
        note_import(conn, run, now=now())
        if run.rows - first >= _LARGE:
            refresh_statistics(conn, ("customer", "identity", "consent", "product", "event"))
    return run


def _take(store: Store, kind: str, batch: list[Any], options: Options, run: Run, now: datetime) -> list[Problem]:
    if kind == "customers":
        source = f"import:{options.source}"
        upserted = upsert_customers(store, batch, now=now, source=source, default_country=options.country)
    elif kind == "products":
        upserted = upsert_products(store, batch, now=now, source=f"import:{options.source}")
    else:
        taken = ingest_events(store, batch, source_default=options.source, now=now, history=options.history)
        run.done += taken.accepted
        run.known += taken.duplicates
        run.refused += len({problem["index"] for problem in taken.errors})
        return taken.errors
    run.done += upserted.created
    run.known += upserted.updated
    run.refused += len({problem["index"] for problem in upserted.errors})
    return upserted.errors


def _batches(found: Iterator[tuple[Row, Any]]) -> Iterator[list[tuple[Row, Any]]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _digest(path: Path) -> bytes:
    digest = blake2b(digest_size=32)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _write_report(report: Path, problems: Iterable[tuple[Row, Problem]]) -> None:
    lines = [(row.number, row.line, found["path"], found["code"], found["message"]) for row, found in problems]
    if lines:
        is_new = not report.exists()
        with report.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([_REPORT, *lines] if is_new else lines)


def _cut_report(report: Path, rows: int) -> None:
    """Drop what the report says of rows that are going to be read again; all of it when the import starts anew."""
    if not report.exists():
        return
    with report.open(newline="", encoding="utf-8") as file:
        kept = [line for line in csv.reader(file) if line and line[0].isdigit() and int(line[0]) <= rows]
    report.unlink()
    if kept:
        with report.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_REPORT, *kept])
