"""The draft of the rule set: what people list, look at, save and take out. Each save is audited with what changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any

from offers.rules import shapes
from offers.rules.approval import Limits
from offers.rules.author import Author
from offers.rules.diff import fields_between
from offers.rules.past import Past, past_of
from offers.rules.shapes import LISTS, Body
from offers.rules.words import in_words, period_of
from store import audit, rulesets, workspace
from store.days import zone_of_days
from store.db import Connection
from store.locks import lock
from store.rulesets import ItemRow, Kind
from wayfare.errors import Conflict, NotFound

LOCK = "rulesets"


@dataclass(frozen=True, slots=True)
class Item:
    """A promotion, group or cap of the draft, beside what is live.

    `status` of a promotion: draft (not live), waiting (in a version that waits for approval or its date), live,
    scheduled (live, and its period begins later), ended, off, killed; of groups and caps: draft, waiting, live, off.
    `change` against the live version: empty, new, changed, removed. `rev` is 0 where only the live version has it.
    """

    kind: Kind
    key: str
    body: Body
    rev: int
    enabled: bool
    status: str
    change: str
    words: str
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime | None
    updated_by: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, and how many there are in all."""

    items: list[Item]
    total: int


def list_items(
    conn: Connection,
    now: datetime,
    *,
    kind: Kind = "promotion",
    search: str = "",
    status: str = "",
    group: str = "",
    layer: str = "",
    page: int = 1,
    size: int = 50,
) -> Page:
    """Return items by key. `search` looks into key, name, words and note; `group` is a key, or a layer's name."""
    past = past_of(conn, now)
    rows = rulesets.draft_items(conn, kind)
    layers = _layers(conn)
    zone = zone_of_days(conn)
    items = [_item(row, past, now, zone) for row in rows]
    known = {row.key for row in rows}
    items += [_gone(kind, body, past, now, zone) for key, body in past.live[kind].items() if key not in known]
    part = search.casefold().strip()

    def fits(item: Item) -> bool:
        text = f"{item.key}\n{item.body.get('name', '')}\n{item.words}\n{item.body.get('note', '')}".casefold()
        mine = item.body.get("group") or item.body.get("layer", "")
        return (
            (part in text)
            and (not status or item.status == status or item.change == status)
            and (not group or mine == group)
            and (not layer or layers.get(mine, mine) == layer)
        )

    found = sorted(filter(fits, items), key=lambda item: item.key)
    start = (max(page, 1) - 1) * size
    return Page(found[start : start + size], len(found))


def get_item(conn: Connection, kind: Kind, key: str, now: datetime) -> Item:
    """Return one item of the draft, or of the live version when only that one has it. Raises NotFound."""
    past = past_of(conn, now)
    row = rulesets.find_item(conn, key)
    if row is not None and row.kind == kind:
        return _item(row, past, now, zone_of_days(conn))
    if row is None and key in past.live[kind]:
        return _gone(kind, past.live[kind][key], past, now, zone_of_days(conn))
    raise NotFound(f"there is no {kind} '{key}'")


def save_item(
    conn: Connection,
    kind: Kind,
    key: str,
    body: object,
    author: Author,
    now: datetime,
    *,
    rev: int | None = None,
    enabled: bool | None = None,
) -> Item:
    """Save an item of the draft. Raises InputRefused with the path of the first fault.

    With `rev` (0: it must be new) Conflict when someone else saved meanwhile. `enabled` stays as it is when None.
    """
    document = shapes.read_item(kind, key, body)
    lock(conn, LOCK)
    known = rulesets.find_item(conn, key)
    if known is not None and known.kind != kind:
        raise Conflict(f"the key '{key}' belongs to a {known.kind}; take another one")
    _check_rev(known, key, rev)
    is_on = (known is None or known.enabled) if enabled is None else enabled
    if known is None or (known.body, known.enabled) != (document, is_on):
        if not rulesets.put_item(conn, kind, key, document, known=known, enabled=is_on, by=author.actor, now=now):
            raise Conflict(f"someone else saved '{key}' in this moment; read it again")
        detail = {"rev": known.rev + 1 if known else 1, "changes": _changes(kind, known, document, is_on)}
        audit.record(conn, author.actor, f"{kind}.saved", f"{kind}:{key}", detail, now)
    return get_item(conn, kind, key, now)


def delete_item(
    conn: Connection, kind: Kind, key: str, author: Author, now: datetime, *, rev: int | None = None
) -> None:
    """Take an item out of the draft; what is live stays live until the next version. Raises NotFound, Conflict."""
    lock(conn, LOCK)
    known = rulesets.find_item(conn, key)
    if known is None or known.kind != kind:
        raise NotFound(f"there is no {kind} '{key}' in the draft")
    _check_rev(known, key, rev)
    if kind == "group":
        inside = [row.key for row in rulesets.draft_items(conn, "promotion") if row.body.get("group") == key]
        if inside:
            few = ", ".join(inside[:5]) + (f" and {len(inside) - 5} more" if len(inside) > 5 else "")
            raise Conflict(f"these promotions stand in the group '{key}': {few}; move them to another one first")
    if not rulesets.delete_item(conn, key, known.rev):
        raise Conflict(f"someone else saved '{key}' in this moment; read it again")
    detail = {"rev": known.rev, "was": in_words(kind, known.body, zone_of_days(conn))}
    audit.record(conn, author.actor, f"{kind}.removed", f"{kind}:{key}", detail, now)


