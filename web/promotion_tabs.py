"""The sections of the promotions' pages: areas, and in each its pages; those that exist, for those who may see them."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, url_for

from store import certificates, rulesets
from store.db import Connection
from web.ui import may


@dataclass(frozen=True, slots=True)
class Tab:
    """One section as a reader sees it. `count` is what waits there."""

    label: str
    place: str
    is_here: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Tabs:
    """The areas, and the sections of the one that the reader is in. Iterating yields the sections."""

    areas: list[Tab]
    sections: list[Tab]

    def __iter__(self) -> Iterator[Tab]:
        return iter(self.sections)


_TABS = (
    ("list", "Promotions", "promotions.index", "promotions.read"),
    ("calendar", "Calendar", "promotions_calendar.index", "promotions.read"),
    ("groups", "Groups and order", "promotions_groups.index", "promotions.read"),
    ("caps", "Caps", "promotions_caps.index", "promotions.read"),
    ("cart", "Try a cart", "promotions_cart.index", "promotions.read"),
    ("conflicts", "Conflicts", "promotions_conflicts.index", "promotions.read"),
    ("worst", "Worst prices", "promotions_worst.index", "promotions.read"),
    ("whatif", "What if", "promotions_whatif.index", "promotions.read"),
    ("versions", "Publish", "promotions_versions.index", "promotions.read"),
    ("codes", "Batches", "promotions_codes.index", "promotions.read"),
    ("partners", "Partners", "promotions_codes.partners", "promotions.read"),
    ("codes-desk", "Check a code", "promotions_codes_desk.index", "codes.check"),
    ("certificates", "Certificates", "promotions_certificates.index", "certificates.ask"),
    ("requests", "Waiting", "promotions_requests.index", "certificates.approve"),
    ("asked", "Asked by me", "promotions_requests.mine", "certificates.ask"),
    ("cards", "Plastic cards", "promotions_cards.index", "certificates.cards"),
    ("totals", "Totals", "promotions_certificates.totals", "certificates.totals"),
    ("orders", "Orders", "promotions_orders.index", "orders.read"),
    ("receipts", "Till receipts", "promotions_receipts.index", "tills.read"),
)
_AREAS = (
    ("Codes", ("codes", "partners", "codes-desk")),
    ("Certificates", ("certificates", "requests", "asked", "cards", "totals")),
    ("Orders", ("orders", "receipts")),
)
_FIRST = "Promotions"


def area_of(name: str) -> str:
    """Return the area of a section; one that is in no other belongs to the promotions themselves."""
    return next((label for label, names in _AREAS if name in names), _FIRST)


def tabs(conn: Connection, here: str) -> Tabs:
    """Return areas and sections; what waits for approval stands at its section, and at its area from outside."""
    waiting = {"versions": len(rulesets.waiting(conn))}
    if may("certificates.approve"):
        waiting["requests"] = certificates.count_requests(conn, "waiting")
    open_to_reader = [
        (name, Tab(label, url_for(endpoint), name == here, waiting.get(name, 0)))
        for name, label, endpoint, right in _TABS
        if endpoint in current_app.view_functions and may(right)
    ]
    areas = []
    for label in (_FIRST, *(one for one, _ in _AREAS)):
        inside = [tab for name, tab in open_to_reader if area_of(name) == label]
        if inside:
            is_here = area_of(here) == label
            areas.append(Tab(label, inside[0].place, is_here, 0 if is_here else sum(tab.count for tab in inside)))
    return Tabs(areas, [tab for name, tab in open_to_reader if area_of(name) == area_of(here)])
