"""The sections of the promotions' pages: those that exist, for those who may see them."""

from dataclasses import dataclass

from flask import current_app, url_for

from store import rulesets
from store.db import Connection
from web.ui import may


@dataclass(frozen=True, slots=True)
class Tab:
    """One section as a reader sees it. `count` is what waits there."""

    label: str
    place: str
    is_here: bool
    count: int = 0


_TABS = (
    ("list", "Promotions", "promotions.index", "promotions.read"),
    ("calendar", "Calendar", "promotions_calendar.index", "promotions.read"),
    ("groups", "Groups and order", "promotions_groups.index", "promotions.read"),
    ("caps", "Caps", "promotions_caps.index", "promotions.read"),
    ("cart", "Try a cart", "promotions_cart.index", "promotions.read"),
    ("conflicts", "Conflicts", "promotions_conflicts.index", "promotions.read"),
    ("whatif", "What if", "promotions_whatif.index", "promotions.read"),
    ("versions", "Publish", "promotions_versions.index", "promotions.read"),
)


def tabs(conn: Connection, here: str) -> list[Tab]:
    """Return the sections; how many versions wait for approval stands at the last one."""
    return [
        Tab(label, url_for(endpoint), name == here, len(rulesets.waiting(conn)) if name == "versions" else 0)
        for name, label, endpoint, right in _TABS
        if endpoint in current_app.view_functions and may(right)
    ]
