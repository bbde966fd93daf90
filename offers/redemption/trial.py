"""A cart tried without buying anything: real codes, limits and prices of one's own, and nothing of them used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offers.live import Left, Rules, compiled_for
from offers.redemption.limits import Buyer, Room
from offers.redemption.own import promotions_in
from offers.redemption.pricing import Asking, Priced, price_under
from store import audit, workspace
from store.db import Connection
from wayfare.errors import InputRefused
from wayfare.promotions import Instead, instead, parse_cart
from wayfare.vault import Vault

SETTING = "saved_carts"
MOST = 50
_NEWCOMER = Buyer(("somebody new",))
"""Who was typed by hand: no counter knows them, so they have used nothing yet."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a cart would cost, and what is left of every limit of each limited promotion."""

    priced: Priced
    rooms: Mapping[str, Sequence[Room]]
    cart: Mapping[str, Any]

    def forced(self, key: str) -> Instead | None:
        """Return the best price in which a promotion is used; None where it gives nothing. Raises InputRefused."""
        quote = self.priced.quote
        words = list(dict.fromkeys(code.unlock for code in self.priced.codes if code.is_usable))
        cart = parse_cart({**self.cart, "codes": words})
        left = {name: Left(one["uses"], one["spend"]) for name, one in quote.get("left", {}).items()}
        granted = promotions_in(quote.get("granted", ()))
        ruleset = compiled_for(self.priced.rules, cart, left, granted).ruleset
        return instead(cart, ruleset, key) if any(one.key == key for one in ruleset.promotions) else None


def try_cart(
    conn: Connection, rules: Rules, vault: Vault, cart: Mapping[str, Any], *, zone: str, now: datetime
) -> Trial:
    """Price a cart under a version, at the moment that it names. Changes nothing. Raises InputRefused.

    A customer without a key is somebody new, whose limits are all free. PINs are not asked for.
    """
    at = _moment(cart, now)
    is_known = bool((cart.get("customer") or {}).get("key"))
    buyer = None if is_known else _NEWCOMER
    priced = price_under(conn, rules, vault, Asking(cart, zone=zone), at, buyer=buyer, asks_pin=False)
    return Trial(priced, priced.limits.rooms(conn, rules.usage, priced.unlocks), cart)


def saved(conn: Connection) -> list[dict[str, str]]:
    """Return the carts that people keep to try again, by name: name, query, by, at."""
    found = workspace.read_setting(conn, SETTING) or []
    return sorted(found, key=lambda one: one["name"].casefold())


def save(conn: Connection, name: str, query: str, *, now: datetime, by: str) -> None:
    """Keep a cart under a name, in place of the one that had it. InputRefused when there are too many."""
    others = [one for one in saved(conn) if one["name"] != name]
    if len(others) >= MOST:
        raise InputRefused("too_many", f"{MOST} carts are kept already; remove one first", path="name")
    one = {"name": name, "query": query, "by": by, "at": now.isoformat()}
    workspace.write_setting(conn, SETTING, [*others, one], now=now)
    audit.record(conn, by, "carts.saved", "workspace", {"name": name}, now)


def forget(conn: Connection, name: str, *, now: datetime, by: str) -> None:
    """Remove a kept cart; one that is gone already is no fault."""
    kept = saved(conn)
    others = [one for one in kept if one["name"] != name]
    if len(others) < len(kept):
        workspace.write_setting(conn, SETTING, others, now=now)
        audit.record(conn, by, "carts.removed", "workspace", {"name": name}, now)


def _moment(cart: Mapping[str, Any], now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(str(cart.get("at")))
    except ValueError:
        return now
    return at if at.tzinfo else now
