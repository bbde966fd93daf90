"""How the journeys that run start each other, read once for each published version."""

import threading
from weakref import WeakKeyDictionary

from builder.circles import Links, links_of
from store.db import Connection
from store.views.journeys import all_journeys, graphs_of

_RUNNING = ("live", "paused")
_known: WeakKeyDictionary[object, dict[int, Links]] = WeakKeyDictionary()  # by database; versions never change
_lock = threading.Lock()


def running_links(conn: Connection) -> tuple[Links, ...]:
    """Return how each live or paused journey starts others. One short query, unless something was published since."""
    lines = [one for one in all_journeys(conn) if one.status in _RUNNING and one.live_version_id is not None]
    with _lock:
        known = _known.setdefault(conn.engine, {})
        missing = [one.live_version_id for one in lines if one.live_version_id not in known]
    fresh = {
        id: links_of(version.journey_key, version.journey_name, version.graph)
        for id, version in (graphs_of(conn, [id for id in missing if id is not None]) if missing else {}).items()
    }
    with _lock:
        known.update(fresh)
        return tuple(known[id] for one in lines if (id := one.live_version_id) in known)
