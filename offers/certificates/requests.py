"""Certificates and refunds by hand: above a limit a second person decides, about exactly what was asked for."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from offers.certificates import issue, spend
from offers.certificates.issue import Issued, Sale
from offers.certificates.spend import Answer
from store import audit, certificates
from store.certificates import Request
from store.db import Connection
from store.workspace import read_setting, write_setting
from wayfare.errors import Conflict, InputRefused
from wayfare.vault import Vault

KINDS = ("issue", "refund", "activate")
LIMIT = "approval_certificate"
DEFAULT_LIMIT = 100_000
"""In minor units: what one person may give away alone, when the workspace has not set another sum."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: a certificate (`issue`), money back on one (`refund` of the payment `key`), or the value
    of a plastic card (`activate`) that a line of an order paid for where no program said so.
    """

    kind: str
    amount: int
    currency: str
    reason: str
    phone: str | None = None
    valid_until: datetime | None = None
    key: str = ""
    owner: str = ""
    card: int | None = None
    order: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: it waits, was refused, or was carried out with this result."""

    id: int
    status: str
    digest: str
    issued: Issued | None = None
    answer: Answer | None = None


def ask(conn: Connection, vault: Vault, wanted: Wanted, *, now: datetime, by: str) -> Outcome:
    """Ask for something by hand. Up to the workspace's limit it is carried out at once."""
    if wanted.kind not in KINDS:
        raise InputRefused("unknown_value", f"kind is one of {', '.join(KINDS)}", path="kind")
    if wanted.amount <= 0:
        raise InputRefused("too_small", "at least one minor unit", path="amount")
    until = wanted.valid_until.isoformat() if wanted.valid_until else None
    body: dict[str, Any] = {"key": wanted.key, "owner": wanted.owner, "valid_until": until}
    if wanted.kind == "activate":
        body |= {"card": wanted.card, "order": wanted.order, "line": wanted.line}
    digest = _digest(vault, wanted, body)
    request_id = certificates.add_request(
        conn,
        {
            "kind": wanted.kind,
            "body": body,
            "phone": vault.seal(wanted.phone.encode()) if wanted.phone else None,
            "amount": wanted.amount,
            "currency": wanted.currency,
            "reason": wanted.reason,
            "digest": digest,
            "status": "waiting",
            "created_at": now,
            "created_by": by,
        },
    )
    facts = {"amount": wanted.amount, "currency": wanted.currency, "kind": wanted.kind, "reason": wanted.reason}
    audit.record(conn, by, "certificates.asked", f"certificate-request:{request_id}", facts, now)
    if wanted.amount > limit(conn):
        return Outcome(request_id, "waiting", digest.hex())
    return _carry_out(conn, vault, certificates.find_request(conn, request_id, lock=True), now, by)


def approve(conn: Connection, vault: Vault, request_id: int, shown: str, *, now: datetime, by: str) -> Outcome:
    """Approve a request and carry it out, once. Conflict for its author, for another content, and when it is decided.

    `shown` is the digest of what the approver saw.
    """
    request = certificates.find_request(conn, request_id, lock=True)
    if request.created_by == by:
        raise Conflict("another person has to approve what you asked for")
    if bytes(request.digest).hex() != shown:
        raise Conflict("this is not the request that was shown to you; look at it again")
    if request.status != "waiting":
        raise Conflict(f"this request is {request.status} already")
    return _carry_out(conn, vault, request, now, by)


def refuse(conn: Connection, request_id: int, *, now: datetime, by: str) -> Outcome:
    """Refuse a request; its author may do so too."""
    request = certificates.find_request(conn, request_id, lock=True)
    if not certificates.decide(conn, request_id, "refused", by, now):
        raise Conflict(f"this request is {request.status} already")
    audit.record(conn, by, "certificates.refused", f"certificate-request:{request_id}", {}, now)
    return Outcome(request_id, "refused", bytes(request.digest).hex())


def set_limit(conn: Connection, amount: int, *, now: datetime, by: str) -> None:
    """Set what one person may give away alone, in minor units; 0 asks for two people always."""
    if amount < 0:
        raise InputRefused("too_small", "0 or more minor units", path="approval")
    before = limit(conn)
    write_setting(conn, LIMIT, amount, now=now)
    audit.record(conn, by, "certificates.limit_changed", "workspace", {"from": before, "to": amount}, now)


def _carry_out(conn: Connection, vault: Vault, request: Request, now: datetime, by: str) -> Outcome:
    phone = vault.open(bytes(request.phone)).decode() if request.phone else None
    until = request.body["valid_until"]
    issued, answer = None, None
    if request.kind == "issue":
        ends = datetime.fromisoformat(until) if until else None
        sale = Sale("", "", request.amount, request.currency, phone, ends)
        issued = issue.give(conn, vault, sale, request.id, now=now, by=by)
    elif request.kind == "activate":
        _activate(conn, vault, request, phone, now, by)
    else:
        key, owner = request.body["key"], request.body["owner"]
        once = f"request:{request.id}"
        answer = spend.refund(conn, key, owner, request.amount, once, now=now, by=by)
        if answer.reason:
            raise Conflict(f"the payment {key} does not allow it: {answer.reason.replace('_', ' ')}")
    if not certificates.decide(conn, request.id, "approved", by, now):
        raise Conflict("somebody else has just decided about it")
    audit.record(conn, by, "certificates.approved", f"certificate-request:{request.id}", {"kind": request.kind}, now)
    return Outcome(request.id, "approved", bytes(request.digest).hex(), issued, answer)


def _activate(conn: Connection, vault: Vault, request: Request, phone: str | None, now: datetime, by: str) -> None:
    body = request.body
    until = datetime.fromisoformat(body["valid_until"]) if body["valid_until"] else None
    row = certificates.by_id(conn, body["card"], lock=True)
    sale = Sale(body["order"], body["line"], request.amount, request.currency, phone, until)
    reason = "not_found" if row.kind != "plastic" else issue.activate_row(conn, vault, row, sale, now=now, by=by)
    if reason:
        raise Conflict(f"the card cannot be activated: {reason.replace('_', ' ')}")


def limit(conn: Connection) -> int:
    """Return what one person may give away alone, in minor units."""
    found = read_setting(conn, LIMIT)
    return DEFAULT_LIMIT if found is None else int(found)


def _digest(vault: Vault, wanted: Wanted, body: dict[str, Any]) -> bytes:
    """Return what an approval is bound to; the phone counts and cannot be read from it."""
    phone = vault.digest("phone", wanted.phone).hex() if wanted.phone else None
    facts = [wanted.kind, wanted.amount, wanted.currency, wanted.reason, phone, body]
    return blake2b(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
