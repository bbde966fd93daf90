"""Segments: who is in, by which rule, how that changed, and who uses it."""

from collections.abc import Mapping
from datetime import date, timedelta

from flask import Blueprint, Response
from pydantic import ValidationError

from nodes.graph import Graph
from store import segments as rows
from store.days import day_of
from store.segments import SegmentRow
from store.views import known
from store.views import segments as views
from wayfare.errors import NotFound
from wayfare.segments import RuleInvalid, parse_rule
from wayfare.segments.text import fold
from wayfare.segments.words import in_words
from web import access, charts, graph_view, masks, ui, words
from web.context import now, store
from web.listing import Listing, asked, asked_page
from web.respond import respond

bp = Blueprint("segments", __name__, url_prefix="/segments")
SIZE = 50
DAYS = 30


@bp.get("")
@access.needs("segments.read")
def index() -> Response:
    """List the segments."""
    text, page = asked("q"), asked_page()
    with store().read() as conn:
        today = day_of(conn, now())
        every = rows.all_segments(conn)
        kept = [one for one in every if all(word in fold(f"{one.name} {one.key}") for word in fold(text).split())]
        shown = kept[(page - 1) * SIZE : page * SIZE]
        counts = views.member_counts(conn)
        names = known.names(conn)
        moves = views.moves_by_day(conn, [one.id for one in shown], now() - timedelta(days=7)) if shown else {}
    net = {id: sum(entered - left for entered, left in days.values()) for id, days in moves.items()}
    return respond(
        "segments/index.html",
        "segments/_list.html",
        listing=Listing(shown, page, SIZE, len(kept)),
        counts=counts,
        net=net,
        asks={"q": text},
        total=len(every),
        rule_words=lambda one: rule_words(one, names),
        today=today,
    )


@bp.get("/<key>")
@access.needs("segments.read")
def show(key: str) -> Response:
    """Show one segment."""
    at = now()
    with store().read() as conn:
        segment = rows.find_segment(conn, key)
        if segment is None:
            raise NotFound(f"no segment {key}")
        count = views.member_counts(conn).get(segment.id, 0)
        moves = views.moves_by_day(conn, [segment.id], at - timedelta(days=DAYS + 1))[segment.id]
        sample = views.members(conn, segment.id) if ui.may("customers.list") else []
        names = known.names(conn)
        used = _users(views.graphs_with(conn, key), key)
        today = day_of(conn, at)
    history, labels = sizes(count, moves, today)
    week = [moves.get((today - timedelta(days=n)).isoformat(), (0, 0)) for n in range(7)]
    return respond(
        "segments/show.html",
        segment=segment,
        count=count,
        rule=rule_words(segment, names),
        history=charts.line(history, labels),
        entered=sum(one[0] for one in week),
        left=sum(one[1] for one in week),
        sample=sample,
        may_see=ui.may("customers.list"),
        used=used,
        masks=masks,
        words=words,
        is_building=segment.built_rev < segment.rev,
    )


def rule_words(segment: SegmentRow, names: known.Names) -> str:
    """Return a segment's rule as a sentence, or that it cannot be read."""
    try:
        text = in_words(parse_rule(segment.rule), names)
    except RuleInvalid:
        return "The rule cannot be read; save it anew"
    return text[:1].upper() + text[1:]


def sizes(count: int, moves: Mapping[str, tuple[int, int]], today: date) -> tuple[list[int], list[str]]:
    """Return the size at the end of each of the last days, reckoned back from the present one.

    Days before it was first built are left out.
    """
    values, labels, size = [], [], count
    for number in range(DAYS):
        day = today - timedelta(days=number)
        values.append(max(size, 0))
        labels.append(f"{day.day} {day:%b}")
        entered, left = moves.get(day.isoformat(), (0, 0))
        size -= entered - left
    while len(values) > 2 and values[-1] == 0 and values[-2] == 0:  # before it was first built
        values.pop()
        labels.pop()
    if len(values) > 2 and values[-1] == 0 and values[-2] * 2 > count:  # the build itself is no growth
        values.pop()
        labels.pop()
    return values[::-1], labels[::-1]


def _users(found: list[tuple[str, str, str, dict[str, object]]], key: str) -> list[tuple[str, str, str, str]]:
    """Return (key, name, status, how) of the journeys that really use a segment."""
    used = []
    for journey_key, name, status, document in found:
        try:
            graph = Graph.model_validate(document)
        except ValidationError:
            continue
        nodes = graph_view.node_types(graph)
        how = [
            f"{node.category.capitalize()}: {node.label}"
            for node in nodes.values()
            if ("segment", key) in node.references()
        ]
        if graph.entry.exclude_segment == key:
            how.append("keeps its members out")
        if how:
            used.append((journey_key, name, status, ", ".join(dict.fromkeys(how))))
    return used
