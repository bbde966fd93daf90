"""Certificates at the desk: closing one early, and a password for a holder whose phone did not get it."""

from datetime import datetime

from offers.certificates import proof
from offers.certificates.spend import Answer
from store import audit, certificates
from store.db import Connection
from wayfare.vault import Vault


def close_early(conn: Connection, certificate_id: int, reason: str, *, now: datetime, by: str) -> Answer:
    """Let a certificate expire now, as if its time were up: what is left is breakage. Nothing may be set aside."""
    row = certificates.by_id(conn, certificate_id, lock=True)
    if row.status == "expired":
        return Answer("", 0, 0, row.currency)
    if row.status != "active":
        return Answer(row.status, 0, row.balance, row.currency)
    if row.held:
        return Answer("held", 0, row.balance, row.currency)
    if row.balance:
        key = f"expire:{row.id}:{now.isoformat()}"
        certificates.move(conn, row, key, "expire", balance=-row.balance, other="breakage", now=now, by=by)
    certificates.change(conn, row.id, {"status": "expired", "valid_until": now, "password_digest": None})
    audit.record(
        conn, by, "certificates.closed", f"certificate:{row.id}", {"reason": reason, "amount": row.balance}, now
    )
    return Answer("", row.balance, 0, row.currency)


def send_password(
    conn: Connection, vault: Vault, certificate_id: int, phone: str, *, channel: str, now: datetime, by: str
) -> bool:
    """Send a one-time password to the phone that a certificate is bound to; False when it is another number."""
    row = certificates.by_id(conn, certificate_id, lock=True)
    done = proof.send_password(conn, vault, row, phone, channel=channel, now=now)
    if done:
        audit.record(conn, by, "certificates.password_sent", f"certificate:{row.id}", {"channel": channel}, now)
    return done
