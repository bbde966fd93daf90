"""Making, copying, naming, tagging and removing journeys: what is done to a journey as a whole, from the outside."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from builder import keys
from engine.segments import save_segment
from store import audit, drafts, shelf
from store.db import Connection, Store
from store.locks import lock
from store.segments import find_segment
from wayfare.errors import Conflict
from wayfare.segments.text import fold

MOST_TAGS = 10
LONGEST_TAG = 40
LONGEST_NAME = 200
EMPTY: Mapping[str, Any] = {"schema": 1, "nodes": [], "edges": []}


def make(
    store: Store,
    key: str,
    name: str,
    document: Mapping[str, Any],
    *,
    now: datetime,
    by: str,
    description: str = "",
    source: str = "",
) -> str:
    """Make a journey with a draft; return its key, with a number behind it when it is taken or reserved.

    Conflict when another journey has the name, however it is written. `source` says in the audit trail what it began
    from.
    """

    def work(conn: Connection) -> str:
        lock(conn, "journey.names")
        known = shelf.names_and_keys(conn)
        own = keys.free(key, known)
        drafts.save_draft(conn, own, document, now=now, name=name, by=by)
        drafts.describe(conn, own, description)
        audit.record(conn, by, "journey.created", f"journey:{own}", {"name": name, "from": source}, now)
        return own

    return store.run(work)


def free_name(known: Collection[str], name: str) -> str:
    """Return a name that nobody has: "Welcome", "Welcome 2"."""
    folded = {fold(one) for one in known}
    if fold(name) not in folded:
        return name
    numbered = (f"{name[: LONGEST_NAME - 8]} {number}" for number in range(2, len(folded) + 3))
    return next(one for one in numbered if fold(one) not in folded)


def make_segments(store: Store, wanted: Sequence[Any], *, now: datetime) -> list[str]:
    """Make the segments of a template that are not there yet; return the names of those that were made."""
    made = []
    for one in wanted:
        with store.read() as conn:
            is_there = find_segment(conn, one.key) is not None
        if not is_there:
            save_segment(store, one.key, one.name, one.rule, now, description=one.description)
            made.append(one.name)
    return made


def manage(store: Store, key: str, name: str, tags: Sequence[str], *, now: datetime, by: str) -> None:
    """Give a journey another name and other tags. Conflict when another journey has that name."""

    def work(conn: Connection) -> None:
        before = drafts.find_journey(conn, key, lock=True)
        drafts.rename_journey(conn, key, name, now=now)
        shelf.set_tags(conn, before.id, tags)
        if before.name != name:
            audit.record(conn, by, "journey.renamed", f"journey:{key}", {"from": before.name, "to": name}, now)

    store.run(work)


def rename(
    store: Store, key: str, name: str, *, now: datetime, by: str, description: str | None = None
) -> drafts.JourneyRow:
    """Give a journey another name, and a description. Conflict when another journey has that name or it is archived."""

    def work(conn: Connection) -> drafts.JourneyRow:
        before = drafts.find_journey(conn, key, lock=True)
        if before.status == "archived":
            raise Conflict(f"the journey '{key}' is archived; copy it to go on")
        if before.name != name:
            drafts.rename_journey(conn, key, name, now=now)
            audit.record(conn, by, "journey.renamed", f"journey:{key}", {"from": before.name, "to": name}, now)
        if description is not None:
            drafts.describe(conn, key, description)
        return drafts.find_journey(conn, key)

    return store.run(work)


def read_name(text: str) -> str:
    """Return a name as it is kept, blanks made one. ValueError says what is wrong with it."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"Give the journey a name of 1 to {LONGEST_NAME} letters.")
    return name


def remove(store: Store, key: str, *, now: datetime, by: str) -> str:
    """Remove a draft that was never published; return what it was called. Conflict when it was published once."""

    def work(conn: Connection) -> str:
        journey = drafts.find_journey(conn, key, lock=True)
        if not shelf.remove_draft(conn, journey.id):
            raise Conflict(f"“{journey.name}” was published once, so its history stays; archive it instead")
        audit.record(conn, by, "journey.deleted", f"journey:{key}", {"name": journey.name}, now)
        return journey.name

    return store.run(work)


def read_tags(text: str) -> list[str]:
    """Return the tags in a line of text, divided by commas: clean, without doubles. ValueError says what is wrong."""
    found: dict[str, str] = {}
    for part in text.split(","):
        tag = " ".join("".join(c for c in unicodedata.normalize("NFC", part) if c.isprintable()).split())
        if tag:
            found.setdefault(fold(tag), tag)
    if len(found) > MOST_TAGS:
        raise ValueError(f"Use at most {MOST_TAGS} tags.")
    if any(len(tag) > LONGEST_TAG for tag in found.values()):
        raise ValueError(f"A tag has at most {LONGEST_TAG} characters.")
    return list(found.values())
