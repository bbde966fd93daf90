"""Consents in force and the history of how they came about."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Table, select, text

from store.bulk import id_list, in_ids, insert_rows
from store.tables import metadata
from store.upserts import upsert_rows

CONSENT = metadata.tables["consent"]
CHANGE = metadata.tables["consent_change"]


class Given(NamedTuple):
    """A consent that a customer granted or refused at an instant."""

    customer_id: int
    channel: str
    purpose: str
    granted: bool
    source: str
    at: datetime


def read_consents(conn: Connection, customer_ids: Collection[int]) -> dict[tuple[int, str, str], Given]:
    """Return the consents in force of these customers by (customer, channel, purpose)."""
    return {given[:3]: given for given in _read(conn, CONSENT, customer_ids)}


def read_consent_history(conn: Connection, customer_ids: Collection[int]) -> set[Given]:
    """Return all that these customers ever granted or refused."""
    return set(_read(conn, CHANGE, customer_ids))


def write_consents(conn: Connection, history: Iterable[Given], in_force: Iterable[Given], *, now: datetime) -> None:
    """Append to the history, and put consents into force unless a newer one came meanwhile."""
    names = ("customer_id", "channel", "purpose", "granted", "source", "at", "received_at")
    insert_rows(conn, "consent_change", names, [(*given, now) for given in history])
    columns = (
        ("customer_id", "bigint"),
        ("channel", "text"),
        ("purpose", "text"),
        ("granted", "boolean"),
        ("source", "text"),
        ("at", "timestamptz"),
    )
    upsert_rows(conn, "consent", columns, sorted(in_force), keys=3, where="excluded.at >= t.at")


def _read(conn: Connection, table: Table, customer_ids: Collection[int]) -> list[Given]:
    if not customer_ids:
        return []
    query = select(*(table.c[name] for name in Given._fields)).where(text(in_ids(conn, "customer_id")))
    return [Given(*row) for row in conn.execute(query, {"ids": id_list(conn, sorted(customer_ids))})]
