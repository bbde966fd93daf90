"""Journeys: the list, one with its graph and live counts, the customers behind a count."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from pydantic import ValidationError

from engine.gates import open_gate
from nodes.graph import Graph
from store import shelf
from store.days import day_of, since, zone_of_days
from store.db import Connection
from store.memory import read_memories, waiting_at
from store.views import hold_still, people
from store.views import journeys as views
from store.views.journeys import JourneyLine, Tally, VersionLine
from wayfare.errors import NotFound
from wayfare.segments.text import fold
from web import access, graph_view, moving, ui, words
from web.bell import ring
from web.context import now, store
from web.listing import Listing, Order, asked, asked_order, asked_page
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("journeys", __name__, url_prefix="/journeys")
SIZES = (25, 100, 400)
"""How many journeys a page may show; the first is the usual number."""
PEOPLE = 25
PERIODS = {"": "All time", "week": "7 days", "today": "Today"}
BY_NUMBERS = ("entered", "active", "completed", "activity")
COLUMNS = ("name", "status", "entered", "active", "completed", "activity")
_RANK = {"live": 0, "closing": 1, "paused": 2, "draft": 3, "stopped": 4, "archived": 5}


@dataclass(frozen=True, slots=True)
class Row:
    """One journey in the list. `goals` is (reached, entered), zeros where there is no goal."""

    line: JourneyLine
    tally: Tally
    goals: tuple[int, int] = (0, 0)


@bp.get("")
@access.needs("journeys.read")
def index() -> Response:
    """List the journeys."""
    text, status, tag = asked("q"), asked("status", 20), asked("tag", 40)
    order, size = asked_order(COLUMNS, "status"), _size()
    with store().read() as conn:
        hold_still(conn)
        every = views.all_journeys(conn)
        tags = shelf.tags(conn)
        kept = [line for line in every if _fits(line, text, status, tag, tags.get(line.id, ()))]
        counts = views.tallies(conn, with_live=False) if order.column in BY_NUMBERS else {}
        rows = _ordered([Row(line, counts.get(line.id, Tally())) for line in kept], order)
        page = min(asked_page(), max(1, -(-len(rows) // size)))  # whoever goes beyond the end sees the last page
        shown = rows[(page - 1) * size : page * size]
        counts = views.tallies(conn, [row.line.id for row in shown]) if shown else {}
        shown = [Row(row.line, counts.get(row.line.id, Tally())) for row in shown]
        reached = views.goals(conn, [row.line.id for row in shown]) if shown else {}
        today = day_of(conn, now())
        graphs = views.graphs_of(conn, [row.line.live_version_id for row in shown if row.line.live_version_id])
    aimless = {id for id, line in graphs.items() if _is_aimless(line.graph)}
    shown = [Row(row.line, row.tally, _goals(row.line, reached, aimless)) for row in shown]
    by_status: dict[str, int] = {}
    for line in every:
        by_status[line.status] = by_status.get(line.status, 0) + 1
    return respond(
        "journeys/index.html",
        "journeys/_list.html",
        listing=Listing(shown, page, size, len(rows)),
        order=order,
        asks={"q": text, "status": status, "tag": tag, "rows": size},
        sizes=SIZES,
        tags=tags,
        known_tags=sorted({one for found in tags.values() for one in found}, key=fold),
        by_status=sorted(by_status.items(), key=lambda one: _RANK.get(one[0], 9)),
        total=len(every),
        today=today,
        words=words,
    )


def _size() -> int:
    """Return how many rows are asked for, if the page offers that."""
    return next((size for size in SIZES if asked("rows", 4) == str(size)), SIZES[0])


def _fits(line: JourneyLine, text: str, status: str, tag: str, tags: Collection[str]) -> bool:
    if (status and line.status != status) or (tag and fold(tag) not in map(fold, tags)):
        return False
    if not text:
        return not (line.status == "archived" and not status and not tag)
    return all(
        word in fold(f"{line.name} {line.key} {line.description} {' '.join(tags)}") for word in fold(text).split()
    )


def _ordered(rows: list[Row], order: Order) -> list[Row]:
    """Return rows in an order; equal ones by name."""
    keys = {
        "name": lambda row: fold(row.line.name),
        "status": lambda row: (_RANK.get(row.line.status, 9), -row.line.updated_at.timestamp()),
        "entered": lambda row: row.tally.entered,
        "active": lambda row: row.tally.active,
        "completed": lambda row: row.tally.end("completed"),
        "activity": lambda row: row.tally.last_day,
    }
    rows.sort(key=lambda row: fold(row.line.name))
    rows.sort(key=keys[order.column], reverse=order.is_descending)
    return rows


@bp.get("/<key>")
@access.needs("journeys.read")
def show(key: str) -> Response:
    """Show one journey: what it is, how it fares, and its graph with live counts."""
    period = _period()
    with store().read() as conn:
        hold_still(conn)
        first_day = day_of(conn, begin).isoformat() if (begin := _since(conn, period)) else ""
        line = views.find_journey(conn, key)
        versions = views.versions_of(conn, line.id)
        version = _asked_version(line, versions)
        if version is None:
            document, counts, tally, reached = views.draft_of(conn, line.id), graph_view.Counts(), Tally(), (0, 0)
        else:
            document = views.graph_of(conn, version.id)
            here = views.here(conn, version.id)
            tally = views.tally_of_version(conn, version.id, first_day)
            whole = views.tally_of_version(conn, version.id) if first_day else tally
            whole.live = sum(here.values())
            is_stuck = whole.end("failed") or whole.end("quarantined") or whole.parked
            stuck = views.stuck(conn, line.id, version.id) if is_stuck else {}
            counts = graph_view.Counts(here, views.passed(conn, version.id, first_day), stuck)
            reached = views.goals(conn, [line.id], version.id).get(line.id, (0, 0))
            tally.live = whole.active
        graph = _readable(document)
        gates = _gates(conn, line, graph) if version is not None else []
        zone = zone_of_days(conn).key
        on_the_move = moving.lines(conn, line.id, now())
    return respond(
        "journeys/show.html",
        "journeys/_live.html",
        line=line,
        said=words.journey(line.status),
        versions=versions,
        version=version,
        tally=tally,
        goals=reached,
        has_goal=bool(reached[0]) or _has_goal(graph),
        period=period,
        periods=PERIODS,
        zone=zone,
        drawing=graph_view.draw(graph, counts) if graph is not None else None,
        entry=graph.entry if graph is not None else None,
        may_see=ui.may("customers.list"),
        words=words,
        gates=gates,
        moving=on_the_move,
        at=now(),
    )


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate of a journey, and how it stands."""

    node: str
    title: str
    summary: str
    is_open: bool
    by: str
    waiting: int


