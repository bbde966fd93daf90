"""Repairs that a healthy system never needs, and house-keeping. Each repair is counted."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from store.bulk import in_texts, text_list
from store.types import sqlite_text

_KEEP_ATTEMPTS = timedelta(days=2)


def count_repair(conn: Connection, name: str, n: int, now: datetime) -> None:
    """Add to the count of one kind of repair."""
    if n:
        moment = sqlite_text(now) if conn.dialect.name == "sqlite" else now
        conn.execute(
            text(
                """INSERT INTO repair_count (name, n, last_at) VALUES (:name, :n, :at)
                ON CONFLICT (name) DO UPDATE SET n = repair_count.n + :n, last_at = :at"""
            ),
            {"name": name, "n": n, "at": moment},
        )


def repairs(conn: Connection) -> dict[str, int]:
    """Return how often each kind of repair was made since the beginning."""
    return {row[0]: row[1] for row in conn.execute(text("SELECT name, n FROM repair_count WHERE n > 0 ORDER BY name"))}


def parked_versions(conn: Connection) -> list[int]:
    """Return the versions on which enrollments are parked because a node type is missing."""
    rows = conn.execute(
        text("SELECT DISTINCT version_id FROM enrollment WHERE status = 'parked' AND reason LIKE 'type_missing:%'")
    )
    return [row[0] for row in rows]


def unpark(conn: Connection, version_id: int, nodes: Iterable[str]) -> int:
    """Let enrollments go on that are parked at nodes whose type is back; return how many."""
    changed = conn.execute(
        text(
            f"""UPDATE enrollment SET status = 'active', reason = NULL, attempts = 0
            WHERE version_id = :version AND status = 'parked' AND reason LIKE 'type_missing:%'
            AND {in_texts(conn, "node", "nodes")}"""
        ),
        {"version": version_id, "nodes": text_list(conn, nodes)},
    )
    return int(changed.rowcount)


def fold_counts(conn: Connection) -> int:
    """Fold the deltas of step counters into one row each; return how many rows went."""
    last = conn.execute(text("SELECT max(id) FROM step_count")).scalar_one_or_none()
    if last is None:
        return 0
    groups = conn.execute(
        text(
            """SELECT version_id, node, port, day, sum(n), count(*) FROM step_count WHERE id <= :last
            GROUP BY version_id, node, port, day HAVING count(*) > 1"""
        ),
        {"last": last},
    ).all()
    if not groups:
        return 0
    conn.execute(
        text(
            """DELETE FROM step_count WHERE id <= :last AND EXISTS (SELECT 1 FROM step_count o
            WHERE o.version_id = step_count.version_id AND o.node = step_count.node AND o.port = step_count.port
            AND o.day = step_count.day AND o.id <= :last AND o.id <> step_count.id)"""
        ),
        {"last": last},
    )
    conn.execute(
        text("INSERT INTO step_count (version_id, node, port, day, n) VALUES (:v, :node, :port, :day, :n)"),
        [{"v": v, "node": node, "port": port, "day": day, "n": int(n)} for v, node, port, day, n, _ in groups],
    )
    return sum(int(row[5]) for row in groups) - len(groups)


def forget_old(conn: Connection, now: datetime) -> int:
    """Delete answers to idempotent requests and failed sign-ins that are older than two days."""
    before = now - _KEEP_ATTEMPTS
    moment = sqlite_text(before) if conn.dialect.name == "sqlite" else before
    gone = conn.execute(text("DELETE FROM idempotency WHERE created_at < :before"), {"before": moment}).rowcount
    return int(gone + conn.execute(text("DELETE FROM login_attempt WHERE at < :before"), {"before": moment}).rowcount)
