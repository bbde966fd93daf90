"""Certificates, refunds and plastic cards by hand: asked for by one person, above a limit decided by another."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from offers.certificates import requests
from offers.certificates.proof import find
from offers.certificates.requests import Outcome, Wanted
from offers.codes.text import qr_svg
from store import certificates, products
from store.certificates import Request
from store.views import certificates as views
from wayfare.errors import Conflict, InputRefused
from web import access, certificate_words, once
from web.builder_forms.values import money_meant, money_shown
from web.code_form import moment
from web.context import now, store
from web.forms import Form
from web.pages.certificates import shown
from web.pages.customers import asked_number
from web.pages.forms import default_zone
from web.phone_field import phone_of
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.ui import may

bp = Blueprint("promotions_requests", __name__, url_prefix="/certificates/by-hand")
SIZE = 25
STATES = ("waiting", "approved", "refused")


@bp.get("")
@access.needs("certificates.approve")
def index() -> Response:
    """List what waits for a second person, and what was decided."""
    return _index()


def _index(limit: str | None = None, error: str = "", status: int = 200) -> Response:
    which = request.args.get("status", "waiting")
    which = which if which in STATES else ""
    before = asked_number("before")
    with store().read() as conn:
        rows = views.requests(conn, status=which, before=before, limit=SIZE + 1)
        alone = requests.limit(conn)
        currency = products.currency_in_use(conn) or "UAH"
        sections = tabs(conn, "requests")
    return respond(
        "certificates/requests.html",
        status=status,
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        before=before,
        which=which,
        limit=money_shown(alone) if limit is None else limit,
        error=error,
        currency=currency,
        me_named=principal().actor,
        digest_of=digest_of,
        tabs=sections,
        **vocabulary(),
    )


@bp.get("/mine")
@access.needs("certificates.ask")
def mine() -> Response:
    """List what the reader asked for, and what became of it."""
    before = asked_number("before")
    with store().read() as conn:
        rows = views.requests(conn, by=principal().actor, before=before, limit=SIZE + 1)
        sections = tabs(conn, "asked")
    more = rows[SIZE - 1].id if len(rows) > SIZE else None
    return respond("certificates/mine.html", rows=rows[:SIZE], next=more, before=before, tabs=sections, **vocabulary())


@bp.post("/limit")
@access.needs("settings.manage")
def set_limit() -> Response:
    """Change what one person may give away alone."""
    typed = request.form.get("approval", "")[:40]
    amount = money_meant(typed)
    if not isinstance(amount, int) or not 0 <= amount <= 10**12:
        return _index(typed, "Write an amount, such as 1000.00; 0 asks for two people always.", 422)
    store().run(lambda conn: requests.set_limit(conn, amount, now=now(), by=principal().actor))
    return go(url_for("promotions_requests.index"), "The limit is saved.")


@bp.get("/new")
@access.needs("certificates.ask")
def new() -> Response:
    """Show the form for a certificate, or for a plastic card that an order paid for."""
    form = Form()
    form.values["kind"] = "activate" if request.args.get("kind") == "activate" else "issue"
    return _new(form)


@bp.post("/new")
@access.needs("certificates.ask")
def ask() -> Response:
    """Ask for a certificate or a card's activation by hand; up to the limit it is done at once."""
    form = Form()
    kind = form.choice("kind", ("issue", "activate"))
    reason = form.text("reason", longest=500, need="Say why; another person may decide by it.")
    phone = phone_of(form, "phone")
    until = moment(form, "until", default_zone(), is_end=True)
    until = until - timedelta(seconds=1) if until else None
    wanted = _card(form, reason, phone, until) if kind == "activate" else _issue(form, reason, phone, until)
    if wanted is None or not form.is_good:
        return _new(form, 422)
    if until is not None and until <= now():
        form.wrong["until"] = "This day is over."
        return _new(form, 422)
    return _asked(wanted, form)


def _issue(form: Form, reason: str, phone: str | None, until: Any) -> Wanted | None:
    amount = _amount(form)
    currency = form.text("currency", longest=3, need="Such as UAH.").upper()
    if amount is None:
        return None
    return Wanted("issue", amount, currency, reason, phone, until)


def _card(form: Form, reason: str, phone: str | None, until: Any) -> Wanted | None:
    number = form.text("number", longest=40, need="Type the number on the card.")
    order = form.text("order", longest=100, need="Which order paid for it?")
    line = form.text("line", longest=100) or "1"
    if not number or not order:
        return None

    def look(conn: Any) -> Any:
        return find(conn, store().vault, number)

    row = store().run(look)
    if row is None or row.kind != "plastic":
        form.wrong["number"] = "There is no plastic card with this number."
    elif row.status != "inactive":
        form.wrong["number"] = f"This card is {certificate_words.STATES[row.status][0].lower()} already."
    else:
        return Wanted("activate", row.face, row.currency, reason, phone, until, card=row.id, order=order, line=line)
    return None


