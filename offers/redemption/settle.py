"""What becomes of a reservation: confirmed by a paid order, released, or expired when nobody comes back."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from offers.codes import states
from offers.redemption import bonus
from offers.redemption.reserve import Refused
from store import counters, redemptions
from store.db import Connection
from store.intake import Incoming, add_events
from store.redemptions import Row
from wayfare.crashpoints import point

REDEEMED = "code_redeemed"
"""Type of the event that tells journeys of a used code."""


def confirm(conn: Connection, id: int, now: datetime, *, store: str | None = None) -> Row:
    """Make a reservation a sale; again is the same. What it reserved is used, its cashback becomes points, and journeys
    hear of its codes.

    A reservation whose time is over is still kept while nothing has released it. Raises NotFound and Refused.
    """
    row = redemptions.get(conn, id, lock=True, store=store)
    if row.status in ("confirmed", "part_returned", "returned"):
        return row
    if row.status != "reserved":
        raise Refused(row.status, f"redemption {id} is {row.status}; reserve again, at the price that holds now")
    counters.confirm(conn, [id], now)
    point("confirm.counted")
    states.redeem(conn, row.code_ids, now)
    point("confirm.redeemed")
    _tell(conn, row, now)
    bonus.earn(conn, row, now)
    redemptions.change(conn, id, {"status": "confirmed", "confirmed_at": now})
    point("confirm.written")
    return redemptions.get(conn, id)


def release(conn: Connection, id: int, now: datetime, *, store: str | None = None) -> Row:
    """Give back everything a reservation holds; again is the same. Raises NotFound and Refused."""
    row = redemptions.get(conn, id, lock=True, store=store)
    if row.status in ("released", "expired"):
        return row
    if row.status != "reserved":
        raise Refused(row.status, f"redemption {id} is {row.status}: a sale is returned, not released")
    _free(conn, [row], "released", now)
    point("release.written")
    return redemptions.get(conn, id)


def expire(conn: Connection, now: datetime, *, limit: int = 200) -> int:
    """Release reservations whose time is over; return how many."""
    rows = redemptions.overdue(conn, now, limit)
    _free(conn, rows, "expired", now)
    point("expire.written")
    return len(rows)


def _free(conn: Connection, rows: Sequence[Row], status: str, now: datetime) -> None:
    """Give back what reservations hold, in the order in which it was taken: counters by name, then codes by id."""
    if not rows:
        return
    counters.release(conn, [row.id for row in rows], now)
    point("release.counted")
    states.release(conn, [code for row in rows for code in row.code_ids])
    redemptions.close(conn, [row.id for row in rows], status, now)


def _tell(conn: Connection, row: Row, now: datetime) -> None:
    """Put an event into the inbox for each code, for the one who bought or else the one it was issued to."""
    events = []
    opened = {one["id"]: one["promotions"] for one in row.codes}
    for id, batch, last4, issued_to in redemptions.owners_of_codes(conn, row.code_ids):
        customer = row.customer or issued_to
        if customer is None:
            continue
        data = {
            "batch": batch,
            "code": last4,
            "order": row.order_key,
            "store": row.store,
            "promotions": opened[id],
            "payable": row.payable,
            "currency": row.currency,
        }
        raw = json.dumps(data, sort_keys=True, ensure_ascii=False)
        digest = hashlib.blake2b(f"{customer}\x1f{raw}".encode(), digest_size=16).digest()
        events.append(Incoming("wayfare", f"redemption:{row.id}:{id}", customer, REDEEMED, now, raw, digest))
    if events:
        add_events(conn, events, now=now)
