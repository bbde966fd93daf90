"""Prices that fell: telling everyone who wished for the product, chunk by chunk, resumable at any line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, update_rows
from store.types import instant_of


@dataclass(frozen=True, slots=True)
class Drop:
    """A price that fell from `old` to `new`, in minor units."""

    id: int
    sku: str
    name: str
    old: int
    new: int
    currency: str
    at: datetime
    told: int
    last_customer_id: int


def are_pending(conn: Connection) -> bool:
    """Say whether anybody may still have to be told."""
    return conn.execute(text("SELECT 1 FROM price_drop WHERE done_at IS NULL LIMIT 1")).first() is not None


def pending(conn: Connection, limit: int) -> list[Drop]:
    """Return the oldest drops that not everyone was told of. Served by ix_price_drop_pending."""
    rows = conn.execute(
        text(
            """SELECT d.id, d.sku, p.name, d.old, d.new, d.currency, d.at, d.told, d.last_customer_id
            FROM price_drop d
            JOIN product p ON p.sku = d.sku WHERE d.done_at IS NULL ORDER BY d.id LIMIT :limit"""
        ),
        {"limit": limit},
    )
    return [
        Drop(id, sku, name, old, new, currency, instant_of(at), told, last)
        for id, sku, name, old, new, currency, at, told, last in rows
    ]


def wishers(conn: Connection, ids: Sequence[int], limit: int) -> list[tuple[int, int]]:
    """Return the next (drop, customer) in order: who wished for the product before its price fell and was not told.

    A drop is void while the price is higher again, or the product is off the shelf. Served by
    ix_wish_list_item_sku_customer_id: drops come in order, and the wishers of each one.
    """
    rows = conn.execute(
        text(
            f"""SELECT d.id, w.customer_id FROM price_drop d
            JOIN product p ON p.sku = d.sku AND p.price <= d.new AND p.currency = d.currency
            JOIN wish_list_item w ON w.sku = d.sku AND w.customer_id > d.last_customer_id AND w.at <= d.at
            JOIN customer c ON c.id = w.customer_id AND c.erased_at IS NULL
            WHERE {in_ids(conn, "d.id")} ORDER BY d.id, w.customer_id LIMIT :limit"""
        ),
        {"ids": id_list(conn, ids), "limit": limit},
    )
    return [(row[0], row[1]) for row in rows]


def note_told(
    conn: Connection, drops: Sequence[Drop], told: Sequence[tuple[int, int]], *, is_full: bool, now: datetime
) -> None:
    """Note how far telling has come, in the transaction that told so far.

    Of these drops everyone was told, except where a full chunk ended: of that one and those after it there may be more.
    """
    last = told[-1][0] if is_full else None
    counts, place = Counter(drop for drop, _ in told), dict(told)  # of each drop the last customer
    rows = [
        (one.id, one.told + counts[one.id], place.get(one.id, one.last_customer_id), None if one.id == last else now)
        for one in drops
        if last is None or one.id <= last
    ]
    columns = (("id", "bigint"), ("told", "int"), ("last_customer_id", "bigint"), ("done_at", "timestamptz"))
    update_rows(conn, "price_drop", columns, rows)
