"""Promotions: the list, one of them to read, and switching, stopping, removing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, url_for

from offers.rules import book, release, words
from offers.rules.book import Item
from offers.rules.diff import fields_between
from store.db import Connection
from wayfare.errors import Conflict, InputRefused, NotFound
from wayfare.segments.text import fold
from web import access
from web.authors import author_of
from web.context import now, store
from web.listing import Listing, asked, asked_order, asked_page
from web.pages.forms import default_zone
from web.principal import principal
from web.promotion_forms import labels
from web.promotion_forms.convert import moment_shown
from web.promotion_forms.gallery import GALLERY
from web.promotion_tabs import tabs
from web.promotion_usage import used_of
from web.respond import go, respond

bp = Blueprint("promotions", __name__, url_prefix="/promotions")
SIZE = 25
STATUSES = {
    "live": ("Live", "good", "It prices carts now."),
    "scheduled": ("Starts later", "info", "It is published; its period begins later."),
    "waiting": ("Waiting", "warn", "It is in a version that waits for approval or for its date."),
    "draft": ("Draft", "", "Nobody gets it before it is published."),
    "ended": ("Ended", "", "Its period is over."),
    "off": ("Off", "", "It is switched off."),
    "killed": ("Stopped", "bad", "It was stopped at once."),
}
CHANGES = {
    "new": ("New", "accent", "It is not in the live version."),
    "changed": ("Changed", "violet", "The live version has an older state of it."),
    "removed": ("Leaves", "warn", "The live version has it; the next one will not."),
}


@bp.get("")
@access.needs("promotions.read")
def index() -> Response:
    """List the promotions in words."""
    text, status, group, layer = asked("q"), asked("status", 20), asked("group", 100), asked("layer", 20)
    code, change = asked("code", 5), asked("change", 20)
    order = asked_order(("name", "starts", "changed"), "name")
    with store().read() as conn:
        every = book.list_items(conn, now(), size=5000).items
        near = every
        if text or group or layer:
            near = book.list_items(conn, now(), search=text, group=group, layer=layer, size=5000).items
        groups = book.list_items(conn, now(), kind="group", size=5000).items
        caps = book.list_items(conn, now(), kind="cap", size=5000).items
        sections = tabs(conn, "list")
    rows = [
        one
        for one in near
        if (not status or one.status == status)
        and (not change or (one.change == change if change != "any" else bool(one.change)))
        and (not code or bool(one.body.get("requires_code")) == (code == "yes"))
    ]
    rows.sort(key=lambda one: (fold(one.body.get("name") or one.key), one.key))
    if order.column != "name":
        column = "starts_at" if order.column == "starts" else "updated_at"
        rows.sort(key=lambda one: at.timestamp() if (at := getattr(one, column)) else 0.0, reverse=order.is_descending)
    elif order.is_descending:
        rows.reverse()
    page = asked_page()
    shown = rows[(page - 1) * SIZE : page * SIZE]
    with store().read() as conn:
        used = used_of(conn, shown, now(), default_zone())
    counted = Counter(one.status for one in every)
    return respond(
        "promotions/index.html",
        "promotions/_list.html",
        listing=Listing(shown, page, SIZE, len(rows)),
        order=order,
        total=len(every),
        unpublished=sum(1 for one in (*every, *groups, *caps) if one.change),
        asks={"q": text, "status": status, "group": group, "layer": layer, "code": code, "change": change},
        statuses=[(key, f"{STATUSES[key][0]} ({counted[key]})") for key in STATUSES if counted[key]],
        groups=[(one.key, title_of(one)) for one in groups if one.rev],
        called={one.key: title_of(one) for one in groups},
        layers=labels.LAYERS,
        active=_active({"status": status, "layer": layer, "group": group, "code": code, "change": change}, groups),
        gallery=GALLERY,
        used=used,
        tabs=sections,
        **vocabulary(),
    )


def _active(asks: Mapping[str, str], groups: Sequence[Item]) -> list[tuple[str, str, str]]:
    """Return the filters that are on: name, label, value in words."""
    values: dict[str, Mapping[str, str]] = {
        "status": {key: said[0] for key, said in STATUSES.items()},
        "layer": {key: one.label for key, one in labels.LAYERS.items()},
        "group": {one.key: title_of(one) for one in groups},
        "code": {"yes": "with one", "no": "without one"},
        "change": {"any": "not published yet", **{key: said[0].lower() for key, said in CHANGES.items()}},
    }
    return [(name, name.capitalize(), values[name].get(value, value)) for name, value in asks.items() if value]


def vocabulary() -> dict[str, Any]:
    """Return what templates need to speak of promotions."""
    return {
        "said_status": STATUSES,
        "said_change": CHANGES,
        "usage_words": usage_words,
        "place_words": place_words,
        "day_words": day_words,
    }


def title_of(item: Item) -> str:
    """Return what people call an item: its name, or else its key."""
    return str(item.body.get("name") or item.key)


def usage_words(usage: Mapping[str, Any], is_each: bool = False) -> str:
    """Return how often a promotion may be used; with `is_each` for one customer and one code only."""
    kept = ("per_customer", "per_code") if is_each else usage.keys()
    return words.usage_words({name: usage[name] for name in kept if name in usage})


def day_words(at: datetime, is_end: bool = False) -> str:
    """Return a day in the workspace's zone, with the time where it is none of a whole day."""
    shown = moment_shown(at, default_zone(), is_end=is_end)
    day = date.fromisoformat(shown["day"])
    words = f"{day.day} {day:%b}" if day.year == now().year else f"{day.day} {day:%b %Y}"
    return f"{words}, {shown['time']}" if shown["time"] else words


