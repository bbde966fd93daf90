"""Publishing: what would change, who must approve, what was published, and how to go back."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for

from offers.rules import release
from offers.rules import review as looking
from store import rulesets
from store.db import Connection
from store.rulesets import VersionRow
from wayfare.errors import Conflict, InputRefused, NotFound, RulesetInvalid
from web import access
from web.authors import author_of
from web.context import now, store
from web.listing import asked
from web.pages.forms import default_zone
from web.principal import principal
from web.promotion_forms.convert import moment_meant
from web.promotion_tabs import tabs
from web.respond import go, respond
from web.ui import may

bp = Blueprint("promotions_versions", __name__, url_prefix="/promotions")
SIZE = 25
KINDS = {"publish": "Published", "revert": "Went back", "kill": "Stopped"}


@bp.get("/versions")
@access.needs("promotions.read")
def index() -> Response:
    """List the versions, the latest first, and what waits."""
    before = asked("before", 9)
    with store().read() as conn:
        rows = rulesets.versions(
            conn, before=int(before) if before.isascii() and before.isdigit() else None, limit=SIZE + 1
        )
        live = rulesets.live_number(conn, now())
        found = looking.review(conn, now())
        sections = tabs(conn, "versions")
    return respond(
        "promotions/versions.html",
        rows=[(row, state_of(row, live, now())) for row in rows[:SIZE]],
        next=rows[SIZE - 1].number if len(rows) > SIZE else None,
        is_first=not before,
        live=live,
        waiting=len(found.changes),
        kinds=KINDS,
        tabs=sections,
    )


def state_of(row: VersionRow, live: int | None, at: datetime) -> tuple[str, str]:
    """Return what has become of a version, in words and as a tone."""
    if row.number == live:
        return "Live", "good"
    if row.status == "waiting":
        return "Waits for approval", "warn"
    if row.status == "approved":
        return ("Comes later", "info") if row.live_from > at else ("Was live", "")
    return ("Refused", "bad") if row.status == "refused" else ("Withdrawn", "")


@bp.get("/review")
@access.needs("promotions.read")
def review() -> Response:
    """Show what publishing the draft would do."""
    return _review()


@bp.post("/review")
@access.needs("promotions.publish")
def publish() -> Response:
    """Publish the draft, now or from a day on, or ask another person to approve it."""
    note = request.form.get("note", "")
    typed = {"day": request.form.get("from.day", ""), "time": request.form.get("from.time", "")}
    values: dict[str, Any] = {"note": note, "typed": typed}
    begins = None
    if request.form.get("when") == "later":
        moment = moment_meant(typed, default_zone())
        try:
            begins = datetime.fromisoformat(moment) if moment else None
        except ValueError:
            begins = None
        if begins is None or begins <= now():
            return _review(error="Choose a day that is still to come.", status=422, **values)
    author, digest = author_of(principal()), request.form.get("digest", "")
    is_proposal = request.form.get("propose") == "1"

    def work(conn: Connection) -> release.Published:
        return release.publish(
            conn, author, now(), note=note, live_from=begins, digest=digest or None, propose=is_proposal
        )

    try:
        done = store().run(work)
    except RulesetInvalid:
        return _review(error="Put right what is wrong below, then publish.", status=422, **values)
    except (Conflict, InputRefused) as error:
        return _review(error=_capital(str(error)), status=409, **values)
    place = url_for("promotions_versions.show", number=done.version.number)
    if done.version.status == "waiting":
        return go(place, f"Version {done.version.number} waits for another person's approval.", "info")
    if not done.is_new:
        return go(place, f"Nothing has changed: version {done.version.number} holds the same.", "info")
    later = done.version.live_from > now()
    return go(place, f"Version {done.version.number} {'is scheduled' if later else 'is live: carts are priced by it'}.")


def _review(*, error: str = "", status: int = 200, note: str = "", typed: dict[str, str] | None = None) -> Response:
    with store().read() as conn:
        found = looking.review(conn, now())
        sections = tabs(conn, "versions")
    values: dict[str, Any] = {"found": found, "error": error, "note": note, "zone": default_zone()}
    typed = typed or {"day": "", "time": ""}
    return respond("promotions/review.html", status=status, typed=typed, tabs=sections, link_to=link_to, **values)


def link_to(kind: str, key: str) -> str:
    """Return where an item is changed."""
    if kind == "promotion":
        return url_for("promotions_edit.edit" if may("promotions.edit") else "promotions.show", key=key)
    return url_for("promotions_groups.index") if kind == "group" else url_for("promotions_caps.index")


@bp.get("/versions/<int:number>")
@access.needs("promotions.read")
def show(number: int) -> Response:
    """Show one version: what it changed, who decided, and what can still be done about it."""
    with store().read() as conn:
        row = rulesets.version(conn, number)
        live = rulesets.live_number(conn, now())
        changes = looking.compare(conn, row.parent or 0, number, now())
        since = looking.compare(conn, number, "live", now()) if live and live != number else []
        numbers = [one.number for one in rulesets.versions(conn, limit=200)]
        sections = tabs(conn, "versions")
    is_mine = author_of(principal()).person in (row.author, row.created_by)
    values: dict[str, Any] = {"row": row, "state": state_of(row, live, now()), "changes": changes, "since": since}
    can_withdraw = row.status == "waiting" or (row.status == "approved" and row.live_from > now())
    return respond(
        "promotions/version.html",
        live=live,
        numbers=numbers,
        is_mine=is_mine,
        can_withdraw=can_withdraw,
        kinds=KINDS,
        tabs=sections,
        link_to=link_to,
        **values,
    )


@bp.get("/versions/compare")
@access.needs("promotions.read")
def compare() -> Response:
    """Show what is different between two versions."""
    old, new = asked("old", 9) or "live", asked("new", 9) or "draft"
    with store().read() as conn:
        try:
            changes, error = looking.compare(conn, old, new, now()), ""
        except NotFound as missing:
            changes, error = [], _capital(str(missing))
        numbers = [one.number for one in rulesets.versions(conn, limit=200)]
        sections = tabs(conn, "versions")
    return respond(
        "promotions/compare.html",
        old=old,
        new=new,
        changes=changes,
        error=error,
        numbers=numbers,
        tabs=sections,
        link_to=link_to,
    )


@bp.post("/versions/<int:number>/approve")
@access.needs("promotions.publish")
def approve(number: int) -> Response:
    """Let a waiting version price carts."""
    digest = request.form.get("digest", "")
    return _act(
        number,
        lambda conn: release.approve(conn, number, author_of(principal()), now(), digest=digest),
        f"Version {number} is approved.",
    )


@bp.post("/versions/<int:number>/refuse")
@access.needs("promotions.publish")
def refuse(number: int) -> Response:
    """Say no to a waiting version, with a reason."""
    note = request.form.get("note", "")
    return _act(
        number,
        lambda conn: release.refuse(conn, number, author_of(principal()), now(), note=note),
        f"Version {number} is refused.",
    )


@bp.post("/versions/<int:number>/withdraw")
@access.needs("promotions.stop")
def withdraw(number: int) -> Response:
    """Take back what waits."""
    note = request.form.get("note", "")
    return _act(
        number,
        lambda conn: release.withdraw(conn, number, author_of(principal()), now(), note=note),
        f"Version {number} is withdrawn.",
    )


@bp.post("/versions/<int:number>/revert")
@access.needs("promotions.publish")
def revert(number: int) -> Response:
    """Make what an earlier version held the next one."""
    author, restore = author_of(principal()), request.form.get("restore") == "1"
    note = request.form.get("note", "")

    def work(conn: Connection) -> release.Published:
        return release.revert(conn, number, author, now(), note=note, restore_draft=restore)

    try:
        done = store().run(work)
    except (Conflict, RulesetInvalid) as error:
        return go(url_for("promotions_versions.show", number=number), _capital(str(error)) + ".", "bad")
    place = url_for("promotions_versions.show", number=done.version.number)
    waits = done.version.status == "waiting"
    words = "waits for approval" if waits else "is live"
    return go(place, f"Version {done.version.number} holds what version {number} held, and {words}.")


def _act(number: int, work: Any, done: str) -> Response:
    place = url_for("promotions_versions.show", number=number)
    try:
        store().run(work)
    except (Conflict, InputRefused) as error:
        return go(place, _capital(str(error)) + ".", "bad")
    return go(place, done)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
