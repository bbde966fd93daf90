"""What becomes of codes. Each change is one conditional UPDATE and answers with the ids of those that it changed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from offers.codes.batches import end_of
from store import audit, codes
from store.codes import redeem, release, reserve, restore, usable
from store.db import Connection


def activate(conn: Connection, ids: Iterable[int], *, now: datetime, phone_digest: bytes | None = None) -> set[int]:
    """Activate codes that wait for it; validity that counts in days begins now. Binds to a phone what is unbound."""
    by_end: dict[datetime | None, list[int]] = defaultdict(list)
    for id, row in codes.batches_of(conn, ids).items():
        by_end[end_of(row, now)].append(id)
    done: set[int] = set()
    for end, some in by_end.items():
        done |= codes.activate(conn, some, now, end, phone_digest)
    return done


def void(conn: Connection, ids: Iterable[int], *, reason: str, now: datetime, by: str) -> set[int]:
    """Take codes out of use for good, with a reason for the audit trail."""
    done = codes.void(conn, ids)
    for id in sorted(done):
        audit.record(conn, by, "codes.voided", f"code:{id}", {"reason": reason}, now)
    return done


__all__ = ["activate", "redeem", "release", "reserve", "restore", "usable", "void"]
