"""Fits of the forecast: the one in force, and those before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from store.bulk import insert_rows
from store.tables import metadata

MODEL = metadata.tables["value_model"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fit. Without parameters there is no forecast, and `problem` says why, in words for people."""

    id: int
    at: datetime
    customers: int
    repeaters: int
    is_sample: bool
    parameters: dict[str, float]
    holdout: dict[str, Any]
    problem: str


def add_model(conn: Connection, one: Fitted) -> None:
    """Keep a fit; it is in force from now on."""
    columns = ("at", "customers", "repeaters", "is_sample", "parameters", "holdout", "problem")
    insert_rows(conn, "value_model", columns, [tuple(getattr(one, name) for name in columns)])


def last_models(conn: Connection, limit: int = 1) -> list[Fitted]:
    """Return the latest fits, the newest first."""
    return [Fitted(*row) for row in conn.execute(select(MODEL).order_by(MODEL.c.id.desc()).limit(limit))]
