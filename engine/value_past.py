"""The first computation looks back: in which group customers were at the beginning of each of the last months."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from store import value_chunks as chunks
from store import value_runs as runs
from store.days import begin_of, day_of
from store.db import Connection, Store
from store.value_orders import orders
from store.value_past import add_moves, add_sizes, has_history
from store.value_rfm import mapping
from store.value_runs import CUSTOMERS, FIT, VALUE, Run
from wayfare.value.rfm import cut_points, group_table, scores

MONTHS: Final = 12
_FIGURES: Final = 6_000_000
"""Customers times months that are looked at together, sixteen bytes each: the more customers, the fewer months."""
_READ: Final = 100_000
_NOBODY: Final = np.int8(-1)


@dataclass(slots=True)
class _Month:
    """What was known of each customer on the first day of a month: last day, orders, spent."""

    begin: date
    last: NDArray[np.int32]
    orders: NDArray[np.int32]
    spent: NDArray[np.int64]


def write_past(store: Store, run: Run, now: datetime) -> None:
    """Write the moves of the last months, unless there is a history already; all of them in one transaction."""
    with store.read() as conn:
        known = has_history(conn)
        ids, months = (np.empty(0, dtype=np.int64), []) if known else _look_back(conn, now, run.total)
        table = group_table(mapping(conn))

    def work(conn: Connection) -> None:
        if not runs.is_at(conn, run):
            return
        before = np.full(len(ids), _NOBODY)
        for month in months:
            at = begin_of(conn, month.begin)
            there = month.orders > 0
            groups = np.full(len(ids), _NOBODY)
            groups[there] = _groups(month, there, table)
            add_moves(conn, list(_moves(ids, before, groups, at)))
            add_sizes(conn, _sizes(month, groups, at))
            before = groups
        runs.note(conn, run, phase=FIT if run.kind == VALUE else CUSTOMERS)

    store.run(work)


def firsts(today: date, months: int) -> list[date]:
    """Return the first days of the last months up to this one, the oldest first."""
    found = []
    for back in range(months):
        number = today.year * 12 + today.month - 1 - back
        found.append(date(number // 12, number % 12 + 1, 1))
    return found[::-1]


def _look_back(conn: Connection, now: datetime, customers: int) -> tuple[NDArray[np.int64], list[_Month]]:
    begins = firsts(day_of(conn, now), max(3, min(MONTHS, _FIGURES // max(customers, 1))))
    ids: list[NDArray[np.int64]] = []
    parts: list[list[tuple[NDArray[Any], ...]]] = [[] for _ in begins]
    for after in range(0, chunks.last_id(conn) + 1, _READ):
        owner, day, total = orders(conn, after, after + _READ, now)
        if not len(owner):
            continue
        first = np.flatnonzero(np.append(True, np.diff(owner) != 0))
        ids.append(owner[first])
        for part, begin in zip(parts, begins, strict=True):
            is_past = day < begin.toordinal()
            counts = np.add.reduceat(is_past.astype(np.int32), first)
            last = np.where(counts > 0, day[np.maximum(first + counts - 1, 0)], 0)
            spent = np.add.reduceat(np.where(is_past, total, 0), first)
            part.append((last.astype(np.int32), counts.astype(np.int32), spent))
    if not ids:
        return np.empty(0, dtype=np.int64), []
    months = [
        _Month(begin, *(np.concatenate(column) for column in zip(*part, strict=True)))
        for begin, part in zip(begins, parts, strict=True)
    ]
    return np.concatenate(ids), months


def _groups(month: _Month, there: NDArray[np.bool_], table: NDArray[np.int8]) -> NDArray[np.int8]:
    columns = [column[there] for column in (month.last, month.orders, month.spent)]
    r, f, m = (scores(column, cut_points(column)) - 1 for column in columns)
    found: NDArray[np.int8] = table[r, f, m]
    return found


def _moves(
    ids: NDArray[np.int64], before: NDArray[np.int8], groups: NDArray[np.int8], at: datetime
) -> Iterator[tuple[Any, ...]]:
    changed = np.flatnonzero((groups != before) & (groups >= 0))
    for id, old, new in zip(ids[changed].tolist(), before[changed].tolist(), groups[changed].tolist(), strict=True):
        yield id, at, chunks.KEYS[old] if old >= 0 else None, chunks.KEYS[new]


def _sizes(month: _Month, groups: NDArray[np.int8], at: datetime) -> Iterator[tuple[datetime, str, int, int, int]]:
    for number, key in enumerate(chunks.KEYS):
        here = groups == number
        if here.any():
            yield at, key, int(here.sum()), int(month.orders[here].sum()), int(month.spent[here].sum())
