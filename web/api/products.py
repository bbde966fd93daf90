"""Products in."""

from typing import Any

from engine.products import upsert_products
from engine.shapes import ProductIn
from web.api.base import BATCH, Api, Call
from web.api.customers import Upserted
from web.context import now, store

api = Api("products", "Data in")
bp = api.bp


@api.post("/products", needs="products.write", batch=ProductIn, answer=Upserted, max_bytes=BATCH)
def take_products(call: Call) -> dict[str, Any]:
    """Take products in.

    Fields left out stay as they are. `price` is in minor units of `currency`; a price that changes goes to its history.
    """
    result = upsert_products(store(), call.batch, now=now(), source=call.who.actor)
    return {"created": result.created, "updated": result.updated, "errors": result.errors}
