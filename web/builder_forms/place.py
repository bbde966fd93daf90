"""What the steps before a text give, by the place at which it stands."""

from typing import Any

from builder.fresh import place_of
from store import drafts
from store.db import Connection
from wayfare.errors import NotFound
from web import graph_view
from web.builder_forms.gifts import Around, samples
from web.context import context, now


def given_at(conn: Connection, where: str) -> dict[str, Any] | None:
    """Return an example of what the steps before a place give; `where` is "journey/node"."""
    key, _, node_id = where.partition("/")
    try:
        journey = drafts.find_journey(conn, key)
        document = drafts.draft_of(conn, key)
    except NotFound:
        return None
    place = place_of(node_id, document, graph_view.registry(), key)
    return samples(place.before, Around(conn, context().live, now(), journey.id, node_id))
