"""The worst stacked price of each product: the lowest that anyone could reach, found before customers find it."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from offers.rules.review import body_of
from offers.rules.shapes import NOTHING, canonical, digest_of, problems_of
from store import what_if
from store.db import Connection
from store.what_if import Row, Worst
from wayfare.errors import InputRefused, NotFound
from web import access, promotion_cart
from web.authors import author_of
from web.context import now, store
from web.listing import Listing, asked, asked_order, asked_page
from web.pages.forms import default_zone
from web.pages.promotion_cart import link_to
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.spreadsheet import sheet

bp = Blueprint("promotions_worst", __name__, url_prefix="/promotions/worst")
SIZE = 25
MOST_ROWS = 100_000
ORDERS = ("off", "lowest", "price", "margin", "sku")
RULES = {"draft": "the draft", "live": "what is live"}


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """List products by how far their price may fall."""
    which = "live" if asked("version", 10) == "live" else "draft"
    above, text, is_below = asked("above", 5), asked("q"), asked("below", 1) == "1"
    order, page = asked_order(ORDERS, "off", descending=True), asked_page()
    least = int(above) * 100 if above.isascii() and above.isdigit() else None
    with store().read() as conn:
        body = body_of(conn, which, now())
        digest = digest_of(canonical(body))
        row = latest(conn, digest)
        rows: list[Worst] = []
        total = 0
        is_old = False
        if row is not None and row.status == "done":
            row = what_if.get(conn, row.id)
            rows, total = what_if.worst_prices(
                conn,
                row.id,
                search=text,
                above=least,
                only_below_cost=is_below,
                order=order.column,
                is_descending=order.is_descending,
                page=page,
                size=SIZE,
            )
            changed = what_if.newest_product(conn)
            is_old = changed is not None and changed > row.created_at
        products = what_if.count_priced(conn)
        sections = tabs(conn, "worst")
    names = {one["key"]: one.get("name") or one["key"] for one in body["promotions"]}
    return respond(
        "promotions/worst.html",
        "promotions/_worst.html",
        row=row,
        listing=Listing(rows, page, SIZE, total),
        order=order,
        asks={"q": text, "above": above, "below": is_below, "version": which},
        names=names,
        products=products,
        is_old=is_old,
        which=which,
        rules=RULES,
        problems=problems_of(body),
        cart_of=cart_of,
        link_to=link_to,
        tabs=sections,
    )


@bp.post("")
@access.needs("promotions.whatif")
def begin() -> Response:
    """Have the worst prices computed under the draft, or under what is live."""
    which = "live" if request.form.get("version") == "live" else "draft"
    by, at = author_of(principal()).actor, now()

    def work(conn: Connection) -> None:
        body = body_of(conn, which, at)
        problems = problems_of(body)
        if problems:
            raise InputRefused("bad_rules", f"put the draft right first: {problems[0]}")
        text = canonical(body)
        spec = {"digest": digest_of(text), "at": at.isoformat()}
        known = latest(conn, spec["digest"])
        if known is not None and known.is_open:
            return
        if known is not None:
            what_if.remove(conn, known.id)
        values = {"kind": "worst", "new_name": RULES[which], "new_body": text, "old_body": canonical(NOTHING)}
        what_if.ask(conn, {**values, "spec": spec}, by=by, now=at)

    place = url_for("promotions_worst.index", version="live" if which == "live" else None)
    try:
        store().run(work)
    except InputRefused as error:
        return go(place, f"{str(error)[:1].upper()}{str(error)[1:]}.", "bad")
    return go(place)


def latest(conn: Connection, digest: str) -> Row | None:
    """Return the last computation for a rule set, by its content."""
    return next((one for one in what_if.listed(conn, "worst", limit=50) if one.spec.get("digest") == digest), None)


@bp.get("/worst.csv")
@access.needs("promotions.read")
def export() -> Response:
    """Give all products as a table. Amounts in minor units."""
    which = "live" if asked("version", 10) == "live" else "draft"
    with store().read() as conn:
        row = latest(conn, digest_of(canonical(body_of(conn, which, now()))))
        if row is None or row.status != "done":
            raise NotFound("the worst prices of these rules were not computed yet")
        rows, _ = what_if.worst_prices(conn, row.id, size=MOST_ROWS)
    header = ("sku", "name", "brand", "price", "lowest", "percent_off", "cost", "margin", "promotions")
    columns = ("sku", "name", "brand", "price", "lowest")
    return sheet(
        f"worst-prices-{which}",
        header,
        [
            (*(getattr(one, n) for n in columns), one.off / 100, one.cost, one.margin, ", ".join(one.promotions))
            for one in rows
        ],
    )


def cart_of(one: Worst, version: str) -> str:
    """Return where the cart with a product's worst price is priced."""
    arguments: dict[str, Any] = {**promotion_cart.address_of(one.cart, default_zone()), "version": version}
    return f"{url_for('promotions_cart.index')}?{urlencode(arguments, doseq=True)}"