def _gates(conn: Connection, line: JourneyLine, graph: Graph | None) -> list[GateLine]:
    loaded = graph_view.node_types(graph) if graph is not None else {}
    gates = {id: node for id, node in loaded.items() if node.opening() is not None}
    if not gates:
        return []
    kinds = {id: node.memory_kind() for id, node in gates.items()}
    memories, waiting = read_memories(conn, line.id, kinds), waiting_at(conn, line.id, gates)
    return [
        GateLine(
            *(id, graph_view.title_of(node, id), node.summary(), bool(memories.get(id, {}).get("open"))),
            *(str(memories.get(id, {}).get("by", "")), waiting.get(id, 0)),
        )
        for id, node in gates.items()
    ]


@bp.post("/<key>/gates/<node>/open")
@access.needs("journeys.operate")
def open_gate_of(key: str, node: str) -> Response:
    """Open a gate for good; those who wait there go on."""
    with store().read() as conn:
        line = views.find_journey(conn, key)
        version = _asked_version(line, views.versions_of(conn, line.id))
        graph = _readable(views.graph_of(conn, version.id)) if version is not None else None
        known = {gate.node for gate in _gates(conn, line, graph)}
    if node not in known:
        raise NotFound(f"the journey {key} has no gate {node}")
    gone = open_gate(store(), graph_view.registry(), key, node, now=now(), by=principal().actor)
    ring()
    return go(url_for("journeys.show", key=key), f"The gate is open. {gone} who waited go on.")


