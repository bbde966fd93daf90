"""Goods that come back: the money is what those very units were sold for, by the shares that the quote fixed."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from offers.codes import states
from offers.live import Left, Live, quote_with
from offers.redemption import bonus, own
from offers.redemption.reserve import Refused
from store import counters, redemptions
from store.db import Connection
from store.redemptions import Row
from wayfare.crashpoints import point
from wayfare.errors import InputRefused
from wayfare.promotions import parse_request

Returned = Mapping[str, Sequence[int]]
DELIVERY = ""
"""Stands for the parcels among lines that came back."""


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back: pieces by line, None for everything that is still out. `key` names the return.

    `policy`: with `shares` the money is the units' own price, the dearest first, and what stays keeps its price; with
    `requote` the kept goods are priced again under the same rules, and advantages that are lost are deducted.
    """

    key: str
    lines: Mapping[str, int] | None = None
    delivery: bool = False
    policy: Literal["shares", "requote"] = "shares"
    keep_uses: bool = False


@dataclass(slots=True)
class Share:
    """What returned units were sold for: the money, the discount of each promotion in it, and the pieces that each
    price of the customer's own was for.
    """

    refund: int = 0
    discounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    pieces: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def take_back(
    conn: Connection, live: Live, id: int, back: Back, now: datetime, by: str, *, store: str | None = None
) -> dict[str, Any]:
    """Return the answer of a return: refund, what came back, status. The same key again answers the same.

    Budgets of money get back the discount of what came back, prices of the customer's own their pieces; uses and codes
    come back with the last piece of the goods, unless they are to be kept. The last return pays whatever is left.
    Raises NotFound, InputRefused and Refused.
    """
    row = redemptions.get(conn, id, lock=True, store=store)
    request_hash = _hash_of(back)
    known = redemptions.find_return(conn, id, back.key)
    if known is not None:
        if known[0] != request_hash:
            raise Refused("key_reused", f"the return '{back.key}' was made with other goods; use a new key")
        return known[1]
    if row.status not in ("confirmed", "part_returned"):
        raise Refused(row.status, f"redemption {id} is {row.status}: only a confirmed sale can be returned")
    after = chosen(row.quote, row.returned, back)
    share = shares(row.quote, row.returned, after)
    refund = share.refund
    is_all = all(sum(after.get(line["id"], ())) == pieces(line) for line in row.quote["lines"])
    is_closed = is_all and (DELIVERY in after or not row.quote["shipping"])
    if back.policy == "requote":
        refund = max(0, row.payable - row.refunded - _kept(conn, live, row, after))
    elif is_all:  # what an earlier return deducted for goods that stayed comes back, too
        refund = row.payable - row.refunded - (0 if DELIVERY in after else _delivery(row.quote))
    status = "returned" if is_closed else "part_returned"
    _give_back(conn, row, back, share, is_all, now)
    bonus.take_back(conn, row, back.key, row.returned, after, now)
    changes: dict[str, Any] = {"status": status, "returned": after, "refunded": row.refunded + refund}
    redemptions.change(conn, id, changes | ({"closed_at": now} if is_closed else {}))
    answer = {
        "redemption": id,
        "key": back.key,
        "refund": refund,
        "refunded": row.refunded + refund,
        "status": status,
        "lines": {line: sum(counts) - sum(row.returned.get(line, ())) for line, counts in after.items() if line},
    }
    redemptions.add_return(
        conn,
        {
            "redemption_id": id,
            "key": back.key,
            "request_hash": request_hash,
            "answer": answer,
            "refund": refund,
            "at": now,
            "by": by,
        },
    )
    point("return.written")
    return answer


def pieces(line: Mapping[str, Any]) -> int:
    """Return how many pieces a line of a quote has."""
    return sum(int(one["count"]) for one in line["units"])


def chosen(quote: Mapping[str, Any], before: Returned, back: Back) -> dict[str, list[int]]:
    """Return, by line, how many units of each group of the quote have come back after this return.

    Units of one line that cost different amounts come back dearest first. Raises InputRefused.
    """
    lines = {str(line["id"]): line for line in quote["lines"]}
    after = {key: list(counts) for key, counts in before.items()}
    wanted = back.lines
    if wanted is None:
        wanted = {id: left for id, line in lines.items() if (left := pieces(line) - sum(before.get(id, ())))}
    for id, count in wanted.items():
        if id not in lines:
            raise InputRefused("unknown_line", f"the order has no line '{id}'", path=f"lines.{id}")
        groups = lines[id]["units"]
        gone = after.setdefault(id, [0] * len(groups))
        left = pieces(lines[id]) - sum(gone)
        if not 1 <= count <= left:
            words = f"{count} pieces of '{id}' cannot come back; {left} are still out"
            raise InputRefused("too_many", words, path=f"lines.{id}")
        for index in sorted(range(len(groups)), key=lambda index: (-groups[index]["net"], index)):
            taken = min(count, groups[index]["count"] - gone[index])
            gone[index] += taken
            count -= taken
    if back.delivery:
        if DELIVERY in after or not quote["shipping"]:
            raise InputRefused("no_delivery", "there is no delivery left to return", path="delivery")
        after[DELIVERY] = [1]
    if after == {key: list(counts) for key, counts in before.items()}:
        raise InputRefused("nothing", "say what comes back: lines with pieces, or delivery", path="lines")
    return after


