"""Plastic cards: numbers for a printer, and a printed file taken in after a look at it."""

import base64

from flask import Blueprint, Response, request, url_for

from offers.certificates import cards, issue, proof
from offers.certificates.cards import Look
from store import products
from store.db import Connection
from store.views import certificates as views
from wayfare.errors import VaultError
from web import access
from web.code_form import whole
from web.context import now, store
from web.forms import Form
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_cards", __name__, url_prefix="/certificates/cards")
_NUMBERS = 5000
_FILE_BYTES = 200_000


@bp.get("")
@access.needs("certificates.cards")
def index() -> Response:
    """Show the cards that were taken in, and how to take in others."""
    return _page(Form())


@bp.post("/numbers")
@access.needs("certificates.cards")
def numbers() -> Response:
    """Draw numbers for cards that are to be printed; nothing remembers them until the cards are taken in."""
    form = Form()
    count = whole(form, "count", 1, _NUMBERS, need="Say how many.")
    if count is None:
        return _page(form, status=422)
    body = "number\n" + "".join(f"{proof.new_number()}\n" for _ in range(count))
    headers = {"Content-Disposition": 'attachment; filename="card-numbers.csv"', "Cache-Control": "no-store"}
    return Response(body, mimetype="text/csv", headers=headers)


@bp.post("")
@access.needs("certificates.cards", max_bytes=_FILE_BYTES * 3)
def take() -> Response:
    """Look a file over, or take in the one that was looked over; it waits sealed in the page meanwhile."""
    form = Form()
    batch = form.text("batch", longest=100) or None
    currency = form.text("currency", longest=3, need="Such as UAH.").upper()
    text = _file(form)
    if not form.is_good or text is None:
        return _page(form, status=422)
    with store().read() as conn:
        look = cards.read(conn, store().vault, text, currency=currency, batch=batch)
    if look.fault:
        form.wrong["file"] = look.fault
        return _page(form, status=422)
    if request.form.get("sure") != "1" or not look.cards:
        return _page(form, look, text, 422 if look.wrong else 200)
    by = principal().actor

    def work(conn: Connection) -> list[bool]:
        return issue.take_cards(conn, store().vault, look.cards, now=now(), by=by)

    taken = sum(store().run(work))
    return go(url_for("promotions_cards.index"), f"{taken} cards are taken in. They have no value until an order pays.")


def _file(form: Form) -> str | None:
    """Return the text of the file, or of the one that was looked over before."""
    if sealed := request.form.get("sealed", ""):
        try:
            return store().vault.open(base64.urlsafe_b64decode(sealed)).decode()
        except (VaultError, ValueError):
            form.wrong["file"] = "Choose the file again."
            return None
    sent = request.files.get("file")
    raw = sent.read(_FILE_BYTES + 1) if sent else b""
    if not raw:
        form.wrong["file"] = "Choose a file."
    elif len(raw) > _FILE_BYTES:
        form.wrong["file"] = f"At most {cards.MOST} cards at once; divide the file."
    else:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            form.wrong["file"] = "Save the file as CSV in UTF-8."
    return None


def _page(form: Form, look: Look | None = None, text: str = "", status: int = 200) -> Response:
    sealed = base64.urlsafe_b64encode(store().vault.seal(text.encode())).decode() if look and look.cards else ""
    with store().read() as conn:
        groups = views.cards(conn)
        currency = products.currency_in_use(conn) or "UAH"
        sections = tabs(conn, "cards")
    answer = respond(
        "certificates/cards.html",
        status=status,
        form=form,
        look=look,
        sealed=sealed,
        groups=groups,
        currency=currency,
        most=cards.MOST,
        tabs=sections,
    )
    if look:
        answer.headers["Cache-Control"] = "no-store"
    return answer
