"""Orders: what was reserved, sold and returned, why each costs what it costs, and what staff may do about one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from offers.live import Rules
from offers.redemption import desk, replay
from offers.redemption.reserve import Refused
from offers.redemption.returns import DELIVERY, Back, pieces
from store import redemptions
from store.redemptions import Row
from store.views import orders as views
from store.views.orders import STATES, OrderSearch
from wayfare.errors import InputRefused
from web import access, once
from web.builder_forms.values import whole
from web.context import context, now, store
from web.formats import money
from web.forms import Form
from web.listing import asked
from web.pages.customers import asked_number
from web.pages.forms import default_zone
from web.pages.promotion_cart import link_to
from web.principal import principal
from web.promotion_forms.convert import moment_meant
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_orders", __name__, url_prefix="/redemptions")
SIZE = 25
SAID = {
    "reserved": ("Reserved", "warn", "It is not paid yet, and holds what it uses."),
    "confirmed": ("Sold", "good", "It is paid."),
    "part_returned": ("Partly returned", "violet", "Some goods came back."),
    "returned": ("Returned", "", "Everything came back."),
    "released": ("Released", "", "It was not paid; what it held was given back."),
    "expired": ("Expired", "", "Nobody paid in time; what it held was given back."),
}
NO_STORE = "-"
POLICIES = (
    ("shares", "What these pieces were sold for", "What stays keeps its price."),
    ("requote", "Price what stays anew", "Advantages that are lost, such as a free second piece, are deducted."),
)


@bp.get("")
@access.needs("orders.read")
def index() -> Response:
    """List orders, the latest first."""
    shop, status, before = asked("store", 100), asked("status", 15), asked_number("before")
    since, until = asked("since", 10), asked("until", 10)
    wanted = OrderSearch(
        asked("q", 100),
        None if not shop else "" if shop == NO_STORE else shop,
        status if status in STATES else "",
        _day(since),
        _day(until, is_end=True),
    )
    with store().read() as conn:
        rows = views.search(conn, wanted, before=before, limit=SIZE + 1)
        is_any = bool(rows) or views.is_any(conn)
        shops = views.stores(conn)
        sections = tabs(conn, "orders")
    return respond(
        "orders/index.html",
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        before=before,
        is_any=is_any,
        stores=shops,
        no_store=NO_STORE,
        asks={"q": wanted.text, "store": shop, "status": status, "since": since, "until": until},
        said=SAID,
        tabs=sections,
    )


def _day(typed: str, *, is_end: bool = False) -> datetime | None:
    meant = moment_meant({"day": typed, "time": ""}, default_zone(), is_end=is_end)
    try:
        at = datetime.fromisoformat(meant or "")
    except ValueError:
        return None
    return at if at.tzinfo else None


@bp.get("/<int:id>")
@access.needs("orders.read")
def show(id: int) -> Response:
    """Show one order: its lines with every step of their prices, what came back, and what it used."""
    with store().read() as conn:
        row = redemptions.get(conn, id)
        rules = context().live.numbered(conn, row.version)
        back = views.returns(conn, id)
        sections = tabs(conn, "orders")
    return respond("orders/show.html", row=row, back=back, said=SAID, tabs=sections, **_priced(row, rules))


def _priced(row: Row, rules: Rules) -> dict[str, Any]:
    """Return what the lines of an order need to be drawn."""
    kinds = ("promotions", "caps")
    names = {one["key"]: one.get("name") or one["key"] for kind in kinds for one in rules.body[kind]}
    names |= {one["key"]: str(one.get("name") or "Personal price") for one in row.quote.get("granted", ())}
    skus = {line["id"]: line.get("sku", line["id"]) for line in row.cart["lines"]}
    gone = {line: sum(counts) for line, counts in row.returned.items()}
    return {"quote": row.quote, "names": names, "skus": skus, "gone": gone, "link_to": link_to, "pieces": pieces}


@bp.get("/<int:id>/replay")
@access.needs("orders.read")
def again(id: int) -> Response:
    """Price an order once more: as it was, and as it would be today."""
    with store().read() as conn:
        row = redemptions.get(conn, id)
        then, differs = replay.again(conn, context().live, row)
        rules = context().live.at(conn, now())
        try:
            today, refused = replay.today(conn, context().live, row, now()), ""
        except InputRefused as error:
            today, refused = None, _capital(str(error))
        then_rules = context().live.numbered(conn, row.version)
        sections = tabs(conn, "orders")
    old = {one["promotion"]: one["amount"] for one in row.quote["applied"]}
    new = {one["promotion"]: one["amount"] for one in today["applied"]} if today else {}
    names = _priced(row, then_rules)["names"] | _priced(row, rules)["names"]
    return respond(
        "orders/replay.html",
        "orders/_replay.html",
        row=row,
        then=then,
        differs=differs,
        today=today,
        refused=refused,
        version=rules.number,
        changes=_changes(old, new),
        names=names,
        link_to=link_to,
        tabs=sections,
    )


def _changes(old: Mapping[str, int], new: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """Return the promotions that would give something else today: key, then, today."""
    keys = [*old, *(key for key in new if key not in old)]
    return [(key, old.get(key, 0), new.get(key, 0)) for key in keys if old.get(key, 0) != new.get(key, 0)]


@bp.get("/<int:id>/release")
@access.needs("orders.change")
def release_form(id: int) -> Response:
    """Ask why a reservation is to be released."""
    return _release(id)


@bp.post("/<int:id>/release")
@access.needs("orders.change")
def release(id: int) -> Response:
    """Give back everything that a reservation holds."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say why; it goes to the audit trail.")
    if not form.is_good:
        return _release(id, reason, form.wrong["reason"], 422)
    try:
        store().run(lambda conn: desk.release(conn, id, reason, now(), principal().actor))
    except Refused as error:
        return _release(id, reason, _capital(str(error)) + ".", 422)
    return _back_to(id, "It is released: others can use what it held.")


