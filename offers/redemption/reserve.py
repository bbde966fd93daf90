"""Reserve: an order gets its price with everything limited in it, or nothing at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from offers.codes import states
from offers.codes.resolve import Resolved
from offers.live import Live
from offers.redemption.pricing import Asking, Priced, price
from store import counters, redemptions
from store.db import Connection
from store.redemptions import Row
from wayfare.crashpoints import point
from wayfare.errors import Conflict, InputRefused
from wayfare.vault import Vault

SHORTEST, USUAL, LONGEST = timedelta(seconds=30), timedelta(minutes=15), timedelta(days=1)
DRIFT = timedelta(minutes=15)
"""How far the clock of a till may be from ours: limits and periods are looked at now, whatever a cart says."""
_ATTEMPTS = 5


class Refused(Conflict):
    """It cannot be had as things are. `code` is for programs."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """An order to reserve for. `payable`: what its customer was told; another price is refused, None takes any."""

    key: str
    payable: int | None = None
    lasts: timedelta = USUAL


class _Short(Exception):
    """Somebody took the last of something between our look and our hand."""


def reserve(
    conn: Connection, live: Live, vault: Vault, asking: Asking, order: Order, owner: str, now: datetime
) -> tuple[Row, bool, tuple[Resolved, ...]]:
    """Return the redemption of an order, whether it is new, and its codes. The same order and cart again is the same.

    The cart is priced again under the rules that are live. Counters and codes are taken by conditional updates; when
    somebody was faster the cart is priced once more with what is left. All or nothing: whatever raises leaves nothing.
    Raises InputRefused and Refused.
    """
    if not SHORTEST <= order.lasts <= LONGEST:
        raise InputRefused("bad_ttl", "reserve for 30 seconds to 24 hours", path="ttl_seconds")
    request_hash, where = _hash_of(asking), asking.store or str(asking.cart.get("store") or "")
    known = redemptions.of_order(conn, where, order.key)
    if known is not None:
        return _same(known, request_hash), False, ()
    for _ in range(_ATTEMPTS):
        priced = price(conn, live, vault, asking, now)
        _check(priced, order, now)
        try:
            with redemptions.savepoint(conn):
                row_id = redemptions.add(conn, _values(priced, asking, order, where, owner, request_hash, now))
                if row_id is None:
                    break
                point("reserve.added")
                _take(conn, priced, row_id, now)
                point("reserve.written")
        except _Short:
            asking = replace(asking, proven=_still_usable(conn, asking.proven, now))
            continue
        return redemptions.get(conn, row_id), True, priced.codes
    known = redemptions.of_order(conn, where, order.key)
    if known is not None:
        return _same(known, request_hash), False, ()
    raise Refused("busy", "many tills want the last of a promotion at once; try again")


def _still_usable(conn: Connection, proven: tuple[Resolved, ...] | None, now: datetime) -> tuple[Resolved, ...] | None:
    """Return codes whose PIN was right, with those refused that somebody else has taken meanwhile."""
    if not proven:
        return proven
    free = states.usable(conn, [code.code_id for code in proven if code.code_id is not None], now)
    return tuple(
        code if code.code_id in free else replace(code, is_usable=False, reason="reserved", unlock="")
        for code in proven
    )


def _take(conn: Connection, priced: Priced, row_id: int, now: datetime) -> None:
    used = priced.used_codes()
    if counters.take(conn, row_id, priced.takings(), now) is not None:
        raise _Short
    point("reserve.counted")
    ids = [code.code_id for code in used if code.code_id is not None]
    if states.reserve(conn, ids, now) != set(ids):
        raise _Short


def _check(priced: Priced, order: Order, now: datetime) -> None:
    at = datetime.fromisoformat(priced.quote["at"])
    if abs(at - now) > DRIFT:
        words = "an order is reserved at today's price: leave cart.at out, or set the till's clock"
        raise InputRefused("bad_time", words, path="cart.at")
    if order.payable is not None and priced.quote["payable"] != order.payable:
        payable = priced.quote["payable"]
        words = f"the price is {payable} now, not {order.payable}: ask for a quote, tell the customer, reserve again"
        raise Refused("price_changed", words)


def _same(known: Row, request_hash: str) -> Row:
    if known.request_hash != request_hash:
        words = f"order '{known.order_key}' has redemption {known.id} for another cart; release that one first"
        raise Refused("order_taken", words)
    return known


def _hash_of(asking: Asking) -> str:
    """Return the name of a request by its content: the cart without its clock."""
    cart = {key: value for key, value in asking.cart.items() if key != "at"}
    return hashlib.sha256(json.dumps([cart, asking.phone], sort_keys=True).encode()).hexdigest()


def _values(
    priced: Priced, asking: Asking, order: Order, where: str, owner: str, request_hash: str, now: datetime
) -> Mapping[str, Any]:
    texts = [{**one, "code": f"…{one['code'][-4:]}"} for one in priced.quote["codes"]]  # the database keeps no code
    quote = {**priced.quote, "codes": texts}
    customer = asking.cart.get("customer") or {}
    return {
        "store": where,
        "order_key": order.key,
        "owner": owner,
        "request_hash": request_hash,
        "customer": customer.get("key"),
        "version": priced.rules.number,
        "status": "reserved",
        "cart": {**asking.cart, "at": quote["at"], "codes": [code.unlock for code in priced.codes if code.is_usable]},
        "quote": quote,
        "codes": [{"id": code.code_id, "promotions": priced.opened_by(code)} for code in priced.used_codes()],
        "returned": {},
        "currency": quote["currency"],
        "payable": quote["payable"],
        "refunded": 0,
        "created_at": now,
        "expires_at": now + order.lasts,
    }
