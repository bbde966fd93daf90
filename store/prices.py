"""What products cost in the past, and which rule sets priced carts then."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select, text

from store.bulk import id_list, in_ids, in_texts, text_list
from store.tables import metadata
from store.types import instant_of, sqlite_text

VERSION, PRODUCT = metadata.tables["ruleset_version"], metadata.tables["product"]
_REFUSAL = "the history of prices is append-only"


class PastPrice(NamedTuple):
    """A product's price from `at` on; None when it had none. `categories` is None where nobody noted them."""

    at: datetime
    price: int | None
    currency: str
    brand: str | None
    categories: tuple[str, ...] | None
    source: str


class PricedProduct(NamedTuple):
    """A product as it is sold now, with the id that its history hangs on."""

    id: int
    sku: str
    name: str
    brand: str | None
    categories: tuple[str, ...]
    price: int | None
    currency: str


class VersionStart(NamedTuple):
    """A version of the rule set that priced carts from `live_from` on."""

    number: int
    digest: str
    live_from: datetime


def priced_products(conn: Connection, skus: Collection[str]) -> list[PricedProduct]:
    """Return the products with these SKUs; unknown ones are left out."""
    query = select(*(PRODUCT.c[name] for name in PricedProduct._fields)).where(text(in_texts(conn, "sku", "skus")))
    rows = conn.execute(query, {"skus": text_list(conn, skus)})
    return [PricedProduct(*row)._replace(categories=tuple(row.categories)) for row in rows]


def past_prices(conn: Connection, product_ids: Iterable[int], since: datetime) -> dict[int, list[PastPrice]]:
    """Return the changes of these products from `since` on, and the last one before, in the order in which they came.

    Served by ix_price_change_product_id_at.
    """
    rows = conn.execute(
        text(
            f"""SELECT c.product_id, c.at, c.new, c.currency, c.brand, c.categories, c.source FROM price_change c
            WHERE {in_ids(conn, "c.product_id")} AND (c.at > :since OR c.id = (
                SELECT b.id FROM price_change b WHERE b.product_id = c.product_id AND b.at <= :since
                ORDER BY b.at DESC, b.id DESC LIMIT 1))
            ORDER BY c.product_id, c.at, c.id"""
        ),
        {"ids": id_list(conn, product_ids), "since": _at(conn, since)},
    )
    found: dict[int, list[PastPrice]] = defaultdict(list)
    for product_id, at, price, currency, brand, categories, source in rows:
        known = orjson.loads(categories) if isinstance(categories, str) else categories
        noted = None if known is None else tuple(known)
        found[product_id].append(PastPrice(instant_of(at), price, currency, brand, noted, source))
    return found


def version_starts(conn: Connection, since: datetime) -> list[VersionStart]:
    """Return the versions that began after `since`, those to come too, and the one that was live then, in order."""
    columns = (VERSION.c.number, VERSION.c.digest, VERSION.c.live_from)
    approved = select(*columns).where(VERSION.c.status == "approved")
    before = approved.where(VERSION.c.live_from <= since).order_by(VERSION.c.live_from.desc(), VERSION.c.id.desc())
    after = approved.where(VERSION.c.live_from > since).order_by(VERSION.c.live_from, VERSION.c.id)
    return [VersionStart(*row) for query in (before.limit(1), after) for row in conn.execute(query)]


def version_bodies(conn: Connection, numbers: Collection[int]) -> dict[int, str]:
    """Return what these versions hold, by their numbers."""
    query = select(VERSION.c.number, VERSION.c.body).where(VERSION.c.number.in_(numbers))
    return {row.number: row.body for row in conn.execute(query)} if numbers else {}


def protect(conn: Connection) -> None:
    """Make the database itself refuse to change what products cost in the past."""
    if conn.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            conn.exec_driver_sql(
                f"CREATE TRIGGER price_change_no_{act.lower()} BEFORE {act} ON price_change "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    conn.exec_driver_sql(
        f"CREATE FUNCTION price_change_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER price_change_no_change BEFORE UPDATE OR DELETE ON price_change "
        "FOR EACH ROW EXECUTE FUNCTION price_change_refuse()"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER price_change_no_truncate BEFORE TRUNCATE ON price_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION price_change_refuse()"
    )


def unprotect(conn: Connection) -> None:
    """Take the protection away, on the way back to a database that does not know it."""
    if conn.dialect.name == "sqlite":
        for act in ("update", "delete"):
            conn.exec_driver_sql(f"DROP TRIGGER price_change_no_{act}")
        return
    for name in ("no_change", "no_truncate"):
        conn.exec_driver_sql(f"DROP TRIGGER price_change_{name} ON price_change")
    conn.exec_driver_sql("DROP FUNCTION price_change_refuse()")


def _at(conn: Connection, moment: datetime) -> Any:
    return sqlite_text(moment) if conn.dialect.name == "sqlite" else moment
