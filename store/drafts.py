"""Drafts and published versions: what a marketer saves, publishes, pauses and stops."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update
from sqlmodel import col

from store import draft_log
from store.locks import lock
from store.matching import end
from store.tables import CodeBatch, CustomerList, FanOut, Journey, Segment, Version
from wayfare.errors import Conflict, NotFound
from wayfare.segments.text import fold

_MOVES = {
    "pause": (("live",), "paused"),
    "resume": (("paused",), "live"),
    "close": (("live", "paused"), "closing"),
    "stop": (("live", "closing", "paused"), "stopped"),
    "archive": (("draft", "stopped"), "archived"),
}
"""What a person may do to a journey: in which statuses, and what its status is then."""


@dataclass(frozen=True, slots=True)
class JourneyRow:
    """A journey without its draft."""

    id: int
    key: str
    name: str
    status: str
    live_version_id: int | None
    pause_epoch: int
    rev: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A journey with its draft as it was saved. `last_node` is the highest number that a node was ever called by."""

    id: int
    key: str
    name: str
    status: str
    rev: int
    last_node: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VersionGraph:
    """A published version's number and graph."""

    id: int
    number: int
    graph: dict[str, Any]


_ROW = (
    col(Journey.id),
    col(Journey.key),
    col(Journey.name),
    col(Journey.status),
    col(Journey.live_version_id),
    col(Journey.pause_epoch),
    col(Journey.rev),
    col(Journey.updated_at),
)


def find_journey(conn: Connection, key: str, *, lock: bool = False) -> JourneyRow:
    """Return a journey, locked until the transaction ends if asked; NotFound when there is none."""
    query = select(*_ROW).where(col(Journey.key) == key)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"there is no journey '{key}'")
    return JourneyRow(*row)


def list_journeys(conn: Connection) -> list[JourneyRow]:
    """Return all journeys by key."""
    return [JourneyRow(*row) for row in conn.execute(select(*_ROW).order_by(col(Journey.key)))]


def draft_of(conn: Connection, key: str) -> dict[str, Any]:
    """Return the draft of a journey as saved; NotFound when there is no such journey."""
    draft = conn.execute(select(col(Journey.draft)).where(col(Journey.key) == key)).scalar_one_or_none()
    if draft is None:
        raise NotFound(f"there is no journey '{key}'")
    return dict(draft)


def read_draft(conn: Connection, key: str) -> Draft:
    """Return a journey with its draft; NotFound when there is none."""
    columns = (
        *(col(Journey.id), col(Journey.key), col(Journey.name), col(Journey.status), col(Journey.rev)),
        *(col(Journey.last_node), col(Journey.draft)),
    )
    row = conn.execute(select(*columns).where(col(Journey.key) == key)).one_or_none()
    if row is None:
        raise NotFound(f"there is no journey '{key}'")
    return Draft(*row)


def swap_draft(
    conn: Connection, draft: Draft, document: Mapping[str, Any], *, last_node: int, now: datetime
) -> int | None:
    """Put a new document in the place of a draft as it was read, and return its revision.

    None, and nothing has changed, when somebody else was first. One conditional UPDATE: on PostgreSQL it waits for
    whoever holds the row and then finds another revision.
    """
    is_same = (col(Journey.id) == draft.id, col(Journey.rev) == draft.rev)
    values = {"draft": dict(document), "rev": draft.rev + 1, "last_node": last_node, "updated_at": now}
    return draft.rev + 1 if conn.execute(update(Journey).where(*is_same).values(**values)).rowcount else None


def rename_journey(conn: Connection, key: str, name: str, *, now: datetime) -> JourneyRow:
    """Give a journey another name; Conflict when another one has it. The draft's revision stays."""
    journey = find_journey(conn, key, lock=True)
    if journey.name != name:
        _check_name(conn, key, name)
        conn.execute(update(Journey).where(col(Journey.id) == journey.id).values(name=name, updated_at=now))
    return find_journey(conn, key)


def highest_node(document: Mapping[str, Any]) -> int:
    """Return the highest number that a node of a document is called by: 12 for "n12", 0 when there is none."""
    ids = (str(node.get("id")) for node in document.get("nodes", ()) if isinstance(node, dict))
    found = (re.fullmatch(r"n([0-9]{1,8})", id) for id in ids)
    return max((int(match[1]) for match in found if match), default=0)


def published_types(conn: Connection, journey_id: int) -> dict[str, str]:
    """Return the node types of all published versions of a journey by node id; the newest version counts."""
    return {id: node["type"] for id, node in published_nodes(conn, journey_id).items()}


