"""What proves that somebody may spend a certificate: the QR code's secret, a card's PIN, or a password sent to a phone.

The number finds a certificate and is worth nothing alone.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from offers.codes.text import compact, draw, is_well_formed
from store import certificates, notices
from store.certificates import Row
from store.db import Connection
from wayfare.vault import Vault

NUMBER_LENGTH, SECRET_LENGTH = 12, 24  # 55 bits find it; 115 bits spend it
MOST_TRIES = 5
LOCKED = timedelta(hours=1)
PASSWORD_LIVES = timedelta(minutes=10)
_PASSWORD_DIGITS = 6
_PIN = PasswordHasher(time_cost=2, memory_cost=8_192, parallelism=1)  # over a keyed digest: a stolen row is no start


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody brings along to spend a certificate: one of the three."""

    secret: str = ""
    pin: str = ""
    password: str = ""


def new_number() -> str:
    """Return a fresh number."""
    return new_numbers(1)[0]


def new_numbers(count: int) -> list[str]:
    """Return so many fresh numbers."""
    return draw(count, NUMBER_LENGTH)


def new_secret() -> str:
    """Return a fresh secret for a QR code."""
    return new_secrets(1)[0]


def new_secrets(count: int) -> list[str]:
    """Return so many fresh secrets for QR codes."""
    return draw(count, SECRET_LENGTH)


def split(text: str) -> tuple[str, str]:
    """Return number and secret of what a scanner read: `NUMBER.SECRET`; a typed number has no secret."""
    number, _, secret = text.strip().partition(".")
    return compact(number), compact(secret)


def number_digest(vault: Vault, number: str) -> bytes:
    """Return what is kept of a number."""
    return vault.digest("certificate", compact(number))


def secret_digest(vault: Vault, secret: str) -> bytes:
    """Return what is kept of a QR code's secret: at 115 bits a keyed digest cannot be turned back."""
    return vault.digest("certificate-secret", compact(secret))


def pin_hash(vault: Vault, number: str, pin: str) -> str:
    """Return what is kept of a plastic card's PIN."""
    return _PIN.hash(_peppered(vault, number_digest(vault, number), pin))


def is_number(text: str) -> bool:
    """Say whether this can be a certificate's number: its length, its letters and its check character fit."""
    return len(compact(text)) == NUMBER_LENGTH and is_well_formed(text)


def find(conn: Connection, vault: Vault, number: str) -> Row | None:
    """Return the certificate of this number, locked; a typing error asks nothing of the database."""
    if not is_number(number):
        return None
    return certificates.by_number(conn, number_digest(vault, number), lock=True)


def prove(conn: Connection, vault: Vault, row: Row, proof: Proof, *, now: datetime) -> str:
    """Return why this proof does not do, or nothing; a password is used up by it.

    Each try is counted before it is compared, and must be committed whatever the answer is.
    """
    if proof.password:
        return _password(conn, vault, row, proof.password, now)
    if row.locked_until is not None and row.locked_until > now:
        return "locked"
    if not proof.secret and not proof.pin:
        return "proof_missing"
    if not certificates.count_try(conn, row.id, MOST_TRIES, now, LOCKED):
        return "locked"
    if not _fits(vault, row, proof):
        return "proof_wrong"
    certificates.change(conn, row.id, {"tries": 0})
    return ""


def send_password(conn: Connection, vault: Vault, row: Row, phone: str, *, channel: str, now: datetime) -> bool:
    """Send a fresh one-time password to the phone that a certificate is bound to; False when it is another one.

    The password itself is nowhere but in the sealed message, and there only until it is sent.
    """
    bound = vault.digest("phone", phone)
    if row.phone_digest is None or not hmac.compare_digest(bytes(row.phone_digest), bound) or row.status != "active":
        return False
    password = f"{secrets.randbelow(10**_PASSWORD_DIGITS):0{_PASSWORD_DIGITS}}"
    until = now + PASSWORD_LIVES
    certificates.set_password(conn, row.id, _password_digest(vault, row.id, password), until)
    minutes = int(PASSWORD_LIVES.total_seconds() // 60)
    body = (
        f"{password} is the password for your gift certificate *{row.last4}. It works once, within {minutes} minutes."
    )
    address, text = vault.seal_many([phone.encode(), body.encode()])
    notices.add(conn, channel, address, text, now=now, not_after=until)
    return True


def _password(conn: Connection, vault: Vault, row: Row, password: str, now: datetime) -> str:
    kept = certificates.count_password_try(conn, row.id, MOST_TRIES, now)
    if kept is None or not hmac.compare_digest(kept, _password_digest(vault, row.id, password.strip())):
        return "proof_wrong"
    return "" if certificates.spend_password(conn, row.id, kept) else "proof_wrong"


def _fits(vault: Vault, row: Row, proof: Proof) -> bool:
    if proof.secret:
        return row.secret_digest is not None and hmac.compare_digest(
            bytes(row.secret_digest), secret_digest(vault, proof.secret)
        )
    try:
        return row.pin_hash is not None and _PIN.verify(
            row.pin_hash, _peppered(vault, bytes(row.number_digest), proof.pin)
        )
    except (Argon2Error, InvalidHashError):
        return False


def _peppered(vault: Vault, number: bytes, pin: str) -> str:
    return vault.digest("certificate-pin", f"{number.hex()}:{pin.strip()}").hex()


def _password_digest(vault: Vault, certificate_id: int, password: str) -> bytes:
    return vault.digest("certificate-password", f"{certificate_id}:{password}")
