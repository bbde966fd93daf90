"""Products and the history of their prices."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, select, text

from store.bulk import in_texts, insert_rows, text_list
from store.tables import metadata
from store.upserts import upsert_rows

PRODUCT, CHANGE = metadata.tables["product"], metadata.tables["price_change"]
_CHANGE = ("product_id", "old", "new", "currency", "at", "source", "brand", "categories")
_DROP = ("sku", "old", "new", "currency", "at", "last_customer_id", "told")


class Product(NamedTuple):
    """A product as it is sold; `price` in minor units of `currency`."""

    sku: str
    name: str
    brand: str | None
    categories: tuple[str, ...]
    price: int | None
    currency: str


class PriceStep(NamedTuple):
    """A product's price changed from `old` to `new`; or what promotions ask about it did, and the price stayed."""

    sku: str
    old: int | None
    new: int | None
    currency: str
    brand: str | None
    categories: tuple[str, ...]
    is_drop: bool


def lock_products(conn: Connection, skus: Collection[str]) -> dict[str, Product]:
    """Return the products with these SKUs, locked until the transaction ends; unknown ones are left out."""
    query = select(*(PRODUCT.c[name] for name in Product._fields)).where(text(in_texts(conn, "sku", "skus")))
    if conn.dialect.name != "sqlite":
        query = query.order_by(PRODUCT.c.sku).with_for_update(key_share=True)
    rows = conn.execute(query, {"skus": text_list(conn, skus)})
    return {
        row.sku: Product(row.sku, row.name, row.brand, tuple(row.categories), row.price, row.currency) for row in rows
    }


def write_products(
    conn: Connection, products: Sequence[Product], prices: Sequence[PriceStep], *, now: datetime, source: str
) -> None:
    """Write products whole, append to the history of their prices, and note prices that fell."""
    columns = (
        ("sku", "text"),
        ("name", "text"),
        ("brand", "text"),
        ("categories", "jsonb"),
        ("price", "bigint"),
        ("currency", "text"),
        ("updated_at", "timestamptz"),
    )
    rows = [(*one._replace(categories=list(one.categories)), now) for one in sorted(products)]  # type: ignore[arg-type]  # _replace takes anything
    upsert_rows(conn, "product", columns, rows, keys=1)
    if prices:
        ids = _ids(conn, {one.sku for one in prices})
        history: list[tuple[Any, ...]] = [
            (ids[one.sku], one.old, one.new, one.currency, now, source[:200], one.brand, list(one.categories))
            for one in prices
        ]
        insert_rows(conn, "price_change", _CHANGE, history)
        drops = [(one.sku, one.old, one.new, one.currency, now, 0, 0) for one in prices if one.is_drop]
        insert_rows(conn, "price_drop", _DROP, drops)


def currency_in_use(conn: Connection) -> str:
    """Return the currency of the newest product; empty before there is one."""
    newest = select(PRODUCT.c.currency).order_by(PRODUCT.c.id.desc()).limit(1)
    return conn.execute(newest).scalar_one_or_none() or ""


def products_of(conn: Connection, skus: Collection[str]) -> dict[str, Product]:
    """Return the products with these SKUs; unknown ones are left out."""
    query = select(*(PRODUCT.c[name] for name in Product._fields)).where(text(in_texts(conn, "sku", "skus")))
    return {row.sku: Product(*row) for row in conn.execute(query, {"skus": text_list(conn, skus)})}


def some_products(conn: Connection, limit: int = 300) -> list[Product]:
    """Return the first products by SKU, to choose from."""
    query = select(*(PRODUCT.c[name] for name in Product._fields)).order_by(PRODUCT.c.sku).limit(limit)
    return [Product(*row) for row in conn.execute(query)]


def _ids(conn: Connection, skus: Collection[str]) -> dict[str, int]:
    query = select(PRODUCT.c.sku, PRODUCT.c.id).where(text(in_texts(conn, "sku", "skus")))
    return {row.sku: row.id for row in conn.execute(query, {"skus": text_list(conn, skus)})}


def products_to_look_at(conn: Connection, since: datetime, limit: int) -> list[Product]:
    """Return products to try rules on: those whose price changed since an instant first, then others, by SKU."""
    recent = exists().where(CHANGE.c.product_id == PRODUCT.c.id, CHANGE.c.at > since)
    columns = [PRODUCT.c[name] for name in Product._fields]
    query = select(*columns).where(PRODUCT.c.price.is_not(None)).order_by(recent.desc(), PRODUCT.c.sku).limit(limit)
    return [Product(*row)._replace(categories=tuple(row.categories)) for row in conn.execute(query)]


def newest_with_price(conn: Connection, brand: str | None = None, *, wished: bool = False) -> Product | None:
    """Return the newest product that has a price, of a brand if given; one that somebody wishes for where there is."""
    query = select(*(PRODUCT.c[name] for name in Product._fields)).where(PRODUCT.c.price.is_not(None))
    if brand:
        query = query.where(PRODUCT.c.brand == brand)
    query = query.order_by(PRODUCT.c.id.desc()).limit(1)
    if wished:
        on_a_list = text("EXISTS (SELECT 1 FROM wish_list_item w WHERE w.sku = product.sku)")
        if (row := conn.execute(query.where(on_a_list)).one_or_none()) is not None:
            return Product(*row)
    row = conn.execute(query).one_or_none()
    return None if row is None else Product(*row)
