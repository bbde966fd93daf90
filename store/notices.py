"""Short messages outside any journey. Texts are sealed, and gone as soon as the message is, one way or the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from store.db import db_now
from store.tables import metadata

NOTICE = metadata.tables["notice"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message that a worker has claimed."""

    id: int
    address: bytes
    body: bytes
    created_at: datetime
    not_after: datetime
    attempts: int


def add(conn: Connection, channel: str, address: bytes, body: bytes, *, now: datetime, not_after: datetime) -> None:
    """Queue a message; address and text are sealed by the caller."""
    values = {"channel": channel, "address": address, "body": body, "status": "pending", "attempts": 0}
    conn.execute(insert(NOTICE).values(created_at=now, due_at=now, not_after=not_after, **values))


def claim(conn: Connection, channel: str, token: int, lease: timedelta, *, now: datetime, limit: int) -> list[Notice]:
    """Lease messages that are due, or that a dead worker held; give up those whose time has passed."""
    clock = db_now(conn)
    ended = (NOTICE.c.channel == channel) & (NOTICE.c.status.in_(("pending", "sending"))) & (NOTICE.c.not_after <= now)
    gone = {"status": "expired", "reason": "its time had passed", "address": None, "body": None}
    conn.execute(update(NOTICE).where(ended).values(**gone))
    free = (NOTICE.c.status == "pending") | ((NOTICE.c.status == "sending") & (NOTICE.c.lease_until < clock))
    query = (
        select(*(NOTICE.c[name] for name in Notice.__dataclass_fields__))
        .where(NOTICE.c.channel == channel, free, NOTICE.c.due_at <= now)
        .order_by(NOTICE.c.due_at, NOTICE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [
        Notice(**{name: row._mapping[name] for name in Notice.__dataclass_fields__}) for row in conn.execute(query)
    ]
    if found:
        taken = {
            "status": "sending",
            "attempts": NOTICE.c.attempts + 1,
            "lease_until": clock + lease,
            "lease_token": token,
        }
        conn.execute(update(NOTICE).where(NOTICE.c.id.in_([one.id for one in found])).values(**taken))
    return found


def settle(conn: Connection, notice_id: int, token: int, values: Mapping[str, Any]) -> bool:
    """Record what became of a message that is still ours; a final state takes address and text away."""
    end = {} if values["status"] == "pending" else {"address": None, "body": None}
    mine = (NOTICE.c.id == notice_id, NOTICE.c.lease_token == token, NOTICE.c.status == "sending")
    query = update(NOTICE).where(*mine).values(**values, **end, lease_token=None, lease_until=None)
    return bool(conn.execute(query).rowcount)
