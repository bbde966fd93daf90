"""Promotions on a line of time, by the layer in which they work."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from offers.rules import book
from offers.rules.book import Item
from web import access
from web.context import now, store
from web.listing import asked
from web.pages.forms import default_zone
from web.pages.promotion_cart import link_to
from web.pages.promotions import vocabulary
from web.promotion_forms import labels
from web.promotion_tabs import tabs
from web.respond import respond

bp = Blueprint("promotions_calendar", __name__, url_prefix="/promotions/calendar")
ZOOMS = {"month": 1, "quarter": 3, "year": 12}


class Bar(NamedTuple):
    """A promotion in the window; `left` and `width` in percent of it, `starts` and `ends` tell whether it is cut."""

    item: Item
    left: float
    width: float

    @property
    def is_always(self) -> bool:
        """Whether it has no period at all."""
        return not (self.item.starts_at or self.item.ends_at)


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """Show the promotions whose period meets a month, a quarter or a year."""
    zone = ZoneInfo(default_zone())
    zoom = asked("zoom", 10) if asked("zoom", 10) in ZOOMS else "quarter"
    today = now().astimezone(zone).date()
    first = _month(asked("from", 7), today)
    last = _later(first, ZOOMS[zoom])
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last))
    with store().read() as conn:
        items = book.list_items(conn, now(), size=5000).items
        groups = {one.key: one.body["layer"] for one in book.list_items(conn, now(), kind="group", size=5000).items}
        sections = tabs(conn, "calendar")
    rows: dict[str, list[Bar]] = {layer: [] for layer in labels.LAYERS}
    for item in sorted(items, key=lambda one: (not (one.starts_at or one.ends_at), one.starts_at or begin, one.key)):
        bar = _bar(item, begin, end)
        if bar is not None:
            layer = groups.get(item.body.get("group") or "") or item.body.get("layer", "item")
            rows.setdefault(layer, []).append(bar)
    at = (now() - begin) / (end - begin) * 100
    return respond(
        "promotions/calendar.html",
        rows=[(labels.LAYERS[layer].label, bars) for layer, bars in rows.items() if bars],
        ticks=_ticks(first, last, zoom),
        today=at if 0 <= at < 100 else None,
        zoom=zoom,
        zooms=ZOOMS,
        first=first,
        last=last - timedelta(days=1),
        before=f"{_later(first, -ZOOMS[zoom]):%Y-%m}",
        after=f"{last:%Y-%m}",
        link_to=link_to,
        tabs=sections,
        **vocabulary(),
    )


def _month(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 2000 <= found.year < 2100 else today.replace(day=1)


def _later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _bar(item: Item, begin: datetime, end: datetime) -> Bar | None:
    """Return where a promotion lies in the window; None when it does not meet it."""
    starts, ends = item.starts_at or begin, item.ends_at or end
    if starts >= end or ends <= begin or starts >= ends:
        return None
    whole = end - begin
    left = (max(starts, begin) - begin) / whole * 100
    return Bar(item, round(left, 3), round(max((min(ends, end) - begin) / whole * 100 - left, 0.6), 3))


def _ticks(first: date, last: date, zoom: str) -> list[tuple[str, float]]:
    """Return weeks of a month, months of anything longer, with their places in percent."""
    days = (last - first).days
    if zoom == "month":
        found = [first + timedelta(days=at) for at in range(days) if (first + timedelta(days=at)).weekday() == 0]
        return [(f"{one.day} {one:%b}", (one - first).days / days * 100) for one in found]
    months = [_later(first, at) for at in range(ZOOMS[zoom])]
    return [(f"{one:%b}", (one - first).days / days * 100) for one in months]
