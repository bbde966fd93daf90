"""What forms offer to choose from: what there is, and what the latest customers and events look like.

Values come from the newest rows only, so that a suggestion costs the same with a thousand customers as with millions.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select, text

from store.bulk import in_texts, text_list
from store.tables import metadata
from store.views._parts import table

CUSTOMER, EVENT, PRODUCT, ORDER = table("customer"), table("event"), table("product"), table("sales_order")
NEWEST_CUSTOMERS = 500
NEWEST_EVENTS = 3000
NEWEST_PRODUCTS = 5000
NEWEST_ORDERS = 5000
_NAMED = {
    "segment": "segment",
    "list": "customer_list",
    "code_batch": "code_batch",
    "journey": "journey",
    "message_template": "message_template",
}
"""The table of each kind of thing that has a key and a name. A table that is not there yet holds nothing."""
_COLUMNS = frozenset({"city", "country", "locale", "time_zone", "level", "sex"})


def has_table(kind: str) -> bool:
    """Say whether things of a kind can be kept at all."""
    return _NAMED[kind] in metadata.tables


def named(conn: Connection, kind: str) -> list[tuple[str, str]]:
    """Return (key, name) of all things of a kind, by name."""
    if not has_table(kind):
        return []
    rows = table(_NAMED[kind])
    return [(row[0], row[1]) for row in conn.execute(select(rows.c.key, rows.c.name).order_by(rows.c.name, rows.c.key))]


def name_of(conn: Connection, kind: str, key: str) -> str | None:
    """Return the name of one of them, or None when there is none of that key."""
    if not has_table(kind):
        return None
    rows = table(_NAMED[kind])
    found: str | None = conn.execute(select(rows.c.name).where(rows.c.key == key)).scalar_one_or_none()
    return found


Names = Mapping[tuple[str, str], str]


def names(conn: Connection) -> Names:
    """Return what segments and lists are called, by ("segment", key) and ("list", key)."""
    return {(kind, key): name for kind in ("segment", "list") for key, name in named(conn, kind)}


def description_of(conn: Connection, key: str) -> str:
    """Return what people read about a journey."""
    rows = table("journey")
    return str(conn.execute(select(rows.c.description).where(rows.c.key == key)).scalar_one_or_none() or "")


def products(conn: Connection, text: str, limit: int, offset: int) -> list[tuple[str, str]]:
    """Return (sku, name) of products whose number or name holds the text, by name."""
    query = select(PRODUCT.c.sku, PRODUCT.c.name)
    for word in text.split():
        # Databases fold the case of ASCII alone; people write a word small, with a capital, or in capitals.
        forms = {word, word.lower(), word.capitalize(), word.upper()}
        columns = (PRODUCT.c.sku, PRODUCT.c.name)
        query = query.where(or_(*(column.icontains(form, autoescape=True) for column in columns for form in forms)))
    query = query.order_by(PRODUCT.c.name, PRODUCT.c.sku).limit(limit).offset(offset)
    return [(row[0], row[1]) for row in conn.execute(query)]


def product_name(conn: Connection, sku: str) -> str | None:
    """Return the name of a product, or None."""
    found: str | None = conn.execute(select(PRODUCT.c.name).where(PRODUCT.c.sku == sku)).scalar_one_or_none()
    return found


def brands(conn: Connection) -> list[str]:
    """Return the brands of the newest products, by name."""
    newest = select(PRODUCT.c.brand).order_by(PRODUCT.c.id.desc()).limit(NEWEST_PRODUCTS)
    return sorted({row[0] for row in conn.execute(newest) if row[0]})


def categories(conn: Connection) -> list[str]:
    """Return the categories of the newest products, by name."""
    newest = select(PRODUCT.c.categories).order_by(PRODUCT.c.id.desc()).limit(NEWEST_PRODUCTS)
    return sorted({one for row in conn.execute(newest) for one in row[0] or () if isinstance(one, str) and one})


def unknown(conn: Connection, kind: str, values: Sequence[str]) -> set[str]:
    """Return those of brands, categories or SKUs that no product has; none while there is no product at all."""
    wanted = {"values": text_list(conn, values)}
    if kind == "category":
        is_sqlite = conn.dialect.name == "sqlite"
        each = (
            "json_each(product.categories) AS c" if is_sqlite else "jsonb_array_elements_text(categories) AS c(value)"
        )
        query = f"SELECT DISTINCT c.value FROM product, {each} WHERE {in_texts(conn, 'c.value', 'values')}"
    else:
        column = {"brand": "brand", "product": "sku"}[kind]
        query = f"SELECT DISTINCT {column} FROM product WHERE {in_texts(conn, column, 'values')}"
    found = set(conn.execute(text(query), wanted).scalars())
    if not found and conn.execute(select(PRODUCT.c.id).limit(1)).first() is None:
        return set()
    return set(values) - found


def stores(conn: Connection) -> list[str]:
    """Return the stores of the newest orders, by name."""
    newest = select(ORDER.c.store).order_by(ORDER.c.id.desc()).limit(NEWEST_ORDERS)
    return sorted({row[0] for row in conn.execute(newest) if row[0]})


def unlocks(conn: Connection) -> list[tuple[str, str]]:
    """Return (what its codes unlock, name) of each batch of codes that is not void, by name."""
    batch = table("code_batch")
    query = select(batch.c.unlock, batch.c.key, batch.c.name).where(batch.c.voided_at.is_(None)).order_by(batch.c.name)
    return [(row[0] or row[1].upper(), row[2]) for row in conn.execute(query)]


def promotions(conn: Connection) -> list[tuple[str, str, str]]:
    """Return (key, name, kind) of the draft's promotions and groups, promotions first, by name."""
    draft = table("draft_promotion")
    query = select(draft.c.key, draft.c.kind, draft.c.body).where(draft.c.kind.in_(("promotion", "group")))
    found = [(row[0], str(row[2].get("name") or row[0]), row[1]) for row in conn.execute(query)]
    return sorted(found, key=lambda one: (one[2] != "promotion", one[1], one[0]))


