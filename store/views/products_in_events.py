"""Which types of events name a product, and which never did."""

from sqlalchemy import Connection, select

from store.views._parts import table

_EVENT = table("event")
_NEWEST = 2000


def without(conn: Connection) -> frozenset[str]:
    """Return the types of the newest events of which none has named a product, in `sku` or in its lines."""
    seen, naming = set(), set()
    for type, data in conn.execute(select(_EVENT.c.type, _EVENT.c.data).order_by(_EVENT.c.id.desc()).limit(_NEWEST)):
        seen.add(type)
        if isinstance(data, dict) and (data.get("sku") or data.get("lines")):
            naming.add(type)
    return frozenset(seen - naming)