@bp.get("/<key>/moving")
@access.needs("journeys.read")
def moving_of(key: str) -> Response:
    """Show how far customers at steps that a publication took away have come; nothing when there are none."""
    with store().read() as conn:
        told = moving.lines(conn, views.find_journey(conn, key).id, now())
    return make_response(render_template("journeys/_moving.html", moving=told))


@bp.get("/<key>/customers")
@access.needs("customers.list")
def customers(key: str) -> Response:
    """List the customers behind a count."""
    kind, node, port = asked("kind", 20), asked("node", 64), asked("port", 64)
    if kind not in people.KINDS + people.STATUSES:
        raise NotFound(f"no kind of customers {kind}")
    period, before = _period(), _before()
    with store().read() as conn:
        line = views.find_journey(conn, key)
        version = _asked_version(line, views.versions_of(conn, line.id))
        if version is None:
            raise NotFound(f"the journey {key} was never published")
        wanted = people.Asked(kind, line.id, version.id, node, port, _since(conn, period))
        found = people.behind(conn, wanted, before_id=before, limit=PEOPLE + 1)
        graph = _readable(views.graph_of(conn, version.id))
    more = len(found) > PEOPLE
    types = graph_view.node_types(graph) if graph else {}
    return respond(
        "journeys/customers.html",
        "journeys/_customers.html",
        line=line,
        version=version,
        kind=kind,
        title=_title(kind, graph_view.title_of(types.get(node), node), port),
        period=PERIODS[period] if period and kind not in ("here", "active", "parked") else "",
        people=found[:PEOPLE],
        next=found[PEOPLE - 1].id if more else None,
        is_first=before is None,
        node=node,
        port=port,
        node_title=lambda id: graph_view.title_of(types.get(id), id),
        explain=lambda id, port: types[id].explain(port) if id in types and port else "",
        words=words,
    )


def _title(kind: str, node: str, port: str) -> str:
    titles = {
        "here": f"At “{node}” now",
        "arrived": f"Came to “{node}”",
        "passed": f"Left “{node}”" + (f" by “{words.port(port)}”" if words.port(port) else ""),
        "entered": "Entered",
        "active": "On their way",
        "goal": "Reached the goal",
    }
    if kind in titles:
        return titles[kind]
    label = words.enrollment(kind).label
    return f"{label} at “{node}”" if node else label


def _asked_version(line: JourneyLine, versions: list[VersionLine]) -> VersionLine | None:
    """Return the version in the address, else the live one, else the newest; None when none was published."""
    text = request.args.get("version", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
    if number is not None:
        found = next((one for one in versions if one.number == number), None)
        if found is None:
            raise NotFound(f"the journey {line.key} has no version {number}")
        return found
    live = next((one for one in versions if one.id == line.live_version_id), None)
    return live or (versions[0] if versions else None)


def _has_goal(graph: Graph | None) -> bool:
    return graph is None or bool(graph.goals) or any(node.type == "flow.goal" for node in graph.nodes)


def _is_aimless(document: dict[str, Any]) -> bool:
    """Return whether a published graph has no goal; without reading all of it, for there may be hundreds on a page."""
    return not document.get("goals") and all(node["type"] != "flow.goal" for node in document["nodes"])


def _goals(line: JourneyLine, reached: dict[int, tuple[int, int]], aimless: set[int]) -> tuple[int, int]:
    found = reached.get(line.id, (0, 0))
    return found if found[0] or line.live_version_id not in aimless else (0, 0)


def _readable(document: dict[str, object]) -> Graph | None:
    """Return a graph that can be drawn; None for an empty draft, or one that is not yet in shape."""
    try:
        graph = Graph.model_validate(document)
    except ValidationError:
        return None
    return graph if graph.nodes else None


def _period() -> str:
    period = asked("period", 10)
    return period if period in PERIODS else ""


def _since(conn: Connection, period: str) -> datetime | None:
    """Return when a period begins: with a day, as counters are kept by day."""
    days = {"today": 0, "week": 6}.get(period)
    return None if days is None else since(conn, now(), days)


def _before() -> int | None:
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
