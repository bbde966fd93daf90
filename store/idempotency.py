"""One request, one effect: what was answered under an `Idempotency-Key`, with Stripe's contract."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from store.tables import metadata

TABLE = metadata.tables["idempotency"]
KEPT = timedelta(hours=48)
IN_FLIGHT = timedelta(minutes=2)
"""A request that has not answered for so long died with its process; the next one with its key starts anew."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The key is ours: do the work, then `finish` or `abandon`."""

    id: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The same request was answered before, with this."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Another request has the key. `is_in_flight`: the same one, still under way; otherwise its body differs."""

    is_in_flight: bool


def begin(conn: Connection, owner: str, key: str, request_hash: bytes, now: datetime) -> Begun | Answered | Refused:
    """Take a key for a request, or say what became of the request that has it."""
    mine = (TABLE.c.owner == owner, TABLE.c.key == key)
    conn.execute(delete(TABLE).where(*mine, TABLE.c.created_at < now - KEPT))
    conn.execute(delete(TABLE).where(*mine, TABLE.c.status.is_(None), TABLE.c.created_at < now - IN_FLIGHT))
    try:
        with conn.begin_nested():
            row = insert(TABLE).values(owner=owner, key=key, request_hash=request_hash, created_at=now)
            return Begun(int(conn.execute(row.returning(TABLE.c.id)).scalar_one()))
    except IntegrityError:
        found = conn.execute(select(TABLE.c.request_hash, TABLE.c.status, TABLE.c.response).where(*mine)).one_or_none()
    if found is None:  # it was given up in this very moment
        return Refused(is_in_flight=True)
    if bytes(found.request_hash) != request_hash:
        return Refused(is_in_flight=False)
    if found.status is None:
        return Refused(is_in_flight=True)
    return Answered(found.status, found.response["body"])


def finish(conn: Connection, begun: Begun, status: int, body: str) -> None:
    """Keep the answer, to the byte."""
    conn.execute(update(TABLE).where(TABLE.c.id == begun.id).values(status=status, response={"body": body}))


def abandon(conn: Connection, begun: Begun) -> None:
    """Give the key back: nothing happened, and the next try may do it."""
    conn.execute(delete(TABLE).where(TABLE.c.id == begun.id, TABLE.c.status.is_(None)))
