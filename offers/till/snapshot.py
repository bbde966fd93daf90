"""Making a shop's snapshot: rules that are live and to come, what limits have left, and codes that nobody can read."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from offers.codes import digests
from offers.codes.resolve import refusal
from offers.codes.text import is_hidden
from offers.live import Live
from offers.rules import shapes
from offers.till import keys
from offers.till.keys import Pair
from offers.till.offline import FORMAT, mark_of
from offers.till.signed import canonical, sign
from store import audit, codes, counters, receipts, redemptions, rulesets
from store.codes import BatchRow
from store.db import Connection
from store.receipts import SnapshotRow
from store.workspace import read_setting, write_setting
from wayfare.errors import InputRefused
from wayfare.vault import Vault

SETTING = "till.hours"
USUAL, LONGEST = 24, 24 * 7
MOST_CODES = 100_000
"""Codes of their own in one snapshot: 12 bytes each."""
_SLOTS = 48  # a snapshot begins at one of so many instants of its life, so that asking again finds the same one


@dataclass(frozen=True, slots=True)
class Content:
    """What a snapshot will say. `id` is its name by content: the same content has the same name."""

    id: str
    row: SnapshotRow
    document: dict[str, Any]
    groups: Mapping[tuple[Any, ...], Sequence[bytes]]
    vault: Vault

    def signed(self, pair: Pair) -> str:
        """Return the file."""
        salt = self.vault.digest("till-salt", self.id)[:16]
        unique = [
            {
                **dict(zip(("unlock", "from", "until", "most"), group, strict=True)),
                "marks": base64.b64encode(b"".join(sorted(mark_of(salt, one) for one in found))).decode(),
            }
            for group, found in self.groups.items()
        ]
        key = self.vault.digest_key(digests.OFFLINE) if unique else b""
        codes_part = {
            **self.document["codes"],
            "salt": base64.b64encode(salt).decode(),
            "key": base64.b64encode(key).decode(),
            "unique": unique,
        }
        return sign({**self.document, "id": self.id, "codes": codes_part}, keys.private(self.vault, pair))


def gather(
    conn: Connection, live: Live, vault: Vault, store: str, zone: str, pairs: Sequence[Pair], now: datetime
) -> Content:
    """Return what the snapshot of a shop says now: reads, and signs nothing yet."""
    life = timedelta(hours=hours(conn))
    issued = _floor(now, life / _SLOTS)
    expires = issued + life
    versions = list(_versions(conn, live, now, issued, expires))
    bodies = [one["body"] for one in versions]
    shared, groups, left_out = _codes(conn, vault, now, expires)
    document = {
        "format": FORMAT,
        "store": store,
        "zone": zone,
        "issued": _text(issued),
        "expires": _text(expires),
        "keys": [pair.pem for pair in keys.published(pairs, now)],
        "versions": versions,
        "taken": counters.taken(conn, _counted(bodies, zone, issued, expires)),
        "words": _words(conn, bodies),
        "codes": {"shared": shared, "left_out": left_out},
    }
    signer = keys.current(pairs, now).name
    marks = [[*group, [one.hex() for one in found]] for group, found in groups.items()]
    id = vault.digest("till-snapshot", canonical([signer, document, marks])).hex()[:32]
    row = SnapshotRow(id, store, [one["number"] for one in versions], issued, expires)
    return Content(id, row, document, groups, vault)


def hours(conn: Connection) -> int:
    """Return for how many hours tills may sell without a network."""
    found = read_setting(conn, SETTING)
    return int(found) if found else USUAL


def set_hours(conn: Connection, value: int, now: datetime, by: str) -> None:
    """Set for how many hours tills may sell without a network. Raises InputRefused."""
    if not 1 <= value <= LONGEST:
        raise InputRefused("out_of_range", f"a snapshot lives 1 to {LONGEST} hours", path="hours")
    write_setting(conn, SETTING, value, now=now)
    audit.record(conn, by, "till.hours_set", "till", {"hours": value}, now)


def _versions(
    conn: Connection, live: Live, now: datetime, issued: datetime, expires: datetime
) -> Iterator[dict[str, Any]]:
    number = rulesets.live_number(conn, now) or 0
    body = live.numbered(conn, number).body
    digest = shapes.digest_of(canonical(body))
    yield {"number": number, "digest": digest, "live_from": _text(issued), "body": body}
    for row in rulesets.later(conn, now):
        if row.live_from < expires:
            later = shapes.loaded(row.body)
            yield {"number": row.number, "digest": row.digest, "live_from": _text(row.live_from), "body": later}


def _counted(bodies: Sequence[shapes.Body], zone: str, issued: datetime, expires: datetime) -> list[str]:
    """Return the counters that a till needs to know what limits have left: none of one buyer or one code."""
    day, last = (at.astimezone(ZoneInfo(zone)).date() for at in (issued, expires))
    days = []
    while day <= last:
        days.append(f"day:{day.isoformat()}")
        day += timedelta(days=1)
    limited = sorted({one["key"] for body in bodies for one in body["promotions"] if "usage" in one})
    return [f"p:{key}:{name}" for key in limited for name in ("total", "spend", *days)]


def _words(conn: Connection, bodies: Sequence[shapes.Body]) -> list[str]:
    """Return the promotions' own words that work as codes as they stand: no batch of codes stands before them."""
    words = {one["requires_code"].strip().upper() for body in bodies for one in body["promotions"] if _word(one)}
    return sorted(words - redemptions.guarded(conn, words)) if words else []


