"""Journeys on their shelf: names and keys in use, tags, and drafts that nobody published taken away."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, delete, insert, select, text
from sqlmodel import col

from store.bulk import id_list, in_ids
from store.tables import DraftEdit, DraftPresence, Journey, JourneyTag, NodeMemory


def names_and_keys(conn: Connection) -> dict[str, str]:
    """Return the name of every journey by key."""
    return {row[0]: row[1] for row in conn.execute(select(col(Journey.key), col(Journey.name)))}


def tags(conn: Connection, journey_ids: Collection[int] | None = None) -> dict[int, list[str]]:
    """Return the tags of these journeys, or of all, in the order of the alphabet."""
    query = select(col(JourneyTag.journey_id), col(JourneyTag.tag)).order_by(col(JourneyTag.tag))
    if journey_ids is not None:
        query = query.where(col(JourneyTag.journey_id).in_(sorted(journey_ids)))
    found: dict[int, list[str]] = defaultdict(list)
    for id, tag in conn.execute(query):
        found[id].append(tag)
    return found


def set_tags(conn: Connection, journey_id: int, wanted: Iterable[str]) -> None:
    """Give a journey these tags and no others."""
    conn.execute(delete(JourneyTag).where(col(JourneyTag.journey_id) == journey_id))
    rows = [{"journey_id": journey_id, "tag": tag} for tag in dict.fromkeys(wanted)]
    if rows:
        conn.execute(insert(JourneyTag), rows)


def add_tag(conn: Connection, journey_ids: Collection[int], tag: str) -> None:
    """Give journeys one more tag; those that have it already stay as they are."""
    conn.execute(
        text(
            f"""INSERT INTO journey_tag (journey_id, tag) SELECT id, :tag FROM journey WHERE {in_ids(conn, "id")}
            ON CONFLICT DO NOTHING"""
        ),
        {"tag": tag, "ids": id_list(conn, sorted(journey_ids))},
    )


def remove_draft(conn: Connection, journey_id: int) -> bool:
    """Remove a journey that was never published, with all that hangs on its draft; say whether it was one."""
    is_published = conn.execute(
        text("SELECT EXISTS (SELECT 1 FROM journey_version WHERE journey_id = :id)"), {"id": journey_id}
    ).scalar_one()
    if is_published:
        return False
    for table in (DraftEdit, DraftPresence, JourneyTag, NodeMemory):
        conn.execute(delete(table).where(col(table.journey_id) == journey_id))
    return bool(conn.execute(delete(Journey).where(col(Journey.id) == journey_id)).rowcount)