def draft_body(conn: Connection) -> Body:
    """Return the draft as a rule set: what would be published, without what is off."""
    items = [row for row in rulesets.draft_items(conn) if row.enabled]
    lists = {name: [row.body for row in items if row.kind == kind] for kind, name in LISTS.items()}
    return shapes.ordered({**lists, "smallest_price": settings(conn).smallest_price})


def import_body(conn: Connection, body: object, author: Author, now: datetime, *, replace: bool = False) -> int:
    """Save a whole rule set as items of the draft; return how many changed. `replace` takes out all others.

    Raises InputRefused with the path of the first fault; nothing has changed then.
    """
    document = shapes.read_body(body)
    lock(conn, LOCK)
    known = {row.key: row for row in rulesets.draft_items(conn)}
    given = {one["key"]: kind for kind, name in LISTS.items() for one in document[name]}
    changed: list[str] = []
    for key in sorted(known.keys() - given.keys()) if replace else ():
        rulesets.delete_item(conn, key, known[key].rev)
        changed.append(f"{key} taken out")
    for kind, name in LISTS.items():
        for one in document[name]:
            row = known.get(one["key"])
            if row is not None and row.kind != kind:
                raise Conflict(f"the key '{row.key}' belongs to a {row.kind}; take another one")
            if row is None or (row.body, row.enabled) != (one, True):
                rulesets.put_item(conn, kind, one["key"], one, known=row, enabled=True, by=author.actor, now=now)
                changed.append(one["key"])
    if isinstance(body, Mapping) and "smallest_price" in body:
        workspace.write_setting(conn, "smallest_price", document["smallest_price"], now=now)
    if changed:
        detail = {
            "items": len(changed),
            "changed": changed[:500],
            "digest": shapes.digest_of(shapes.canonical(document)),
        }
        audit.record(conn, author.actor, "promotions.imported", "promotions", detail, now)
    return len(changed)


def settings(conn: Connection) -> Limits:
    """Return up to where one person may publish alone."""
    kept = {name: workspace.read_setting(conn, name) for name in Limits.__dataclass_fields__}
    return Limits(**{name: value for name, value in kept.items() if value is not None})


def set_settings(conn: Connection, author: Author, now: datetime, **changes: Any) -> Limits:
    """Change the limits; None leaves one as it is."""
    before = asdict(settings(conn))
    new = {name: value for name, value in changes.items() if value is not None and value != before[name]}
    for name, value in new.items():
        workspace.write_setting(conn, name, value, now=now)
    if new:
        detail = {name: f"{before[name]} → {value}" for name, value in new.items()}
        audit.record(conn, author.actor, "promotions.settings_changed", "promotions", detail, now)
    return settings(conn)


def _check_rev(known: ItemRow | None, key: str, rev: int | None) -> None:
    if rev is None or rev == (known.rev if known else 0):
        return
    if known is None:
        raise Conflict(f"'{key}' is no longer in the draft; save it as a new one (rev 0)")
    raise Conflict(f"{known.updated_by} saved '{key}' meanwhile (revision {known.rev}); read it again")


def _changes(kind: Kind, known: ItemRow | None, document: Body, enabled: bool) -> list[str]:
    if known is None:
        return [in_words(kind, document)]
    found = [str(field) for field in fields_between(kind, known.body, document)]
    if known.enabled != enabled:
        found.append("switched on" if enabled else "switched off")
    return found


def _layers(conn: Connection) -> dict[str, str]:
    return {row.key: row.body["layer"] for row in rulesets.draft_items(conn, "group")}


def _item(row: ItemRow, past: Past, now: datetime, zone: tzinfo) -> Item:
    live = past.live[row.kind].get(row.key)
    if live is None:
        change = "new" if row.enabled else ""
    elif not row.enabled:
        change = "removed"
    else:
        change = "" if live == row.body else "changed"
    starts, ends = period_of(row.body)
    return Item(
        row.kind,
        row.key,
        row.body,
        row.rev,
        row.enabled,
        past.status(row.kind, row.key, now, is_on=row.enabled),
        change,
        in_words(row.kind, row.body, zone),
        starts,
        ends,
        row.updated_at,
        row.updated_by,
    )


def _gone(kind: Kind, body: Body, past: Past, now: datetime, zone: tzinfo) -> Item:
    """Return an item that is live and no longer in the draft."""
    starts, ends = period_of(body)
    status = past.status(kind, body["key"], now, is_on=False)
    said = in_words(kind, body, zone)
    return Item(kind, body["key"], body, 0, False, status, "removed", said, starts, ends, None, "")
