"""Pausing, resuming, closing, stopping and archiving journeys."""

from datetime import datetime
from functools import partial

from store import audit, drafts
from store.db import Connection, Store

CHUNK = 5000  # enrollments that end in one transaction
STOPPED = "the journey was stopped"


def pause(store: Store, key: str, now: datetime, by: str) -> drafts.JourneyRow:
    """Let nobody enter or move on until `resume`. Whoever waits keeps waiting, and is late afterwards."""
    return _move(store, key, "pause", now, by)


def resume(store: Store, key: str, now: datetime, by: str) -> drafts.JourneyRow:
    """Let a paused journey go on."""
    return _move(store, key, "resume", now, by)


def close(store: Store, key: str, now: datetime, by: str) -> drafts.JourneyRow:
    """Let nobody enter any more; those who are inside go on to their end."""
    return _move(store, key, "close", now, by)


def stop(store: Store, key: str, now: datetime, by: str) -> drafts.JourneyRow:
    """End a journey for everyone who is in it, in chunks. Calling it again goes on where a crash cut it off."""
    journey = _move(store, key, "stop", now, by)
    last: int | None = 0
    end = partial(drafts.exit_some, journey_id=journey.id, reason=STOPPED, now=now, limit=CHUNK)
    while last is not None:
        last = store.run(partial(end, after=last))
    return journey


def archive(store: Store, key: str, now: datetime, by: str) -> drafts.JourneyRow:
    """Put a journey away that was stopped or never published; its history stays."""
    return _move(store, key, "archive", now, by)


def _move(store: Store, key: str, action: str, now: datetime, by: str) -> drafts.JourneyRow:
    def work(conn: Connection) -> drafts.JourneyRow:
        before = drafts.find_journey(conn, key, lock=True)
        after = drafts.move_journey(conn, key, action, now=now)
        if before.status != after.status:
            audit.record(conn, by, f"journey.{action}", f"journey:{key}", {"from": before.status}, now)
        return after

    return store.run(work)
