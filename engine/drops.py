"""Price drops: when the price of a product falls, it happens to each customer who wishes for it."""

from datetime import datetime

from engine.runtime import Runtime
from store import drops as store
from store.db import Connection
from store.drops import Drop
from store.events import insert_events
from store.locks import try_lock
from wayfare.crashpoints import point

CHUNK = 5000  # customers
DROPS = 1000  # products
TYPE = "price.dropped"
SOURCE = "price"


def tell_drops(runtime: Runtime, *, now: datetime) -> int:
    """Let `price.dropped` happen to the next chunk of customers; return how much was done.

    The events of a chunk and the note of how far it came are one transaction, and the key of an event is drop and
    customer: a crash repeats nothing and skips nobody. The number of statements does not depend on that of customers
    or products.
    """
    with runtime.store.read() as conn:
        if not store.are_pending(conn):
            return 0
    done = runtime.store.run(lambda conn: _chunk(conn, now))
    if done:
        point("fanout.committed")
    return done


def _chunk(conn: Connection, now: datetime) -> int:
    if not try_lock(conn, "drops"):
        return 0
    drops = store.pending(conn, DROPS)
    if not drops:
        return 0
    told = store.wishers(conn, [one.id for one in drops], CHUNK)
    by_id = {one.id: one for one in drops}
    data = {one.id: _data(one) for one in drops}
    events = [(customer, SOURCE, f"{drop}:{customer}", TYPE, 0, data[drop]) for drop, customer in told]
    insert_events(conn, events, now=now, at=[by_id[drop].at for drop, _ in told])
    store.note_told(conn, drops, told, is_full=len(told) == CHUNK, now=now)
    point("fanout.written")
    return len(drops) + len(told)


def _data(one: Drop) -> dict[str, object]:
    """Return what the event carries; prices in minor units, `percent` rounded down."""
    percent = (one.old - one.new) * 100 // one.old
    return {
        "sku": one.sku,
        "name": one.name,
        "old": one.old,
        "new": one.new,
        "currency": one.currency,
        "percent": percent,
    }
