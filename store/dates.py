"""Date triggers in SQL: the zones in use, whose day it is, and that a day fires once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, in_texts, raw_cursor, text_list
from store.types import sqlite_text


def zones_in_use(conn: Connection) -> list[str]:
    """Return the distinct time zones of all customers; '' stands for none.

    Jumps from zone to zone along ix_customer_zone_birthday, so the cost is one probe a zone and not a scan.
    """
    rows = conn.execute(
        text(
            """WITH RECURSIVE zone(name) AS (
                SELECT min(time_zone) FROM customer
                UNION ALL SELECT (SELECT min(time_zone) FROM customer WHERE time_zone > zone.name)
                FROM zone WHERE zone.name IS NOT NULL)
            SELECT name FROM zone WHERE name IS NOT NULL
            UNION SELECT '' WHERE EXISTS (SELECT 1 FROM customer WHERE time_zone IS NULL)"""
        )
    )
    return sorted(row[0] for row in rows)


def customers_on(
    conn: Connection,
    zone: str,
    fact: str,
    days: Sequence[str],
    *,
    rule: str,
    local_date: str,
    every_year: bool,
    limit: int,
) -> list[int]:
    """Return up to `limit` customers of a zone whose date falls on one of `days`, and for whom `rule` has not fired.

    `days` are month-days as MMDD without leading zero for birthdays ("229"), MM-DD or whole dates for attributes.
    """
    sqlite = conn.dialect.name == "sqlite"
    parameters: dict[str, object] = {"rule": rule, "date": local_date, "limit": limit, "zone": zone}
    if fact == "birthday" and every_year:
        matches = in_ids(conn, "c.birthday_md", "days")
        parameters["days"] = id_list(conn, (int(day) for day in days))
    else:
        value = _date_text(sqlite, fact)
        matches = in_texts(conn, f"substr({value}, 6, 5)" if every_year else value, "days")
        parameters["days"] = text_list(conn, days)
        parameters["name"] = fact.removeprefix("attrs.")
    place = "c.time_zone = :zone" if zone else "(c.time_zone IS NULL OR c.time_zone = :zone)"
    rows = conn.execute(
        text(
            f"""SELECT c.id FROM customer c WHERE {place} AND {matches} AND c.erased_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM occurrence o
                WHERE o.rule = :rule AND o.customer_id = c.id AND o.local_date = :date)
            ORDER BY c.id LIMIT :limit"""
        ),
        parameters,
    )
    return [row[0] for row in rows]


def _date_text(sqlite: bool, fact: str) -> str:
    if fact == "birthday":
        return "CAST(c.birthday AS text)"
    if sqlite:
        return "CASE json_type(c.attributes, '$.\"' || :name || '\"') WHEN 'text' THEN " + (
            "json_extract(c.attributes, '$.\"' || :name || '\"') END"
        )
    return "CASE jsonb_typeof(c.attributes -> :name) WHEN 'string' THEN c.attributes ->> :name END"


def customers_in(
    conn: Connection, zone: str, segment: str | None, *, rule: str, local_date: str, after: int, limit: int
) -> list[int]:
    """Return up to `limit` customers of a zone, with ids above `after`, who are in a segment (or everyone) and for whom
    `rule` has not fired on that date; in the order of their ids.
    """
    place = "c.time_zone = :zone" if zone else "(c.time_zone IS NULL OR c.time_zone = :zone)"
    source, column = "customer c", "c.id"
    parameters: dict[str, object] = {"zone": zone, "rule": rule, "date": local_date, "after": after, "limit": limit}
    if segment is not None:
        source = "segment s JOIN segment_member m ON m.segment_id = s.id JOIN customer c ON c.id = m.customer_id"
        place, column = f"s.key = :segment AND {place}", "m.customer_id"
        parameters["segment"] = segment
    rows = conn.execute(
        text(
            f"""SELECT c.id FROM {source} WHERE {place} AND {column} > :after AND c.erased_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM occurrence o
                WHERE o.rule = :rule AND o.customer_id = c.id AND o.local_date = :date)
            ORDER BY {column} LIMIT :limit"""
        ),
        parameters,
    )
    return [row[0] for row in rows]


def note_occurrences(conn: Connection, rule: str, customers: Iterable[int], local_date: str, at: datetime) -> list[int]:
    """Note that a rule fires for customers on a local date; return those for whom it had not fired yet."""
    ids = sorted(set(customers))
    if not ids:
        return []
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        cursor.execute(
            """INSERT OR IGNORE INTO occurrence (rule, customer_id, local_date, at)
            SELECT ?, value, ?, ? FROM json_each(?) RETURNING customer_id""",
            (rule, local_date, sqlite_text(at), id_list(conn, ids)),
        )
    else:
        cursor.execute(
            """INSERT INTO occurrence (rule, customer_id, local_date, at)
            SELECT %s, id, %s, %s FROM unnest(%s::bigint[]) AS id ON CONFLICT DO NOTHING RETURNING customer_id""",
            (rule, local_date, at, id_list(conn, ids)),
        )
    return sorted(row[0] for row in cursor.fetchall())
