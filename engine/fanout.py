"""Fan-out, in chunks: who is in a journey's segment when it is published enters; who wished is told of lower prices."""

from datetime import datetime
from functools import partial

from engine.drops import tell_drops
from engine.enroll import enroll
from engine.runtime import Runtime
from store import fanout as store
from store.db import Connection
from store.enroll import Candidate
from store.locks import try_lock
from wayfare.crashpoints import point

CHUNK = 5000


def fan_out(runtime: Runtime, *, now: datetime) -> int:
    """Enroll one chunk of each pending fan-out, and tell of lower prices; return how many customers were looked at.

    A chunk and the note of how far it came are one transaction, so a crash repeats nothing and skips nobody; a pause
    takes effect between two chunks.
    """
    with runtime.store.read() as conn:
        waiting = store.pending(conn)
    seen = 0
    for one in waiting:
        seen += runtime.store.run(partial(_chunk, runtime, one, now))
        point("fanout.committed")
    return seen + tell_drops(runtime, now=now)


def _chunk(runtime: Runtime, one: store.Pending, now: datetime, conn: Connection) -> int:
    if not try_lock(conn, "match"):
        return 0
    last = store.lock_place(conn, one.id)
    if last is None:
        return 0
    version = runtime.versions.get(conn, one.version_id)
    node = next((id for id, trigger in version.triggers.items() if trigger.segment_key() is not None), None)
    members = store.members_after(conn, one.segment_id, last, CHUNK) if node is not None else []
    candidates = [Candidate(customer, one.at, one.entry_key, node or "") for customer in members]
    enrolled = enroll(conn, version, candidates, now=now)
    done = len(members) < CHUNK
    store.note_place(conn, one.id, members[-1] if members else last, len(enrolled), done_at=now if done else None)
    point("fanout.written")
    return len(members)
