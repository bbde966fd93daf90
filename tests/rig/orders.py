"""Orders of a shop in a few lines: rules that are live, carts, and what becomes of redemptions."""

from datetime import timedelta
from typing import Any

from offers.live import Live
from offers.redemption import returns, settle
from offers.redemption.pricing import Asking, price
from offers.redemption.reserve import Order, reserve
from offers.redemption.returns import Back
from offers.rules import book, release
from offers.rules.author import Author
from rig.world import World
from store import counters
from store.invariants import look
from store.redemptions import Row

LIVE = Live()
_CHIEF = Author("chief", "chief", True)


def rules(world: World, *promotions: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> None:
    """Publish a rule set, large discounts included."""
    LIVE._kept.clear()

    def work(conn: Any) -> None:
        book.set_settings(conn, _CHIEF, world.now, approval_percent="100", approval_amount=10**9)
        body = {"promotions": list(promotions), "groups": list(groups)}
        book.import_body(conn, body, _CHIEF, world.now, replace=True)
        release.publish(conn, _CHIEF, world.now)

    world.store.run(work)


def percent(key: str, value: str, **more: Any) -> dict[str, Any]:
    """Return a promotion on each piece."""
    return {"key": key, "layer": "item", "effect": {"kind": "percent", "value": value}, **more}


def off(key: str, value: int, **more: Any) -> dict[str, Any]:
    """Return a promotion on the order, in minor units."""
    return {"key": key, "layer": "order", "effect": {"kind": "amount", "value": value, "target": "order"}, **more}


def cart(*lines: tuple[str, int, int], codes: tuple[str, ...] = (), customer: str = "", **more: Any) -> dict[str, Any]:
    """Return a cart of (sku, price, quantity)."""
    found: dict[str, Any] = {
        "currency": "UAH",
        "lines": [{"id": sku, "sku": sku, "price": price, "quantity": quantity} for sku, price, quantity in lines],
        "codes": list(codes),
        **more,
    }
    return found | ({"customer": {"key": customer}} if customer else {})


def quoted(world: World, bought: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a cart costs now."""
    with world.store.read() as conn:
        return price(conn, LIVE, world.store.vault, Asking(bought, **more), world.now).quote


def reserved(
    world: World, bought: dict[str, Any], order: str = "o1", payable: int | None = None, minutes: int = 15, **more: Any
) -> Row:
    """Reserve an order."""
    wanted = Order(order, payable, timedelta(minutes=minutes))
    asking = Asking(bought, **more)
    return world.store.run(lambda conn: reserve(conn, LIVE, world.store.vault, asking, wanted, "till", world.now))[0]


def sold(world: World, bought: dict[str, Any], order: str = "o1", **more: Any) -> Row:
    """Reserve an order and confirm it."""
    row = reserved(world, bought, order, **more)
    return world.store.run(lambda conn: settle.confirm(conn, row.id, world.now))


def released(world: World, row: Row) -> Row:
    """Let an order go."""
    return world.store.run(lambda conn: settle.release(conn, row.id, world.now))


def back(world: World, row: Row, key: str = "r1", **more: Any) -> dict[str, Any]:
    """Return goods of an order."""
    return world.store.run(lambda conn: returns.take_back(conn, LIVE, row.id, Back(key, **more), world.now, "till"))


def taken(world: World, *names: str) -> list[int]:
    """Return what is used and reserved of counters."""
    with world.store.read() as conn:
        found = counters.taken(conn, names)
    return [found.get(name, 0) for name in names]


def money_is_right(world: World) -> bool:
    """Say whether everything that is counted adds up."""
    with world.store.read() as conn:
        found = look(conn, now=world.now)
    assert [one for one in found if one.invariant.id == "I7" and one.breaches] == []
    return True
