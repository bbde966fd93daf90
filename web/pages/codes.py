"""Promo codes: the list of batches, a new one, one with its figures, and making codes whose file is shown once."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from builder.keys import free, slug
from engine.pools import tend_pools
from offers.codes import batches, make
from offers.codes.opens import opened_by
from offers.codes.text import qr_svg
from store import codes
from store.codes import BatchRow
from store.db import Connection
from store.views import codes as views
from store.views.codes import STATES, BatchSearch
from wayfare.errors import Conflict, InputRefused, NotFound
from web import access, code_files, code_form, code_words, once
from web.bell import ring
from web.context import now, runtime, store
from web.forms import Form
from web.listing import Listing, asked, asked_page
from web.pages.forms import default_zone
from web.pages.promotions import STATUSES
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import go, respond

bp = Blueprint("promotions_codes", __name__, url_prefix="/codes")
SIZE = 25
STATE_WORDS = {"open": "In use", "low": "Pool is low", "ended": "Ended", "void": "Void"}
FILE_MOST, POOL_MOST = 1_000_000, 200_000
_OWN_PAGES = frozenset({"new", "partners", "why", "opens"})


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """List the batches of codes with how many were given out and used."""
    state = asked("state", 10)
    wanted = BatchSearch(asked("q"), asked("kind", 10), asked("partner", 100), state if state in STATES else "")
    page = asked_page()
    with store().read() as conn:
        rows = views.search_batches(conn, wanted, now(), skip=(page - 1) * SIZE, limit=SIZE)
        total = views.count_batches(conn, wanted, now())
        values: dict[str, Any] = {
            "found": batches.levels(conn, rows, now()),
            "opens": opened_by(conn, now()) if rows else {},
            "partners": views.partners(conn),
            "any": total or views.count_batches(conn, BatchSearch(), now()),
            "tabs": tabs(conn, "codes"),
        }
    return respond(
        "codes/index.html",
        listing=Listing(rows, page, SIZE, total),
        asks={"q": wanted.text, "kind": wanted.kind, "partner": wanted.partner, "state": wanted.state},
        states=STATE_WORDS,
        **values,
        **vocabulary(),
    )


@bp.get("/partners")
@access.needs("promotions.read")
def partners() -> Response:
    """Show what each partner's codes sold."""
    with store().read() as conn:
        rows = views.partner_batches(conn)
        sold = views.attribution(conn, [row.id for row in rows]) if rows else []
        sections = tabs(conn, "partners")
    names = {row.id: row.partner or "" for row in rows}
    sums: dict[tuple[str, str], list[int]] = {}
    for one in sold:
        mine = sums.setdefault((names[one.batch_id], one.currency), [0, 0, 0])
        for place, amount in enumerate((one.orders, one.discount, one.revenue)):
            mine[place] += amount
    by_partner: dict[str, list[BatchRow]] = {}
    for row in rows:
        by_partner.setdefault(row.partner or "", []).append(row)
    lines = [
        (name, mine, [(currency, *figures) for (partner, currency), figures in sorted(sums.items()) if partner == name])
        for name, mine in by_partner.items()
    ]
    return respond("codes/partners.html", lines=lines, tabs=sections)


@bp.get("/opens")
@access.needs("promotions.read")
def opens() -> Response:
    """Say which promotions a word opens; for the form, while it is filled in."""
    word = asked("unlock", 100).upper()
    with store().read() as conn:
        found = opened_by(conn, now())
    return respond("codes/_opens.html", "codes/_opens.html", word=word, opened=found.get(word, ()), statuses=STATUSES)


@bp.get("/new")
@access.needs("codes.make")
def new() -> Response:
    """Show the form of a new batch."""
    return _form(Form())


