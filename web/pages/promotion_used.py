"""What is used of one promotion's limits and budget, and the codes that open it: a part of its pages."""

from flask import Blueprint, Response, request

from offers.rules import book
from store.views import codes as views
from web import access
from web.context import now, store
from web.pages.forms import default_zone
from web.promotion_usage import used_of
from web.respond import respond

bp = Blueprint("promotions_used", __name__, url_prefix="/promotions")


@bp.get("/<key>/used")
@access.needs("promotions.read")
def show(key: str) -> Response:
    """Show what is used; with `codes` only the codes that open it, for a page that shows the rest itself."""
    only_codes = request.args.get("codes") == "1"
    with store().read() as conn:
        item = book.get_item(conn, "promotion", key, now())
        used = [] if only_codes else used_of(conn, [item], now(), default_zone()).get(key, [])
        word = str(item.body.get("requires_code") or "").strip().upper()
        batches = views.opening(conn, word) if word else []
    page = "promotions/_used.html"
    return respond(page, page, item=item, used=used, word=word, batches=batches, at=now())
