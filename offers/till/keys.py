"""The key pairs that sign snapshots: made here, the private half sealed in the database, and followed by the next one.

A till trusts the public keys that it was given. So the next pair is announced a week before it signs, and each
snapshot carries the keys that sign now or later: a till that fetches now and then always has the right one.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from offers.till.signed import name_of, pem_of
from store import audit
from store.db import Connection, Store
from store.locks import lock
from store.workspace import read_setting, write_setting
from wayfare.vault import Vault

SETTING = "till.keys"
ANNOUNCED = timedelta(days=7)
"""How long tills have known a key before it signs."""
_REMEMBERED = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Pair:
    """One key pair. `sealed` is the private half; the rotation after the next pair began to sign forgets it."""

    public: bytes
    sealed: bytes | None
    begins_at: datetime

    @property
    def key(self) -> Ed25519PublicKey:
        """The public half."""
        return Ed25519PublicKey.from_public_bytes(self.public)

    @property
    def name(self) -> str:
        """What files call the key."""
        return name_of(self.key)

    @property
    def pem(self) -> str:
        """The public half as text."""
        return pem_of(self.key)


def ensured(store: Store, now: datetime) -> list[Pair]:
    """Return the pairs, the first one made if there is none yet."""
    with store.read() as conn:
        found = pairs(conn)
    return found or store.run(lambda conn: _begun(conn, store.vault, now))


def pairs(conn: Connection) -> list[Pair]:
    """Return the pairs that are vouched for, in the order in which they begin to sign."""
    return [
        Pair(
            base64.b64decode(one["public"]),
            base64.b64decode(one["sealed"]) if one["sealed"] else None,
            datetime.fromisoformat(one["begins_at"]),
        )
        for one in read_setting(conn, SETTING) or []
    ]


def current(found: Sequence[Pair], now: datetime) -> Pair:
    """Return the pair that signs now."""
    return [one for one in found if one.begins_at <= now or one is found[0]][-1]


def published(found: Sequence[Pair], now: datetime) -> list[Pair]:
    """Return the pairs whose public halves tills should know: the one that signs, those to come, and the last one."""
    ends = [*(one.begins_at for one in found[1:]), None]
    return [one for one, end in zip(found, ends, strict=True) if end is None or end > now - _REMEMBERED]


def private(vault: Vault, pair: Pair) -> Ed25519PrivateKey:
    """Return the private half. Raises VaultError when another secret sealed it."""
    return Ed25519PrivateKey.from_private_bytes(vault.open(pair.sealed or b""))


def rotate(conn: Connection, vault: Vault, now: datetime, by: str, *, at_once: bool = False) -> Pair:
    """Make the next pair and return it. `at_once` is for a key that was stolen: no earlier one is vouched for any more,
    and tills work again when they were given the new one.
    """
    lock(conn, SETTING)
    known = pairs(conn)
    if known and not at_once:
        signs = current(known, now)
        known = [one if one.begins_at >= signs.begins_at else replace(one, sealed=None) for one in known]
        if known[-1].begins_at > now:
            return known[-1]
    fresh = _fresh(vault, now if at_once or not known else now + ANNOUNCED)
    _write(conn, [fresh] if at_once else [*published(known, now), fresh], now)
    audit.record(conn, by, "till.key_rotated", f"till-key:{fresh.name}", {"at_once": at_once}, now)
    return fresh


def _begun(conn: Connection, vault: Vault, now: datetime) -> list[Pair]:
    lock(conn, SETTING)
    found = pairs(conn)
    if not found:
        found = [_fresh(vault, now)]
        _write(conn, found, now)
    return found


def _fresh(vault: Vault, begins_at: datetime) -> Pair:
    key = Ed25519PrivateKey.generate()
    return Pair(key.public_key().public_bytes_raw(), vault.seal(key.private_bytes_raw()), begins_at)


def _write(conn: Connection, found: Sequence[Pair], now: datetime) -> None:
    document: list[dict[str, Any]] = [
        {
            "public": base64.b64encode(one.public).decode(),
            "sealed": base64.b64encode(one.sealed).decode() if one.sealed else None,
            "begins_at": one.begins_at.isoformat(),
        }
        for one in found
    ]
    write_setting(conn, SETTING, document, now=now)
