"""Paying with a certificate: set money aside, take it, let it go, give it back; each with a key and at most once.

Reasons are values, so that the transaction which counted a try commits. Those of `GENERIC` are one refusal to the
outside: whoever cannot prove that a certificate is theirs learns nothing about it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from offers.certificates import proof
from offers.certificates.proof import Proof
from store import audit, certificates, ledger
from store.certificates import Hold, Row
from store.db import Connection
from wayfare.crashpoints import point
from wayfare.vault import Vault

GENERIC = frozenset({"not_found", "proof_missing", "proof_wrong", "locked", "inactive", "void", "expired"})
HOLD_LIVES = timedelta(minutes=30)
GRACE = timedelta(days=30)
"""How long money that comes back to a certificate can be spent at the least."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What a till wants. `up_to` takes what there is when the balance is smaller than `amount`."""

    number: str
    proof: Proof
    amount: int
    currency: str
    key: str
    owner: str
    order: str | None = None
    up_to: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it; `reason` is empty when it went well. `balance` is what is left, once the holder is known."""

    reason: str = ""
    amount: int = 0
    balance: int = 0
    currency: str = ""
    key: str = ""

    @property
    def is_generic(self) -> bool:
        """Whether the outside may only be told that it does not work."""
        return self.reason in GENERIC


def check(conn: Connection, vault: Vault, number: str, given: Proof, *, now: datetime) -> Answer:
    """Return the balance to whoever proves that the certificate is theirs. A one-time password is used up by it."""
    row = proof.find(conn, vault, number)
    if row is None:
        return Answer("not_found")
    reason = proof.prove(conn, vault, row, given, now=now) or state(row, now)
    return Answer(reason) if reason else Answer("", 0, row.balance, row.currency)


def authorise(
    conn: Connection, vault: Vault, asked: Payment, *, now: datetime, lives: timedelta = HOLD_LIVES
) -> Answer:
    """Set money of a certificate aside for an order; the same key again answers the same, without another proof."""
    key = f"{asked.owner}:{asked.key}"
    row = proof.find(conn, vault, asked.number)
    held = certificates.find_hold(conn, key)
    if held is not None:
        return _again(held, row, asked)
    if row is None:
        return Answer("not_found")
    reason = proof.prove(conn, vault, row, asked.proof, now=now) or state(row, now)
    if reason:
        return Answer(reason)
    if row.currency != asked.currency:
        return Answer("other_currency", 0, row.balance, row.currency)
    amount = min(asked.amount, row.balance) if asked.up_to else asked.amount
    if amount <= 0 or amount > row.balance:
        return Answer("insufficient", 0, row.balance, row.currency)
    values = {"key": key, "certificate_id": row.id, "amount": amount, "order_key": asked.order, "owner": asked.owner}
    hold_id = certificates.add_hold(conn, {**values, "created_at": now, "expires_at": now + lives})
    if hold_id is None:
        return Answer("key_taken")
    point("authorise.held")
    moved = certificates.move(
        conn,
        row,
        f"authorise:{hold_id}",
        "authorise",
        balance=-amount,
        held=amount,
        now=now,
        by=asked.owner,
        order=asked.order,
    )
    if not moved:
        raise AssertionError("the locked row had the balance")
    point("authorise.written")
    return Answer("", amount, row.balance - amount, row.currency, asked.key)


def capture(
    conn: Connection, key: str, owner: str, *, now: datetime, amount: int | None = None, order: str | None = None
) -> Answer:
    """Take what was set aside, all of it or `amount`; the rest goes back. The same key again answers the same."""
    hold, row = _held(conn, key, owner)
    if hold is None or row is None:
        return Answer("unknown_key")
    taken = hold.amount if amount is None else amount
    if hold.status == "captured":
        fits = amount is None or amount == hold.captured
        return Answer("" if fits else "key_taken", hold.captured, row.balance, row.currency, key)
    if hold.status != "held":
        return Answer("released", 0, row.balance, row.currency, key)
    if not 0 < taken <= hold.amount:
        return Answer("too_much", 0, row.balance, row.currency, key)
    if not certificates.change_hold(conn, hold.id, "held", {"status": "captured", "captured": taken}):
        raise AssertionError("the locked hold was held")
    point("capture.marked")
    rest = hold.amount - taken
    certificates.move(
        conn,
        row,
        f"capture:{hold.id}",
        "capture",
        balance=rest,
        held=-hold.amount,
        other="redeemed",
        now=now,
        by=owner,
        order=order or hold.order_key,
    )
    point("capture.written")
    return Answer("", taken, row.balance + rest, row.currency, key)


def let_go(conn: Connection, key: str, owner: str, *, now: datetime) -> Answer:
    """Give back what was set aside. The same key again answers the same."""
    hold, row = _held(conn, key, owner)
    if hold is None or row is None:
        return Answer("unknown_key")
    if hold.status == "captured":
        return Answer("captured", hold.captured, row.balance, row.currency, key)
    if hold.status == "released":
        return Answer("", 0, row.balance, row.currency, key)
    _release(conn, hold, row, now, owner)
    return Answer("", 0, row.balance + hold.amount, row.currency, key)


def redeem(conn: Connection, vault: Vault, asked: Payment, *, now: datetime) -> Answer:
    """Pay at once: set aside and take in one go."""
    answer = authorise(conn, vault, asked, now=now)
    if answer.reason:
        return answer
    return capture(conn, asked.key, asked.owner, now=now, order=asked.order)


def refund(conn: Connection, key: str, owner: str, amount: int, refund_key: str, *, now: datetime, by: str) -> Answer:
    """Put money that a payment took back on its certificate, at most what it took; once for each `refund_key`.

    A certificate whose time has passed meanwhile can be spent for another month.
    """
    hold, row = _held(conn, key, owner)
    if hold is None or row is None or hold.status != "captured":
        return Answer("unknown_key")
    if row.status == "void":
        return Answer("void", 0, row.balance, row.currency, key)
    if amount <= 0:
        return Answer("too_much", 0, row.balance, row.currency, key)
    once = f"refund:{hold.id}:{refund_key}"
    done = ledger.amount_of(conn, once, f"certificate:{row.id}")
    if done is not None:
        return Answer("" if done == amount else "key_taken", done, row.balance, row.currency, key)
    if not certificates.add_refund(conn, hold.id, amount):
        return Answer("too_much", 0, row.balance, row.currency, key)
    point("refund.counted")
    order = hold.order_key
    certificates.move(conn, row, once, "refund", balance=amount, other="redeemed", now=now, by=by, order=order)
    until = None if row.valid_until is None else max(row.valid_until, now + GRACE)
    certificates.change(conn, row.id, {"status": "active", "valid_until": until})
    point("refund.written")
    return Answer("", amount, row.balance + amount, row.currency, key)


def void(conn: Connection, certificate_id: int, reason: str, *, now: datetime, by: str) -> Answer:
    """Take a certificate out of use and its money off it, because its order was paid back; nothing may be set aside."""
    row = certificates.by_id(conn, certificate_id, lock=True)
    if row.status == "void":
        return Answer("", 0, 0, row.currency)
    if row.held:
        return Answer("held", 0, row.balance, row.currency)
    if row.balance:
        key = f"void:{row.id}"
        certificates.move(conn, row, key, "void", balance=-row.balance, other=row.source, now=now, by=by)
    certificates.change(conn, row.id, {"status": "void", "password_digest": None})
    detail = {"reason": reason, "amount": row.balance}
    audit.record(conn, by, "certificates.voided", f"certificate:{row.id}", detail, now)
    return Answer("", row.balance, 0, row.currency)


def tidy(conn: Connection, now: datetime) -> int:
    """Let holds go whose time is up, then close certificates whose time is up: what is left is breakage."""
    holds = certificates.overdue_holds(conn, now)
    for hold in holds:
        _release(conn, hold, certificates.by_id(conn, hold.certificate_id, lock=True), now, "wayfare")
    rows = certificates.overdue(conn, now)
    for row in rows:
        if row.balance:
            ended = row.valid_until or now
            key = f"expire:{row.id}:{ended.isoformat()}"
            certificates.move(conn, row, key, "expire", balance=-row.balance, other="breakage", now=now, by="wayfare")
        certificates.change(conn, row.id, {"status": "expired"})
    return len(holds) + len(rows)


def state(row: Row, now: datetime) -> str:
    """Return why nobody can spend a certificate now, or nothing."""
    if row.status != "active":
        return row.status
    return "expired" if row.valid_until is not None and now > row.valid_until else ""


def _again(hold: Hold, row: Row | None, asked: Payment) -> Answer:
    """Answer a key that was used before: the same request gets the same, another one is refused."""
    if row is None or row.id != hold.certificate_id:
        return Answer("key_taken")
    if hold.status == "released":
        return Answer("released", 0, 0, row.currency, asked.key)
    same = hold.amount == asked.amount or (asked.up_to and hold.amount < asked.amount)
    if not same or row.currency != asked.currency:
        return Answer("key_taken")
    return Answer("", hold.amount, row.balance, row.currency, asked.key)


def _held(conn: Connection, key: str, owner: str) -> tuple[Hold | None, Row | None]:
    """Return a hold and its certificate, the certificate locked first, as everywhere."""
    seen = certificates.find_hold(conn, f"{owner}:{key}")
    if seen is None:
        return None, None
    row = certificates.by_id(conn, seen.certificate_id, lock=True)
    return certificates.find_hold(conn, f"{owner}:{key}", lock=True), row


def _release(conn: Connection, hold: Hold, row: Row, now: datetime, by: str) -> None:
    if certificates.change_hold(conn, hold.id, "held", {"status": "released"}):
        certificates.move(
            conn, row, f"release:{hold.id}", "release", balance=hold.amount, held=-hold.amount, now=now, by=by
        )
