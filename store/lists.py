"""Static lists: who is on them, and who was."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import array_literal, id_list, in_ids, in_texts, insert_rows, raw_cursor, text_list
from store.dirty import mark_dirty
from store.types import sqlite_text


def list_ids(conn: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return the ids of lists by key."""
    rows = conn.execute(
        text(f"SELECT key, id FROM customer_list WHERE {in_texts(conn, 'key', 'keys')}"),
        {"keys": text_list(conn, sorted(set(keys)))},
    )
    return {row[0]: row[1] for row in rows}


def add_lists(conn: Connection, keys: Collection[str], *, now: datetime) -> None:
    """Make the lists that do not exist yet. The caller holds a lock, so nobody else makes the same ones."""
    missing = sorted(set(keys) - list_ids(conn, keys).keys()) if keys else []
    insert_rows(conn, "customer_list", ("key", "name", "created_at"), [(key, key, now) for key in missing])


def change_lists(
    conn: Connection, changes: Sequence[tuple[int, int, bool]], *, now: datetime, depths: Mapping[int, int]
) -> int:
    """Put customers on lists or take them off, each (list, customer, on); the last word on a pair counts.

    Return how many memberships changed. The history gets a stay's beginning and end; the customers concerned are marked
    for the segments, with the depth of what led here. Erased customers are not put on lists.
    """
    if not changes:
        return 0
    wanted = {(list_id, customer): on for list_id, customer, on in changes}
    customers = {pair[1] for pair in wanted}
    lock = "" if conn.dialect.name == "sqlite" else " FOR NO KEY UPDATE"
    alive = {
        row[0]
        for row in conn.execute(
            text(f"SELECT id FROM customer WHERE {in_ids(conn, 'id')} AND erased_at IS NULL ORDER BY id{lock}"),
            {"ids": id_list(conn, sorted(customers))},
        )
    }
    rows = conn.execute(
        text(
            f"""SELECT list_id, customer_id FROM list_member WHERE {in_ids(conn, "customer_id")}
            AND {in_ids(conn, "list_id", "lists")}"""
        ),
        {"ids": id_list(conn, sorted(customers)), "lists": id_list(conn, sorted({pair[0] for pair in wanted}))},
    )
    present = {(row[0], row[1]) for row in rows}
    come = sorted(pair for pair, on in wanted.items() if on and pair not in present and pair[1] in alive)
    gone = sorted(pair for pair, on in wanted.items() if not on and pair in present)
    insert_rows(conn, "list_member", ("list_id", "customer_id", "since"), [(*pair, now) for pair in come])
    insert_rows(conn, "list_span", ("list_id", "customer_id", "from_at"), [(*pair, now) for pair in come])
    _take_off(conn, gone, now)
    moved = {pair[1] for pair in (*come, *gone)}
    mark_dirty(conn, moved, now, depths={id: depths.get(id, 0) for id in moved})
    return len(come) + len(gone)


def _take_off(conn: Connection, gone: Sequence[tuple[int, int]], now: datetime) -> None:
    if not gone:
        return
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.executemany("DELETE FROM list_member WHERE list_id = ? AND customer_id = ?", gone)
        cursor.executemany(
            "UPDATE list_span SET until_at = ? WHERE list_id = ? AND customer_id = ? AND until_at IS NULL",
            [(sqlite_text(now), *pair) for pair in gone],
        )
        return
    pairs = [array_literal(column) for column in zip(*gone, strict=True)]
    cursor.execute(
        """DELETE FROM list_member m USING unnest(%s::bigint[], %s::bigint[]) AS g(list, customer)
        WHERE m.list_id = g.list AND m.customer_id = g.customer""",
        pairs,
    )
    cursor.execute(
        """UPDATE list_span s SET until_at = %s FROM unnest(%s::bigint[], %s::bigint[]) AS g(list, customer)
        WHERE s.list_id = g.list AND s.customer_id = g.customer AND s.until_at IS NULL""",
        [now, *pairs],
    )
