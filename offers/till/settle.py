"""What people do about receipts that disagree: accept them with a note, or take the other use of a code back."""

import re
from collections.abc import Sequence
from datetime import datetime

from offers.redemption import settle as orders
from store import audit, codes, counters, receipts, redemptions
from store.db import Connection
from store.receipts import ConflictRow
from wayfare.errors import Conflict, InputRefused

CODES = frozenset({"code_used", "code_reserved"})
"""Conflicts in which another order has the code."""


def accept(conn: Connection, receipt_id: int, *, note: str, by: str, now: datetime) -> int:
    """Settle what is open of a receipt: the sale stays as it was counted. Return how much that was.

    Raises NotFound, InputRefused without a note, and Conflict when somebody settled it before.
    """
    row = receipts.get_receipt(conn, receipt_id, lock=True)
    found = _open(conn, row.id)
    done = receipts.settle(conn, [one.id for one in found], note=_said(note), by=by, now=now)
    if not done:
        raise Conflict("there is nothing open on this receipt; look at it again")
    kinds = sorted({one.kind for one in found})
    detail = {"kinds": kinds, "note": note.strip()[:500], "store": row.store, "till": row.till, "number": row.number}
    audit.record(conn, by, "receipt.accepted", f"receipt:{row.id}", detail, now)
    return len(done)


def void_other(conn: Connection, receipt_id: int, conflict_id: int, *, note: str, by: str, now: datetime) -> int:
    """Let this receipt be the use of a code: another order that has it reserved is released, or, when it was paid, no
    longer counts as a use. Return the other redemption's id.

    The other sale keeps its price and its uses of promotions; what counts for the code alone is given back. Raises
    NotFound, InputRefused without a note, and Conflict.
    """
    row = receipts.get_receipt(conn, receipt_id, lock=True)
    mine = [one for one in _open(conn, row.id) if one.id == conflict_id and one.kind in CODES and one.code_id]
    if not mine:
        raise Conflict("this is settled already; look at the receipt again")
    said, code_id = _said(note), mine[0].code_id or 0
    others = others_of(conn, code_id, row.redemption_id)
    if len(others) != 1:
        raise Conflict("there is not exactly one other use of the code; accept the receipt with a note instead")
    other = redemptions.get(conn, others[0], lock=True)
    if other.status == "reserved":
        orders.release(conn, other.id, now)
    else:
        if not codes.drop_use(conn, code_id):
            raise Conflict("the other use was taken back already; accept the receipt with a note")
        _free_counters(conn, other.id, code_id, f"void:{conflict_id}", now)
        redemptions.change(conn, other.id, {"codes": [one for one in other.codes if one["id"] != code_id]})
    receipts.settle(conn, [conflict_id], note=said, by=by, now=now, excess=0)
    detail = {"code": code_id, "other": other.id, "was": other.status, "note": said[:500]}
    audit.record(conn, by, "receipt.other_use_voided", f"receipt:{row.id}", detail, now)
    return other.id


def others_of(conn: Connection, code_id: int, redemption_id: int | None) -> list[int]:
    """Return the other redemptions that use a code."""
    return [id for id in receipts.uses_of_code(conn, code_id) if id != redemption_id]


def _free_counters(conn: Connection, redemption_id: int, code_id: int, part: str, now: datetime) -> None:
    """Give back what limits of a code count for an order that no longer has it: what it still uses, so once."""
    used = counters.used_by(conn, redemption_id)
    buyers, promotion = f"c:{code_id}:buyer:", re.compile(rf"p:.*:code:{code_id}", re.DOTALL)
    mine = {name: amount for name, amount in used.items() if name.startswith(buyers) or promotion.fullmatch(name)}
    counters.give_back(conn, redemption_id, part, mine, now)


def _open(conn: Connection, receipt_id: int) -> Sequence[ConflictRow]:
    return [one for one in receipts.conflicts_of(conn, [receipt_id]).get(receipt_id, []) if one.status == "open"]


def _said(note: str) -> str:
    if not note.strip():
        raise InputRefused("missing", "say why, for those who ask later", path="note")
    return note.strip()[:2000]
