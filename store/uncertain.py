"""What a person decides about messages of which nobody knows whether they arrived."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, text, update

from store.tables import metadata

MESSAGE = metadata.tables["message"]
_TROUBLE = text("message.status NOT IN ('pending', 'claimed', 'sending', 'sent')")


def send_again(conn: Connection, ids: Collection[int], now: datetime) -> list[int]:
    """Put uncertain messages back into the outbox; return those that were still uncertain.

    The same text goes out under the same key. A provider that has it already and honours keys drops the second; the
    others deliver it twice. That is what the person decided.
    """
    mine = update(MESSAGE).where(MESSAGE.c.id.in_(sorted(ids)), MESSAGE.c.status == "uncertain")
    values = {"status": "pending", "due_at": now, "failures": 0, "first_sent_at": None, "reason": None}
    return sorted(conn.execute(mine.values(**values).returning(MESSAGE.c.id)).scalars())


def treat_as_sent(conn: Connection, ids: Collection[int], now: datetime, by: str) -> list[int]:
    """Close uncertain messages as sent; return those that were still uncertain."""
    mine = update(MESSAGE).where(MESSAGE.c.id.in_(sorted(ids)), MESSAGE.c.status == "uncertain")
    values = {"status": "sent", "sent_at": now, "reason": f"treated as sent by {by}"[:500]}
    return sorted(conn.execute(mine.values(**values).returning(MESSAGE.c.id)).scalars())


def uncertain_ids(conn: Connection, limit: int = 5000) -> list[int]:
    """Return the ids of uncertain messages, the oldest first. Served by ix_message_trouble."""
    query = select(MESSAGE.c.id).where(_TROUBLE, MESSAGE.c.status == "uncertain").order_by(MESSAGE.c.id).limit(limit)
    return list(conn.execute(query).scalars())
