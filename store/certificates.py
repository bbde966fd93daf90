"""Gift certificates and what tills set aside of them. Every change of a balance goes through `move`, with postings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from store import ledger
from store.tables import metadata
from wayfare.errors import NotFound

CERTIFICATE = metadata.tables["certificate"]
HOLD = metadata.tables["certificate_hold"]
REQUEST = metadata.tables["certificate_request"]


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate; what proves that somebody may spend it is kept as digests only."""

    id: int
    number_digest: bytes
    last4: str
    secret_digest: bytes | None
    pin_hash: str | None
    kind: str
    currency: str
    face: int
    balance: int
    held: int
    status: str
    phone_digest: bytes | None
    order_key: str | None
    line: str | None
    batch: str | None
    created_at: datetime
    activated_at: datetime | None
    valid_until: datetime | None
    password_digest: bytes | None
    password_until: datetime | None
    password_tries: int
    tries: int
    locked_until: datetime | None
    enrollment_id: int | None
    node: str | None
    visit: int | None

    @property
    def source(self) -> str:
        """The account of the ledger from which its money came."""
        if self.order_key is not None:
            return "paid"
        return "given" if self.enrollment_id is None else "marketing"


@dataclass(frozen=True, slots=True)
class Hold:
    """Money that a till set aside, took and gave back."""

    id: int
    key: str
    certificate_id: int
    amount: int
    captured: int
    refunded: int
    status: str
    order_key: str | None
    owner: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for by hand."""

    id: int
    kind: str
    body: dict[str, Any]
    phone: bytes | None
    amount: int
    currency: str
    reason: str
    digest: bytes
    status: str
    created_at: datetime
    created_by: str
    decided_at: datetime | None
    decided_by: str | None


def add(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Add a certificate without money and return its id; None when its number or its order's line has one already."""
    try:
        with conn.begin_nested():
            row = insert(CERTIFICATE).values(balance=0, held=0, password_tries=0, tries=0, **values)
            return int(conn.execute(row.returning(CERTIFICATE.c.id)).scalar_one())
    except IntegrityError:
        return None


def by_number(conn: Connection, digest: bytes, *, lock: bool = False) -> Row | None:
    """Return the certificate with this number, locked until the transaction ends when asked."""
    return _one(conn, CERTIFICATE.c.number_digest == digest, lock)


def by_id(conn: Connection, certificate_id: int, *, lock: bool = False) -> Row:
    """Return a certificate; NotFound when there is none."""
    found = _one(conn, CERTIFICATE.c.id == certificate_id, lock)
    if found is None:
        raise NotFound(f"no certificate {certificate_id}")
    return found


def by_line(conn: Connection, order: str, line: str) -> Row | None:
    """Return the certificate that a line of an order paid for."""
    return _one(conn, (CERTIFICATE.c.order_key == order) & (CERTIFICATE.c.line == line), lock=False)


def search(
    conn: Connection,
    *,
    phone_digest: bytes | None = None,
    order: str = "",
    last4: str = "",
    status: str = "",
    skip: int = 0,
    limit: int = 50,
) -> list[Row]:
    """Return certificates, the latest first; whatever is given must fit."""
    query = select(CERTIFICATE).order_by(CERTIFICATE.c.id.desc()).offset(skip).limit(limit)
    if phone_digest is not None:
        query = query.where(CERTIFICATE.c.phone_digest == phone_digest)
    for column, value in (
        (CERTIFICATE.c.order_key, order),
        (CERTIFICATE.c.last4, last4),
        (CERTIFICATE.c.status, status),
    ):
        if value:
            query = query.where(column == value)
    return [Row(**row._mapping) for row in conn.execute(query)]


def change(conn: Connection, certificate_id: int, values: Mapping[str, Any], *, where: Any = None) -> bool:
    """Set columns other than money, if `where` still holds; say whether it did."""
    query = update(CERTIFICATE).where(CERTIFICATE.c.id == certificate_id).values(**values)
    return bool(conn.execute(query if where is None else query.where(where)).rowcount)


