"""What all workers share about a channel's provider: its circuit, its pauses, and the places under its rate limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from store.bulk import sqlite_value
from store.db import db_now
from store.types import Instant


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """A channel's state at one moment (`clock`: the database's). `failures` are the latest ones in a row."""

    clock: datetime
    failures: int = 0
    open_until: datetime | None = None
    next_at: datetime | None = None
    stopped_reason: str | None = None

    @property
    def is_paused(self) -> bool:
        """Whether nothing may go out now."""
        return self.open_until is not None and self.open_until > self.clock


def health(conn: Connection, channel: str, *, lock: bool = False) -> ChannelHealth:
    """Return a channel's state. `lock` makes other workers wait until this transaction ends, even for a new channel."""
    values = {"channel": channel}
    if lock:
        values_new = {**values, "clock": sqlite_value(db_now(conn)) if conn.dialect.name == "sqlite" else db_now(conn)}
        conn.execute(
            text(
                "INSERT INTO channel_state (channel, failures, updated_at) VALUES (:channel, 0, :clock) "
                "ON CONFLICT (channel) DO NOTHING"
            ),
            values_new,
        )
    share = "FOR UPDATE" if lock and conn.dialect.name != "sqlite" else ""
    query = text(
        f"SELECT failures, open_until, next_at, stopped_reason FROM channel_state WHERE channel = :channel {share}"
    ).columns(open_until=Instant, next_at=Instant)
    row = conn.execute(query, values).one_or_none()
    return ChannelHealth(db_now(conn), *row) if row else ChannelHealth(db_now(conn))


def change(conn: Connection, channel: str, **columns: Any) -> None:
    """Set columns of a channel's state, which need not exist yet."""
    values = {"updated_at": db_now(conn), **columns}
    if conn.dialect.name == "sqlite":
        values = {name: sqlite_value(value) for name, value in values.items()}
    row = {"channel": channel, "failures": 0, **values}
    marks = ", ".join(f":{name}" for name in row)
    sets = ", ".join(f"{name} = :{name}" for name in values)
    conn.execute(
        text(
            f"INSERT INTO channel_state ({', '.join(row)}) VALUES ({marks}) ON CONFLICT (channel) DO UPDATE SET {sets}"
        ),
        row,
    )


def clock_of(conn: Connection) -> datetime:
    """Return the clock that a channel's pauses are measured by: the database's."""
    return db_now(conn)


def resume(conn: Connection, channel: str) -> None:
    """Let a channel send again at once: an operator put right what stopped it."""
    change(conn, channel, failures=0, open_until=None, stopped_reason=None)


def take_places(conn: Connection, channel: str, state: ChannelHealth, *, rate: float, used: int) -> datetime:
    """Take the next `used` places under a rate limit; return the first one's instant. The caller holds the lock."""
    first = first_place(state)
    change(conn, channel, next_at=first + timedelta(seconds=used / rate))
    return first


def first_place(state: ChannelHealth) -> datetime:
    """Return when the next message may go under the rate limit."""
    return max(state.clock, state.next_at) if state.next_at else state.clock
