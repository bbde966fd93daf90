"""Products as pages list them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, or_, select

from store.products import PRODUCT, Product


def search_products(conn: Connection, text: str, *, skip: int, limit: int) -> tuple[list[Product], int]:
    """Return products by SKU whose SKU, name or brand holds a text, and how many there are in all.

    Reads all products when there is a text: some tens of milliseconds at 100,000.
    """
    found = _holding(text)
    columns = [PRODUCT.c[name] for name in Product._fields]
    query = select(*columns).where(*found).order_by(PRODUCT.c.sku).offset(skip).limit(limit)
    total = conn.execute(select(func.count()).select_from(PRODUCT).where(*found)).scalar_one()
    return [Product(*row)._replace(categories=tuple(row.categories)) for row in conn.execute(query)], int(total)


def _holding(text: str) -> Sequence[Any]:
    """Return the condition. SQLite's LIKE knows small and capital letters of English alone: it is asked for both."""
    if not text:
        return ()
    fields = (PRODUCT.c.sku, PRODUCT.c.name, func.coalesce(PRODUCT.c.brand, ""))
    ways = {text} if text.isascii() else {text, text.lower(), text.upper(), text.capitalize(), text.title()}
    return (or_(*(field.icontains(way, autoescape=True) for field in fields for way in sorted(ways))),)
