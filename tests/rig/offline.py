"""Tills without a network in a few lines: a shop's snapshot, sales priced with it, and receipts handed in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from offers.till import keys, snapshot
from offers.till.offline import Snapshot, opened
from offers.till.receipt import Receipt
from offers.till.signed import public_keys
from offers.till.take import Shop, Taken, take
from rig.orders import LIVE
from rig.world import World
from store import receipts

STORE = "kyiv-01"


def a_file(world: World, store: str = STORE, now: datetime | None = None) -> tuple[str, str]:
    """Return a shop's snapshot as a file, and the public keys that it is opened with."""
    at = now or world.now
    pairs = keys.ensured(world.store, at)

    def work(conn: Any) -> str:
        content = snapshot.gather(conn, LIVE, world.store.vault, store, "Europe/Kyiv", pairs, at)
        receipts.note_snapshot(conn, content.row)
        return content.signed(keys.current(pairs, at))

    return world.store.run(work), "".join(pair.pem for pair in keys.published(pairs, at))


def a_snapshot(world: World, store: str = STORE) -> Snapshot:
    """Return a shop's snapshot as its till opens it."""
    file, pem = a_file(world, store)
    return opened(file, public_keys(pem), store=store, now=world.now)


def a_sale(
    world: World, given: Snapshot, cart: dict[str, Any], number: int = 1, *, till: str = "1", **more: Any
) -> Receipt:
    """Sell a cart at a till that has nothing but its snapshot."""
    quote = given.quote(cart, world.now, **more)
    return Receipt(till, number, cart, quote, given.id, more.get("phone"))


def handed_in(world: World, receipt: Receipt, store: str = STORE) -> Taken:
    """Hand a receipt in, as the till of a shop does later."""
    shop = Shop(store, "till", "Europe/Kyiv")
    return world.store.run(lambda conn: take(conn, LIVE, world.store.vault, receipt, shop, world.now))


def kinds(taken: Taken) -> Sequence[str]:
    """Return in what a receipt disagrees."""
    return [one.kind for one in taken.conflicts]
