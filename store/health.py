"""How the system is: does the database answer, and how long has the oldest due work been waiting."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from store.db import is_transient
from store.tables import metadata

_ENROLLMENT = metadata.tables["enrollment"]
_EVENT = metadata.tables["event"]
_MESSAGE = metadata.tables["message"]


def is_unavailable(error: BaseException) -> bool:
    """Say whether the database could not be reached or was too busy: worth another try soon."""
    if isinstance(error, TimeoutError | OperationalError | InterfaceError):
        return True
    return isinstance(error, DBAPIError) and is_transient(error)


def oldest_due(conn: Connection, now: datetime) -> Mapping[str, float]:
    """Return, by kind of work, for how many seconds the oldest due piece has been waiting; 0 when none is.

    Each is one look at the head of the index that claims use.
    """
    # fmt: off
    due: dict[str, Any] = {
        "events": select(func.min(_EVENT.c.received_at)).where(_EVENT.c.matched_at.is_(None)),
        "journeys": select(func.min(_ENROLLMENT.c.wake_at)).where(
            _ENROLLMENT.c.status.in_(("active", "waiting")), _ENROLLMENT.c.wake_at <= now),
        "messages": select(func.min(_MESSAGE.c.due_at)).where(
            _MESSAGE.c.status.in_(("pending", "claimed", "sending")), _MESSAGE.c.due_at <= now),
    }
    # fmt: on
    ages = {}
    for kind, query in due.items():
        oldest = conn.execute(query).scalar_one_or_none()
        ages[kind] = max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
    return ages
