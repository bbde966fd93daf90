"""Gift certificates: found at a desk, one with its ledger, taken out of use, and what is owed in all."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, url_for

from offers.certificates import desk, spend
from offers.certificates.spend import Answer
from store import certificates, ledger
from store.db import Connection
from store.views import certificates as views
from store.views.certificates import CertificateSearch
from web import access, certificate_words, guesses, once
from web.api.certificates import CHANNEL
from web.bell import ring
from web.certificate_words import entries, state_of
from web.context import now, store
from web.forms import Form
from web.listing import asked
from web.pages.customers import asked_number
from web.phone_field import phone_of, possible_phone
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_certificates", __name__, url_prefix="/certificates")
SIZE = 25
_WORDS = {
    "held": "A till has some of it set aside; let it finish first.",
    "void": "It is void already.",
    "inactive": "A card that nobody bought has nothing to expire.",
}


@bp.get("")
@access.needs("certificates.ask")
def index() -> Response:
    """Find certificates by the end of their number, by order, or by the phone they are bound to."""
    text, status, kind, before = asked("q", 100), asked("status", 10), asked("kind", 8), asked_number("before")
    phone = possible_phone(text)
    bound = store().vault.digest("phone", phone) if phone else None
    wanted = CertificateSearch(text, bound, status if status in certificate_words.STATES else "", kind)
    with store().read() as conn:
        rows = views.search(conn, wanted, before=before, limit=SIZE + 1)
        is_any = bool(rows) or views.is_any(conn)
        sections = tabs(conn, "certificates")
    return respond(
        "certificates/index.html",
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        before=before,
        is_any=is_any,
        asks={"q": text, "status": status, "kind": kind},
        tabs=sections,
        **vocabulary(),
    )


@bp.get("/<int:number>")
@access.needs("certificates.ask")
def show(number: int) -> Response:
    """Show one certificate: what is left, and each movement of its money from where to where."""
    return shown(number, Form())


def shown(number: int, form: Form, status: int = 200) -> Response:
    """Draw one certificate with what was typed beside it."""
    with store().read() as conn:
        row = certificates.by_id(conn, number)
        moves = views.movements(conn, number)
        held = views.holds(conn, number)
        sections = tabs(conn, "certificates")
    return respond(
        "certificates/show.html",
        status=status,
        row=row,
        entries=entries(number, moves),
        payments=[one for one in held if one.status == "captured" and one.captured > one.refunded],
        open_holds=[one for one in held if one.status == "held"],
        is_locked=row.locked_until is not None and row.locked_until > now(),
        once=once.fresh(),
        form=form,
        tabs=sections,
        **vocabulary(),
    )


@bp.get("/<int:number>/<any(void, close):act>")
@access.needs("certificates.approve")
def end_form(number: int, act: str) -> Response:
    """Ask why a certificate is to end."""
    return _end(number, act)


@bp.post("/<int:number>/<any(void, close):act>")
@access.needs("certificates.approve")
def end(number: int, act: str) -> Response:
    """Void a certificate because its order was paid back, or let it expire before its time."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say why; it goes to the audit trail.")
    if not form.is_good:
        return _end(number, act, reason, form.wrong["reason"], 422)
    work: Callable[[Connection], Answer] = lambda conn: (spend.void if act == "void" else desk.close_early)(  # noqa: E731
        conn, number, reason, now=now(), by=principal().actor
    )
    answer = store().run(work)
    if answer.reason:
        return _end(number, act, reason, _WORDS.get(answer.reason, answer.reason), 422)
    done = "The certificate is void." if act == "void" else "The certificate has expired."
    if principal().may("certificates.ask"):
        return go(url_for("promotions_certificates.show", number=number), done)
    return go(url_for("promotions_requests.index"), done)


def _end(number: int, act: str, reason: str = "", error: str = "", status: int = 200) -> Response:
    with store().read() as conn:
        row = certificates.by_id(conn, number)
    inside = "certificates/_end_form.html" if status == 422 else "certificates/_end.html"
    return respond("certificates/end.html", inside, status=status, row=row, act=act, reason=reason, error=error)


@bp.post("/<int:number>/password")
@access.needs("certificates.read")
def password(number: int) -> Response:
    """Send a one-time password to the phone that a certificate is bound to; it must be typed to be compared."""
    form = Form()
    phone = phone_of(form, "phone", need="Type the number that the customer tells you.")
    may_see = principal().may("certificates.ask")
    place = url_for("promotions_certificates.show", number=number) if may_see else url_for("home.index")
    if phone is None:
        return shown(number, form, 422) if may_see else go(place, form.wrong["phone"], "bad")
    subjects = guesses.limits((), phone)
    if guesses.wait_for(subjects) is not None:
        return go(place, "Too many passwords were asked for. Wait a little and try again.", "bad")
    by = principal().actor
    vault = store().vault
    done = store().run(lambda conn: desk.send_password(conn, vault, number, phone, channel=CHANNEL, now=now(), by=by))
    guesses.note_wrong(subjects)  # each password that is asked for counts: somebody's phone rings
    ring("send")
    if not done:
        return go(place, "This is not the phone that the certificate is bound to, or it cannot be spent.", "bad")
    return go(place, "A password is on its way. It works once, for ten minutes.")


@bp.get("/totals")
@access.needs("certificates.totals")
def totals() -> Response:
    """Show what is owed to holders, what was sold, given and spent, and what expired, in each currency."""
    with store().read() as conn:
        sums, owed = ledger.totals(conn), certificates.outstanding(conn)
        sections = tabs(conn, "totals")
    lines = []
    for currency in sorted({currency for _, currency in sums}):
        of = {account: amount for (account, one), amount in sums.items() if one == currency}
        came = {name: -of.get(name, 0) for name in ("paid", "given", "marketing")}
        left = of.get("certificates", 0) + of.get("held", 0)
        went = {"owed": left, "redeemed": of.get("redeemed", 0), "breakage": of.get("breakage", 0)}
        whole = max(sum(came.values()), 1)
        widths = {name: round(100 * max(amount, 0) / whole, 2) for name, amount in went.items()}
        count = owed.get(currency, (0, 0))[0]
        lines.append((currency, count, came, went, widths, sum(of.values()) == 0, of.get("held", 0)))
    return respond("certificates/totals.html", lines=lines, tabs=sections)


def vocabulary() -> dict[str, Any]:
    """Return what templates need to speak of certificates."""
    return {
        "said_state": certificate_words.STATES,
        "kinds": certificate_words.KINDS,
        "state_of": state_of,
        "at": now(),
    }
