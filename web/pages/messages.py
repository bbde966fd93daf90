"""Messages: what was said to whom and what came of it; and deciding about those that may have arrived."""

from flask import Blueprint, Response, make_response, request, url_for

from store import audit, messages, uncertain
from store.db import Connection
from store.views import customers, journeys
from store.views.journeys import JourneyLine
from wayfare.errors import NotFound, VaultError
from wayfare.segments.text import fold
from web import access, headers, reveal, ui, words
from web.context import now, store
from web.listing import asked
from web.pages.customers import asked_number
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("messages", __name__, url_prefix="/messages")
SIZE = 50
MOST_OPTIONS = 60  # journeys in the select; beyond that one types the name
GROUPS = {
    "sent": ("sent",),
    "queued": ("pending", "claimed", "sending"),
    "uncertain": ("uncertain",),
    "failed": ("failed",),
    "not_sent": ("suppressed", "capped", "expired", "cancelled"),
}
LABELS = {
    "sent": "Sent",
    "queued": "Queued",
    "uncertain": "Uncertain",
    "failed": "Failed",
    "not_sent": "Not allowed or too late",
}


@bp.get("")
@access.needs("messages.read")
def index() -> Response:
    """List messages, the newest first. Those who may not browse customers see those of one whom they name."""
    asks = {
        "q": asked("q"),
        "status": asked("status", 20),
        "channel": asked("channel", 32),
        "journey": asked("journey"),
    }
    before, is_exact = asked_number("before"), not ui.may("customers.list")
    with store().read() as conn:
        lines = journeys.all_journeys(conn)
        journey = _named(lines, asks["journey"])
        rows = messages.list_messages(
            conn,
            search="" if is_exact else asks["q"],
            statuses=GROUPS.get(asks["status"], ()),
            channel=asks["channel"] or None,
            customer_id=_only(conn, asks["q"]) if is_exact else None,
            journey_id=(journey.id if journey else 0) if asks["journey"] else None,
            before_id=before,
            limit=SIZE + 1,
        )
    published = [line for line in lines if line.number]
    return respond(
        "messages/index.html",
        "messages/_list.html",
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        before=before,
        asks=asks,
        labels=LABELS,
        journeys=published if len(published) <= MOST_OPTIONS else None,
        channels=sorted({*words.CHANNELS, *([asks["channel"]] if asks["channel"] else [])}),
        may_decide=ui.may("messages.decide") and asks["status"] == "uncertain",
        is_exact=is_exact,
        words=words,
    )


def _only(conn: Connection, text: str) -> int:
    """Return the customer whose key, phone or e-mail address is exactly this text, or 0 for nobody."""
    found = customers.search_customers(conn, customers.Search(text, is_exact=True), limit=1)
    return found[0].id if found else 0


@bp.get("/<int:message_id>")
@access.needs("messages.read")
def show(message_id: int) -> Response:
    """Show one message with its text, for those who may read it, and each attempt to hand it over."""
    detail = _detail(message_id)
    with store().read() as conn:
        attempts = messages.attempts_of(conn, message_id)
    row, is_open = detail.row, reveal.is_open(detail.row.customer_id)
    return respond(
        "messages/show.html",
        "messages/_show.html",
        row=row,
        detail=detail,
        attempts=attempts,
        said=words.message(row.status),
        is_open=is_open,
        may_open=ui.may(reveal.RIGHT),
        subject=_opened(detail.subject) if is_open else "",
        has_body=detail.body is not None,
        may_decide=ui.may("messages.decide") and row.status == "uncertain",
        words=words,
    )


@bp.get("/<int:message_id>/text")
@access.needs("messages.read")
def text(message_id: int) -> Response:
    """Answer with the text as it was sent, as a document that can do nothing: for the frame on the message's page."""
    detail = _detail(message_id)
    if not reveal.is_open(detail.row.customer_id) or detail.body is None:
        raise NotFound("no text to show")
    body = _opened(detail.body)
    is_html = body.lstrip()[:9].lower().startswith(("<!doctype", "<html"))
    headers.isolate()
    answer = make_response(body)
    answer.mimetype = "text/html" if is_html else "text/plain"
    return answer


@bp.post("/decide")
@access.needs("messages.decide")
def decide() -> Response:
    """Send uncertain messages again, or treat them as sent."""
    decision, at, who = request.form.get("decision", ""), now(), principal().actor
    ids = [int(text) for text in request.form.getlist("id")[:500] if text.isascii() and text.isdigit()]
    back = url_for("messages.index", status="uncertain")
    if decision not in ("again", "sent"):
        return go(back, "Choose what to do with them.", "bad")

    def work(conn: Connection) -> list[int]:
        wanted = uncertain.uncertain_ids(conn) if "all" in request.form else ids
        if decision == "again":
            changed = uncertain.send_again(conn, wanted, at)
        else:
            changed = uncertain.treat_as_sent(conn, wanted, at, who)
        if changed:
            action = "message.sent_again" if decision == "again" else "message.treated_as_sent"
            audit.record(conn, who, action, f"messages:{len(changed)}", {"ids": changed[:200]}, at)
        return changed

    changed = store().run(work)
    if not changed:
        return go(back, "Tick at least one message that is still uncertain.", "bad")
    if len(changed) == 1:
        return go(back, f"1 message {'goes out again' if decision == 'again' else 'counts as sent'}.")
    return go(back, f"{len(changed)} messages {'go out again' if decision == 'again' else 'count as sent'}.")


def _named(lines: list[JourneyLine], text: str) -> JourneyLine | None:
    """Return the journey with this key, else the first whose name holds the text."""
    exact = next((line for line in lines if line.key == text), None)
    return exact or next((line for line in lines if text and fold(text) in fold(line.name)), None)


def _detail(message_id: int) -> messages.MessageDetail:
    with store().read() as conn:
        found = messages.message_detail(conn, message_id)
    if found is None:
        raise NotFound(f"no message {message_id}")
    return found


def _opened(sealed: bytes | None) -> str:
    """Return a sealed text; nothing when it was sealed under another secret."""
    if sealed is None:
        return ""
    try:
        return store().vault.open(sealed).decode("utf-8", "replace")
    except VaultError:
        return ""
