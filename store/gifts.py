"""Certificates that journeys give away: a whole batch in three statements, with their postings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.bulk import id_list, in_ids, insert_rows
from store.types import instant_of, sqlite_text

_COLUMNS = (
    *("enrollment_id", "visit", "number_digest", "last4", "secret_digest", "phone_digest", "valid_until"),
    *("node", "kind", "currency", "face", "balance", "held", "status", "created_at", "activated_at"),
    *("password_tries", "tries"),
)
_KEY = "'issue:journey:' || c.enrollment_id || ':' || c.node || ':' || c.visit"


@dataclass(frozen=True, slots=True)
class NewCertificates:
    """Certificates of one node. Rows are (enrollment, visit, digest of the number, its last four, digest of the secret,
    digest of the phone, valid until).
    """

    node: str
    amount: int
    currency: str
    rows: Sequence[tuple[int, int, bytes, str, bytes, bytes, datetime | None]]


def write_certificates(conn: Connection, groups: Sequence[NewCertificates], *, now: datetime, by: str) -> None:
    """Issue certificates with a movement of the ledger each, from the account `marketing`; their effect key is unique.

    The movements are those of certificates of these enrollments that have none yet: of this very call.
    """
    if not groups:
        return
    rows = [
        (*row, group.node, "egift", group.currency, group.amount, group.amount, 0, "active", now, now, 0, 0)
        for group in groups
        for row in group.rows
    ]
    insert_rows(conn, "certificate", _COLUMNS, rows)
    fresh = f"""{in_ids(conn, "c.enrollment_id")}
        AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.account = 'certificate:' || c.id)"""
    sqlite = conn.dialect.name == "sqlite"
    given = {"ids": id_list(conn, sorted({row[0] for row in rows}))}
    moment = "CAST(:now AS timestamptz)" if not sqlite else ":now"
    conn.execute(
        text(
            f"""INSERT INTO journal (key, kind, at, by) SELECT {_KEY}, 'issue', {moment}, CAST(:by AS varchar)
            FROM certificate c WHERE {fresh} ORDER BY c.id"""
        ),
        given | {"now": sqlite_text(now) if sqlite else now, "by": by[:320]},
    )
    conn.execute(
        text(
            f"""INSERT INTO posting (journal_id, account, currency, amount)
            SELECT j.id, CASE s.sign WHEN 1 THEN 'certificate:' || c.id ELSE 'marketing' END, c.currency,
            s.sign * c.face FROM certificate c JOIN journal j ON j.key = {_KEY}
            CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) s WHERE {fresh} ORDER BY c.id, s.sign DESC"""
        ),
        given,
    )


def unspent(conn: Connection, enrollment_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return by enrollment the certificates that journeys gave and of which nothing was spent or set aside."""
    rows = conn.execute(
        text(
            f"""SELECT c.enrollment_id, c.id FROM certificate c WHERE {in_ids(conn, "c.enrollment_id")}
            AND c.status = 'active' AND c.balance = c.face AND c.held = 0 ORDER BY c.id"""
        ),
        {"ids": id_list(conn, sorted(set(enrollment_ids)))},
    )
    found: dict[int, list[int]] = {}
    for enrollment, certificate in rows:
        found.setdefault(int(enrollment), []).append(int(certificate))
    return found


@dataclass(frozen=True, slots=True)
class Given:
    """One certificate that a journey gave, as a customer's page shows it."""

    id: int
    last4: str
    face: int
    balance: int
    currency: str
    status: str
    valid_until: datetime | None
    created_at: datetime


def given_to(conn: Connection, customer_id: int, limit: int = 50) -> list[Given]:
    """Return the certificates that journeys gave to a customer, the latest first."""
    rows = conn.execute(
        text(
            """SELECT c.id, c.last4, c.face, c.balance, c.currency, c.status, c.valid_until, c.created_at
            FROM enrollment e JOIN certificate c ON c.enrollment_id = e.id
            WHERE e.customer_id = :who ORDER BY c.id DESC LIMIT :most"""
        ),
        {"who": customer_id, "most": limit},
    )
    found = []
    for id, last4, face, balance, currency, status, until, at in rows:
        ends = instant_of(until) if until else None
        found.append(Given(id, last4, face, balance, currency, status, ends, instant_of(at)))
    return found