@bp.post("/new")
@access.needs("codes.make")
def add() -> Response:
    """Make a batch; codes of their own are made on the next page."""
    form = Form()
    count = code_form.whole(form, "count", 1, FILE_MOST) if request.form.get("kind") == "unique" else None
    spec = code_form.spec_of(form, default_zone(), "")
    if spec is None:
        return _form(form, 422)
    base = slug(spec.shared_text or spec.name, "codes")
    by = principal().actor

    def work(conn: Connection) -> BatchRow:
        key = free(base, views.keys_like(conn, base) | _OWN_PAGES)
        return batches.add_batch(conn, store().vault, replace(spec, key=key), now=now(), by=by)

    try:
        row = store().run(work)
    except InputRefused as error:
        form.wrong[error.path] = _capital(str(error)) + "."
        return _form(form, 422)
    except Conflict as error:
        form.wrong["shared_text"] = _capital(str(error)) + "."
        return _form(form, 422)
    if row.kind == "shared":
        return go(url_for("promotions_codes.show", key=row.key), f"{row.shared_text} works from now on.")
    return go(url_for("promotions_codes.more", key=row.key, count=count), "The batch is ready. Make its codes now.")


def _form(form: Form, status: int = 200, row: BatchRow | None = None) -> Response:
    if not form.values and row is None:
        form.values |= {"kind": "unique", "length": "10", "max_uses": "1", "count": "1000", "activation": "at_once"}
        form.values |= {"on_failed_send": "void", "unlock": asked("unlock", 100).upper()}
    word = form.values.get("unlock", "")
    with store().read() as conn:
        found = opened_by(conn, now())
        sections = tabs(conn, "codes")
        known = views.partners(conn)
    return respond(
        "codes/form.html",
        status=status,
        form=form,
        row=row,
        zone=default_zone(),
        kinds=code_form.KINDS,
        activations=code_form.ACTIVATION_WORDS,
        failed=code_form.FAILED_WORDS,
        words=sorted(found),
        word=word,
        opened=found.get(word, ()),
        partners=known,
        statuses=STATUSES,
        tabs=sections,
    )


@bp.get("/<key>")
@access.needs("promotions.read")
def show(key: str) -> Response:
    """Show one batch: its rules, its codes by state, what they sold."""
    with store().read() as conn:
        row = codes.find_batch(conn, key)
        levels = batches.levels(conn, [row], now())[key]
        sold = views.attribution(conn, [row.id])
        opened = opened_by(conn, now()).get(row.unlocks, ())
        sections = tabs(conn, "codes")
    return respond(
        "codes/show.html",
        row=row,
        levels=levels,
        shares=code_words.shares(levels),
        sold=sold,
        opened=opened,
        statuses=STATUSES,
        tabs=sections,
        picture=Markup(qr_svg(row.shared_text)) if row.shared_text else "",  # noqa: S704  drawn by us, holds no text
        **vocabulary(),
    )


@bp.get("/<key>/qr.svg")
@access.needs("promotions.read")
def qr(key: str) -> Response:
    """Draw a shared code as a QR picture. Raises NotFound for other batches: their codes are not kept."""
    with store().read() as conn:
        row = codes.find_batch(conn, key)
    if not row.shared_text:
        raise NotFound(f"the codes of {key} are not kept")
    headers = {"Content-Disposition": f'attachment; filename="{row.shared_text}.svg"'}
    return Response(qr_svg(row.shared_text), mimetype="image/svg+xml", headers=headers)


@bp.get("/<key>/edit")
@access.needs("codes.make")
def edit(key: str) -> Response:
    """Show the form of what may change while codes are out."""
    with store().read() as conn:
        row = codes.find_batch(conn, key)
    form = Form()
    form.values |= code_form.shown(row, default_zone())
    return _form(form, row=row)


@bp.post("/<key>/edit")
@access.needs("codes.make")
def change(key: str) -> Response:
    """Change what may change while codes are out."""
    form = Form()
    with store().read() as conn:
        row = codes.find_batch(conn, key)
    values = code_form.changes_of(form, default_zone(), row)
    if not form.is_good:
        return _form(form, 422, row)
    try:
        if values:
            store().run(lambda conn: batches.change_batch(conn, key, values, now=now(), by=principal().actor))
    except InputRefused as error:
        form.wrong[error.path] = _capital(str(error)) + "."
        return _form(form, 422, row)
    return go(url_for("promotions_codes.show", key=key), "Saved." if values else "Nothing was changed.")


