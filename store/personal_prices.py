"""Prices of customers' own: written by walks, read by quotes. How many pieces are gone is a counter of the limits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import in_texts, insert_rows, text_list
from store.types import instant_of, sqlite_text

_COLUMNS = (
    *("enrollment_id", "visit", "customer_id", "kind", "what", "valid_until"),
    *("node", "price", "percent", "currency", "pieces", "source", "valid_from", "created_at"),
)
_MOST = 100


@dataclass(frozen=True, slots=True)
class NewPrices:
    """Prices that one node grants. Rows are (enrollment, visit, customer, "sku" or "brand", which one, valid until)."""

    node: str
    price: int | None
    percent: str | None
    currency: str
    pieces: int
    rows: Sequence[tuple[int, int, int, str, str, datetime]]


@dataclass(frozen=True, slots=True)
class Granted:
    """One price that a customer may have now; `left` pieces of `pieces`."""

    id: int
    kind: str
    what: str
    price: int | None
    percent: str | None
    pieces: int
    left: int

    @property
    def counter(self) -> str:
        """The counter of the pieces that are gone or reserved."""
        return counter_of(self.id)


def counter_of(id: int) -> str:
    """Return the name of the counter of a price's pieces; promotions of the admin cannot have such a key."""
    return f"personal:{id}"


def write_prices(conn: Connection, groups: Sequence[NewPrices], *, now: datetime, source: str) -> None:
    """Grant prices; the effect key, with the product, is unique."""
    rows = [
        (*row, group.node, group.price, group.percent, group.currency, group.pieces, source[:200], now, now)
        for group in groups
        for row in group.rows
    ]
    insert_rows(conn, "personal_price", _COLUMNS, rows)


def granted(
    conn: Connection,
    *,
    customer: str | None,
    phone: str | None,
    currency: str,
    skus: Collection[str],
    brands: Collection[str],
    now: datetime,
) -> list[Granted]:
    """Return the prices that a customer, by key or else by phone, may have now for these products, the latest first.

    One query, served by the unique key of the customer, or ix_customer_phone, and ix_personal_price_customer.
    """
    who = "c.key = :who" if customer else "c.phone = :who"
    moment = sqlite_text(now) if conn.dialect.name == "sqlite" else now
    rows = conn.execute(
        text(
            f"""SELECT p.id, p.kind, p.what, p.price, p.percent, p.pieces,
            p.pieces - coalesce(u.used + u.reserved, 0) AS "left" FROM customer c
            JOIN personal_price p ON p.customer_id = c.id AND p.valid_until >= :now AND p.valid_from <= :now
            LEFT JOIN usage_counter u ON u.name = 'personal:' || p.id
            WHERE {who} AND (p.price IS NULL OR p.currency = :currency)
            AND ((p.kind = 'sku' AND {in_texts(conn, "p.what", "skus")})
                OR (p.kind = 'brand' AND {in_texts(conn, "p.what", "brands")}))
            AND p.pieces > coalesce(u.used + u.reserved, 0) ORDER BY p.id DESC LIMIT {_MOST}"""
        ),
        {
            "who": customer or phone,
            "now": moment,
            "currency": currency,
            "skus": text_list(conn, sorted(skus)),
            "brands": text_list(conn, sorted(brands)),
        },
    )
    return [Granted(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Shown:
    """One price as a customer's page shows it."""

    id: int
    kind: str
    what: str
    price: int | None
    percent: str | None
    currency: str
    pieces: int
    gone: int
    valid_until: datetime
    source: str
    product: str | None


def prices_of(conn: Connection, customer_id: int, limit: int = 50) -> list[Shown]:
    """Return the prices that a customer was given, the latest first."""
    rows = conn.execute(
        text(
            """SELECT p.id, p.kind, p.what, p.price, p.percent, p.currency, p.pieces,
            coalesce(u.used + u.reserved, 0) AS gone, p.valid_until, p.source, o.name AS product FROM personal_price p
            LEFT JOIN usage_counter u ON u.name = 'personal:' || p.id
            LEFT JOIN product o ON p.kind = 'sku' AND o.sku = p.what
            WHERE p.customer_id = :customer ORDER BY p.id DESC LIMIT :most"""
        ),
        {"customer": customer_id, "most": limit},
    )
    return [Shown(**{**row._mapping, "valid_until": instant_of(row.valid_until)}) for row in rows]
