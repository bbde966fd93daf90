"""Who uses a segment, and taking one away that nobody uses any more."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, delete, select

from store.tables import metadata

JOURNEY, VERSION, SEGMENT = (metadata.tables[name] for name in ("journey", "journey_version", "segment"))
_OWNED = ("segment_member", "segment_span")


def graphs_naming(conn: Connection, key: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return (key, name, status, graph) of drafts and versions that hold this text: the caller looks closer.

    Versions count while their journey runs, because customers stay on the version that they entered.
    """
    found = []
    drafts = select(JOURNEY.c.key, JOURNEY.c.name, JOURNEY.c.status, JOURNEY.c.draft).where(
        JOURNEY.c.status != "archived", _holds(JOURNEY.c.draft, key)
    )
    versions = (
        select(JOURNEY.c.key, JOURNEY.c.name, JOURNEY.c.status, VERSION.c.graph)
        .join(VERSION, VERSION.c.journey_id == JOURNEY.c.id)
        .where(JOURNEY.c.status.in_(("live", "paused", "closing")), _holds(VERSION.c.graph, key))
    )
    for query in (drafts, versions):
        found += [(row[0], row[1], row[2], row[3]) for row in conn.execute(query)]
    return found


def delete_segment(conn: Connection, id: int) -> None:
    """Remove a segment with its members and their history. What happened because of it stays in the events."""
    for name in _OWNED:
        rows = metadata.tables[name]
        conn.execute(delete(rows).where(rows.c.segment_id == id))
    conn.execute(delete(SEGMENT).where(SEGMENT.c.id == id))


def _holds(column: Any, key: str) -> ColumnElement[bool]:
    return cast(column, String).contains(f'"{key}"', autoescape=True)
