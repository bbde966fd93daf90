"""Codes and certificates that their customers may never have seen: which passages hold one, and what becomes of it.

Whoever ends a message or a passage notes the doubt in the same transaction; the sweep decides once the passage has
ended and no message is under way.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids
from store.types import sqlite_text

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Doubt:
    """One passage that has ended, with its codes that nobody used and the states of its messages by node.

    `codes` are (id, whether it goes back to its pool).
    """

    enrollment_id: int
    version_id: int
    codes: Sequence[tuple[int, bool]]
    messages: Sequence[tuple[str, str]]


def note(conn: Connection, enrollment_ids: Iterable[int], now: datetime) -> None:
    """Note passages whose customer may not have seen the code; those that were given none are left out."""
    wanted = sorted(set(enrollment_ids))
    if wanted:
        mine = in_ids(conn, "enrollment_id")
        given = f"""SELECT enrollment_id, :now FROM (SELECT enrollment_id FROM code WHERE {mine}
            UNION SELECT enrollment_id FROM certificate WHERE {mine}) AS given WHERE true"""
        _insert(conn, given, wanted, now)


def note_holding(conn: Connection, enrollment_ids: Collection[int], now: datetime) -> None:
    """Note live passages that hold a code in hand and are about to end."""
    if enrollment_ids:
        where = f"{in_ids(conn, 'id')} AND secrets IS NOT NULL AND status IN ('active', 'waiting', 'parked')"
        _insert(conn, f"SELECT id, :now FROM enrollment WHERE {where}", enrollment_ids, now)


def ended(conn: Connection, after: int = 0) -> list[Doubt]:
    """Return the next doubts, in the order of enrollments after `after`, whose passage has ended."""
    rows = conn.execute(
        text(
            """SELECT d.enrollment_id, e.version_id FROM code_doubt d JOIN enrollment e ON e.id = d.enrollment_id
            WHERE e.status IN ('completed', 'exited', 'failed') AND d.enrollment_id > :after
            ORDER BY d.enrollment_id LIMIT :page"""
        ),
        {"after": after, "page": _PAGE},
    ).all()
    if not rows:
        return []
    ids = {"ids": id_list(conn, [row[0] for row in rows])}
    codes: dict[int, list[tuple[int, bool]]] = {}
    unused = conn.execute(
        text(
            f"""SELECT c.enrollment_id, c.id, b.on_failed_send, c.sealed_text IS NOT NULL
            FROM code c JOIN code_batch b ON b.id = c.batch_id
            WHERE {in_ids(conn, "c.enrollment_id")} AND c.status IN ('issued', 'activated') AND c.uses + c.held = 0
            ORDER BY c.id"""
        ),
        ids,
    )
    for enrollment, code, rule, has_text in unused:
        codes.setdefault(enrollment, []).append((code, rule == "return" and bool(has_text)))
    messages: dict[int, list[tuple[str, str]]] = {}
    said = conn.execute(
        text(f"SELECT enrollment_id, node, status FROM message WHERE {in_ids(conn, 'enrollment_id')}"), ids
    )
    for enrollment, node, status in said:
        messages.setdefault(enrollment, []).append((node, status))
    return [Doubt(row[0], row[1], codes.get(row[0], ()), messages.get(row[0], ())) for row in rows]


def settle(
    conn: Connection, decided: Collection[int], *, void: Collection[int], back: Collection[int]
) -> tuple[int, int]:
    """Forget doubts that are decided, void codes, and put codes back into their pools as if nobody had had them."""
    changed = []
    fresh = """status = 'free', enrollment_id = NULL, node = NULL, visit = 0, customer_id = NULL, phone_digest = NULL,
        valid_from = NULL, valid_until = NULL, activated_at = NULL"""
    for ids, change in ((void, "status = 'void', sealed_text = NULL"), (back, fresh)):
        unused = f"{in_ids(conn, 'id')} AND status IN ('issued', 'activated') AND uses + held = 0"
        query = text(f"UPDATE code SET {change} WHERE {unused}")
        changed.append(int(conn.execute(query, {"ids": id_list(conn, ids)}).rowcount) if ids else 0)
    if decided:
        gone = text(f"DELETE FROM code_doubt WHERE {in_ids(conn, 'enrollment_id')}")
        conn.execute(gone, {"ids": id_list(conn, decided)})
    return changed[0], changed[1]


def _insert(conn: Connection, query: str, ids: Iterable[int], now: datetime) -> None:
    at = sqlite_text(now) if conn.dialect.name == "sqlite" else now
    typed = query.replace(":now", "CAST(:now AS timestamptz)") if conn.dialect.name == "postgresql" else query
    conn.execute(
        text(f"INSERT INTO code_doubt (enrollment_id, since) {typed} ON CONFLICT DO NOTHING"),
        {"ids": id_list(conn, ids), "now": at},
    )