@bp.post("/refund/<int:number>")
@access.needs("certificates.ask")
def refund(number: int) -> Response:
    """Ask for money of a payment back on its certificate."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say why; another person may decide by it.")
    with store().read() as conn:
        row = certificates.by_id(conn, number)
        held = {str(one.id): one for one in views.holds(conn, number)}
    hold = held.get(form.text("payment", longest=20))
    place = url_for("promotions_certificates.show", number=number)
    amount = _amount(form)
    if hold is None:
        form.wrong["payment"] = "Choose the payment."
    elif amount is not None and amount > hold.captured - hold.refunded:
        form.wrong["amount"] = f"At most {money_shown(hold.captured - hold.refunded)} can go back."
    if not form.is_good or hold is None or amount is None:
        return shown(number, form, 422)
    wanted = Wanted(
        "refund", amount, row.currency, reason, key=hold.key.removeprefix(f"{hold.owner}:"), owner=hold.owner
    )
    if not once.is_first("refund", request.form.get("once", "")[:64] or "none"):
        return go(place, "This refund was asked for already.", "info")
    try:
        outcome = store().run(lambda conn: requests.ask(conn, store().vault, wanted, now=now(), by=principal().actor))
    except (Conflict, InputRefused) as error:
        return go(place, _capital(str(error)) + ".", "bad")
    waits = "Another person has to approve it." if outcome.status == "waiting" else "The money is back on it."
    return go(place, waits)


def _asked(wanted: Wanted, form: Form) -> Response:
    if not once.is_first("certificate by hand", request.form.get("once", "")[:64] or "none"):
        return go(url_for("promotions_requests.mine"), "This was asked for already.", "info")
    try:
        outcome = store().run(lambda conn: requests.ask(conn, store().vault, wanted, now=now(), by=principal().actor))
    except (Conflict, InputRefused) as error:
        form.wrong[getattr(error, "path", "") or "reason"] = _capital(str(error)) + "."
        return _new(form, 422)
    if outcome.status == "waiting":
        return go(url_for("promotions_requests.mine"), "Another person has to approve it: it is above the limit.")
    return _done(outcome, wanted.kind)


def _done(outcome: Outcome, kind: str) -> Response:
    """Show what was carried out: number and QR code of a new certificate, this once."""
    if outcome.issued is None:
        words = "The card is active." if kind == "activate" else "The money is back on the certificate."
        return go(
            url_for("promotions_requests.index" if may("certificates.approve") else "promotions_requests.mine"), words
        )
    with store().read() as conn:
        sections = tabs(conn, "certificates")
        row = certificates.by_id(conn, outcome.issued.id)
    answer = respond(
        "certificates/issued.html",
        issued=outcome.issued,
        row=row,
        picture=Markup(qr_svg(outcome.issued.scan)),  # noqa: S704  drawn by us, holds no text
        tabs=sections,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _new(form: Form, status: int = 200) -> Response:
    with store().read() as conn:
        alone = requests.limit(conn)
        currency = products.currency_in_use(conn) or "UAH"
        sections = tabs(conn, "certificates")
    return respond(
        "certificates/new.html",
        status=status,
        form=form,
        alone=alone,
        currency=currency,
        once=once.fresh(),
        tabs=sections,
    )


@bp.post("/<int:number>/approve")
@access.needs("certificates.approve")
def approve(number: int) -> Response:
    """Approve exactly what was shown, and carry it out."""
    shown, by = request.form.get("digest", ""), principal().actor
    try:
        outcome = store().run(lambda conn: requests.approve(conn, store().vault, number, shown, now=now(), by=by))
    except Conflict as error:
        return go(url_for("promotions_requests.index"), _capital(str(error)) + ".", "bad")
    with store().read() as conn:
        kind = certificates.find_request(conn, number).kind
    return _done(outcome, kind)


@bp.post("/<int:number>/refuse")
@access.needs("certificates.approve")
def refuse(number: int) -> Response:
    """Refuse what was asked for."""
    try:
        store().run(lambda conn: requests.refuse(conn, number, now=now(), by=principal().actor))
    except Conflict as error:
        return go(url_for("promotions_requests.index"), _capital(str(error)) + ".", "bad")
    return go(url_for("promotions_requests.index"), "It is refused.")


def _amount(form: Form) -> int | None:
    typed = form.text("amount", longest=40, need="Write an amount, such as 500.00.")
    found = money_meant(typed) if typed else None
    if typed and (not isinstance(found, int) or not 0 < found <= 10**12):
        form.wrong["amount"] = "Write an amount, such as 500.00."
        return None
    return found if isinstance(found, int) else None


def digest_of(one: Request) -> str:
    """Return what an approval is bound to."""
    return bytes(one.digest).hex()


def vocabulary() -> dict[str, Any]:
    """Return what templates need to speak of requests."""
    return {"request_words": certificate_words.REQUESTS, "decisions": certificate_words.DECISIONS}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
