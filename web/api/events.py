"""Events in."""

from typing import Any

from engine.intake import ingest_events
from engine.shapes import EventIn
from web.api.base import BATCH, Answer, Api, Call, Problem
from web.bell import ring
from web.context import now, store

api = Api("events", "Data in")
bp = api.bp


class Taken(Answer):
    """What became of the events. `duplicates` were known before, with the same content."""

    accepted: int
    duplicates: int
    errors: list[Problem]


@api.post("/events", needs="events.write", batch=EventIn, answer=Taken, status=202, max_bytes=BATCH)
def take_events(call: Call) -> dict[str, Any]:
    """Take events in.

    The answer comes when they are stored for good. Unknown customers are made. An event is known by `source` ("api" if
    left out) and `key`: sent again it counts as a duplicate and changes nothing; with other content it is refused with
    the code `conflict`, kept aside, and the first one stays. The types `purchase`, `cart.updated`, `wishlist.added`,
    `wishlist.removed` and `customer.registered` have fixed data, all others any JSON object up to 16 KB.
    """
    result = ingest_events(store(), call.batch, source_default="api", now=now())
    if result.accepted:
        ring()
    return {"accepted": result.accepted, "duplicates": result.duplicates, "errors": result.errors}
