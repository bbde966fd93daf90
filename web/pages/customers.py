"""Customers: search, one profile, and one timeline of everything that happened."""

from datetime import datetime

from flask import Blueprint, Response, request, url_for

from nodes.graph import Graph
from store import segments as segment_rows
from store.views import customers as views
from store.views import journeys, timeline
from store.views.customers import Search
from web import access, formats, graph_view, masks, reveal, ui, words
from web.context import now, store
from web.customer_gifts import Gifts
from web.forms import Form
from web.listing import asked
from web.respond import go, local, respond
from web.told import GROUPS, Teller

bp = Blueprint("customers", __name__, url_prefix="/customers")
SIZE = 50
MOMENTS = 40


@bp.get("")
@access.needs("customers.read")
def index() -> Response:
    """Find customers. Those who may not browse type a whole key, number or address, and get that one."""
    is_exact = not ui.may("customers.list")
    wanted = Search(asked("q"), "" if is_exact else asked("segment", 100), asked("bought", 3), is_exact)
    before = asked_number("before")
    with store().read() as conn:
        rows = views.search_customers(conn, wanted, before_id=before, limit=SIZE + 1)
        total = None if is_exact else views.count_customers(conn)
        segments = [] if is_exact else segment_rows.all_segments(conn)
    return respond(
        "customers/index.html",
        "customers/_list.html",
        rows=rows[:SIZE],
        next=rows[SIZE - 1].id if len(rows) > SIZE else None,
        before=before,
        total=total,
        is_exact=is_exact,
        segments=segments,
        asks={"q": wanted.text, "segment": wanted.segment, "bought": wanted.bought},
        masks=masks,
    )


@bp.get("/<path:key>")
@access.needs("customers.read")
def show(key: str) -> Response:
    """Show one customer and the timeline."""
    group, mark = asked("show", 20), _mark()
    group = group if group in GROUPS else ""
    kinds = GROUPS[group][1] or tuple(timeline.SOURCES)
    with store().read() as conn:
        profile = views.get_profile(conn, key)
        entries = timeline.timeline(conn, profile.id, kinds=kinds, after=mark, limit=MOMENTS + 1)
        more, entries = len(entries) > MOMENTS, entries[:MOMENTS]
        gifts = Gifts.of(conn, profile.id)
        versions = {entry.values["version_id"] for entry in entries if "version_id" in entry.values}
        versions |= {passage.version_id for passage in profile.passages}
        graphs = journeys.graphs_of(conn, versions)
        lines = timeline.lines_of(conn, [entry.id for entry in entries if entry.kind == "order"])
    is_open = reveal.is_open(profile.id)
    teller = Teller(graphs, lines, is_open)
    last = entries[-1] if more else None
    return respond(
        "customers/show.html",
        "customers/_timeline.html",
        who=profile,
        gifts=gifts,
        name=masks.name(profile.first_name, profile.last_name, is_open=is_open),
        is_open=is_open,
        open_until=reveal.until(profile.id),
        may_open=ui.may(reveal.RIGHT),
        told=[teller.tell(entry) for entry in entries if teller.is_told(entry)],
        day=lambda at: at.astimezone(formats.zone()).date(),
        today=now().astimezone(formats.zone()).date(),
        next=f"{last.at.isoformat()}~{last.kind}~{last.id}" if last else None,
        is_first=mark is None,
        group=group,
        groups=GROUPS,
        masks=masks,
        step_title=_step_titles(graphs),
        words=words,
    )


@bp.post("/reveal/<int:customer_id>")
@access.needs("customers.unmask")
def show_in_full(customer_id: int) -> Response:
    """Show a customer in full for a quarter of an hour; the reason goes to the audit trail."""
    with store().read() as conn:
        key = views.key_of(conn, customer_id)
    form = Form()
    reason = form.text("reason", longest=300, need="Say why you need to see it.")
    back = local(request.form.get("next"), url_for("customers.show", key=key))
    if not form.is_good:
        return go(back, form.wrong["reason"], "bad")
    reveal.begin(customer_id, key, reason)
    return go(back, "You see this customer in full for 15 minutes.", "info")


@bp.post("/hide/<int:customer_id>")
@access.needs("customers.unmask")
def hide(customer_id: int) -> Response:
    """Hide a customer's personal data again."""
    with store().read() as conn:
        key = views.key_of(conn, customer_id)
    reveal.finish(customer_id)
    return go(url_for("customers.show", key=key))


def _step_titles(graphs: dict[int, journeys.GraphLine]) -> dict[tuple[int, str], str]:
    """Return what the nodes of these versions are called, by version and node."""
    found = {}
    for version_id, line in graphs.items():
        types = graph_view.node_types(Graph.model_validate(line.graph))
        found.update({(version_id, id): graph_view.title_of(node, id) for id, node in types.items()})
    return found


def asked_number(name: str) -> int | None:
    """Return a whole number in the address, or None."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _mark() -> timeline.Mark | None:
    """Return where the page before ended."""
    at, _, rest = asked("after", 120).partition("~")
    kind, _, id = rest.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None or kind not in timeline.SOURCES or not (id.isascii() and id.isdigit() and len(id) < 19):
        return None
    return timeline.Mark(moment, kind, int(id))
