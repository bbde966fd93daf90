"""What becomes of codes. Each change is one conditional UPDATE and answers with the ids of those that it changed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

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


def activate_by_events(conn: Connection, happened: Iterable[tuple[int, str, datetime]]) -> int:
    """Activate codes whose batch waits for an event of its customer; return how many.

    `happened` are (customer, type, when). The first event since the code was issued counts, and validity that counts
    in days begins with it; a code whose time was over by then stays as it is. Three statements, whatever happened, and
    one where no batch waits for such an event.
    """
    events = sorted(happened, key=lambda one: one[2])
    batches = codes.awaited(conn, {type for _, type, _ in events}) if events else {}
    wanted = {type for type, _ in batches.values()}
    by_customer: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    for customer, type, at in events:
        if type in wanted:
            by_customer[customer, type].append(at)
    if not by_customer:
        return 0
    rows: list[tuple[int, datetime, datetime | None]] = []
    for id, batch, customer, issued, until in codes.waiting_for_activation(
        conn, batches, sorted({customer for customer, _ in by_customer})
    ):
        type, days = batches[batch]
        first = next((at for at in by_customer.get((customer, type), ()) if at >= issued), None)
        if first is not None and (until is None or first <= until):
            rows.append((id, first, until if days is None else first + timedelta(days=days)))
    codes.activate_at(conn, rows)
    return len(rows)


def void(conn: Connection, ids: Iterable[int], *, reason: str, now: datetime, by: str) -> set[int]:
    """Take codes out of use for good, with a reason for the audit trail."""
    done = codes.void(conn, ids)
    for id in sorted(done):
        audit.record(conn, by, "codes.voided", f"code:{id}", {"reason": reason}, now)
    return done


__all__ = ["activate", "activate_by_events", "redeem", "release", "reserve", "restore", "usable", "void"]
