"""Products: what they cost now and cost before, the lowest price of 30 days, and the promotions about them."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response

from offers.prices import lowest as past
from offers.prices.about import STANDINGS, about
from offers.prices.history import DAYS
from store import prices
from store.products import Product
from store.views.products import search_products
from wayfare.errors import NotFound
from wayfare.promotions.scope import Line
from web import access, charts
from web.context import context, now, store
from web.formats import zone
from web.listing import Listing, asked, asked_page
from web.respond import respond

bp = Blueprint("products", __name__, url_prefix="/products")
SIZE = 50
SPANS = {"30": "30 days", "90": "90 days", "365": "A year"}
SHOWN_CHANGES = 20


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """List products with their prices."""
    text, page = asked("q"), asked_page()
    with store().read() as conn:
        rows, total = search_products(conn, text, skip=(page - 1) * SIZE, limit=SIZE)
        known = past.lowest(conn, {row.sku for row in rows}, now())
    return respond(
        "products/index.html",
        "products/_list.html",
        listing=Listing(rows, page, SIZE, total),
        known=known,
        text=text,
    )


@bp.get("/<path:sku>")
@access.needs("promotions.read")
def show(sku: str) -> Response:
    """Show one product: its price over time, and why it costs that."""
    span = asked("days", 3) if asked("days", 3) in SPANS else "90"
    at = now()
    first = at - timedelta(days=int(span))
    with store().read() as conn:
        found = prices.priced_products(conn, [sku])
        if not found:
            raise NotFound(f"there is no product '{sku}'")
        product = found[0]
        law = past.lowest(conn, [sku], at)[sku]
        history = past.histories(conn, found, first, at + timedelta.resolution)[0]
        rules = context().live.at(conn, at)
        is_progressive = past.is_progressive(conn)
    inside = [one for one in history.stretches if one.currency == law.currency]
    here = inside[-1] if inside and inside[-1].until > at else None
    window = (law.began - timedelta(days=DAYS), law.began) if law.cause else None
    chart = charts.steps(
        [(one.start, min(one.until, at), one.price, one.listed) for one in inside],
        first,
        at,
        window=window,
        floor=law.lowest if law.cause else None,
    )
    names = {one["key"]: one.get("name") or one["key"] for one in rules.body["promotions"]}
    return respond(
        "products/show.html",
        product=product,
        law=law,
        chart=chart,
        inside=inside,
        names=names,
        about=about(rules.compiled, _line(product), here.promotions if here else (), at) if product.price else [],
        standings=STANDINGS,
        live_keys=names.keys(),
        changes=[(one, before) for one, before in _with_before(history.changes)][: -SHOWN_CHANGES - 1 : -1],
        span=span,
        spans=SPANS,
        first=_day(first),
        last=_day(at),
        is_progressive=is_progressive,
    )


def _line(product: prices.PricedProduct | Product) -> Line:
    """Return one piece of a product as a cart has it."""
    return Line(
        id="1",
        sku=product.sku,
        price=product.price or 0,
        quantity=1,
        brand=product.brand or None,
        categories=[name for name in product.categories if name],
    )


def _with_before(changes: Any) -> list[tuple[prices.PastPrice, prices.PastPrice | None]]:
    """Return changes of the price, each with the one before; those of brand and category alone are left out."""
    found: list[tuple[prices.PastPrice, prices.PastPrice | None]] = []
    before: prices.PastPrice | None = None
    for one in changes:
        if before is None or (one.price, one.currency) != (before.price, before.currency):
            found.append((one, before))
        before = one
    return found


def _day(at: datetime) -> str:
    local = at.astimezone(zone())
    return f"{local.day} {local:%b %Y}"
