"""What is told of customers who are being moved out of steps that a publication took away."""

from dataclasses import dataclass
from datetime import datetime

from store.db import Connection
from store.moving import Progress, progress
from web.formats import number, plural


@dataclass(frozen=True, slots=True)
class Line:
    """One decision in words. `seen` of `total` were looked at; `total` is 0 until they have been counted."""

    text: str
    is_done: bool
    seen: int
    total: int


def lines(conn: Connection, journey_id: int, now: datetime) -> list[Line]:
    """Return a line for each decision that is being carried out, or was within the last minutes."""
    return [
        Line(_told(one), one.done_at is not None, one.seen, one.total or 0) for one in progress(conn, journey_id, now)
    ]


def _told(one: Progress) -> str:
    is_move = one.action == "move"
    if one.done_at is not None:
        if not is_move:
            return f"{plural(one.changed, 'customer')} left the journey at “{one.title}”."
        stayed = one.seen - one.changed
        told = f"{plural(one.changed, 'customer')} moved from “{one.title}” to “{one.target_title}”"
        return f"{told}; {number(stayed)} stayed: they had been there or behind it before." if stayed else f"{told}."
    if one.total is None:
        where = f"be moved to “{one.target_title}”" if is_move else "leave the journey"
        return f"Those at “{one.title}” are about to {where}."
    count = f"{number(one.seen)} of {plural(one.total, 'customer')}"
    if is_move:
        return f"Moving {count} from “{one.title}” to “{one.target_title}”."
    return f"Taking {count} out of the journey at “{one.title}”."
