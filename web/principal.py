"""Who asks: a person with a session, a program with a key, or nobody. Looked up in the database for every request."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from flask import g, request

from store import accounts, keys
from store.accounts import Account, LiveSession
from store.keys import Key
from web import cookies, rights
from web.config import IDLE
from web.context import config, context, now, store

_NOTED = timedelta(minutes=1)
SECOND_FACTOR_ROLES = frozenset({"admin", "approver"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what they may do. `actor` is the name that the audit trail keeps."""

    actor: str = ""
    rights: frozenset[str] = field(default=frozenset())
    session: LiveSession | None = None
    key: Key | None = None

    @property
    def account(self) -> Account | None:
        """The user, when a person asks."""
        return self.session.account if self.session else None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is known to ask."""
        return self.session is None and self.key is None

    def may(self, right: str) -> bool:
        """Say whether the table grants a right; a right that is not in the table is a mistake in the code."""
        if right not in rights.RIGHTS:
            raise LookupError(f"no right {right!r} in web.rights")
        return right in self.rights

    @property
    def todo(self) -> str:
        """What a signed-in person must do before anything else: "code", "password", "second_factor", or nothing."""
        if self.session is None:
            return ""
        account = self.session.account
        if account.totp_secret and self.session.second_factor_at is None:
            return "code"
        if account.must_change:
            return "password"
        if not account.totp_secret and account.role in SECOND_FACTOR_ROLES and not config().is_private:
            return "second_factor"
        return ""


NOBODY = Principal()


def principal() -> Principal:
    """Return who asks, looked up at the first call within a request."""
    if "principal" not in g:
        header = request.headers.get("Authorization")
        g.principal = _program(header) if header is not None else _person()
    found: Principal = g.principal
    return found


def account() -> Account:
    """Return the signed-in user; for routes that only people reach."""
    found = principal().account
    if found is None:
        raise LookupError("this route is for signed-in people")
    return found


def forget() -> None:
    """Look again at the next call: the session has just changed."""
    g.pop("principal", None)


def session_digest(session_id: str) -> bytes:
    """Return what the database keeps in place of a session id."""
    return store().vault.digest("session", session_id)


def _person() -> Principal:
    session_id = cookies.read()
    if not 20 <= len(session_id) <= 100:
        return NOBODY
    digest = session_digest(session_id)
    with store().read() as conn:
        session = accounts.live_session(conn, digest, now=now(), idle=IDLE)
    if session is None:
        return NOBODY
    if now() - session.seen_at > _NOTED and "Wayfare-Live" not in request.headers:  # a page left open is no activity
        store().run(lambda conn: accounts.touch_session(conn, digest, now()))
    return Principal(session.account.email, rights.of_role(session.account.role), session=session)


def _program(header: str) -> Principal:
    scheme, _, token = header.partition(" ")
    prefix = key_prefix(token.strip())
    if scheme.lower() != "bearer" or not prefix:
        return NOBODY
    digest = store().vault.digest("api-key", token.strip())
    with store().read() as conn:
        found = [key for key in keys.find_keys(conn, prefix) if hmac.compare_digest(key.digest, digest)]
    if not found or not found[0].is_live(now()) or not _is_from(found[0].networks):
        return NOBODY
    key = found[0]
    _note_use(key)
    return Principal(f"key:{key.prefix} {key.name}", rights.of_kind(key.kind) & frozenset(key.rights), key=key)


def _is_from(networks: Sequence[str]) -> bool:
    """Say whether the request comes from one of these networks; none at all means anywhere."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return not networks
    return not networks or any(address in ipaddress.ip_network(network) for network in networks)


def key_prefix(token: str) -> str:
    """Return the public part of a key, `wf_PREFIX_SECRET`, or an empty string when it is no key."""
    parts = token.split("_", 2)
    is_key = len(parts) == 3 and parts[0] == "wf" and parts[1].isascii() and parts[1].isalnum() and len(token) <= 200
    return parts[1][:16] if is_key and token.isascii() else ""


def _note_use(key: Key) -> None:
    """Write down that a key was used, at most once a minute: thousands of requests a second may carry it."""
    noted = context().noted
    last = noted.get(key.id) or key.last_used_at
    if last is not None and timedelta(0) <= now() - last < _NOTED:
        return
    noted[key.id] = now()  # two threads may both come here; then it is written twice
    store().run(lambda conn: keys.note_use(conn, key.id, now()))
