"""Passwords: how they are kept, and which are refused."""

import gzip
import re
import secrets
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST = 12
LONGEST = 200
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # argon2id, OWASP's parameters
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Compare a password; without anything to compare with it takes the same time and is False."""
    try:
        return _HASHER.verify(kept or _nobody(), password[: 4 * LONGEST]) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


def fault(password: str, *names: str) -> str:
    """Say what is wrong with a new password, or nothing. There are no rules about kinds of characters."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    plain = password.casefold()
    if len(set(plain)) < 5 or re.fullmatch(r"(.{1,4})\1+.{0,3}", plain):
        return "This repeats itself; it would be guessed quickly."
    if plain in _common() or re.sub(r"[\W\d_]+$|^[\W\d_]+", "", plain) in _common():
        return "This password, or one very much like it, is on lists of stolen passwords. Take another one."
    parts = {part for name in names for part in re.split(r"[^\w]+", name.casefold()) if len(part) >= 4}
    if any(part in plain and len(plain) - len(part) < 8 for part in parts):
        return "This is little more than your name. Take another one."
    return ""


def invented() -> str:
    """Return a random password that a person can copy by hand: 20 characters, 99 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


@cache
def _nobody() -> str:
    return hashed(secrets.token_hex(16))


@cache
def _common() -> frozenset[str]:
    """Return stolen passwords that are used most, in lower case."""
    data = resources.files("wayfare").joinpath("data", "common-passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(data).decode().split("\n")) - {""}