def shares(quote: Mapping[str, Any], before: Returned, after: Returned) -> Share:
    """Return the money for what came back between two states. Over all returns by shares it adds up to what was paid.

    Tax that was added on top comes back in proportion, rounded on the sum over all returns of a line.
    """
    found = Share()
    is_added = _adds_tax(quote)
    for line in quote["lines"]:
        old, new = before.get(line["id"], ()), after.get(line["id"], ())
        net_before, net_after = _net(line, old), _net(line, new)
        found.refund += net_after - net_before
        if is_added:
            found.refund += _part(line["tax"], net_after, line["net"]) - _part(line["tax"], net_before, line["net"])
        for index, group in enumerate(line["units"]):
            more = (new[index] if new else 0) - (old[index] if old else 0)
            for step in group["steps"] if more else ():
                found.discounts[step["promotion"]] += more * step["given"]
            for key in own.keys_of(group) if more else ():
                found.pieces[key] += more
    if DELIVERY in after and DELIVERY not in before:
        found.refund += _delivery(quote)
        for one in quote["shipping"]:
            for step in one["steps"]:
                found.discounts[step["promotion"]] += step["given"]
    return found


def _adds_tax(quote: Mapping[str, Any]) -> bool:
    return bool(quote["payable"] != quote["goods"]["net"] + sum(one["net"] for one in quote["shipping"]))


def _delivery(quote: Mapping[str, Any]) -> int:
    """Return what was paid for the parcels."""
    is_added = _adds_tax(quote)
    return sum(int(one["net"]) + (int(one["tax"]) if is_added else 0) for one in quote["shipping"])


def _net(line: Mapping[str, Any], counts: Sequence[int]) -> int:
    return sum(int(group["net"]) * count for group, count in zip(line["units"], counts, strict=False))


def _part(tax: int, net: int, whole: int) -> int:
    """Return the tax on a part, rounded half up."""
    return (2 * tax * net + whole) // (2 * whole) if whole else (tax if net == whole else 0)


def _kept(conn: Connection, live: Live, row: Row, after: Returned) -> int:
    """Return what stays costs under the rules of the sale, at its time: nothing when nothing stays."""
    gone = {id: sum(counts) for id, counts in after.items()}
    lines = [
        {**line, "quantity": line["quantity"] - gone.get(line["id"], 0)}
        for line in row.cart["lines"]
        if line["quantity"] > gone.get(line["id"], 0)
    ]
    cart = {**row.cart, "lines": lines}
    if DELIVERY in after:
        cart["shipping"] = []
    if not lines and not cart.get("shipping"):
        return 0
    rules = live.numbered(conn, row.version)
    left = {key: Left(one["uses"], one["spend"]) for key, one in row.quote.get("left", {}).items()}
    granted = own.promotions_in(row.quote.get("granted", ()))
    return int(quote_with(rules, parse_request({"cart": cart}).cart, left=left, granted=granted)["payable"])


def _give_back(conn: Connection, row: Row, back: Back, share: Share, is_all: bool, now: datetime) -> None:
    used = counters.used_by(conn, row.id)
    amounts: dict[str, int] = {}
    for name, amount in used.items():
        is_money = name.startswith("p:") and name.endswith(":spend") and name.count(":") == 2
        if is_all and (is_money or not back.keep_uses):
            amounts[name] = amount
        elif is_money:
            promotion = name.removeprefix("p:").removesuffix(":spend")
            amounts[name] = min(amount, share.discounts.get(promotion, 0))
        elif name.startswith(own.PREFIX) and not back.keep_uses:
            amounts[name] = min(amount, share.pieces.get(name, 0))
    counters.give_back(conn, row.id, back.key, amounts, now)
    point("return.counted")
    if is_all and not back.keep_uses and not _came_back(row):
        states.restore(conn, row.code_ids)


def _came_back(row: Row) -> bool:
    """Say whether all goods were back before this return, which then brings the delivery only."""
    return all(sum(row.returned.get(line["id"], ())) == pieces(line) for line in row.quote["lines"])


def _hash_of(back: Back) -> str:
    said = [dict(back.lines) if back.lines is not None else None, back.delivery, back.policy, back.keep_uses]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