@bp.get("/<key>/make")
@access.needs("codes.make")
def more(key: str) -> Response:
    """Ask how many codes to make, and say that their file is shown once."""
    form = Form()
    count = asked("count", 12)
    form.values |= {"count": count if count.isascii() and count.isdigit() else "1000", "to": asked("to", 4) or ""}
    return _more(key, form)


@bp.post("/<key>/make")
@access.needs("codes.make")
def make_codes(key: str) -> Response:
    """Make codes: a file that is written while they are made and never again, or codes that wait in the pool."""
    form = Form()
    to = form.choice("to", ("file", "pool"), need="Choose where they go.")
    most = POOL_MOST if to == "pool" else FILE_MOST
    count = code_form.whole(form, "count", 1, most, need="Say how many.")
    key_of_form, by = request.form.get("once", "")[:64], principal().actor
    if count is None or not form.is_good or len(key_of_form) < 16:
        return _more(key, form, 422)
    if not once.is_first(f"codes {key}", key_of_form, f"{to} {count}".encode()):
        return go(url_for("promotions_codes.show", key=key), _MADE_BEFORE, "bad")
    try:
        if to == "pool":
            return _filled(key, count, now(), by)
        chunks = make.make_codes(store(), store().vault, key, count, now=now(), by=by)
    except (InputRefused, Conflict) as error:
        form.wrong["count" if getattr(error, "path", "") != "to" else "to"] = _capital(str(error)) + "."
        return _more(key, form, 422)
    with store().read() as conn:
        row = codes.find_batch(conn, key)
    return code_files.answer(chunks, row)


_MADE_BEFORE = "These codes were made before, and their file was shown once. Make others if that one was lost."


def _filled(key: str, count: int, at: datetime, by: str) -> Response:
    made = make.fill_pool(store(), store().vault, key, count, now=at, by=by)
    if (engine := runtime()) is not None and tend_pools(engine, now=at):
        ring()
    return go(url_for("promotions_codes.show", key=key), f"{made:,} codes wait in the pool.".replace(",", "\u202f"))


def _more(key: str, form: Form, status: int = 200) -> Response:
    with store().read() as conn:
        row = codes.find_batch(conn, key)
        sections = tabs(conn, "codes")
    if form.values.get("to") not in ("file", "pool"):
        form.values["to"] = "pool" if row.uses_pool and not row.with_pin else "file"
    most = {"file": FILE_MOST, "pool": POOL_MOST}
    return respond("codes/make.html", status=status, row=row, form=form, once=once.fresh(), most=most, tabs=sections)


@bp.get("/<key>/void")
@access.needs("codes.void")
def void_form(key: str) -> Response:
    """Ask why a batch is to be taken out of use."""
    return _void(key)


@bp.post("/<key>/void")
@access.needs("codes.void")
def void(key: str) -> Response:
    """Take all codes of a batch out of use, for good."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say why; colleagues will ask.")
    if not form.is_good:
        return _void(key, reason, form.wrong["reason"], 422)
    store().run(lambda conn: batches.void_batch(conn, key, reason, now=now(), by=principal().actor))
    return go(url_for("promotions_codes.show", key=key), "The batch is void. None of its codes works any more.")


def _void(key: str, reason: str = "", error: str = "", status: int = 200) -> Response:
    with store().read() as conn:
        row = codes.find_batch(conn, key)
        levels = batches.levels(conn, [row], now())[key]
    inside = "codes/_void_form.html" if status == 422 else "codes/_void.html"
    usable = sum(levels.get(state, 0) for state in ("free", "issued", "activated", "released", "reserved"))
    return respond("codes/void.html", inside, status=status, row=row, usable=usable, reason=reason, error=error)


def vocabulary() -> dict[str, Any]:
    """Return what templates need to speak of codes."""
    return {
        "said_state": code_words.STATES,
        "is_low": batches.is_low,
        "total_of": code_words.total,
        "given_out": code_words.given_out,
        "pool_percent": code_words.pool_percent,
        "at": now(),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
