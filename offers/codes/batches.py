"""Batches of codes: what their codes unlock, for whom, from when, and how often."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from nodes.conditions import EVENT_TYPE
from offers.codes.text import LONGEST, compact, is_hidden, is_possible
from store import audit, codes
from store.codes import BatchRow
from store.db import Connection
from wayfare.errors import Conflict, InputRefused
from wayfare.vault import Vault

SHARED_LONGEST = 20
ACTIVATIONS = ("at_once", "by_event", "by_staff")


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """What a person or a program says of a batch. `unlock` defaults to the key; `max_uses` None is no limit."""

    key: str
    name: str = ""
    kind: str = "unique"
    prefix: str = ""
    unlock: str | None = None
    length: int = 10
    bind_phone: bool = False
    with_pin: bool = False
    activation: str = "at_once"
    activation_event: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    valid_days: int | None = None
    max_uses: int | None = 1
    max_uses_customer: int | None = None
    partner: str | None = None
    uses_pool: bool = False
    pool_warn: int | None = None
    on_failed_send: str = "void"
    is_test: bool = False
    offline: bool = False
    shared_text: str | None = None


def add_batch(conn: Connection, vault: Vault, spec: BatchSpec, *, now: datetime, by: str) -> BatchRow:
    """Make a batch; a shared one has its code at once. InputRefused names the field; Conflict for a known key."""
    _check(spec)
    shared = compact(spec.shared_text or "") or None
    stored = replace(spec, name=spec.name or spec.key, shared_text=shared)
    if shared and codes.find_codes(conn, [vault.digest("code", shared)]):
        raise Conflict(f"the code {shared} exists already; choose another text")
    batch_id = codes.add_batch(conn, {**asdict(stored), "created_at": now})
    if shared:
        codes.insert_shared(conn, batch_id, vault.digest("code", shared), shared[-4:], now)
    audit.record(conn, by, "codes.batch_made", f"codes:{spec.key}", {"kind": spec.kind}, now)
    return codes.find_batch(conn, spec.key)


CHANGEABLE = frozenset(
    {
        *("name", "unlock", "valid_from", "valid_until", "max_uses", "max_uses_customer"),
        *("partner", "uses_pool", "pool_warn", "on_failed_send", "offline"),
    }
)
"""What may change while codes are out; the rest is promised to those who have one."""


def change_batch(conn: Connection, key: str, values: Mapping[str, Any], *, now: datetime, by: str) -> BatchRow:
    """Change what may change of a batch. InputRefused names a field that may not."""
    if wrong := sorted(set(values) - CHANGEABLE):
        open_to_change = ", ".join(sorted(CHANGEABLE))
        raise _refused(wrong[0], "fixed", f"this cannot change; make another batch. Open to change: {open_to_change}")
    row = codes.find_batch(conn, key, lock=True)
    fields = {name: getattr(row, name) for name in BatchSpec.__dataclass_fields__}
    _check(BatchSpec(**{**fields, **values}))
    if values.get("offline") and not row.offline and row.kind == "unique" and codes.count_codes(conn, row.id):
        words = "codes of this batch are out that no till can know without a network; make another batch"
        raise _refused("offline", "fixed", words)
    most = values.get("max_uses", row.max_uses)
    if most is not None and (row.max_uses is None or most < row.max_uses):
        raise _refused("max_uses", "fixed", "codes are out that promise more uses; void the batch and make another")
    codes.change_batch(conn, row.id, values)
    audit.record(conn, by, "codes.batch_changed", f"codes:{key}", {"fields": sorted(values)}, now)
    return codes.find_batch(conn, key)


def void_batch(conn: Connection, key: str, reason: str, *, now: datetime, by: str) -> BatchRow:
    """Take all codes of a batch out of use at once, for good, with a reason; who reserved one may still finish."""
    row = codes.find_batch(conn, key, lock=True)
    if row.voided_at is None:
        codes.change_batch(conn, row.id, {"voided_at": now})
        audit.record(conn, by, "codes.batch_voided", f"codes:{key}", {"reason": reason}, now)
    return codes.find_batch(conn, key)


def levels(conn: Connection, rows: Iterable[BatchRow], now: datetime) -> dict[str, dict[str, int]]:
    """Return by batch how many codes are in each state (of those with any), and `uses`, redemptions so far."""
    by_id = {row.id: row.key for row in rows}
    found = codes.levels(conn, by_id, now)
    return {key: found.get(id, {"uses": 0}) for id, key in by_id.items()}


def is_low(row: BatchRow, found: Mapping[str, int]) -> bool:
    """Say whether fewer codes wait in a batch's pool than it warns at; `found` is one of `levels`."""
    return row.uses_pool and row.pool_warn is not None and found.get("free", 0) < row.pool_warn


