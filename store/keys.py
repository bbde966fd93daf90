"""API keys of programs: shown once, stored as digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from store.tables import metadata
from wayfare.errors import NotFound

KEYS = metadata.tables["api_key"]


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key after it was shown.

    `networks` are where it may be used from (none: anywhere). `store` is the shop that a till key is bound to.
    """

    id: int
    name: str
    prefix: str
    digest: bytes
    kind: str
    rights: list[str]
    networks: list[str]
    store: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Say whether the key still opens anything."""
        return (self.revoked_at is None or self.revoked_at > now) and (self.expires_at is None or self.expires_at > now)


def find_keys(conn: Connection, prefix: str) -> list[Key]:
    """Return the keys with this public prefix, which is one as good as always."""
    return [Key(**row._mapping) for row in conn.execute(select(KEYS).where(KEYS.c.prefix == prefix))]


def get_key(conn: Connection, key_id: int) -> Key:
    """Return one key; NotFound when there is none."""
    row = conn.execute(select(KEYS).where(KEYS.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(f"no API key {key_id}")
    return Key(**row._mapping)


def list_keys(conn: Connection, *, created_by: str | None = None) -> list[Key]:
    """Return all keys, or those that one person made, the latest first."""
    query = select(KEYS).order_by(KEYS.c.id.desc())
    if created_by is not None:
        query = query.where(KEYS.c.created_by == created_by)
    return [Key(**row._mapping) for row in conn.execute(query)]


def add_key(
    conn: Connection,
    *,
    name: str,
    prefix: str,
    digest: bytes,
    kind: str,
    rights: Sequence[str],
    networks: Sequence[str],
    store: str | None,
    created_by: str,
    expires_at: datetime | None,
    now: datetime,
) -> int:
    """Remember a new key and return its id."""
    row = insert(KEYS).values(
        name=name,
        prefix=prefix,
        digest=digest,
        kind=kind,
        rights=list(rights),
        networks=list(networks),
        store=store,
        created_at=now,
        created_by=created_by,
        expires_at=expires_at,
    )
    return int(conn.execute(row.returning(KEYS.c.id)).scalar_one())


def revoke_key(conn: Connection, key_id: int, at: datetime) -> None:
    """Let a key end at an instant, unless it ends before; a later instant leaves time to bring in its successor."""
    sooner = or_(KEYS.c.revoked_at.is_(None), KEYS.c.revoked_at > at)
    conn.execute(update(KEYS).where(KEYS.c.id == key_id, sooner).values(revoked_at=at))


def note_use(conn: Connection, key_id: int, now: datetime) -> None:
    """Remember when a key was last used."""
    conn.execute(update(KEYS).where(KEYS.c.id == key_id).values(last_used_at=now))