def _word(promotion: Mapping[str, Any]) -> bool:
    return bool((promotion.get("requires_code") or "").strip())


def _codes(
    conn: Connection, vault: Vault, now: datetime, expires: datetime
) -> tuple[list[dict[str, Any]], dict[tuple[Any, ...], list[bytes]], list[str]]:
    """Return shared codes with their texts, digests of the others by what they open and when, and batches that are
    left out because there are too many codes, or because theirs could be found by trying.
    """
    shared: list[dict[str, Any]] = []
    groups: dict[tuple[Any, ...], list[bytes]] = {}
    left_out: list[str] = []
    room = MOST_CODES
    for batch in receipts.offline_batches(conn):
        if batch.kind == "shared":
            shared.extend(_shared(conn, vault, batch, now))
            continue
        found = receipts.offline_codes(conn, batch, now, room + 1)
        if len(found) > room or (found and not is_hidden(len(found), batch.length)):
            left_out.append(batch.key)
            continue
        room -= len(found)
        for digest, begins, ends in found:
            if (ends or batch.valid_until or now) >= now:
                groups.setdefault(_group(batch, begins, ends, now, expires), []).append(digest)
    return shared, groups, left_out


def _shared(conn: Connection, vault: Vault, batch: BatchRow, now: datetime) -> Iterator[dict[str, Any]]:
    text = batch.shared_text or ""
    for row in codes.find_codes(conn, [digests.digest(vault, text)]).values():
        if refusal(row, now) in ("", "not_yet"):
            begins, ends = row.valid_from or batch.valid_from, row.valid_until or batch.valid_until
            window = {"from": begins and _text(begins), "until": ends and _text(ends)}
            yield {"text": text, "unlock": batch.unlocks, "most": batch.max_uses_customer, **window}


def _group(
    batch: BatchRow, begins: datetime | None, ends: datetime | None, now: datetime, expires: datetime
) -> tuple[Any, ...]:
    """Return what a code opens and when, as far as it matters in the snapshot's life: so that groups are few."""
    begins, ends = begins or batch.valid_from, ends or batch.valid_until
    return (
        batch.unlocks,
        None if begins is None or begins <= now else _text(begins),
        None if ends is None or ends >= expires else _text(ends),
        batch.max_uses_customer,
    )


def _floor(now: datetime, slot: timedelta) -> datetime:
    seconds = max(60, int(slot.total_seconds()))
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
