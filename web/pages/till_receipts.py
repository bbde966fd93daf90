"""Receipts that tills handed in later: those that disagree with rules, limits or codes, why, and what can be done."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from offers.till import settle
from offers.till.conflicts import KINDS, told
from store import receipts, redemptions, rulesets
from store.db import Connection
from store.receipts import ConflictRow, ReceiptRow
from wayfare.errors import Conflict, InputRefused, NotFound
from web import access
from web.context import context, now, store
from web.formats import money
from web.listing import Listing, asked, asked_page
from web.pages.promotion_cart import link_to
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.ui import may

bp = Blueprint("promotions_receipts", __name__, url_prefix="/promotions/receipts")
SIZE = 50
STATES = {"open": "To settle", "settled": "Settled", "all": "All receipts"}


@bp.get("")
@access.needs("tills.read")
def index() -> Response:
    """List receipts, those with something to settle unless others are asked for; the latest first."""
    asks = {"q": asked("q", 40), "store": asked("store", 100), "kind": asked("kind", 20), "state": asked("state", 10)}
    asks["state"] = asks["state"] if asks["state"] in STATES else "open"
    wanted = {"store": asks["store"], "kind": asks["kind"], "search": asks["q"]}
    wanted["state"] = "" if asks["state"] == "all" else asks["state"]
    page = asked_page()
    with store().read() as conn:
        total = receipts.count(conn, **wanted)
        rows = receipts.listed(conn, **wanted, skip=(page - 1) * SIZE, limit=SIZE)
        found = receipts.conflicts_of(conn, [row.id for row in rows])
        shops = receipts.stores(conn)
        sections = tabs(conn, "receipts")
    return respond(
        "receipts/index.html",
        listing=Listing([(row, found.get(row.id, [])) for row in rows], page, SIZE, total),
        asks=asks,
        states=STATES,
        kinds=KINDS,
        shops=shops,
        tabs=sections,
    )


@bp.get("/<int:id>")
@access.needs("tills.read")
def show(id: int) -> Response:
    """Show one receipt: its lines, in what it disagrees, and what can be done."""
    return _show(id)


@bp.post("/<int:id>/accept")
@access.needs("tills.settle")
def accept(id: int) -> Response:
    """Settle what is open: the sale stays as it was counted."""
    note, by = request.form.get("note", ""), principal().actor
    try:
        store().run(lambda conn: settle.accept(conn, id, note=note, by=by, now=now()))
    except InputRefused as refused:
        return _show(id, status=422, error=_sentence(refused), note=note)
    except Conflict as conflict:
        return go(url_for("promotions_receipts.show", id=id), _sentence(conflict), "bad")
    return go(url_for("promotions_receipts.index"), "The receipt is accepted as it was counted.")


@bp.post("/<int:id>/conflicts/<int:conflict>/void")
@access.needs("tills.settle")
def void_other(id: int, conflict: int) -> Response:
    """Take the other use of a code back, so that this receipt is the one that used it."""
    note, by = request.form.get("why", ""), principal().actor
    try:
        other = store().run(lambda conn: settle.void_other(conn, id, conflict, note=note, by=by, now=now()))
    except InputRefused as refused:
        return _show(id, status=422, void_error=_sentence(refused))
    except Conflict as problem:
        return go(url_for("promotions_receipts.show", id=id), _sentence(problem), "bad")
    words = f"This receipt is the use of the code now; redemption {other} no longer has it."
    return go(url_for("promotions_receipts.show", id=id), words)


def _show(id: int, *, status: int = 200, error: str = "", note: str = "", void_error: str = "") -> Response:
    with store().read() as conn:
        row = receipts.get_receipt(conn, id)
        found = receipts.conflicts_of(conn, [id]).get(id, [])
        others = _others(conn, row, found)
        names = _names(conn, row)
        sections = tabs(conn, "receipts")
    quote = row.document.get("quote")
    lines = row.document["cart"]["lines"] if quote else []
    return respond(
        "receipts/show.html",
        status=status,
        row=row,
        quote=quote,
        skus={line["id"]: line.get("sku", line["id"]) for line in lines},
        names=names,
        link_to=link_to if may("promotions.read") else _nowhere,
        found=found,
        others=others,
        kinds=KINDS,
        words={one.id: _words(one, row, names) for one in found},
        is_open=any(one.status == "open" for one in found),
        error=error,
        note=note,
        void_error=void_error,
        tabs=sections,
    )


def _words(one: ConflictRow, row: ReceiptRow, names: Mapping[str, str]) -> str:
    key = str(one.detail.get("promotion") or "")
    name = f"“{names.get(key, key)}”"
    shown = {**one.detail, "promotion": name}
    if key and "what" in shown:
        shown["what"] = str(shown["what"]).replace(f"promotion {key}", f"promotion {name}", 1)
    return told(one.kind, shown, lambda amount: money(amount, row.currency))


def _others(conn: Connection, row: ReceiptRow, found: list[ConflictRow]) -> Mapping[int, Any]:
    """Return by conflict the one other order that has its code, where there is exactly one."""
    others = {}
    for one in found:
        if one.status == "open" and one.kind in settle.CODES and one.code_id is not None:
            ids = settle.others_of(conn, one.code_id, row.redemption_id)
            if len(ids) == 1:
                others[one.id] = redemptions.get(conn, ids[0])
    return others


def _names(conn: Connection, row: ReceiptRow) -> dict[str, str]:
    """Return what promotions of the receipt's rules are called."""
    try:
        number = row.version if row.version is not None else rulesets.live_number(conn, now()) or 0
        body = context().live.numbered(conn, number).body
    except NotFound:
        return {}
    return {one["key"]: one.get("name") or one["key"] for one in (*body["promotions"], *body["caps"])}


def _nowhere(_key: str) -> str:
    return ""


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
