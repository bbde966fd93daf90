"""The first page after signing in: what happens now, and what needs a person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, url_for

from store.days import day_of
from store.db import Connection
from store.views import hold_still
from store.views import home as views
from store.views import journeys as lines
from web import access, charts, formats, ui, words
from web.context import now, store
from web.graph_view import registry
from web.respond import respond

bp = Blueprint("home", __name__)
HOURS = 24
SHOWN = 6
_PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a person: what it is, what to do, and where."""

    tone: str
    icon: str
    title: str
    remedy: str
    href: str = ""
    verb: str = ""


@bp.get("/")
@access.needs("home.read")
def index() -> Response:
    """Show what happens now."""
    at = now()
    since = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=47)
    last_day = (at - timedelta(hours=HOURS)).astimezone(UTC)
    with store().read() as conn:
        hold_still(conn)
        if views.is_empty(conn):
            return respond("home/first.html", "home/_first.html")
        hours = {
            "events": views.events_by_hour(conn, since),
            "entered": views.entered_by_hour(conn, since),
            "sent": views.sent_by_hour(conn, since),
        }
        all_lines, tallies = lines.all_journeys(conn), lines.tallies(conn)
        needs = _needs(conn, at, all_lines, tallies)
        live = [line for line in all_lines if line.status in ("live", "closing")]
        live.sort(key=lambda line: tallies.get(line.id, lines.Tally()).entered, reverse=True)
        shown = live[:SHOWN]
        today = day_of(conn, at)
        first_day = (today - timedelta(days=13)).isoformat()
        by_day = lines.entered_by_day(conn, [line.id for line in shown], first_day)
        latest = views.latest_events(conn) if ui.may("customers.list") else []
        has_events = bool(latest) or bool(hours["events"])
    figures = [
        _figure("Events in", "bolt", hours["events"], at),
        _figure("Entered journeys", "login", hours["entered"], at),
        _figure("Messages sent", "send", hours["sent"], at),
    ]
    return respond(
        "home/index.html",
        "home/_now.html",
        figures=figures,
        on_the_way=sum(tally.active for tally in tallies.values()),
        ends={status: sum(tally.end(status) for tally in tallies.values()) for status in ("completed", "exited")},
        needs=needs,
        journeys=[
            (line, tallies.get(line.id, lines.Tally()), charts.by_day(by_day.get(line.id, {}), today)) for line in shown
        ],
        live_count=len(live),
        any_journeys=bool(all_lines),
        latest=latest,
        has_events=has_events,
        at=at,
        since=last_day,
        words=words,
    )


def _figure(label: str, icon: str, counts: views.Hours, at: datetime) -> tuple[str, str, int, charts.Bars]:
    return label, icon, charts.since_midnight(counts, at), charts.by_hour(counts, at, HOURS)


def _needs(
    conn: Connection, at: datetime, all_lines: list[lines.JourneyLine], tallies: dict[int, lines.Tally]
) -> list[Need]:
    """Return what needs a person, the worst first."""
    found: list[Need] = []
    for closed in views.closed_channels(conn, at):
        name = words.channel(closed.channel)
        if closed.reason:
            found.append(Need("bad", "plug", f"{name} does not send", closed.reason))
        else:
            wait = "Wayfare tries again by itself"
            found.append(Need("warn", "clock-pause", f"{name} pauses", f"Its provider fails or asks to wait. {wait}."))
    week = at - timedelta(days=7)
    trouble = views.troubled_messages(conn, week)
    failed = lines.failed_since(conn, day_of(conn, week).isoformat())
    may_read = ui.may("messages.read")
    if n := trouble.get("uncertain", 0):
        title = f"{formats.plural(n, 'message')} may or may not have arrived"
        remedy = "Look at the provider, then send them again or treat them as sent."
        place = url_for("messages.index", status="uncertain") if may_read else ""
        found.append(Need("violet", "help-circle", title, remedy, place, "Decide"))
    by_id = {line.id: line for line in all_lines}
    for status, icon, remedy in (
        ("quarantined", "shield-lock", "A step could not handle them. Read the reasons, correct the step or the data."),
        ("parked", "puzzle", "The type of their step is not installed. Install the package and they go on."),
        ("failed", "alert-circle", "In the last 7 days a step said that it cannot be done. Read the reasons."),
    ):
        stuck = {id: tally.parked if status == "parked" else tally.end(status) for id, tally in tallies.items()}
        stuck = {id: n for id, n in (failed if status == "failed" else stuck).items() if n}
        if not stuck:
            continue
        title = f"{formats.plural(sum(stuck.values()), 'customer')} {words.enrollment(status).label.lower()}"
        worst = by_id[max(stuck, key=lambda id: stuck[id])]
        title += f" in {worst.name}" if len(stuck) == 1 else f" in {len(stuck)} journeys, most in {worst.name}"
        place = url_for("journeys.customers", key=worst.key, kind=status)
        verb = "Show them" if ui.may("customers.list") else "Show the journey"
        if not ui.may("customers.list"):
            place = url_for("journeys.show", key=worst.key)
        found.append(Need("bad" if status != "parked" else "warn", icon, title, remedy, place, verb))
    if n := trouble.get("failed", 0):
        title = f"{formats.plural(n, 'message')} failed in 7 days"
        place = url_for("messages.index", status="failed") if may_read else ""
        found.append(
            Need("warn", "mail", title, "The reasons say why: an address, a refusal, a provider.", place, "Show")
        )
    oldest = views.oldest_unmatched(conn)
    if oldest is not None and at - oldest > _PATIENCE:
        remedy = "Is a worker running? `wayfare doctor` says what is missing."
        found.append(Need("bad", "hourglass", "Events wait to take effect", remedy))
    for failure in registry().failures:
        found.append(Need("bad", "puzzle", f"The package of “{failure.name}” did not load", failure.reason))
    return found
