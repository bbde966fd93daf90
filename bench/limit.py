"""The limit: the same journey as SQL that is written by hand for it and can do nothing else.

The same tables, the same rows, step log and counters included, fused from wait to wait: one statement claims, moves
and writes. What it leaves out: facts chosen at run time, checks of answers, sealing of variables, codes from a secure
source with a keyed digest (it takes sha256 of a random uuid), and a claim of its own, because one transaction does all.

Tried and not faster: inserting from the joined rows and updating last; separate statements over a temporary table.
"""

import psycopg

from bench.contest import Walker
from bench.journey import Leg

_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM enrollment WHERE version_id = 1 AND status IN ('active', 'waiting') AND wake_at <= %(now)s
    AND attempts = 0 ORDER BY wake_at, id LIMIT %(n)s FOR NO KEY UPDATE SKIP LOCKED),
"""
FIRST = (
    _CLAIM
    + """
here AS (
    UPDATE enrollment e SET status = 'waiting', node = 'n5', seq = 3, wake_at = e.since + interval '1 day'
    FROM due, customer c WHERE e.id = due.id AND c.id = e.customer_id
    RETURNING e.id, e.customer_id, c.first_name, CASE WHEN c.country = 'UA' THEN 'n3' ELSE 'n4' END AS send,
           CASE WHEN c.country = 'UA' THEN 'ua' ELSE 'else' END AS port),
steps AS (
    INSERT INTO step_log (enrollment_id, node, visit, seq, version_id, port, at)
    SELECT id, v.node, 0, v.seq, 1, v.port, %(now)s FROM here,
    LATERAL (VALUES ('n1', 0, 'next'), ('n2', 1, here.port), (here.send, 2, 'next')) AS v(node, seq, port)),
messages AS (
    INSERT INTO message (enrollment_id, node, visit, channel, customer_id, version_id, purpose, priority, status,
                         created_at, due_at, attempts, variables)
    SELECT id, send, 0, 'email', customer_id, 1, 'marketing', 5, 'pending', %(now)s, %(now)s, 0,
           convert_to(json_build_object('first_name', first_name)::text, 'UTF8') FROM here),
counted AS (
    INSERT INTO step_count (version_id, node, port, day, n)
    SELECT 1, v.node, v.port, '2026-01-01', sum(n)
    FROM (SELECT send, port, count(*) AS n FROM here GROUP BY send, port) g,
    LATERAL (VALUES ('n1', 'next'), ('n2', g.port), (g.send, 'next')) AS v(node, port) GROUP BY v.node, v.port)
SELECT count(*) FROM here
"""
)

SECOND = (
    _CLAIM
    + """
here AS (
    UPDATE enrollment e SET status = 'completed', node = 'n7', seq = 6, since = e.wake_at, wake_at = NULL,
    ended_at = %(now)s
    FROM due, customer c WHERE e.id = due.id AND c.id = e.customer_id
    RETURNING e.id, e.customer_id, c.first_name, gen_random_uuid()::text AS code, c.phone),
steps AS (
    INSERT INTO step_log (enrollment_id, node, visit, seq, version_id, port, at)
    SELECT id, v.node, 0, v.seq, 1, 'next', %(now)s FROM here,
    (VALUES ('n5', 3), ('n6', 4), ('n7', 5)) AS v(node, seq)),
codes AS (
    INSERT INTO code (batch_id, digest, last4, status, customer_id, phone_digest, enrollment_id, node, visit, issued_at)
    SELECT 1, sha256(code::bytea), right(code, 4), 'issued', customer_id, sha256(phone::bytea), id, 'n6', 0, %(now)s
    FROM here),
messages AS (
    INSERT INTO message (enrollment_id, node, visit, channel, customer_id, version_id, purpose, priority, status,
                         created_at, due_at, attempts, variables)
    SELECT id, 'n7', 0, 'email', customer_id, 1, 'marketing', 5, 'pending', %(now)s, %(now)s, 0,
           convert_to(json_build_object('first_name', first_name, 'code', code)::text, 'UTF8') FROM here),
counted AS (
    INSERT INTO step_count (version_id, node, port, day, n)
    SELECT 1, v.node, 'next', '2026-01-02', n FROM (SELECT count(*) AS n FROM here) g,
    (VALUES ('n5'), ('n6'), ('n7')) AS v(node) WHERE n > 0)
SELECT count(*) FROM here
"""
)


def prepare(url: str, leg: Leg, batch: int) -> Walker:
    """Open a connection; plans are kept from the fifth batch on."""
    conn = psycopg.connect(url, options="-c jit=off")
    statement = FIRST if leg.first else SECOND

    def walk() -> int:
        row = conn.execute(statement, {"now": leg.now, "n": batch}).fetchone()
        conn.commit()
        return 0 if row is None else int(row[0])

    return walk