def place_words(item: Item, called: Mapping[str, str] | None = None) -> str:
    """Return where a promotion stands; `called` are the groups' names by their keys."""
    group = item.body.get("group")
    return (called or {}).get(str(group), str(group)) if group else labels.LAYERS[item.body.get("layer", "item")].label


@bp.get("/<key>/show")
@access.needs("promotions.read")
def show(key: str) -> Response:
    """Show one promotion to those who may not change it, with what is different from what is live."""
    with store().read() as conn:
        item = book.get_item(conn, "promotion", key, now())
        sections = tabs(conn, "list")
        used = used_of(conn, [item], now(), default_zone()).get(key, [])
    fields = fields_between("promotion", {}, item.body, ZoneInfo(default_zone()))
    facts = [one for one in fields if one.name not in ("key", "name")]
    return respond("promotions/show.html", item=item, facts=facts, used=used, tabs=sections, **vocabulary())


@bp.post("/<key>/switch")
@access.needs("promotions.edit")
def switch(key: str) -> Response:
    """Switch a promotion of the draft on or off."""
    is_on = request.form.get("on") == "1"

    def work(conn: Connection) -> Item:
        item = book.get_item(conn, "promotion", key, now())
        author = author_of(principal())
        return book.save_item(conn, "promotion", key, item.body, author, now(), rev=item.rev or None, enabled=is_on)

    item = store().run(work)
    name = item.body.get("name") or key
    return go(
        url_for("promotions.index"),
        f"“{name}” is {'on' if is_on else 'off'} in the next version. Publish to make it count.",
    )


@bp.get("/<key>/stop")
@access.needs("promotions.stop")
def stop_form(key: str) -> Response:
    """Ask why a promotion is to be stopped at once."""
    with store().read() as conn:
        item = book.get_item(conn, "promotion", key, now())
    return _stop(item)


@bp.post("/<key>/stop")
@access.needs("promotions.stop")
def stop(key: str) -> Response:
    """Take a promotion out of what is live, now, without approval."""
    reason = request.form.get("reason", "")
    author = author_of(principal())
    try:
        version = store().run(lambda conn: release.kill(conn, [key], author, now(), reason=reason))
    except InputRefused as refused:
        with store().read() as conn:
            return _stop(book.get_item(conn, "promotion", key, now()), reason, str(refused), status=422)
    return go(url_for("promotions.index"), f"Stopped. Version {version.number} without it is live from this moment on.")


def _stop(item: Item, reason: str = "", error: str = "", status: int = 200) -> Response:
    values = {"item": item, "reason": reason, "error": error[:1].upper() + error[1:]}
    inside = "promotions/_stop_form.html" if status == 422 else "promotions/_stop.html"
    return respond("promotions/stop.html", inside, status=status, **values)


@bp.post("/<key>/delete")
@access.needs("promotions.edit")
def delete(key: str) -> Response:
    """Take a promotion out of the draft."""
    act: Callable[[Connection], None] = lambda conn: book.delete_item(  # noqa: E731
        conn, "promotion", key, author_of(principal()), now()
    )
    try:
        store().run(act)
    except (Conflict, NotFound) as error:
        return go(url_for("promotions.index"), str(error)[:1].upper() + str(error)[1:] + ".", "bad")
    return go(url_for("promotions.index"), "It is out of the draft. What is live stays live until you publish.")