def attributes(conn: Connection) -> dict[str, Counter[Any]]:
    """Return the attributes of the newest customers, each with its plain values and how often they occur."""
    query = select(CUSTOMER.c.attributes).order_by(CUSTOMER.c.id.desc()).limit(NEWEST_CUSTOMERS)
    return _counted(row[0] for row in conn.execute(query))


def profile_values(conn: Connection, column: str) -> Counter[Any]:
    """Return the values of a column that tells nobody apart (city, country, level …) among the newest customers."""
    if column not in _COLUMNS:
        return Counter()
    query = select(CUSTOMER.c[column]).order_by(CUSTOMER.c.id.desc()).limit(NEWEST_CUSTOMERS * 4)
    return Counter(row[0] for row in conn.execute(query) if row[0])


def event_types(conn: Connection) -> Counter[Any]:
    """Return the types of the newest events and how often they occur."""
    newest = select(EVENT.c.type).order_by(EVENT.c.id.desc()).limit(NEWEST_EVENTS).subquery()
    return Counter(
        {row[0]: row[1] for row in conn.execute(select(newest.c.type, func.count()).group_by(newest.c.type))}
    )


def event_data(conn: Connection, type: str) -> dict[str, Counter[Any]]:
    """Return the fields of the data of the newest events of a type, each with its plain values."""
    newest = select(EVENT.c.type, EVENT.c.data).order_by(EVENT.c.id.desc()).limit(NEWEST_EVENTS).subquery()
    query = select(newest.c.data).limit(NEWEST_CUSTOMERS)
    if type:
        query = query.where(newest.c.type == type)
    return _counted(row[0] for row in conn.execute(query))


def _counted(documents: Iterable[Mapping[str, Any] | None]) -> dict[str, Counter[Any]]:
    found: dict[str, Counter[Any]] = {}
    for document in documents:
        for name, value in (document or {}).items():
            counter = found.setdefault(name, Counter())
            if isinstance(value, str | bool | int | float):
                counter[value] += 1
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a rule fits."""

    key: str
    first_name: str | None
    last_name: str | None
    city: str | None


def people(conn: Connection, ids: Sequence[int]) -> list[Person]:
    """Return these customers in the order of the ids."""
    columns = [CUSTOMER.c[name] for name in ("id", "key", "first_name", "last_name", "city")]
    rows = {row[0]: Person(*row[1:]) for row in conn.execute(select(*columns).where(CUSTOMER.c.id.in_(ids)))}
    return [rows[id] for id in ids if id in rows]


def customer_count(conn: Connection) -> int:
    """Return how many customers there are who were not erased. One scan of the primary key."""
    return int(
        conn.execute(select(func.count()).select_from(CUSTOMER).where(CUSTOMER.c.erased_at.is_(None))).scalar_one()
    )