def published_nodes(conn: Connection, journey_id: int) -> dict[str, dict[str, Any]]:
    """Return the nodes of all published versions of a journey by id; the newest version counts."""
    rows = conn.execute(
        select(col(Version.graph)).where(col(Version.journey_id) == journey_id).order_by(col(Version.number))
    )
    return {node["id"]: node for graph in rows.scalars() for node in graph.get("nodes", ())}


def _check_name(conn: Connection, key: str, name: str) -> None:
    """Raise Conflict when another journey has this name, whatever its capitals; and keep it free until the end."""
    lock(conn, "journey.names")
    rows = conn.execute(select(col(Journey.key), col(Journey.name)).where(col(Journey.key) != key))
    wanted = fold(name)
    for other, taken in rows:
        if fold(taken) == wanted:
            raise Conflict(f"the journey '{other}' is already called '{taken}'; choose another name")


def save_draft(
    conn: Connection,
    key: str,
    document: Mapping[str, Any],
    *,
    now: datetime,
    name: str | None = None,
    rev: int | None = None,
    by: str = "",
) -> int:
    """Save a whole draft and return its new revision; makes the journey when there is none.

    The log of edits notes that the draft was replaced: earlier edits can no longer be undone, and who still edits
    an older revision loads it again. Conflict when `rev`, the revision that was edited, is not the present one, or
    when the name is taken.
    """
    mine = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    row = conn.execute(
        text(f"SELECT id, rev, name, last_node FROM journey WHERE key = :key{mine}"), {"key": key}
    ).one_or_none()
    if rev is not None and rev != (row[1] if row else 0):
        raise Conflict(f"the draft of '{key}' has changed since; load it again")
    title = name or (row[2] if row else key)
    if row is None or title != row[2]:
        _check_name(conn, key, title)
    last = max(highest_node(document), row[3] if row else 0)
    new = int(row[1]) + 1 if row else 1
    values = {"draft": dict(document), "rev": new, "name": title, "last_node": last}
    if row is None:
        rest = {"key": key, "description": "", "status": "draft", "pause_epoch": 0, "created_at": now}
        made = insert(Journey).values(**values, **rest, updated_at=now).returning(col(Journey.id))
        id = conn.execute(made).scalar_one()
    else:
        id = row[0]
        conn.execute(update(Journey).where(col(Journey.id) == id).values(**values, updated_at=now))
    draft_log.append(conn, id, new, None, by=by, now=now)
    return new


def describe(conn: Connection, key: str, description: str) -> None:
    """Set what people read about a journey; nothing when it reads so already."""
    changed = (col(Journey.key) == key, col(Journey.description) != description)
    conn.execute(update(Journey).where(*changed).values(description=description))


