"""What a form may do once: a page carries a fresh key, and a second post with it does nothing."""

import hashlib
import secrets

from store import idempotency
from web.api.base import owner
from web.context import now, store


def fresh() -> str:
    """Return a key for one form."""
    return secrets.token_urlsafe(18)


def is_first(what: str, key: str, body: bytes = b"") -> bool:
    """Take a key for doing something; False when it was done, or tried, under it before."""
    asked = hashlib.blake2b(f"{what}\0".encode() + body, digest_size=32).digest()
    begun = store().run(lambda conn: idempotency.begin(conn, owner(), key, asked, now()))
    if not isinstance(begun, idempotency.Begun):
        return False
    taken = begun
    store().run(lambda conn: idempotency.finish(conn, taken, 410, ""))
    return True