def move(
    conn: Connection,
    row: Row,
    key: str,
    kind: str,
    *,
    balance: int = 0,
    held: int = 0,
    other: str = "",
    now: datetime,
    by: str,
    order: str | None = None,
) -> bool:
    """Change balance and held of a certificate, with the postings of it; the rest comes from or goes to `other`.

    False, and nothing is changed, when the movement was made before or the balance does not suffice: the row is
    changed by a condition, not by what was read.
    """
    enough = (CERTIFICATE.c.balance + balance >= 0) & (CERTIFICATE.c.held + held >= 0)
    fits = CERTIFICATE.c.balance + CERTIFICATE.c.held + balance + held <= CERTIFICATE.c.face
    amounts = {f"certificate:{row.id}": balance, f"held:{row.id}": held}
    rest = -(balance + held)
    if rest:
        amounts[other] = rest
    with conn.begin_nested() as point:
        if not ledger.post(conn, key, kind, row.currency, amounts, now=now, by=by, order=order):
            return False
        changed = conn.execute(
            update(CERTIFICATE)
            .where(CERTIFICATE.c.id == row.id, enough, fits)
            .values(balance=CERTIFICATE.c.balance + balance, held=CERTIFICATE.c.held + held)
        ).rowcount
        if not changed:
            point.rollback()
    return bool(changed)


def count_try(conn: Connection, certificate_id: int, most: int, now: datetime, pause: timedelta) -> bool:
    """Count one try of a secret before it is looked at; False while there have been too many."""
    conn.execute(
        update(CERTIFICATE)
        .where(CERTIFICATE.c.id == certificate_id, CERTIFICATE.c.locked_until <= now)
        .values(tries=0, locked_until=None)
    )
    free = or_(CERTIFICATE.c.locked_until.is_(None), CERTIFICATE.c.locked_until <= now)
    changed = conn.execute(
        update(CERTIFICATE)
        .where(CERTIFICATE.c.id == certificate_id, CERTIFICATE.c.tries < most, free)
        .values(tries=CERTIFICATE.c.tries + 1)
    ).rowcount
    if not changed:
        change(conn, certificate_id, {"locked_until": now + pause}, where=CERTIFICATE.c.locked_until.is_(None))
    return bool(changed)


def set_password(conn: Connection, certificate_id: int, digest: bytes, until: datetime) -> None:
    """Keep the digest of a new one-time password; the one before is worth nothing from now on."""
    change(conn, certificate_id, {"password_digest": digest, "password_until": until, "password_tries": 0})