def version_graph(conn: Connection, version_id: int) -> VersionGraph:
    """Return a published version; NotFound when there is none."""
    row = conn.execute(
        select(col(Version.id), col(Version.number), col(Version.graph)).where(col(Version.id) == version_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no version {version_id}")
    return VersionGraph(*row)


def live_graph(conn: Connection, key: str) -> VersionGraph | None:
    """Return the version in which customers of a live or paused journey are, or None."""
    row = conn.execute(
        select(col(Version.id), col(Version.number), col(Version.graph))
        .join(Journey, col(Journey.live_version_id) == col(Version.id))
        .where(col(Journey.key) == key, col(Journey.status).in_(("live", "paused")))
    ).one_or_none()
    return None if row is None else VersionGraph(*row)


def last_version(conn: Connection, journey_id: int) -> tuple[dict[str, Any] | None, datetime | None]:
    """Return graph and instant of the newest version of a journey; twice None before the first one."""
    query = select(col(Version.graph), col(Version.published_at)).where(col(Version.journey_id) == journey_id)
    row = conn.execute(query.order_by(col(Version.number).desc()).limit(1)).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


def numbered_graph(conn: Connection, key: str, number: str) -> VersionGraph | None:
    """Return a published version of a journey by its number, or None."""
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    row = conn.execute(
        select(col(Version.id), col(Version.number), col(Version.graph))
        .join(Journey, col(Journey.id) == col(Version.journey_id))
        .where(col(Journey.key) == key, col(Version.number) == int(number))
    ).one_or_none()
    return None if row is None else VersionGraph(*row)


def add_version(
    conn: Connection,
    journey: JourneyRow,
    graph: Mapping[str, Any],
    node_order: Sequence[str],
    *,
    now: datetime,
    by: str,
    note: str = "",
) -> VersionGraph:
    """Add the next version of a locked journey and make it the one that takes customers in."""
    number = next_number(conn, journey.id)
    values = {
        "journey_id": journey.id,
        "number": number,
        "graph": dict(graph),
        "node_order": list(node_order),
        "published_at": now,
        "published_by": by[:200],
        "note": note,
    }
    id = conn.execute(insert(Version).values(**values).returning(col(Version.id))).scalar_one()
    return VersionGraph(id, number, dict(graph))


def next_number(conn: Connection, journey_id: int) -> int:
    """Return the number that the next published version of a journey gets."""
    query = "SELECT coalesce(max(number), 0) + 1 FROM journey_version WHERE journey_id = :id"
    return int(conn.execute(text(query), {"id": journey_id}).scalar_one())


def set_live(conn: Connection, journey: JourneyRow, version_id: int, *, now: datetime) -> None:
    """Make a version the one that takes customers in; a journey that rested goes live."""
    status = journey.status if journey.status == "paused" else "live"
    values: dict[str, Any] = {"live_version_id": version_id, "status": status, "updated_at": now}
    if status != journey.status and journey.status != "draft":
        values["pause_epoch"] = journey.pause_epoch + 1
    conn.execute(update(Journey).where(col(Journey.id) == journey.id).values(**values))


def known_keys(conn: Connection) -> dict[str, frozenset[str]]:
    """Return the keys of segments, lists, code batches and journeys, by kind."""
    tables = (
        *(("segment", Segment.key), ("list", CustomerList.key)),
        *(("code_batch", CodeBatch.key), ("journey", Journey.key)),
    )
    return {kind: frozenset(conn.execute(select(col(key))).scalars()) for kind, key in tables}


def add_code_batches(conn: Connection, batches: Mapping[str, str], *, now: datetime) -> None:
    """Make the batches of codes that do not exist yet; `batches` maps key to prefix.

    The caller holds the lock "publish", so nobody else makes the same ones.
    """
    known = set(conn.execute(select(col(CodeBatch.key)).where(col(CodeBatch.key).in_(sorted(batches)))).scalars())
    for key in sorted(set(batches) - known):
        values = {"key": key, "name": key, "prefix": batches[key][:12], "created_at": now}
        conn.execute(insert(CodeBatch).values(**values))


def start_fan_out(conn: Connection, journey: JourneyRow, version: VersionGraph, segment: str, *, now: datetime) -> None:
    """Let those who are in a segment enter a version, once a journey and segment.

    A fan-out that another version of the journey has finished is not repeated; one that is under way goes on in the
    new version from the customer it had come to.
    """
    segment_id = conn.execute(select(col(Segment.id)).where(col(Segment.key) == segment)).scalar_one_or_none()
    if segment_id is None:
        raise NotFound(f"there is no segment '{segment}'")
    before = conn.execute(
        text(
            """SELECT f.id, f.last_customer_id, f.done_at, f.entry_key FROM fan_out f
            JOIN journey_version v ON v.id = f.version_id
            WHERE v.journey_id = :journey AND f.segment_id = :segment ORDER BY f.id DESC LIMIT 1"""
        ),
        {"journey": journey.id, "segment": segment_id},
    ).one_or_none()
    if before is not None and before[2] is not None:
        return
    if before is not None:
        conn.execute(update(FanOut).where(col(FanOut.id) == before[0]).values(done_at=now))
    conn.execute(
        insert(FanOut).values(
            version_id=version.id,
            segment_id=segment_id,
            entry_key=before[3] if before else f"present:{segment}"[:200],
            at=now,
            last_customer_id=before[1] if before else 0,
            enrolled=0,
        )
    )


def move_journey(conn: Connection, key: str, action: str, *, now: datetime) -> JourneyRow:
    """Pause, resume, close, stop or archive a journey; return it as it is then.

    Each move adds one to the pause epoch, which makes claims under way void. Doing what is done already changes
    nothing. Conflict when the journey cannot do that now.
    """
    journey = find_journey(conn, key, lock=True)
    sources, target = _MOVES[action]
    if journey.status == target:
        return journey
    if journey.status not in sources:
        raise Conflict(f"the journey '{key}' is {journey.status}; only one that is {' or '.join(sources)} can {action}")
    values = {"status": target, "pause_epoch": journey.pause_epoch + 1, "updated_at": now}
    conn.execute(update(Journey).where(col(Journey.id) == journey.id).values(**values))
    return find_journey(conn, key)


def exit_some(
    conn: Connection, journey_id: int, reason: str, *, now: datetime, after: int = 0, limit: int = 5000
) -> int | None:
    """End the next live enrollments of a journey, in the order of their ids, as exited.

    Return the last id, from where to go on, or None when there are no more. A walk over the primary key.
    """
    mine = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    rows = conn.execute(
        text(
            f"""SELECT id, version_id FROM enrollment WHERE id > :after AND journey_id = :journey
            AND status IN ('active', 'waiting', 'parked') ORDER BY id LIMIT :limit{mine}"""
        ),
        {"journey": journey_id, "after": after, "limit": limit},
    ).all()
    end(conn, [(row[0], row[1], reason) for row in rows], status="exited", now=now)
    return rows[-1][0] if rows else None
