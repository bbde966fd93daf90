"""Why does this code not work? What staff see of one code, and may do about it. A code never stands in an address."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from markupsafe import Markup

from offers.codes import desk
from offers.codes.desk import Story
from offers.codes.resolve import REASONS
from offers.codes.text import compact, grouped, is_well_formed, qr_svg
from store.codes import Found
from store.db import Connection
from wayfare.errors import Conflict
from web import access, code_words, guesses
from web.context import now, store
from web.flash import say
from web.forms import Form
from web.phone_field import phone_of
from web.principal import principal
from web.promotion_tabs import tabs
from web.respond import respond

bp = Blueprint("promotions_codes_desk", __name__, url_prefix="/codes/why")
REMEDIES = {
    "not_found": "Read it again, sign by sign: there is no 0, 1, O and I in it.",
    "void": "Nothing brings it back. Issue another code.",
    "not_issued": "It waits in the pool of a journey, so nobody can have got it rightfully.",
    "used": "See below which order used it.",
    "reserved": "The order below has it. It comes free when that order is released or its time is over.",
    "limit": "The orders below have it. It comes free when one of them is released.",
    "expired": "Issue another code, or change the batch’s last day where all its codes ended.",
    "not_yet": "It works from the day below.",
    "not_activated": "Activate it below when the customer may have it.",
    "locked": "Unlock it below, when you are sure who is asking.",
    "pin_missing": "Ask for the PIN that came with the code.",
    "pin_wrong": "Five wrong ones lock the code.",
    "other_phone": "Ask for the number that the code was sent to.",
}


@bp.get("")
@access.needs("codes.check")
def index() -> Response:
    """Ask for a code."""
    return _page(Form())


@bp.post("")
@access.needs("codes.check")
def look() -> Response:
    """Say what a code is worth and why, with what happened to it."""
    return _looked(Form())


@bp.post("/activate")
@access.needs("codes.activate")
def activate() -> Response:
    """Activate a code by hand."""
    form = Form()
    phone = phone_of(form, "phone")

    def work(conn: Connection) -> None:
        desk.activate(conn, store().vault, _typed(form), now=now(), by=principal().actor, phone=phone)

    return _acted(form, work, "The code is active.")


@bp.post("/void")
@access.needs("codes.void")
def void() -> Response:
    """Take one code out of use, for good."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say why; it goes to the audit trail.")

    def work(conn: Connection) -> None:
        desk.void(conn, store().vault, _typed(form), reason=reason, now=now(), by=principal().actor)

    return _acted(form, work, "The code is void.")


@bp.post("/unlock")
@access.needs("codes.void")
def unlock() -> Response:
    """Let PINs of a code be tried again."""
    form = Form()
    reason = form.text("reason", longest=500, need="Say how you know who is asking.")

    def work(conn: Connection) -> None:
        desk.unlock(conn, store().vault, _typed(form), reason=reason, now=now(), by=principal().actor)

    return _acted(form, work, "PINs can be tried again.")


def _typed(form: Form) -> str:
    return form.text("code", longest=80, need="Type the code.")


def _acted(form: Form, work: Callable[[Connection], None], done: str) -> Response:
    if not form.is_good:
        return _looked(form, 422)
    try:
        store().run(work)
    except Conflict as error:
        say(str(error)[:1].upper() + str(error)[1:] + ".", "bad")
    else:
        say(done)
    form.values["reason"] = ""
    return _looked(form)


def _looked(form: Form, status: int = 200) -> Response:
    """Draw the page for the code in the form; what looks like a guess is counted, as everywhere."""
    code, phone = _typed(form), phone_of(form, "phone")
    pin = request.form.get("pin", "").strip()[:12]
    if not code or "phone" in form.wrong:
        return _page(form, status=422)
    subjects = guesses.limits([code], phone)
    wait = guesses.wait_for(subjects)
    if wait is not None:
        minutes = int(wait.total_seconds() // 60) + 1
        form.wrong["code"] = f"Too many codes were refused here. Try again in {minutes} min."
        return _page(form, status=429)

    def work(conn: Connection) -> Story:
        return desk.look(conn, store().vault, code, now=now(), phone=phone, pin=pin or None)

    if pin:
        story = store().run(work)
    else:
        with store().read() as conn:
            story = work(conn)
    guesses.note(subjects, [story.answer])
    return _page(form, story, status)


def _page(form: Form, story: Story | None = None, status: int = 200) -> Response:
    with store().read() as conn:
        sections = tabs(conn, "codes-desk")
    code = form.values.get("code", "")
    is_there = story is not None and story.found is not None
    return respond(
        "codes/why.html",
        status=status,
        form=form,
        story=story,
        moments=_moments(story) if story else [],
        reasons=REASONS,
        remedies=REMEDIES,
        mistyped=bool(code) and not is_well_formed(code),
        grouped=_printed(code, story),
        picture=Markup(qr_svg(compact(code))) if is_there else "",  # noqa: S704  drawn by us, holds no text
        said_state=code_words.STATES,
        tabs=sections,
    )


def _printed(code: str, story: Story | None) -> str:
    """Return a code as it is printed: the prefix of its batch as it is written there, the rest in groups."""
    prefix = story.found.batch.prefix if story and story.found else ""
    plain, start = compact(code), compact(prefix)
    return f"{prefix}{grouped(plain.removeprefix(start))}" if plain.startswith(start) else grouped(code)


def _moments(story: Story) -> list[tuple[object, str, str, str]]:
    """Return what happened to a code, the first thing first: when, an icon, what, and more about it."""
    row = story.found
    if row is None:
        return []
    found: list[tuple[object, str, str, str]] = [(row.issued_at, "ticket", *_issued(story, row))]
    if row.activated_at:
        found.append((row.activated_at, "check", "Activated", ""))
    found += [(one.at, "receipt", f"Order {one.order_key}", one.status) for one in story.orders]
    acts = {"codes.voided": ("ban", "Voided"), "codes.unlocked": ("lock-open", "Unlocked")}
    for act in story.acts:
        if act.action in acts:
            icon, words = acts[act.action]
            found.append((act.at, icon, words, f"{act.actor}: {act.detail.get('reason', '')}"))
    return sorted(found, key=lambda one: str(one[0]))


def _issued(story: Story, row: Found) -> tuple[str, str]:
    if row.status == "free":
        return "Made for the pool", ""
    if story.issuer.journey_name:
        return "Issued", f"by the journey {story.issuer.journey_name}"
    return "Issued", "in a shared batch" if row.batch.kind == "shared" else "in a file"
