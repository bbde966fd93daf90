"""Cashback of a sale becomes bonus points of its customer, once; goods that come back take them back in proportion."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from store import points
from store.customers import ensure_customers
from store.db import Connection
from store.intake import Incoming, add_events
from store.points import Movement
from store.redemptions import Row
from store.workspace import read_setting

SETTING = "points"
"""The workspace's setting: `worth`, minor units that one point of cashback stands for, and `days` until it expires."""
WORTH = 100
EARNED = "points_earned"


def earn(conn: Connection, row: Row, now: datetime) -> int:
    """Give the customer of a sale that has just been confirmed the points of its cashback; return how many.

    Nobody gets points for a sale whose customer is not named. Less than one point is none.
    """
    cashback = int(row.quote.get("cashback") or 0)
    if not row.customer or not cashback:
        return 0
    setting = read_setting(conn, SETTING) or {}
    amount = cashback // max(1, int(setting.get("worth") or WORTH))
    if not amount:
        return 0
    customer = ensure_customers(conn, {row.customer}, now=now)[row.customer]
    until = now.astimezone(UTC) + timedelta(days=int(setting["days"])) if setting.get("days") else None
    points.lock(conn, [customer], now)
    points.move(conn, [Movement(customer, _key(row), "cashback", amount, until, f"order {row.order_key}")], now)
    balance = points.balances(conn, [customer])[customer]
    data = {"points": amount, "balance": balance, "order": row.order_key, "store": row.store}
    raw = json.dumps(data, sort_keys=True, ensure_ascii=False)
    digest = blake2b(f"{row.customer}\x1f{raw}".encode(), digest_size=16).digest()
    add_events(conn, [Incoming("wayfare", _key(row), row.customer, EARNED, now, raw, digest)], now=now)
    return amount


def take_back(
    conn: Connection,
    row: Row,
    key: str,
    before: Mapping[str, Sequence[int]],
    after: Mapping[str, Sequence[int]],
    now: datetime,
) -> int:
    """Take back the points of goods that came back between two states, under the key of the return; return how many.

    After the last piece they are all gone. A customer who has spent them already falls below zero, and the next points
    pay for that.
    """
    if not row.customer or not row.quote.get("cashback"):
        return 0
    earned = points.amount_of(conn, _key(row))
    if not earned:
        return 0
    lost = _lost(earned, row.quote, after) - _lost(earned, row.quote, before)
    if lost <= 0:
        return 0
    customer = ensure_customers(conn, {row.customer}, now=now)[row.customer]
    points.lock(conn, [customer], now)
    entry = Movement(customer, f"{_key(row)}:{key}"[:200], "returned", -lost, source=f"order {row.order_key}")
    points.move(conn, [entry], now)
    return lost


def _key(row: Row) -> str:
    return f"cashback:{row.id}"


def _lost(earned: int, quote: Mapping[str, Any], gone: Mapping[str, Sequence[int]]) -> int:
    """Return the points of goods that are gone, rounded down: by what was paid for them, or by pieces where all of it
    was free.
    """
    whole = part = pieces = out = 0
    for line in quote["lines"]:
        counts = gone.get(line["id"], ())
        for index, units in enumerate(line["units"]):
            back = counts[index] if index < len(counts) else 0
            whole, part = whole + units["net"] * units["count"], part + units["net"] * back
            pieces, out = pieces + units["count"], out + back
    if out == pieces:
        return earned
    return earned * part // whole if whole else earned * out // pieces
