"""The invariants as queries: each returns what must not exist. `wayfare doctor --invariants` runs them all.

They read whole tables: meant for a look now and then, for tests, and after a restore.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from store.types import sqlite_text

_SHOWN = 5
LAG = timedelta(minutes=5)
"""How long something may be due before it counts as lost, where everything else is healthy."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that always holds. `query` selects one text column that describes each breach."""

    id: str
    title: str
    query: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How often one invariant is broken, with the first examples in words."""

    invariant: Invariant
    breaches: int
    examples: tuple[str, ...]


_EDGE = {
    "postgresql": """EXISTS (SELECT 1 FROM jsonb_array_elements(v.graph -> 'edges') AS edge
        WHERE edge ->> 'from' = a.node AND edge ->> 'port' = a.port AND edge ->> 'to' = {target})""",
    "sqlite": """EXISTS (SELECT 1 FROM json_each(v.graph, '$.edges') AS edge
        WHERE json_extract(edge.value, '$.from') = a.node AND json_extract(edge.value, '$.port') = a.port
        AND json_extract(edge.value, '$.to') = {target})""",
}


_IN_HAND = {
    "postgresql": "SELECT unnest(ids) FROM claim",
    "sqlite": "SELECT value FROM claim, json_each(claim.ids)",
}


def invariants(dialect: str) -> tuple[Invariant, ...]:
    """Return the invariants in the words of one database."""
    edge, in_hand = _EDGE[dialect], _IN_HAND[dialect]
    return (
        Invariant(
            "I1",
            "No enrollment is lost: it is live and has an instant at which it is due, or it ended with a status",
            """SELECT 'enrollment ' || id || ' is ' || status || ' at ' || node FROM enrollment
            WHERE (status IN ('active', 'waiting') AND (wake_at IS NULL OR ended_at IS NOT NULL))
            OR (status IN ('completed', 'exited', 'failed', 'quarantined') AND ended_at IS NULL)
            OR status NOT IN ('active', 'waiting', 'parked', 'completed', 'exited', 'failed', 'quarantined')""",
        ),
        Invariant(
            "I1",
            "Every accepted event is matched soon",
            "SELECT 'event ' || id || ' of type ' || type || ' is not matched' FROM event "
            "WHERE matched_at IS NULL AND received_at < :overdue",
        ),
        Invariant(
            "I1",
            "Whoever is due in a running journey moves on soon",
            f"""SELECT 'enrollment ' || e.id || ' is overdue at ' || e.node FROM enrollment e
            JOIN journey j ON j.id = e.journey_id WHERE j.status IN ('live', 'closing')
            AND e.status IN ('active', 'waiting') AND e.wake_at < :overdue
            AND e.id NOT IN ({in_hand} WHERE lease_until >= :overdue)""",
        ),
        Invariant(
            "I2",
            "One effect has one key: a message a node, visit and channel, a code a node and visit",
            """SELECT 'message of enrollment ' || enrollment_id || ' at ' || node FROM message
            GROUP BY enrollment_id, node, visit, channel HAVING count(*) > 1
            UNION ALL SELECT 'code of enrollment ' || enrollment_id || ' at ' || node FROM code
            WHERE enrollment_id IS NOT NULL GROUP BY enrollment_id, node, visit HAVING count(*) > 1
            UNION ALL SELECT 'code with the same digest, last four ' || min(last4) FROM code
            GROUP BY digest HAVING count(*) > 1""",
        ),
        Invariant(
            "I2",
            "No effect without its step: whatever was sent or issued stands in the step log",
            """SELECT 'message ' || m.id FROM message m WHERE NOT EXISTS (SELECT 1 FROM step_log s
                WHERE s.enrollment_id = m.enrollment_id AND s.node = m.node AND s.visit = m.visit)
            UNION ALL SELECT 'code ' || c.id FROM code c WHERE c.enrollment_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM step_log s
                WHERE s.enrollment_id = c.enrollment_id AND s.node = c.node AND s.visit = c.visit)""",
        ),
        Invariant(
            "I4",
            "The steps of an enrollment are numbered without gaps, and it knows how many there are",
            """SELECT 'enrollment ' || e.id || ' took ' || count(s.seq) || ' steps and says ' || e.seq
            FROM enrollment e LEFT JOIN step_log s ON s.enrollment_id = e.id
            GROUP BY e.id, e.seq HAVING count(s.seq) <> e.seq OR coalesce(max(s.seq) + 1, 0) <> e.seq""",
        ),
        Invariant(
            "I4",
            "The steps of an enrollment form one path that its version's graph allows",
            f"""SELECT 'enrollment ' || a.enrollment_id || ' left ' || a.node || ' by ' || a.port || ' for ' || b.node
            FROM step_log a JOIN step_log b ON b.enrollment_id = a.enrollment_id AND b.seq = a.seq + 1
            JOIN journey_version v ON v.id = a.version_id
            WHERE b.version_id = a.version_id AND NOT {edge.format(target="b.node")}""",
        ),
        Invariant(
            "I4",
            "A live enrollment stands where its last step led",
            f"""SELECT 'enrollment ' || e.id || ' stands at ' || e.node || ' after ' || a.node || ' by ' || a.port
            FROM enrollment e JOIN step_log a ON a.enrollment_id = e.id AND a.seq = e.seq - 1
            JOIN journey_version v ON v.id = e.version_id
            WHERE e.status IN ('active', 'waiting', 'parked') AND a.version_id = e.version_id
            AND NOT {edge.format(target="e.node")}""",
        ),
        Invariant(
            "I5",
            "One owner at a time: no step was written twice under different numbers",
            """SELECT 'enrollment ' || enrollment_id || ' has step ' || seq || ' twice' FROM step_log
            GROUP BY enrollment_id, seq HAVING count(*) > 1""",
        ),
        Invariant(
            "I6",
            "Entered = active + waiting + parked + quarantined + completed + exited + failed, in every version",
            """SELECT 'version ' || e.version_id || ' has ' || count(*) || ' enrollments and counted ' || coalesce((
                SELECT sum(c.n) FROM step_count c
                WHERE c.version_id = e.version_id AND c.node = '' AND c.port = '@entered'), 0)
            FROM enrollment e GROUP BY e.version_id HAVING count(*) <> coalesce((SELECT sum(c.n) FROM step_count c
                WHERE c.version_id = e.version_id AND c.node = '' AND c.port = '@entered'), 0)
            UNION ALL SELECT 'version ' || e.version_id || ': ' || count(*) || ' are ' || e.status FROM enrollment e
            WHERE e.status IN ('completed', 'exited', 'failed', 'quarantined') GROUP BY e.version_id, e.status
            HAVING count(*) <> coalesce((SELECT sum(c.n) FROM step_count c
                WHERE c.version_id = e.version_id AND c.node = '' AND c.port = '@' || e.status), 0)""",
        ),
        Invariant(
            "I6",
            "The counters of nodes and ports equal the step log",
            """SELECT 'version ' || version_id || ': ' || node || ' by ' || port || ' is off by ' || sum(n) FROM (
                SELECT version_id, node, port, n FROM step_count WHERE node <> ''
                UNION ALL SELECT version_id, node, port, -count(*) FROM step_log GROUP BY version_id, node, port
            ) AS both_sides GROUP BY version_id, node, port HAVING sum(n) <> 0""",
        ),
        Invariant(
            "I7",
            "Every movement of money has postings, and they add up to nothing in each currency",
            """SELECT 'movement ' || j.id || ' (' || j.kind || ') is off by ' || coalesce(sum(p.amount), 0)
            FROM journal j LEFT JOIN posting p ON p.journal_id = j.id
            GROUP BY j.id, j.kind, p.currency HAVING count(p.id) < 2 OR sum(p.amount) <> 0""",
        ),
        Invariant(
            "I7",
            "Balance and reserved money of a certificate are the sums of its postings, and 0 ≤ them ≤ its face",
            """SELECT 'certificate ' || c.id || ' says ' || c.balance || ' and ' || c.held FROM certificate c
            WHERE c.balance < 0 OR c.held < 0 OR c.balance + c.held > c.face
            OR c.balance <> coalesce((SELECT sum(p.amount) FROM posting p
                WHERE p.account = 'certificate:' || c.id AND p.currency = c.currency), 0)
            OR c.held <> coalesce((SELECT sum(p.amount) FROM posting p
                WHERE p.account = 'held:' || c.id AND p.currency = c.currency), 0)
            OR c.held <> coalesce((SELECT sum(h.amount) FROM certificate_hold h
                WHERE h.certificate_id = c.id AND h.status = 'held'), 0)""",
        ),
        Invariant(
            "I7",
            "No value without exactly one issue, and no more than that was issued",
            """SELECT 'certificate ' || c.id || ' of ' || c.face || ' was issued ' || count(p.id) || ' times'
            FROM certificate c LEFT JOIN posting p ON p.account = 'certificate:' || c.id AND p.journal_id IN (
                SELECT j.id FROM journal j WHERE j.kind = 'issue')
            WHERE c.status <> 'inactive' GROUP BY c.id, c.face
            HAVING count(p.id) <> 1 OR coalesce(sum(p.amount), 0) <> c.face""",
        ),
        Invariant(
            "I7",
            "Money of certificates belongs to one that is known",
            """SELECT 'account ' || account FROM posting WHERE account LIKE 'certificate:%'
            AND account NOT IN (SELECT 'certificate:' || id FROM certificate)
            UNION SELECT 'account ' || account FROM posting WHERE account LIKE 'held:%'
            AND account NOT IN (SELECT 'held:' || id FROM certificate)""",
        ),
        Invariant(
            "I7",
            "Points are the sums of their entries, and what is left of gains is the balance that is above zero",
            """SELECT 'customer ' || a.customer_id || ' has ' || a.balance FROM points_account a
            WHERE a.balance <> coalesce((SELECT sum(e.amount) FROM points_entry e
                WHERE e.customer_id = a.customer_id), 0)
            OR coalesce((SELECT sum(l.remaining) FROM points_lot l WHERE l.customer_id = a.customer_id), 0)
                <> CASE WHEN a.balance > 0 THEN a.balance ELSE 0 END
            UNION ALL SELECT 'customer ' || e.customer_id || ' has no account' FROM points_entry e
            WHERE NOT EXISTS (SELECT 1 FROM points_account a WHERE a.customer_id = e.customer_id)""",
        ),
        Invariant(
            "I7",
            "A code is used and reserved at most as often as its batch allows, but for uses in receipts of tills "
            "that are known as conflicts",
            """SELECT 'code ' || c.id || ' of ' || b.key || ' is used ' || c.uses || ' times and reserved ' || c.held
            FROM code c JOIN code_batch b ON b.id = c.batch_id
            WHERE c.held < 0 OR c.uses < 0 OR c.uses + c.held > b.max_uses + coalesce((
                SELECT sum(x.excess) FROM receipt_conflict x WHERE x.code_id = c.id), 0)""",
        ),
        Invariant(
            "I7",
            "A counter of a limit is the sum of what orders did to it",
            """SELECT 'counter ' || c.name || ' says ' || c.used || ' and ' || c.reserved FROM usage_counter c
            LEFT JOIN usage_entry e ON e.counter_id = c.id GROUP BY c.id, c.name, c.used, c.reserved
            HAVING c.reserved <> coalesce(sum(CASE e.kind WHEN 'reserve' THEN e.amount
                WHEN 'confirm' THEN -e.amount WHEN 'release' THEN -e.amount ELSE 0 END), 0)
            OR c.used <> coalesce(sum(CASE e.kind WHEN 'confirm' THEN e.amount
                WHEN 'return' THEN -e.amount ELSE 0 END), 0)""",
        ),
        Invariant(
            "I7",
            "An order that is closed reserves nothing, and one that was paid gave back no more than it was paid",
            """SELECT 'redemption ' || r.id || ' is ' || r.status FROM redemption r
            WHERE r.refunded > r.payable OR (r.status IN ('confirmed', 'released', 'expired') AND EXISTS (
                SELECT 1 FROM usage_entry e WHERE e.redemption_id = r.id GROUP BY e.counter_id
                HAVING sum(CASE e.kind WHEN 'reserve' THEN e.amount
                    WHEN 'confirm' THEN -e.amount WHEN 'release' THEN -e.amount ELSE 0 END) <> 0))""",
        ),
        Invariant(
            "I10",
            "No timer fires before its instant",
            """SELECT 'enrollment ' || e.id || ' left a wait before its instant' FROM enrollment e
            JOIN step_log s ON s.enrollment_id = e.id AND s.seq = e.seq - 1 WHERE e.since > s.at""",
        ),
        Invariant(
            "I10",
            "A date of a customer that never changed fires at most once a year",
            """SELECT 'rule ' || a.rule || ' fired twice for customer ' || a.customer_id FROM occurrence a
            JOIN occurrence b ON b.rule = a.rule AND b.customer_id = a.customer_id AND b.local_date > a.local_date
            WHERE substr(a.local_date, 1, 4) = substr(b.local_date, 1, 4)
            AND NOT EXISTS (SELECT 1 FROM attribute_change h WHERE h.customer_id = a.customer_id
                AND (h.name = 'birthday' OR h.name LIKE 'attrs.%'))""",
        ),
    )


def look(conn: Connection, *, now: datetime) -> list[Finding]:
    """Check every invariant; return how each stands."""
    overdue: Any = now - LAG
    if conn.dialect.name == "sqlite":
        overdue = sqlite_text(overdue)
    return [_look(conn, one, {"overdue": overdue}) for one in invariants(conn.dialect.name)]


def _look(conn: Connection, one: Invariant, values: Mapping[str, Any]) -> Finding:
    used = {name: value for name, value in values.items() if f":{name}" in one.query}
    total = conn.execute(text(f"SELECT count(*) FROM ({one.query}) AS found"), used).scalar_one()
    examples: tuple[str, ...] = ()
    if total:
        rows = conn.execute(text(f"SELECT * FROM ({one.query}) AS found LIMIT {_SHOWN}"), used)
        examples = tuple(str(row[0]) for row in rows)
    return Finding(one, total, examples)
