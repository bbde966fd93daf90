"""RFM as it stands: cut points, the mapping of the cells, and the classes of whoever just bought."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from store.bulk import id_list, in_ids, insert_rows
from store.days import day_of
from store.locks import lock
from store.tables import metadata
from store.types import instant_of
from store.upserts import upsert_rows
from store.value_days import month_of
from wayfare.value.rfm import Cell, Cuts, group_of, score

CUT, CELL = metadata.tables["rfm_cut"], metadata.tables["rfm_cell"]
LOCK = "value"
"""Whoever writes classes holds this lock: the matcher for those who bought, a computation for a chunk of all."""

MOVE = ("customer_id", "at", "from_group", "to_group")
_CLASSES = (
    ("customer_id", "bigint"),
    ("recency", "smallint"),
    ("frequency", "smallint"),
    ("monetary", "smallint"),
    ("rfm_group", "text"),
    ("rfm_since", "timestamptz"),
    ("orders", "int"),
    ("spent", "bigint"),
    ("first_month", "int"),
)


@dataclass(frozen=True, slots=True)
class CutPoints:
    """The cut points of one computation; `recency` is of days as numbers."""

    id: int
    at: datetime
    customers: int
    recency: Cuts
    frequency: Cuts
    monetary: Cuts

    def cell(self, day: int, orders: int, spent: int) -> Cell:
        """Return the classes of one customer."""
        return score(day, self.recency), score(orders, self.frequency), score(spent, self.monetary)


def cut_points(conn: Connection) -> CutPoints | None:
    """Return the cut points in force: those of the last computation, if there was any."""
    row = conn.execute(select(CUT).order_by(CUT.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return CutPoints(row.id, row.at, row.customers, tuple(row.recency), tuple(row.frequency), tuple(row.monetary))


def add_cut_points(
    conn: Connection, at: datetime, customers: int, recency: Cuts, frequency: Cuts, monetary: Cuts
) -> None:
    """Add the cut points of a computation; purchases from now on are scored by them."""
    row = (at, customers, list(recency), list(frequency), list(monetary))
    insert_rows(conn, "rfm_cut", ("at", "customers", "recency", "frequency", "monetary"), [row])


def mapping(conn: Connection) -> dict[Cell, str]:
    """Return the cells that somebody gave to another group than the default one."""
    return {(row[0], row[1], row[2]): row[3] for row in conn.execute(select(CELL))}


def change_mapping(conn: Connection, cells: Mapping[Cell, str]) -> None:
    """Give cells to groups; a cell that goes back to its default group is forgotten. The classes stay as they are."""
    default = [cell for cell, group in cells.items() if group == group_of(cell, {})]
    columns = (("recency", "smallint"), ("frequency", "smallint"), ("monetary", "smallint"), ("rfm_group", "text"))
    upsert_rows(
        conn, "rfm_cell", columns, [(*c, group) for c, group in sorted(cells.items()) if c not in default], keys=3
    )
    if default:
        codes = ", ".join(str(r * 100 + f * 10 + m) for r, f, m in default)
        conn.execute(text(f"DELETE FROM rfm_cell WHERE recency * 100 + frequency * 10 + monetary IN ({codes})"))


def reset_mapping(conn: Connection) -> None:
    """Give every cell back to its default group."""
    conn.execute(CELL.delete())


def rescore(conn: Connection, customer_ids: Collection[int], now: datetime) -> int:
    """Score customers whose figures changed by the cut points in force; return how many changed their group.

    A constant number of statements. Does nothing before the first computation, or for customers without orders. The
    caller marks the customers dirty.
    """
    if not customer_ids:
        return 0
    cuts = cut_points(conn)
    if cuts is None:
        return 0
    lock(conn, LOCK)  # a chunk of a computation that read older figures has committed, or comes after us
    groups = mapping(conn)
    rows: list[tuple[Any, ...]] = []
    moves: list[tuple[Any, ...]] = []
    for id, orders, spent, first, last, group, since in _figures(conn, customer_ids):
        cell = cuts.cell(day_of(conn, last).toordinal(), orders, spent)
        new = group_of(cell, groups)
        if new != group:
            moves.append((id, now, group, new))
            since = now
        rows.append((id, *cell, new, since, orders, spent, month_of(day_of(conn, first))))
    upsert_rows(conn, "customer_value", _CLASSES, rows, keys=1)
    insert_rows(conn, "rfm_move", MOVE, moves)
    return len(moves)


def _figures(conn: Connection, ids: Iterable[int]) -> list[tuple[Any, ...]]:
    """Return figures, group and since when; the group of somebody without classes is the last that history knows."""
    rows = conn.execute(
        text(
            f"""SELECT f.customer_id, f.order_count, f.order_sum, f.first_order_at, f.last_order_at,
            coalesce(v.rfm_group, (SELECT m.to_group FROM rfm_move m WHERE m.customer_id = f.customer_id
            ORDER BY m.id DESC LIMIT 1)), coalesce(v.rfm_since, (SELECT m.at FROM rfm_move m
            WHERE m.customer_id = f.customer_id ORDER BY m.id DESC LIMIT 1))
            FROM customer_fact f LEFT JOIN customer_value v ON v.customer_id = f.customer_id
            WHERE {in_ids(conn, "f.customer_id")} AND f.order_count > 0 ORDER BY f.customer_id"""
        ),
        {"ids": id_list(conn, sorted(set(ids)))},
    )
    return [(*row[:3], instant_of(row[3]), instant_of(row[4]), row[5], row[6] and instant_of(row[6])) for row in rows]
