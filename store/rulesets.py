"""Rule sets of promotions: items of the draft, and versions with what was decided about them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, literal_column, select, update

from store.tables import metadata
from wayfare.errors import NotFound

Kind = Literal["promotion", "group", "cap"]
Status = Literal["waiting", "approved", "refused", "withdrawn"]
DRAFT = metadata.tables["draft_promotion"]
VERSION = metadata.tables["ruleset_version"]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A promotion, group or cap of the draft."""

    key: str
    kind: Kind
    body: dict[str, Any]
    rev: int
    enabled: bool
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A published rule set. `body` is empty where a list was asked for."""

    id: int
    number: int
    digest: str
    body: str
    parent: int | None
    kind: str
    status: Status
    live_from: datetime
    created_at: datetime
    created_by: str
    author: str
    decided_at: datetime | None
    decided_by: str
    note: str
    decision: str
    reasons: list[str]


def draft_items(conn: Connection, kind: Kind | None = None) -> list[ItemRow]:
    """Return the draft's items by key, all of them or those of a kind."""
    query = select(DRAFT).order_by(DRAFT.c.key)
    if kind is not None:
        query = query.where(DRAFT.c.kind == kind)
    return [ItemRow(**row._mapping) for row in conn.execute(query)]


def find_item(conn: Connection, key: str) -> ItemRow | None:
    """Return an item of the draft, of whatever kind."""
    row = conn.execute(select(DRAFT).where(DRAFT.c.key == key)).one_or_none()
    return ItemRow(**row._mapping) if row else None


def put_item(
    conn: Connection,
    kind: Kind,
    key: str,
    body: Mapping[str, Any],
    *,
    known: ItemRow | None,
    enabled: bool,
    by: str,
    now: datetime,
) -> bool:
    """Write an item over the one that is known, or as a new one; False when someone else was faster.

    The caller holds the lock of the rule sets where two may make the same new item.
    """
    values = {"kind": kind, "body": dict(body), "enabled": enabled, "updated_at": now, "updated_by": by}
    if known is None:
        conn.execute(insert(DRAFT).values(key=key, rev=1, **values))
        return True
    mine = (DRAFT.c.key == key, DRAFT.c.rev == known.rev)
    return conn.execute(update(DRAFT).where(*mine).values(rev=known.rev + 1, **values)).rowcount == 1


def delete_item(conn: Connection, key: str, rev: int) -> bool:
    """Take an item out of the draft; False when it has another revision by now."""
    return conn.execute(delete(DRAFT).where(DRAFT.c.key == key, DRAFT.c.rev == rev)).rowcount == 1


def switch_off(conn: Connection, keys: Sequence[str], *, by: str, now: datetime) -> None:
    """Switch items of the draft off."""
    values = {"enabled": False, "rev": DRAFT.c.rev + 1, "updated_at": now, "updated_by": by}
    conn.execute(update(DRAFT).where(DRAFT.c.key.in_(keys), DRAFT.c.enabled).values(values))


def live_number(conn: Connection, at: datetime) -> int | None:
    """Return the number of the version that prices carts at an instant; None before the first one.

    One step down ix_ruleset_version_live: every quote asks this.
    """
    return conn.execute(_live(at).with_only_columns(VERSION.c.number)).scalar_one_or_none()


def live_version(conn: Connection, at: datetime) -> VersionRow | None:
    """Return the version that prices carts at an instant."""
    return _one(conn, _live(at))


def version(conn: Connection, number: int) -> VersionRow:
    """Return a version with its body. Raises NotFound."""
    found = _one(conn, select(VERSION).where(VERSION.c.number == number)) if number < 2**31 else None
    if found is None:
        raise NotFound(f"there is no version {number} of the rule set")
    return found


def versions(conn: Connection, *, status: str = "", before: int | None = None, limit: int = 50) -> list[VersionRow]:
    """Return versions without their bodies, the latest first, below the number `before`."""
    columns = [literal_column("''").label("body") if one.name == "body" else one for one in VERSION.c]
    query = select(*columns).order_by(VERSION.c.number.desc()).limit(limit)
    if status:
        query = query.where(VERSION.c.status == status)
    if before is not None:
        query = query.where(VERSION.c.number < before)
    return [VersionRow(**row._mapping) for row in conn.execute(query)]


def waiting(conn: Connection) -> list[VersionRow]:
    """Return the versions that wait for approval, with their bodies."""
    query = select(VERSION).where(VERSION.c.status == "waiting").order_by(VERSION.c.number)
    return [VersionRow(**row._mapping) for row in conn.execute(query)]


def later(conn: Connection, at: datetime) -> list[VersionRow]:
    """Return the approved versions that begin after an instant, with their bodies, in the order in which they do."""
    query = select(VERSION).where(VERSION.c.status == "approved", VERSION.c.live_from > at)
    return [VersionRow(**row._mapping) for row in conn.execute(query.order_by(VERSION.c.live_from, VERSION.c.id))]


def killed_keys(conn: Connection) -> set[str]:
    """Return the keys of all promotions that were ever stopped by a kill."""
    kills = conn.execute(select(VERSION.c.reasons).where(VERSION.c.kind == "kill")).scalars()
    return {str(key) for keys in kills for key in keys}


def stopped(conn: Connection, keys: Collection[str], after: int, at: datetime) -> dict[str, VersionRow]:
    """Return those promotions that a kill later than version `after` had taken out by an instant, with the kill."""
    kills = (VERSION.c.kind == "kill", VERSION.c.status == "approved", VERSION.c.number > after)
    columns = [literal_column("''").label("body") if one.name == "body" else one for one in VERSION.c]
    query = select(*columns).where(*kills, VERSION.c.live_from <= at).order_by(VERSION.c.number.desc())
    found = [VersionRow(**row._mapping) for row in conn.execute(query)]
    return {key: row for row in found for key in row.reasons if key in keys}


def last_begun(conn: Connection) -> datetime | None:
    """Return when the last version began that began as soon as it was approved.

    Whoever publishes next begins no earlier, or would be overruled by one that was published just before.
    """
    at_once = (VERSION.c.status == "approved", VERSION.c.live_from <= VERSION.c.decided_at)
    return conn.execute(select(func.max(VERSION.c.live_from)).where(*at_once)).scalar_one_or_none()


def add_version(conn: Connection, values: Mapping[str, Any]) -> VersionRow:
    """Add a version under the next number. The caller holds the lock of the rule sets."""
    number = conn.execute(select(func.coalesce(func.max(VERSION.c.number), 0) + 1)).scalar_one()
    row = conn.execute(insert(VERSION).values(number=number, **values).returning(VERSION)).one()
    return VersionRow(**row._mapping)


def decide(conn: Connection, row: VersionRow, status: Status, **values: Any) -> bool:
    """Change a version's status from the one that `row` shows; False when someone else decided first."""
    mine = (VERSION.c.id == row.id, VERSION.c.status == row.status, VERSION.c.digest == row.digest)
    return conn.execute(update(VERSION).where(*mine).values(status=status, **values)).rowcount == 1


def _live(at: datetime) -> Any:
    begun = (VERSION.c.status == "approved", VERSION.c.live_from <= at)
    return select(VERSION).where(*begun).order_by(VERSION.c.live_from.desc(), VERSION.c.id.desc()).limit(1)


def _one(conn: Connection, query: Any) -> VersionRow | None:
    row = conn.execute(query).one_or_none()
    return VersionRow(**row._mapping) if row else None
