"""Signing in and out: throttled without locking anybody out, in the same time for a name that does not exist."""

import base64
import json
import secrets
from datetime import timedelta

from flask import request

from store import accounts, audit, throttle
from store.accounts import Account
from store.db import Connection
from wayfare.errors import VaultError
from web import cookies, passwords, principal, totp
from web.config import LIFETIME
from web.context import now, store

PER_ACCOUNT = 10  # tries in a quarter of an hour, from browsers that never signed in to this account
PER_ADDRESS = 100
PER_DEVICE = 10
PER_CODE = 10
_DEVICE_AGE = timedelta(days=90)


class TooManyTries(Exception):
    """Somebody tried too often; `wait` says for how long nobody is listened to."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(str(wait))
        self.wait = wait


def check_password(login: str, password: str) -> Account | None:
    """Return the account when name and password are right and it may sign in. Raises TooManyTries.

    A stranger's tries count against the account and the address. A browser that has signed in to the account before
    has a count of its own, so that an attack on an account does not keep its owner out.
    """
    limits = _limits(accounts.normal_email(login))
    wait = store().run(lambda conn: throttle.reserve(conn, limits, now()))
    if wait is not None:
        raise TooManyTries(wait)
    with store().read() as conn:
        found = accounts.find_account(conn, login)
    is_right = passwords.matches(found.password_hash if found else None, password)
    if found is None or not is_right or found.disabled_at is not None:
        return None
    own = [subject for subject in limits if not subject.startswith("ip ")]
    store().run(lambda conn: throttle.forget(conn, own))
    return found


def check_code(account: Account, code: str) -> bool:
    """Say whether a one-time password is right, and use it up. Raises TooManyTries."""
    subject = f"code {account.id}"
    wait = store().run(lambda conn: throttle.reserve(conn, {subject: PER_CODE}, now()))
    if wait is not None:
        raise TooManyTries(wait)
    if account.totp_secret is None:
        return False
    step = totp.matching_step(store().vault.open(account.totp_secret).decode(), code, now())
    if step is None or not store().run(lambda conn: accounts.spend_totp_step(conn, account.id, step)):
        return False
    store().run(lambda conn: throttle.forget(conn, [subject]))
    return True


def start_session(account: Account, *, with_second_factor: bool = False) -> None:
    """Give this browser a new session in place of any it had: an id that was planted is worth nothing."""
    session_id, old = secrets.token_urlsafe(32), cookies.read()

    def work(conn: Connection) -> None:
        if old:
            accounts.end_session(conn, principal.session_digest(old))
        accounts.open_session(
            conn,
            digest=principal.session_digest(session_id),
            account_id=account.id,
            now=now(),
            lifetime=LIFETIME,
            second_factor_at=now() if with_second_factor else None,
            user_agent=request.headers.get("User-Agent", ""),
            ip=request.remote_addr or "",
        )

    store().run(work)
    cookies.write("", session_id, LIFETIME)
    cookies.drop("visit")
    _remember_device(account)
    principal.forget()


def end_session() -> None:
    """Sign this browser out."""
    if session_id := cookies.read():
        store().run(lambda conn: accounts.end_session(conn, principal.session_digest(session_id)))
    cookies.drop()
    principal.forget()


def note(actor: str, action: str, subject: str, **detail: object) -> None:
    """Write one entry of the audit trail in a transaction of its own."""
    ip = request.remote_addr or ""
    store().run(lambda conn: audit.record(conn, actor, action, subject, detail, now(), ip=ip))


def _limits(login: str) -> dict[str, int]:
    device = _known_device(login)
    if device:
        return {f"device {device}": PER_DEVICE}
    account = store().vault.digest("throttle", login).hex()[:32]
    address = store().vault.digest("throttle", request.remote_addr or "").hex()[:32]
    return {f"account {account}": PER_ACCOUNT, f"ip {address}": PER_ADDRESS}


def _remember_device(account: Account) -> None:
    body = json.dumps({"login": account.email, "device": secrets.token_hex(12)}).encode()
    cookies.write("device", base64.urlsafe_b64encode(store().vault.seal(body)).decode(), _DEVICE_AGE)


def _known_device(login: str) -> str:
    """Return this browser's number if it has signed in with this name before."""
    try:
        found = json.loads(store().vault.open(base64.urlsafe_b64decode(cookies.read("device") or "AA==")))
    except (VaultError, ValueError):
        return ""
    return str(found["device"]) if found["login"] == login else ""
