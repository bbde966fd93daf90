"""Does this code work, and if not, why not? Reasons are for staff: customers and tills get one answer for all."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from offers.codes import digests
from offers.codes.batches import SHARED_LONGEST
from offers.codes.make import pin_digest
from offers.codes.text import compact, is_possible, is_well_formed
from store import codes
from store.codes import Found
from store.db import Connection
from wayfare.vault import Vault

MOST_TRIES = 5
_NOBODY = -1  # no code has this id
REASONS: Mapping[str, str] = {
    "not_found": "There is no such code.",
    "void": "The code, or all codes of its batch, were taken out of use.",
    "not_issued": "The code waits in a pool; nobody was given it.",
    "used": "The code was used as often as it may be.",
    "reserved": "Another order has the code reserved.",
    "limit": "All uses that are left are reserved by other orders.",
    "expired": "Its time is over.",
    "not_yet": "Its time has not come.",
    "not_activated": "The code must be activated first.",
    "locked": "Too many wrong PINs were tried.",
    "pin_missing": "The code needs its PIN.",
    "pin_wrong": "The PIN is wrong.",
    "other_phone": "The code belongs to another phone number.",
}
"""Every reason, in words for people at a desk."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one text is worth. `reason` is empty for a usable code and never leaves the house otherwise."""

    text: str
    is_usable: bool
    reason: str = ""
    unlock: str = ""
    batch: str = ""
    code_id: int | None = None
    last4: str = ""
    partner: str | None = None
    max_uses: int | None = None
    max_uses_customer: int | None = None
    is_test: bool = False
    offline: bool = False

    @property
    def status(self) -> str:
        """`usable` or `refused`: all that a customer is told."""
        return "usable" if self.is_usable else "refused"


def resolve(
    conn: Connection,
    vault: Vault,
    texts: Sequence[str],
    *,
    now: datetime,
    phone: str | None = None,
    pins: Mapping[str, str] | None = None,
    asks_pin: bool = True,
) -> list[Resolved]:
    """Say of each text whether it is a code that works for this phone now; one query for all of them.

    The check character is looked at first, so a typing error asks nothing of the database. Each PIN that is given
    counts as a try before it is compared: then `conn` is a write transaction which commits whatever the answer is.
    Without `asks_pin` the PINs of codes count as known: for trying what a code would do, never for using it.
    """
    plain = [compact(text) for text in texts]
    found = digests.find(conn, vault, [code for code in plain if _may_exist(code)])
    bound = vault.digest("phone", phone) if phone else None
    answers: dict[str, Resolved] = {}
    for text, code in zip(texts, plain, strict=True):
        if code not in answers:
            given = (pins or {}).get(text) if asks_pin else None
            answers[code] = _judged(conn, vault, text, found.get(code), now, bound, given, asks_pin=asks_pin)
    return [replace(answers[code], text=text) for text, code in zip(texts, plain, strict=True)]


def refusal(row: Found, now: datetime) -> str:
    """Return why a code cannot be used by anybody now, or nothing."""
    batch = row.batch
    starts, ends = row.valid_from or batch.valid_from, row.valid_until or batch.valid_until
    if row.status == "void" or batch.voided_at is not None:
        return "void"
    if row.status == "free":
        return "not_issued"
    if row.status == "redeemed" or (batch.max_uses is not None and row.uses >= batch.max_uses):
        return "used"
    if ends is not None and now > ends:
        return "expired"
    if row.status == "reserved":
        return "reserved"
    if batch.max_uses is not None and row.uses + row.held >= batch.max_uses:
        return "limit"
    if starts is not None and now < starts:
        return "not_yet"
    if batch.activation != "at_once" and row.activated_at is None:
        return "not_activated"
    return ""


def _may_exist(code: str) -> bool:
    return is_well_formed(code) or (is_possible(code) and len(code) <= SHARED_LONGEST)


def _judged(
    conn: Connection,
    vault: Vault,
    text: str,
    row: Found | None,
    now: datetime,
    phone: bytes | None,
    pin: str | None,
    *,
    asks_pin: bool,
) -> Resolved:
    if row is None:
        _pretend(conn, vault, pin)
        return Resolved(text, False, "not_found")
    batch = row.batch
    reason = refusal(row, now) or _stranger(conn, vault, row, phone, pin, asks_pin=asks_pin)
    if reason not in ("", "pin_wrong", "locked"):
        _pretend(conn, vault, pin)
    return Resolved(
        text,
        not reason,
        reason,
        "" if reason else batch.unlocks,
        batch.key,
        row.id,
        row.last4,
        batch.partner,
        batch.max_uses,
        batch.max_uses_customer,
        batch.is_test,
        batch.offline,
    )


def _stranger(
    conn: Connection, vault: Vault, row: Found, phone: bytes | None, pin: str | None, *, asks_pin: bool
) -> str:
    """Return why the one who holds the code may not use it, or nothing."""
    if row.phone_digest is not None and (phone is None or not hmac.compare_digest(bytes(row.phone_digest), phone)):
        return "other_phone"
    if row.pin_digest is None or not asks_pin:
        return ""
    if pin is None:
        return "locked" if row.tries >= MOST_TRIES else "pin_missing"
    if not codes.count_try(conn, row.id, MOST_TRIES):
        pin_digest(vault, bytes(row.digest), pin)
        return "locked"
    if not hmac.compare_digest(bytes(row.pin_digest), pin_digest(vault, bytes(row.digest), pin.strip())):
        return "pin_wrong"
    codes.forget_tries(conn, row.id)
    return ""


def _pretend(conn: Connection, vault: Vault, pin: str | None) -> None:
    """Do the work of a wrong PIN, so that the time of a refusal tells nobody whether there is such a code."""
    if pin is not None:
        codes.count_try(conn, _NOBODY, MOST_TRIES)
        pin_digest(vault, bytes(32), pin)
