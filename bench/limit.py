"""The limit: the same journey as SQL that is written by hand for it and can do nothing else.

The same tables, the same rows, step log and counters included, fused from wait to wait: one statement claims and
writes. What it leaves out: facts chosen at run time, checks of answers, sealing of variables, codes from a secure source
with a keyed digest (it takes sha256 of a random uuid), fencing after a claim, because one transaction does all.
"""

from datetime import datetime, timedelta

import psycopg

_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM enrollment WHERE version_id = 1 AND status IN ('active', 'waiting') AND wake_at <= %(now)s
    AND attempts = 0 AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY wake_at, id LIMIT %(n)s FOR UPDATE SKIP LOCKED),
"""

FIRST = (
    _CLAIM
    + """
here AS MATERIALIZED (
    SELECT e.id, e.customer_id, e.since, CASE WHEN c.country = 'UA' THEN 'n3' ELSE 'n4' END AS send,
           CASE WHEN c.country = 'UA' THEN 'ua' ELSE 'else' END AS port, c.first_name
    FROM due JOIN enrollment e ON e.id = due.id JOIN customer c ON c.id = e.customer_id),
steps AS (
    INSERT INTO step_log (enrollment_id, node, visit, seq, version_id, port, at)
    SELECT id, v.node, 0, v.seq, 1, v.port, %(now)s FROM here,
    LATERAL (VALUES ('n1', 0, 'next'), ('n2', 1, here.port), (here.send, 2, 'next')) AS v(node, seq, port)),
messages AS (
    INSERT INTO message (enrollment_id, node, visit, channel, customer_id, version_id, purpose, priority, status,
                         created_at, due_at, attempts, variables)
    SELECT id, send, 0, 'email', customer_id, 1, 'marketing', 5, 'pending', %(now)s, %(now)s, 0,
           convert_to(json_build_object('first_name', first_name)::text, 'UTF8') FROM here),
counts AS (
    INSERT INTO step_count (version_id, node, port, day, n)
    SELECT 1, v.node, v.port, '2026-01-01', count(*) FROM here,
    LATERAL (VALUES ('n1', 'next'), ('n2', here.port), (here.send, 'next')) AS v(node, port) GROUP BY v.node, v.port)
UPDATE enrollment e SET status = 'waiting', node = 'n5', seq = 3, wake_at = here.since + interval '1 day',
    lease_token = NULL, lease_until = NULL FROM here WHERE e.id = here.id
"""
)

SECOND = (
    _CLAIM
    + """
here AS MATERIALIZED (
    SELECT e.id, e.customer_id, e.wake_at, c.first_name, gen_random_uuid()::text AS code, c.phone
    FROM due JOIN enrollment e ON e.id = due.id JOIN customer c ON c.id = e.customer_id),
steps AS (
    INSERT INTO step_log (enrollment_id, node, visit, seq, version_id, port, at)
    SELECT id, v.node, 0, v.seq, 1, 'next', %(now)s FROM here,
    LATERAL (VALUES ('n5', 3), ('n6', 4), ('n7', 5)) AS v(node, seq)),
codes AS (
    INSERT INTO code (batch_id, digest, last4, status, customer_id, phone_digest, enrollment_id, node, visit, issued_at)
    SELECT 1, sha256(code::bytea), right(code, 4), 'issued', customer_id, sha256(phone::bytea), id, 'n6', 0, %(now)s
    FROM here),
messages AS (
    INSERT INTO message (enrollment_id, node, visit, channel, customer_id, version_id, purpose, priority, status,
                         created_at, due_at, attempts, variables)
    SELECT id, 'n7', 0, 'email', customer_id, 1, 'marketing', 5, 'pending', %(now)s, %(now)s, 0,
           convert_to(json_build_object('first_name', first_name, 'code', code)::text, 'UTF8') FROM here),
counts AS (
    INSERT INTO step_count (version_id, node, port, day, n)
    SELECT 1, v.node, 'next', '2026-01-02', count(*) FROM here, (VALUES ('n5'), ('n6'), ('n7')) AS v(node)
    GROUP BY v.node)
UPDATE enrollment e SET status = 'completed', node = 'n7', seq = 6, since = here.wake_at, wake_at = NULL,
    ended_at = %(now)s, lease_token = NULL, lease_until = NULL FROM here WHERE e.id = here.id
"""
)


def work(dsn: str, now: datetime, batch: int, first: bool) -> int:
    """Walk one leg until nothing is due; return how many enrollments."""
    done = 0
    with psycopg.connect(dsn) as conn:
        while True:
            moved = conn.execute(FIRST if first else SECOND, {"now": now, "n": batch}).rowcount
            conn.commit()
            if not moved:
                return done
            done += moved


def legs(start: datetime) -> list[tuple[datetime, bool]]:
    """Return the instants of the two legs of the journey, and whether each is the first."""
    return [(start + timedelta(seconds=1), True), (start + timedelta(days=2), False)]
