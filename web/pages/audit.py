"""The audit trail: who did what, when. Nobody can change it, administrators neither."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response

from store import audit as trail
from web import access, anchors, formats, ui
from web.context import config, store
from web.listing import Listing, asked, asked_page
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("audit", __name__, url_prefix="/audit")
SIZE = 50


@bp.get("")
@access.needs("audit.own")
def index() -> Response:
    """Search the trail; those who may not see all of it see their own entries."""
    wanted = trail.Filter(
        text=asked("q"),
        actor="" if ui.may("audit.read") else principal().actor,
        action=asked("action", 100),
        since=_day(asked("since", 10)),
        until=_day(asked("until", 10), days=1),
    )
    page = asked_page()
    with store().read() as conn:
        total = trail.count(conn, wanted)
        rows = trail.search(conn, wanted, skip=(page - 1) * SIZE, limit=SIZE)
        groups = sorted({name.partition(".")[0] for name in trail.actions(conn)})
    listing = Listing(rows, page, SIZE, total)
    asks = {name: asked(name) for name in ("q", "action", "since", "until")}
    return respond("audit/index.html", "audit/_list.html", listing=listing, groups=groups, asks=asks)


@bp.post("/verify")
@access.needs("audit.read")
def verify() -> Response:
    """Walk the whole chain and say whether every entry is as it was written."""
    folder = config().data_dir
    noted = anchors.read(store(), folder) if folder else {}
    with store().read() as conn:
        verdict = trail.verify(conn, noted)
    if verdict.bad_id is not None:
        return go("/audit", f"Entry {verdict.bad_id} does not hold: {verdict.reason}.", "bad")
    if folder:
        anchors.write(store(), folder)
    return go("/audit", f"All {formats.plural(verdict.rows, 'entry', 'entries')} are as they were written.")


def _day(text: str, *, days: int = 0) -> datetime | None:
    """Return the beginning of a day in the reader's zone, or None for no day."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=formats.zone()) + timedelta(days=days)  # wall clock
        return day.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
