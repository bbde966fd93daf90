"""How groups were in the past, and the sums of what customers are worth at one instant."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from store.bulk import insert_rows
from store.types import sqlite_text
from store.value_rfm import MOVE

GROUP, TOTAL, SOURCE, COHORT, SEGMENT = "group", "total", "source", "cohort", "segment"
_SUMMARY = (
    *("at", "kind", "name", "customers", "orders", "spent"),
    *("predicted", "lifetime", "brought", "cost"),
)
_SLICE = 50_000


def has_history(conn: Connection) -> bool:
    """Say whether any customer ever came into a group."""
    return conn.execute(text("SELECT 1 FROM rfm_move LIMIT 1")).first() is not None


def add_moves(conn: Connection, moves: Sequence[tuple[Any, ...]]) -> None:
    """Add moves (customer, at, from, to), in the order in which they happened."""
    for start in range(0, len(moves), _SLICE):
        insert_rows(conn, "rfm_move", MOVE, moves[start : start + _SLICE])


def add_sizes(conn: Connection, rows: Iterable[tuple[datetime, str, int, int, int]]) -> None:
    """Add sizes of groups in the past: (at, group, customers, orders, spent)."""
    made = [(at, GROUP, name, *figures, None, None, None, None) for at, name, *figures in rows]
    insert_rows(conn, "value_summary", _SUMMARY, made)


def sum_up(conn: Connection, now: datetime, *, values: bool) -> None:
    """Add the sums of now: by group and of all; with `values` by source, month of the first order and segment, too.

    One statement a kind, each a scan of `customer_value`; the one by segment looks at every member.
    """
    kinds = {TOTAL: ("''", "customer_value v"), GROUP: ("v.rfm_group", "customer_value v")}
    if values:
        kinds |= {
            SOURCE: ("v.source", "customer_value v"),
            COHORT: ("CAST(v.first_month AS text)", "customer_value v"),
            SEGMENT: (
                "s.key",
                """segment s JOIN segment_member m ON m.segment_id = s.id
                JOIN customer_value v ON v.customer_id = m.customer_id""",
            ),
        }
    at = sqlite_text(now) if conn.dialect.name == "sqlite" else now
    again = ", ".join(f"{name} = excluded.{name}" for name in _SUMMARY[3:])
    for kind, (name, tables) in kinds.items():
        conn.execute(
            text(
                f"""INSERT INTO value_summary ({", ".join(_SUMMARY)})
                SELECT CAST(:at AS {"text" if conn.dialect.name == "sqlite" else "timestamptz"}), '{kind}', {name},
                count(*), sum(v.orders), sum(v.spent), sum(v.predicted), sum(v.lifetime), sum(v.brought), sum(v.cost)
                FROM {tables} WHERE true GROUP BY 3 HAVING count(*) > 0
                ON CONFLICT (kind, at, name) DO UPDATE SET {again}"""
            ),
            {"at": at},
        )