def count_password_try(conn: Connection, certificate_id: int, most: int, now: datetime) -> bytes | None:
    """Count one try of the one-time password, and return what to compare it with; None when there is nothing to try."""
    found = conn.execute(
        update(CERTIFICATE)
        .where(
            CERTIFICATE.c.id == certificate_id,
            CERTIFICATE.c.password_digest.is_not(None),
            CERTIFICATE.c.password_until >= now,
            CERTIFICATE.c.password_tries < most,
        )
        .values(password_tries=CERTIFICATE.c.password_tries + 1)
        .returning(CERTIFICATE.c.password_digest)
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def spend_password(conn: Connection, certificate_id: int, digest: bytes) -> bool:
    """Use a one-time password up; False when somebody else just did."""
    return change(conn, certificate_id, {"password_digest": None}, where=CERTIFICATE.c.password_digest == digest)


def add_hold(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Remember that money is set aside; None when the key is taken."""
    try:
        with conn.begin_nested():
            row = insert(HOLD).values(captured=0, refunded=0, status="held", **values)
            return int(conn.execute(row.returning(HOLD.c.id)).scalar_one())
    except IntegrityError:
        return None


def find_hold(conn: Connection, key: str, *, lock: bool = False) -> Hold | None:
    """Return the hold of this key."""
    query = select(HOLD).where(HOLD.c.key == key)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Hold(**row._mapping)


def change_hold(conn: Connection, hold_id: int, before: str, values: Mapping[str, Any]) -> bool:
    """Change a hold that is still in the state `before`; say whether it was."""
    query = update(HOLD).where(HOLD.c.id == hold_id, HOLD.c.status == before).values(**values)
    return bool(conn.execute(query).rowcount)


def add_refund(conn: Connection, hold_id: int, amount: int) -> bool:
    """Count money that goes back to the certificate; False when it would be more than was taken."""
    query = update(HOLD).where(HOLD.c.id == hold_id, HOLD.c.refunded + amount <= HOLD.c.captured)
    return bool(conn.execute(query.values(refunded=HOLD.c.refunded + amount)).rowcount)


def overdue_holds(conn: Connection, now: datetime, limit: int = 500) -> list[Hold]:
    """Return holds whose time is up. Nothing is locked: certificates are, one by one, and always before their holds."""
    query = select(HOLD).where(HOLD.c.status == "held", HOLD.c.expires_at < now)
    return [Hold(**row._mapping) for row in conn.execute(query.order_by(HOLD.c.certificate_id, HOLD.c.id).limit(limit))]


def overdue(conn: Connection, now: datetime, limit: int = 500) -> list[Row]:
    """Lock and return active certificates whose time is up and of which nothing is set aside."""
    query = (
        select(CERTIFICATE)
        .where(CERTIFICATE.c.status == "active", CERTIFICATE.c.valid_until < now, CERTIFICATE.c.held == 0)
        .order_by(CERTIFICATE.c.id)
        .limit(limit)
    )
    return [Row(**row._mapping) for row in conn.execute(query.with_for_update(skip_locked=True))]


def outstanding(conn: Connection) -> dict[str, tuple[int, int]]:
    """Return by currency how many certificates are active and what they are worth, money that is set aside included."""
    query = (
        select(CERTIFICATE.c.currency, func.count(), func.sum(CERTIFICATE.c.balance + CERTIFICATE.c.held))
        .where(CERTIFICATE.c.status == "active")
        .group_by(CERTIFICATE.c.currency)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(query)}


def add_request(conn: Connection, values: Mapping[str, Any]) -> int:
    """Keep what somebody asks for by hand."""
    return int(conn.execute(insert(REQUEST).values(**values).returning(REQUEST.c.id)).scalar_one())


def find_request(conn: Connection, request_id: int, *, lock: bool = False) -> Request:
    """Return a request; NotFound when there is none."""
    query = select(REQUEST).where(REQUEST.c.id == request_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"no request {request_id}")
    return Request(**row._mapping)


def list_requests(conn: Connection, status: str = "", limit: int = 100) -> Sequence[Request]:
    """Return requests, the latest first."""
    query = select(REQUEST).order_by(REQUEST.c.id.desc()).limit(limit)
    return [
        Request(**row._mapping) for row in conn.execute(query.where(REQUEST.c.status == status) if status else query)
    ]


def count_requests(conn: Connection, status: str) -> int:
    """Return how many requests are in a state."""
    query = select(func.count()).select_from(REQUEST).where(REQUEST.c.status == status)
    return int(conn.execute(query).scalar_one())


def decide(conn: Connection, request_id: int, status: str, by: str, now: datetime) -> bool:
    """Decide about a request that still waits; False when somebody was faster."""
    query = update(REQUEST).where(REQUEST.c.id == request_id, REQUEST.c.status == "waiting")
    return bool(conn.execute(query.values(status=status, decided_by=by, decided_at=now, phone=None)).rowcount)


def _one(conn: Connection, where: ColumnElement[bool], lock: bool) -> Row | None:
    query = select(CERTIFICATE).where(where)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Row(**row._mapping)