def _release(id: int, reason: str = "", error: str = "", status: int = 200) -> Response:
    with store().read() as conn:
        row = redemptions.get(conn, id)
    inside = "orders/_release_form.html" if status == 422 else "orders/_release.html"
    return respond("orders/release.html", inside, status=status, row=row, reason=reason, error=error)


@bp.get("/<int:id>/return")
@access.needs("orders.change")
def return_form(id: int) -> Response:
    """Ask which pieces come back."""
    return _return(id, {}, Form())


@bp.post("/<int:id>/return")
@access.needs("orders.change")
def take_back(id: int) -> Response:
    """Say how much money the chosen pieces are; take them back when that was agreed to."""
    form = Form()
    with store().read() as conn:
        row = redemptions.get(conn, id)
    typed = {f"line.{at}": form.text(f"line.{at}", longest=12) for at in range(len(row.quote["lines"]))}
    lines = _lines(row, typed, form)
    policy = form.choice("policy", ("shares", "requote"))
    is_delivery, keeps = request.form.get("delivery") == "1", request.form.get("keep_uses") == "1"
    typed |= {"delivery": "1" if is_delivery else "", "keep_uses": "1" if keeps else "", "policy": policy}
    if not form.is_good:
        return _return(id, typed, form, 422)
    agreed, key = whole(request.form.get("agreed", "")), request.form.get("once", "")[:64]
    if not lines and not is_delivery:
        form.wrong["lines"] = "Say what comes back: pieces of a line, or the delivery."
        return _return(id, typed, form, 422)
    back = Back(key or once.fresh(), lines, is_delivery, "requote" if policy == "requote" else "shares", keeps)
    live, by = context().live, principal().actor
    try:
        if isinstance(agreed, int) and len(key) >= 16:
            answer = store().run(lambda conn: desk.take_back(conn, live, id, back, agreed, now(), by))
            return _back_to(id, f"It is back. Pay {money(answer['refund'], row.currency)} to the customer.")
        answer = store().run(lambda conn: desk.preview(conn, live, id, back, now()))
    except InputRefused as error:
        field = error.path.removeprefix("lines.")
        at = next((at for at, line in enumerate(row.quote["lines"]) if line["id"] == field), None)
        form.wrong["lines" if at is None else f"line.{at}"] = _capital(str(error)) + "."
        return _return(id, typed, form, 422)
    except Refused as error:
        form.wrong["lines"] = _capital(str(error)) + "."
        return _return(id, typed, form, 409)
    return _return(id, typed, form, answer=answer)


def _lines(row: Row, typed: Mapping[str, str], form: Form) -> dict[str, int]:
    found = {}
    for at, line in enumerate(row.quote["lines"]):
        count = whole(typed[f"line.{at}"]) if typed[f"line.{at}"] else 0
        left = pieces(line) - sum(row.returned.get(line["id"], ()))
        if not isinstance(count, int) or not 0 <= count <= left:
            form.wrong[f"line.{at}"] = f"From 0 to {left}."
        elif count:
            found[line["id"]] = count
    return found


def _return(
    id: int, typed: Mapping[str, str], form: Form, status: int = 200, answer: Mapping[str, Any] | None = None
) -> Response:
    with store().read() as conn:
        row = redemptions.get(conn, id)
        rules = context().live.numbered(conn, row.version)
        sections = tabs(conn, "orders")
    return respond(
        "orders/return.html",
        status=status,
        row=row,
        typed={"policy": "shares", **typed},
        form=form,
        answer=answer,
        once=once.fresh(),
        policies=POLICIES,
        can_deliver=bool(row.quote["shipping"]) and DELIVERY not in row.returned,
        is_open=row.status in ("confirmed", "part_returned"),
        said=SAID,
        tabs=sections,
        **_priced(row, rules),
    )


def _back_to(id: int, words: str) -> Response:
    return go(url_for("promotions_orders.show", id=id), words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
