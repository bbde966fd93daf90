"""The first administrator, and what pages and the command line do with users and keys alike."""

import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from store import accounts, audit, keys
from store.accounts import Account
from store.db import Connection, Store
from wayfare import clock
from wayfare.errors import Conflict, NotFound, SettingsError
from web import passwords, rights

FIRST_ADMIN = "admin"
OVERLAP = timedelta(days=7)
"""For how long a key that was replaced still works, so that its successor can be brought in without a gap."""


def ensure_admin(store: Store, now: datetime | None = None) -> str | None:
    """Make the first administrator in a database without users, and return the password; None when there are users.

    The login name is `admin`. The password is kept nowhere and must be changed at the first sign-in.
    """
    at = now or clock.now()
    with store.read() as conn:
        if accounts.has_accounts(conn):
            return None
    password = passwords.invented()
    try:
        add_user(store, FIRST_ADMIN, "", "admin", password, by="system", now=at)
    except Conflict:  # another process was first
        return None
    return password


def add_user(store: Store, login: str, name: str, role: str, password: str, *, by: str, now: datetime) -> int:
    """Add a user whose password must be changed at the first sign-in. Raises Conflict and SettingsError."""
    if role not in rights.ROLES:
        raise SettingsError(f"there is no role {role!r}; there are {', '.join(rights.ROLES)}")
    if not accounts.normal_email(login):
        raise SettingsError("a user needs a login name")
    kept = passwords.hashed(password)

    def work(conn: Connection) -> int:
        account_id = accounts.add_account(
            conn, email=login, name=name, role=role, password_hash=kept, must_change=True, now=now
        )
        audit.record(conn, by, "user.added", f"user:{accounts.normal_email(login)}", {"role": role}, now)
        return account_id

    return store.run(work)


def change_role(store: Store, account: Account, role: str, *, by: str, now: datetime) -> None:
    """Give a user another role and sign the user out everywhere."""
    if role not in rights.ROLES:
        raise SettingsError(f"there is no role {role!r}; there are {', '.join(rights.ROLES)}")

    def work(conn: Connection) -> None:
        accounts.change_account(conn, account.id, role=role)
        accounts.end_sessions(conn, account.id)
        audit.record(conn, by, "user.role", f"user:{account.email}", {"from": account.role, "to": role}, now)

    store.run(work)


def set_disabled(store: Store, account: Account, is_disabled: bool, *, by: str, now: datetime) -> None:
    """Keep a user from signing in, or let them in again."""

    def work(conn: Connection) -> None:
        accounts.change_account(conn, account.id, disabled_at=now if is_disabled else None)
        accounts.end_sessions(conn, account.id)
        action = "user.disabled" if is_disabled else "user.enabled"
        audit.record(conn, by, action, f"user:{account.email}", {}, now)

    store.run(work)


def reset_password(store: Store, account: Account, *, by: str, now: datetime) -> str:
    """Give a user a new random password, to be changed at the next sign-in, and return it."""
    password = passwords.invented()
    kept = passwords.hashed(password)

    def work(conn: Connection) -> None:
        accounts.change_account(conn, account.id, password_hash=kept, must_change=True)
        accounts.end_sessions(conn, account.id)
        audit.record(conn, by, "user.password_reset", f"user:{account.email}", {}, now)

    store.run(work)
    return password


def reset_second_factor(store: Store, account: Account, *, by: str, now: datetime) -> None:
    """Take a lost second factor away; another administrator does this, never the user."""

    def work(conn: Connection) -> None:
        accounts.change_account(conn, account.id, totp_secret=None, totp_last_step=None)
        accounts.end_sessions(conn, account.id)
        audit.record(conn, by, "user.second_factor_reset", f"user:{account.email}", {}, now)

    store.run(work)


def sign_out(store: Store, account: Account, *, by: str, now: datetime) -> None:
    """End all sessions of a user."""

    def work(conn: Connection) -> None:
        browsers = accounts.end_sessions(conn, account.id)
        audit.record(conn, by, "user.signed_out", f"user:{account.email}", {"browsers": browsers}, now)

    store.run(work)


def find_user(store: Store, login: str) -> Account:
    """Return the user with this login name; raises NotFound."""
    with store.read() as conn:
        found = accounts.find_account(conn, login)
    if found is None:
        raise NotFound(f"nobody signs in as {login!r}; see `wayfare user list`")
    return found


def add_key(
    store: Store,
    name: str,
    kind: str,
    granted: Sequence[str],
    *,
    by: str,
    now: datetime,
    expires_at: datetime | None = None,
    shop: str | None = None,
    networks: Sequence[str] = (),
) -> tuple[int, str]:
    """Make an API key and return its id and the key itself, which is kept nowhere. Raises SettingsError.

    A till key is bound to one store (`shop`). Rights beyond what the kind may have are refused. `networks` are the
    addresses or networks (10.0.0.0/8) from which alone the key works.
    """
    if kind not in rights.KINDS:
        raise SettingsError(f"there is no kind of key {kind!r}; there are {', '.join(rights.KINDS)}")
    beyond = sorted(set(granted) - rights.of_kind(kind))
    if beyond or not granted:
        raise SettingsError(f"a key of kind {kind} can have {', '.join(sorted(rights.of_kind(kind)))}")
    if kind == "till" and not shop:
        raise SettingsError("a till key is bound to one store; name it")
    places = [_network(text) for text in networks]
    prefix = secrets.token_hex(4)
    token = f"wf_{prefix}_{secrets.token_urlsafe(32)}"
    digest = store.vault.digest("api-key", token)

    def work(conn: Connection) -> int:
        key_id = keys.add_key(
            conn,
            name=name,
            prefix=prefix,
            digest=digest,
            kind=kind,
            rights=sorted(granted),
            networks=places,
            store=shop,
            created_by=by,
            expires_at=expires_at,
            now=now,
        )
        detail = {"kind": kind, "rights": sorted(granted), "expires": expires_at.isoformat() if expires_at else None}
        audit.record(conn, by, "key.added", f"key:{prefix}", detail, now)
        return key_id

    return store.run(work), token


def revoke_key(store: Store, key: keys.Key, *, by: str, now: datetime, at: datetime | None = None) -> None:
    """End a key, now or at an instant."""
    ends = at or now

    def work(conn: Connection) -> None:
        keys.revoke_key(conn, key.id, ends)
        audit.record(conn, by, "key.revoked", f"key:{key.prefix}", {"ends": ends.isoformat()}, now)

    store.run(work)


def rotate_key(store: Store, key: keys.Key, *, by: str, now: datetime) -> tuple[int, str]:
    """Make a successor with the same rights; the old key works for another week. Return the new id and key."""
    ends = _later(key, now)
    made = add_key(
        store,
        key.name,
        key.kind,
        key.rights,
        by=by,
        now=now,
        expires_at=ends,
        shop=key.store,
        networks=key.networks,
    )
    revoke_key(store, key, by=by, now=now, at=now + OVERLAP)
    return made


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise SettingsError(f"{text!r} is no address and no network; write 203.0.113.7 or 10.0.0.0/8") from None


def _later(key: keys.Key, now: datetime) -> datetime | None:
    """Return the successor's expiry: as long from now as the old key lived from its making."""
    return now + (key.expires_at - key.created_at) if key.expires_at else None
