"""Promo codes: drawn from the system's secure source, without look-alikes, with a check character."""

import os
from collections.abc import Iterator

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters: no 0 and O, no 1 and I."""

_TABLE = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))
_VALUES = bytes(ALPHABET.index(chr(c)) if chr(c) in ALPHABET else 0 for c in range(256))
_PRIME = 37  # above 32, so that one wrong character and a swap of neighbours always change the remainder


def draw(count: int, length: int) -> list[str]:
    """Return `count` random codes of `length` characters, the last one a check character.

    Each of the others carries 5 bits: 10 characters hold 45. They are not compared with what was issued before; the
    store's unique constraint does that.
    """
    found: list[str] = []
    while len(found) < count:
        found.extend(_draw(count - len(found), length - 1))
    return found


def is_well_formed(code: str) -> bool:
    """Say whether the check character fits: it catches typing errors and proves nothing."""
    if len(code) < 2 or any(character not in ALPHABET for character in code):
        return False
    return _check(code[:-1].encode()) == ALPHABET.index(code[-1])


def _draw(count: int, length: int) -> Iterator[str]:
    raw = os.urandom(count * length).translate(_TABLE)
    for start in range(0, len(raw), length):
        body = raw[start : start + length]
        check = _check(body)
        if check < 32:  # the others have no character; one in seven is drawn again
            yield body.decode() + ALPHABET[check]


def _check(body: bytes) -> int:
    return int.from_bytes(body.translate(_VALUES), "big") % _PRIME
