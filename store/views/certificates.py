"""Gift certificates as pages show them: found by what a customer knows, with both sides of every movement."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from store.certificates import Hold, Request, Row
from store.views._parts import table

CERTIFICATE, HOLD, REQUEST = table("certificate"), table("certificate_hold"), table("certificate_request")
JOURNAL, POSTING = table("journal"), table("posting")


@dataclass(frozen=True, slots=True)
class CertificateSearch:
    """Which certificates. `text` is the end of a number, an order or a batch, `phone` the digest of a number that
    `text` may be as well.
    """

    text: str = ""
    phone: bytes | None = None
    status: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of the ledger with both its sides: accounts and minor units, which add up to nothing."""

    id: int
    kind: str
    at: datetime
    order: str | None
    by: str
    postings: tuple[tuple[str, int], ...]

    @property
    def sources(self) -> list[tuple[str, int]]:
        """Where the money came from."""
        return [(account, -amount) for account, amount in self.postings if amount < 0]

    @property
    def targets(self) -> list[tuple[str, int]]:
        """Where it went."""
        return [(account, amount) for account, amount in self.postings if amount > 0]


def search(conn: Connection, wanted: CertificateSearch, *, before: int | None = None, limit: int = 50) -> list[Row]:
    """Return certificates, the latest first; `before` is the last id of the page before."""
    query = select(CERTIFICATE).order_by(CERTIFICATE.c.id.desc()).limit(limit)
    if wanted.text:
        fits = [CERTIFICATE.c.last4 == wanted.text.upper(), CERTIFICATE.c.order_key == wanted.text]
        fits.append(CERTIFICATE.c.batch == wanted.text)
        if wanted.phone is not None:
            fits.append(CERTIFICATE.c.phone_digest == wanted.phone)
        query = query.where(or_(*fits))
    if wanted.status == "spent":
        query = query.where(CERTIFICATE.c.status == "active", CERTIFICATE.c.balance + CERTIFICATE.c.held == 0)
    elif wanted.status == "active":
        query = query.where(CERTIFICATE.c.status == "active", CERTIFICATE.c.balance + CERTIFICATE.c.held > 0)
    elif wanted.status:
        query = query.where(CERTIFICATE.c.status == wanted.status)
    if wanted.kind:
        query = query.where(CERTIFICATE.c.kind == wanted.kind)
    if before is not None:
        query = query.where(CERTIFICATE.c.id < before)
    return [Row(**row._mapping) for row in conn.execute(query)]


def is_any(conn: Connection) -> bool:
    """Say whether there is any certificate."""
    return conn.execute(select(CERTIFICATE.c.id).limit(1)).first() is not None


def movements(conn: Connection, certificate_id: int) -> list[Movement]:
    """Return every entry that touched a certificate's money, the first one first, with all its postings."""
    mine = select(POSTING.c.journal_id).where(
        POSTING.c.account.in_([f"certificate:{certificate_id}", f"held:{certificate_id}"])
    )
    rows = conn.execute(
        select(JOURNAL.c.id, JOURNAL.c.kind, JOURNAL.c.at, JOURNAL.c.order_key, JOURNAL.c.by)
        .add_columns(POSTING.c.account, POSTING.c.amount)
        .join(POSTING, POSTING.c.journal_id == JOURNAL.c.id)
        .where(JOURNAL.c.id.in_(mine))
        .order_by(JOURNAL.c.id, POSTING.c.id)
    )
    heads: dict[int, tuple[int, str, datetime, str | None, str]] = {}
    postings: dict[int, list[tuple[str, int]]] = {}
    for id, kind, at, order, by, account, amount in rows:
        heads[id] = (id, kind, at, order, by)
        postings.setdefault(id, []).append((account, int(amount)))
    return [Movement(*head, tuple(postings[id])) for id, head in heads.items()]


def holds(conn: Connection, certificate_id: int) -> list[Hold]:
    """Return what tills set aside of a certificate, the latest first."""
    query = select(HOLD).where(HOLD.c.certificate_id == certificate_id).order_by(HOLD.c.id.desc()).limit(50)
    return [Hold(**row._mapping) for row in conn.execute(query)]


def requests(
    conn: Connection, *, status: str = "", by: str = "", before: int | None = None, limit: int = 50
) -> list[Request]:
    """Return what was asked for by hand, the latest first, of one person where `by` is given."""
    query = select(REQUEST).order_by(REQUEST.c.id.desc()).limit(limit)
    if status:
        query = query.where(REQUEST.c.status == status)
    if by:
        query = query.where(REQUEST.c.created_by == by)
    if before is not None:
        query = query.where(REQUEST.c.id < before)
    return [Request(**row._mapping) for row in conn.execute(query)]


def known_numbers(conn: Connection, digests: Iterable[bytes]) -> set[bytes]:
    """Return those digests of numbers that a certificate has."""
    wanted = list(digests)
    if not wanted:
        return set()
    rows = conn.execute(select(CERTIFICATE.c.number_digest).where(CERTIFICATE.c.number_digest.in_(wanted)))
    return {bytes(row[0]) for row in rows}


def cards(conn: Connection) -> list[tuple[str | None, str, int, int, int]]:
    """Return plastic cards by batch, currency and face: (batch, currency, face, cards, not sold)."""
    is_idle = func.sum(case((CERTIFICATE.c.status == "inactive", 1), else_=0))
    query = (
        select(CERTIFICATE.c.batch, CERTIFICATE.c.currency, CERTIFICATE.c.face, func.count(), is_idle)
        .where(CERTIFICATE.c.kind == "plastic")
        .group_by(CERTIFICATE.c.batch, CERTIFICATE.c.currency, CERTIFICATE.c.face)
        .order_by(func.max(CERTIFICATE.c.id).desc())
        .limit(100)
    )
    return [(row[0], row[1], int(row[2]), int(row[3]), int(row[4] or 0)) for row in conn.execute(query)]
