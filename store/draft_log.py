"""The log of edits of drafts, and who is editing: what makes undo survive a reload, and two editors get along."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, text
from sqlmodel import col

from store.tables import DraftEdit, DraftPresence, User
from store.types import sqlite_text

KEPT = 500
"""Edits of a journey that can still be undone or rebased over."""
_PRUNED_EVERY = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """One edit without what it did. `is_cut`: the draft was replaced as a whole."""

    rev: int
    by: str
    client: str
    label: str
    undo_of: int | None
    at: datetime
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Entry(Mark):
    """One edit: the operations that made revision `rev`, and those that take it back."""

    ops: list[dict[str, Any]]
    inverse: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who has the journey open."""

    client: str
    by: str
    node: str
    seen_at: datetime


_MARK = (
    *(col(DraftEdit.rev), col(DraftEdit.by), col(DraftEdit.client), col(DraftEdit.label)),
    *(col(DraftEdit.undo_of), col(DraftEdit.at), col(DraftEdit.ops).is_(None)),
)


def append(
    conn: Connection,
    journey_id: int,
    rev: int,
    ops: Sequence[dict[str, Any]] | None,
    inverse: Sequence[dict[str, Any]] = (),
    *,
    by: str,
    now: datetime,
    client: str = "",
    label: str = "",
    undo_of: int | None = None,
) -> None:
    """Log the edit that made revision `rev`; without `ops`, that the draft was replaced as a whole.

    Only the last `KEPT` edits stay.
    """
    values = {
        "journey_id": journey_id,
        "rev": rev,
        "by": by[:320],
        "client": client[:64],
        "label": label[:200],
        "ops": None if ops is None else orjson.dumps(list(ops)).decode(),
        "inverse": None if ops is None else orjson.dumps(list(inverse)).decode(),
        "undo_of": undo_of,
        "at": now,
    }
    conn.execute(insert(DraftEdit).values(**values))
    if rev % _PRUNED_EVERY == 0:
        old = (col(DraftEdit.journey_id) == journey_id, col(DraftEdit.rev) <= rev - KEPT)
        conn.execute(delete(DraftEdit).where(*old))


def since(conn: Connection, journey_id: int, rev: int, until: int) -> list[Entry]:
    """Return the edits after revision `rev` up to `until`, in order. Served by the primary key."""
    query = select(*_MARK, col(DraftEdit.ops), col(DraftEdit.inverse)).where(
        col(DraftEdit.journey_id) == journey_id, col(DraftEdit.rev) > rev, col(DraftEdit.rev) <= until
    )
    rows = conn.execute(query.order_by(col(DraftEdit.rev)))
    return [Entry(*row[:-2], orjson.loads(row[-2] or "[]"), orjson.loads(row[-1] or "[]")) for row in rows]


def marks(conn: Connection, journey_id: int) -> list[Mark]:
    """Return all edits that the log still holds, the newest first, without what they did."""
    query = select(*_MARK).where(col(DraftEdit.journey_id) == journey_id)
    return [Mark(*row) for row in conn.execute(query.order_by(col(DraftEdit.rev).desc()))]


def authors(conn: Connection, journey_id: int, nodes: Collection[str], since: datetime | None) -> set[str]:
    """Return who has written these nodes after an instant: edited one of them, or replaced the draft as a whole.

    Where the log no longer says who it was, everybody in it counts.
    """
    query = select(col(DraftEdit.by), col(DraftEdit.ops)).where(col(DraftEdit.journey_id) == journey_id)
    found, everybody = set[str](), set[str]()
    for by, ops in conn.execute(query if since is None else query.where(col(DraftEdit.at) > since)):
        everybody.add(by)
        if ops is None or any(_names(op) & set(nodes) for op in orjson.loads(ops)):
            found.add(by)
    return found or everybody


def _names(op: dict[str, Any]) -> set[str]:
    """Return the node whose settings an operation made or changed."""
    if op.get("op") == "add_node":
        return {str(op["node"]["id"])}
    return {str(op["id"])} if op.get("op") == "set_settings" else set()


def note_presence(
    conn: Connection, journey_id: int, client: str, *, by: str, node: str, now: datetime, keep: timedelta
) -> None:
    """Note that somebody looks at a node of a journey; rows older than `keep` are removed."""
    gone = (col(DraftPresence.journey_id) == journey_id, col(DraftPresence.seen_at) < now - keep)
    conn.execute(delete(DraftPresence).where(*gone))
    conn.execute(
        text(
            """INSERT INTO draft_presence (journey_id, client, "by", node, seen_at)
            VALUES (:journey, :client, :by, :node, :now)
            ON CONFLICT (journey_id, client)
            DO UPDATE SET "by" = excluded."by", node = excluded.node, seen_at = excluded.seen_at"""
        ),
        {
            "journey": journey_id,
            "client": client[:64],
            "by": by[:320],
            "node": node[:64],
            "now": sqlite_text(now) if conn.dialect.name == "sqlite" else now,
        },
    )


def forget_presence(conn: Connection, journey_id: int, client: str, *, by: str) -> None:
    """Forget a window of somebody's; another person's window of the same name stays."""
    own = (col(DraftPresence.journey_id) == journey_id, col(DraftPresence.client) == client[:64])
    conn.execute(delete(DraftPresence).where(*own, col(DraftPresence.by) == by[:320]))


def present(conn: Connection, journey_id: int, *, since: datetime) -> list[Editor]:
    """Return who has a journey open, by window, and was seen since an instant."""
    columns = (
        *(col(DraftPresence.client), col(DraftPresence.by), col(DraftPresence.node), col(DraftPresence.seen_at)),
    )
    query = select(*columns).where(col(DraftPresence.journey_id) == journey_id, col(DraftPresence.seen_at) >= since)
    return [Editor(*row) for row in conn.execute(query.order_by(col(DraftPresence.client)))]


def called(conn: Connection, actors: Sequence[str]) -> dict[str, str]:
    """Return what people call those who edited: a user's name, else the part of the address before the @."""
    found = {
        email: name
        for email, name in conn.execute(
            select(col(User.email), col(User.name)).where(col(User.email).in_(sorted(set(actors))))
        )
        if name
    }
    return {actor: found.get(actor) or actor.partition("@")[0] or "Somebody" for actor in actors}