def end_of(row: BatchRow, issued_at: datetime) -> datetime | None:
    """Return the end of a code's own validity, counted from its issue; None when the batch alone decides."""
    return None if row.valid_days is None else issued_at + timedelta(days=row.valid_days)


def _check(spec: BatchSpec) -> None:
    if spec.kind not in ("unique", "shared"):
        raise _refused("kind", "unknown_value", "kind is unique or shared")
    if spec.activation not in ACTIVATIONS:
        raise _refused("activation", "unknown_value", f"activation is one of {', '.join(ACTIVATIONS)}")
    if spec.activation_event is not None:
        if spec.activation != "by_event":
            raise _refused("activation_event", "not_by_event", "an event activates codes where activation is by_event")
        if not re.fullmatch(EVENT_TYPE, spec.activation_event) or len(spec.activation_event) > 64:
            raise _refused("activation_event", "bad_event", "write the type of an event, such as purchase")
        if spec.kind == "shared":
            raise _refused("activation_event", "shared", "a code that everybody shares belongs to no customer")
    if spec.on_failed_send not in ("void", "return"):
        raise _refused("on_failed_send", "unknown_value", "on_failed_send is void or return")
    if spec.valid_from and spec.valid_until and spec.valid_from >= spec.valid_until:
        raise _refused("valid_until", "ends_before_start", "the end comes before the start; set a later one")
    if spec.max_uses is not None and spec.max_uses < 1:
        raise _refused("max_uses", "too_small", "at least one use; leave it empty for no limit")
    if not 8 <= spec.length <= 32:
        raise _refused("length", "out_of_range", "8 to 32 characters after the prefix")
    if spec.prefix and (not is_possible(compact(spec.prefix)) or len(spec.prefix) > 12):
        raise _refused("prefix", "bad_prefix", "up to 12 capital letters, digits and dashes")
    if spec.offline and spec.kind == "unique":
        _check_offline(spec)
    if spec.kind == "unique":
        if spec.shared_text:
            raise _refused("shared_text", "not_shared", "only a shared code has a text of your own; set kind to shared")
        if spec.on_failed_send == "return" and not spec.uses_pool:
            raise _refused("on_failed_send", "no_pool", "only a code from a pool can return to it; set uses_pool")
        return
    text = compact(spec.shared_text or "")
    if not is_possible(text) or not 3 <= len(text) <= min(SHARED_LONGEST, LONGEST):
        words = f"a shared code has 3 to {SHARED_LONGEST} letters and digits, such as ANNA10"
        raise _refused("shared_text", "bad_shared_text", words)
    for name in ("with_pin", "bind_phone", "uses_pool"):
        if getattr(spec, name):
            raise _refused(name, "shared", "a code that everybody shares has none of its own; make a unique batch")


def _check_offline(spec: BatchSpec) -> None:
    for name, words in (("with_pin", "a PIN"), ("bind_phone", "a phone")):
        if getattr(spec, name):
            more = f"a till without a network cannot check {words}; leave offline or {name} out"
            raise _refused("offline", name, more)
    if spec.activation != "at_once":
        raise _refused("offline", "activation", "a till without a network cannot know what was activated")
    if not is_hidden(1, spec.length):
        words = "codes that a till knows without a network need 14 characters, 17 for a million of them"
        raise _refused("length", "too_short_offline", words)


def _refused(path: str, code: str, message: str) -> InputRefused:
    return InputRefused(code, message, path=path)
