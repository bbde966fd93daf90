"""The price of a sale once more: as it was then, from what was kept of it, and as it would be today."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from offers.live import Left, Live, quote_with
from offers.redemption.own import promotions_in
from store.db import Connection
from store.redemptions import Row
from wayfare.promotions import parse_request
from wayfare.promotions.contract import Promotion

_MONEY = ("payable", "tax", "goods", "lines", "shipping", "applied")


def again(conn: Connection, live: Live, row: Row) -> tuple[dict[str, Any], list[str]]:
    """Return the quote of a sale under the version it was made under, and in what it differs from what was kept:
    some of money, cashback, gifts and codes; nothing when it is the same to the cent.
    """
    cart = parse_request({"cart": row.cart}).cart
    quote = quote_with(live.numbered(conn, row.version), cart, left=_left(row), granted=_granted(row))
    return quote, _differs(row.quote, quote)


def _differs(kept: Mapping[str, Any], quote: Mapping[str, Any]) -> list[str]:
    found = [] if all(quote[name] == kept[name] for name in _MONEY) else ["money"]
    found += ["cashback"] if quote["cashback"] != (kept.get("cashback") or 0) else []
    found += ["gifts"] if quote["gifts"] != (kept.get("gifts") or []) else []
    return found + (["codes"] if _applied_codes(quote) != _applied_codes(kept) else [])


def _applied_codes(quote: Mapping[str, Any]) -> int:
    """Return how many codes worked. What was kept has no texts to compare; what they opened is among the promotions."""
    return sum(one["status"] == "applied" for one in quote.get("codes") or ())


def today(conn: Connection, live: Live, row: Row, now: datetime) -> dict[str, Any]:
    """Return what the same cart costs under the version that is live, at this moment.

    Codes open what they opened then; limits and prices of the customer's own are taken as they were, because this order
    has used them itself.
    """
    rules = live.at(conn, now)
    zone = datetime.fromisoformat(row.cart["at"]).tzinfo
    cart = {**row.cart, "at": now.astimezone(zone).isoformat(timespec="seconds")}
    left = {key: one for key, one in _left(row).items() if key in rules.usage}
    return quote_with(rules, parse_request({"cart": cart}).cart, left=left, granted=_granted(row))


def _left(row: Row) -> dict[str, Left]:
    return {key: Left(one["uses"], one["spend"]) for key, one in row.quote.get("left", {}).items()}


def _granted(row: Row) -> list[Promotion]:
    return promotions_in(row.quote.get("granted", ()))
