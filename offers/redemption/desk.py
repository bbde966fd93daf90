"""Orders at the desk: what people do by hand, computed before it is done, and written into the audit trail."""

from datetime import datetime
from typing import Any

from offers.live import Live
from offers.redemption import returns, settle
from offers.redemption.reserve import Refused
from offers.redemption.returns import Back
from store import audit, redemptions
from store.db import Connection
from store.redemptions import Row


def preview(conn: Connection, live: Live, id: int, back: Back, now: datetime) -> dict[str, Any]:
    """Return what a return would answer, by making it and taking it back: `conn` is a write transaction.

    Raises NotFound, InputRefused and Refused.
    """
    with redemptions.savepoint(conn) as point:
        answer = returns.take_back(conn, live, id, back, now, "")
        point.rollback()
    return answer


def take_back(conn: Connection, live: Live, id: int, back: Back, agreed: int, now: datetime, by: str) -> dict[str, Any]:
    """Take goods back by hand, if the money is what was agreed; the same key again answers the same.

    Raises NotFound, InputRefused and Refused, also where the money is another by now.
    """
    is_known = redemptions.find_return(conn, id, back.key) is not None
    answer = returns.take_back(conn, live, id, back, now, by)
    if is_known:
        return answer
    if answer["refund"] != agreed:
        raise Refused("refund_changed", "goods of this order came back meanwhile; look at the money again")
    detail = {"refund": answer["refund"], "lines": answer["lines"], "policy": back.policy, "key": back.key}
    audit.record(conn, by, "orders.returned", f"order:{id}", detail, now)
    return answer


def release(conn: Connection, id: int, reason: str, now: datetime, by: str) -> Row:
    """Release a reservation by hand. Raises NotFound and Refused."""
    before = redemptions.get(conn, id, lock=True)
    row = settle.release(conn, id, now)
    if before.status == "reserved":
        audit.record(conn, by, "orders.released", f"order:{id}", {"reason": reason, "order": row.order_key}, now)
    return row
