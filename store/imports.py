"""How far imports of files came."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text, update

from store.bulk import insert_new
from store.tables import metadata

RUN = metadata.tables["import_run"]


@dataclass(slots=True)
class Run:
    """One file read as one kind of thing. `rows` are finished; they made `done` new things and found `known` ones."""

    id: int
    rows: int
    done: int
    known: int
    refused: int
    is_ended: bool


def begin_import(conn: Connection, kind: str, digest: bytes, *, now: datetime, again: bool = False) -> Run:
    """Return how far the import of a file came; `again` starts at the first row."""
    columns = (
        ("kind", "text"),
        ("digest", "bytea"),
        *((name, "bigint") for name in ("rows", "done", "known", "refused")),
        ("started_at", "timestamptz"),
        ("updated_at", "timestamptz"),
    )
    insert_new(conn, "import_run", columns, [(kind, digest, 0, 0, 0, 0, now, now)])
    mine = (RUN.c.kind == kind, RUN.c.digest == digest)
    if again:
        fresh = {"rows": 0, "done": 0, "known": 0, "refused": 0, "started_at": now, "ended_at": None}
        conn.execute(update(RUN).where(*mine).values(**fresh))
    columns_read = (RUN.c.id, RUN.c.rows, RUN.c.done, RUN.c.known, RUN.c.refused, RUN.c.ended_at)
    row = conn.execute(select(*columns_read).where(*mine)).one()
    return Run(row.id, row.rows, row.done, row.known, row.refused, row.ended_at is not None)


def note_import(conn: Connection, run: Run, *, now: datetime) -> None:
    """Remember how far an import came."""
    values = {"rows": run.rows, "done": run.done, "known": run.known, "refused": run.refused, "updated_at": now}
    conn.execute(update(RUN).where(RUN.c.id == run.id).values(**values, ended_at=now if run.is_ended else None))


def refresh_statistics(conn: Connection, tables: tuple[str, ...]) -> None:
    """Let the planner see what a large load brought; on stale statistics joins fall to a twentieth of their speed."""
    for table in tables:
        conn.execute(text(f"ANALYZE {table}"))
