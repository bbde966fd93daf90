"""Users who sign in, and their sessions. Functions take the connection of an open transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from store.tables import metadata
from wayfare.errors import Conflict, NotFound

USERS = metadata.tables["user_account"]
SESSIONS = metadata.tables["user_session"]
_LOCK = 0x7761_7501  # PostgreSQL advisory lock: who may be the last administrator is decided one at a time


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. `totp_secret` is sealed."""

    id: int
    email: str
    name: str
    role: str
    password_hash: str
    must_change: bool
    totp_secret: bytes | None
    totp_last_step: int | None
    theme: str
    created_at: datetime
    disabled_at: datetime | None

    @property
    def label(self) -> str:
        """What colleagues know this person by."""
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A signed-in browser and its user, as they are now."""

    digest: bytes
    created_at: datetime
    seen_at: datetime
    second_factor_at: datetime | None
    account: Account


def normal_email(email: str) -> str:
    """Return a login name as it is stored: without spaces around it, in lower case."""
    return email.strip().casefold()


def find_account(conn: Connection, email: str) -> Account | None:
    """Return the account of a login name, disabled ones too."""
    row = conn.execute(select(USERS).where(USERS.c.email == normal_email(email))).one_or_none()
    return _account(row) if row else None


def get_account(conn: Connection, account_id: int) -> Account:
    """Return one account; NotFound when there is none."""
    row = conn.execute(select(USERS).where(USERS.c.id == account_id)).one_or_none()
    if row is None:
        raise NotFound(f"no user {account_id}")
    return _account(row)


def list_accounts(conn: Connection) -> list[tuple[Account, datetime | None]]:
    """Return all users by name, each with when it was last seen signed in."""
    latest = select(SESSIONS.c.user_id, func.max(SESSIONS.c.seen_at).label("seen"))
    seen = latest.group_by(SESSIONS.c.user_id).subquery()
    rows = conn.execute(
        select(USERS, seen.c.seen)
        .outerjoin(seen, seen.c.user_id == USERS.c.id)
        .order_by(USERS.c.disabled_at.is_not(None), func.lower(USERS.c.email))
    )
    return [(_account(row), row.seen) for row in rows]


def has_accounts(conn: Connection) -> bool:
    """Say whether anybody could sign in."""
    return conn.execute(select(USERS.c.id).limit(1)).first() is not None


def add_account(
    conn: Connection, *, email: str, name: str, role: str, password_hash: str, must_change: bool, now: datetime
) -> int:
    """Add a user and return its id. Conflict when the login name is taken."""
    values = {"email": normal_email(email), "name": name.strip(), "role": role, "password_hash": password_hash}
    try:
        with conn.begin_nested():
            row = insert(USERS).values(**values, must_change=must_change, theme="auto", created_at=now)
            return int(conn.execute(row.returning(USERS.c.id)).scalar_one())
    except IntegrityError:
        raise Conflict("somebody already signs in with this name") from None


def change_account(conn: Connection, account_id: int, **values: Any) -> None:
    """Set columns of a user. NotFound when there is none; Conflict when no administrator would be left.

    Served one at a time, so that two administrators cannot take the rights from each other at once.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before = get_account(conn, account_id)
    conn.execute(update(USERS).where(USERS.c.id == account_id).values(**values))
    if before.role == "admin" and values.keys() & {"role", "disabled_at"}:
        admins = select(USERS.c.id).where(USERS.c.role == "admin", USERS.c.disabled_at.is_(None)).limit(1)
        if conn.execute(admins).first() is None:
            raise Conflict("this is the last administrator; make somebody else an administrator first")


def spend_totp_step(conn: Connection, account_id: int, step: int) -> bool:
    """Use up one time step of a user's one-time passwords; False when it, or a later one, was used before."""
    fresh = and_(USERS.c.id == account_id, func.coalesce(USERS.c.totp_last_step, -1) < step)
    return conn.execute(update(USERS).where(fresh).values(totp_last_step=step)).rowcount == 1


def open_session(
    conn: Connection,
    *,
    digest: bytes,
    account_id: int,
    now: datetime,
    lifetime: timedelta,
    second_factor_at: datetime | None,
    user_agent: str,
    ip: str,
) -> None:
    """Remember a signed-in browser by the digest of its session id, and drop sessions that are over."""
    conn.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < now))
    conn.execute(
        insert(SESSIONS).values(
            digest=digest,
            user_id=account_id,
            created_at=now,
            seen_at=now,
            expires_at=now + lifetime,
            second_factor_at=second_factor_at,
            user_agent=user_agent[:200],
            ip=ip[:64],
        )
    )


def live_session(conn: Connection, digest: bytes, *, now: datetime, idle: timedelta) -> LiveSession | None:
    """Return the session and its user; None when it is over, idle for too long, or the user is disabled."""
    begun_at = SESSIONS.c.created_at.label("begun_at")
    row = conn.execute(
        select(*[SESSIONS.c[name] for name in ("digest", "seen_at", "second_factor_at")], begun_at, USERS)
        .join(USERS, USERS.c.id == SESSIONS.c.user_id)
        .where(SESSIONS.c.digest == digest, SESSIONS.c.expires_at > now, SESSIONS.c.seen_at > now - idle)
        .where(USERS.c.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return LiveSession(row.digest, row.begun_at, row.seen_at, row.second_factor_at, _account(row))


def touch_session(conn: Connection, digest: bytes, now: datetime) -> None:
    """Note that a person was active."""
    conn.execute(update(SESSIONS).where(SESSIONS.c.digest == digest, SESSIONS.c.seen_at < now).values(seen_at=now))


def end_session(conn: Connection, digest: bytes) -> None:
    """Sign one browser out."""
    conn.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))


def end_sessions(conn: Connection, account_id: int, *, but: bytes | None = None) -> int:
    """Sign a user out everywhere, except the session `but`; return how many browsers that were."""
    gone = delete(SESSIONS).where(SESSIONS.c.user_id == account_id)
    return conn.execute(gone.where(SESSIONS.c.digest != but) if but is not None else gone).rowcount


def list_sessions(conn: Connection, account_id: int, now: datetime) -> Sequence[Row[Any]]:
    """Return a user's sessions that are not over, latest first: digest, created_at, seen_at, user_agent, ip."""
    columns = [SESSIONS.c[name] for name in ("digest", "created_at", "seen_at", "user_agent", "ip")]
    mine = select(*columns).where(SESSIONS.c.user_id == account_id, SESSIONS.c.expires_at > now)
    return conn.execute(mine.order_by(SESSIONS.c.seen_at.desc())).all()


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(**{name: row._mapping[name] for name in Account.__slots__})
