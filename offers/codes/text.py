"""The text of a code: drawn from the system's secure source, without look-alikes, with a check character."""

import io
import os
from collections.abc import Iterator

import segno

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters: no 0 and O, no 1 and I."""
LONGEST = 64

_TABLE = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))
_VALUES = bytes(ALPHABET.index(chr(c)) if chr(c) in ALPHABET else 0 for c in range(256))
_PRIME = 37  # above 32, so that one wrong character and a swap of neighbours always change the remainder
_SIGNS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SAME = str.maketrans("АВЕІКМНОРСТУХ", "ABEIKMHOPCTYX")  # what a Cyrillic keyboard types
_SPACE_BITS = 5
_HIDDEN_BITS = 60
_SPARE = 1_000_000
"""So many texts that are no code stand beside each that is one, at the least: guessing is not worth the while."""


def draw(count: int, length: int, prefix: str = "") -> list[str]:
    """Return `count` random codes: `prefix`, then `length` characters, the last one a check character over all.

    Each of the others carries 5 bits: 10 characters hold 45. They are not compared with what was issued before; the
    store's unique constraint does that.
    """
    start = (int.from_bytes(compact(prefix).encode().translate(_VALUES), "big") << (8 * (length - 1))) % _PRIME
    found: list[str] = []
    while len(found) < count:
        found.extend(_draw(count - len(found), length - 1, prefix, start))
    return found


def compact(text: str) -> str:
    """Return a code as it is looked up: capitals and digits, without the spaces and dashes that people write."""
    upper = text.upper().translate(_SAME)
    return "".join([sign for sign in upper if not sign.isspace() and sign not in "-–—_."])


def is_well_formed(text: str) -> bool:
    """Say whether the check character fits: it catches typing errors and proves nothing."""
    code = compact(text)
    if not 2 <= len(code) <= LONGEST or not is_possible(code) or code[-1] not in ALPHABET:
        return False
    return _check(code[:-1].encode()) == ALPHABET.index(code[-1])


def is_possible(code: str) -> bool:
    """Say whether a compact text can be a code at all."""
    return 0 < len(code) <= LONGEST and _SIGNS.issuperset(code)


def grouped(text: str) -> str:
    """Return a code in groups of four, as it is printed: people copy it with fewer errors."""
    code = compact(text)
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def is_sparse(count: int, length: int) -> bool:
    """Say whether `count` codes of `length` characters leave guessing hopeless."""
    return count * _SPARE <= 1 << (_SPACE_BITS * (length - 1))


def is_hidden(count: int, length: int) -> bool:
    """Say whether `count` codes of `length` characters stay hidden from one who can try each text at leisure.

    Whoever holds what a till is given needs more than 2^60 tries for the first one.
    """
    return count << _HIDDEN_BITS <= 1 << (_SPACE_BITS * (length - 1))


def qr_svg(text: str) -> str:
    """Return a QR code as an inline SVG without any style of its own."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, nl=False, omitsize=True, border=4
    )
    return out.getvalue().decode()


def _draw(count: int, length: int, prefix: str, start: int) -> Iterator[str]:
    raw = os.urandom(count * length).translate(_TABLE)
    values = raw.translate(_VALUES)
    for at in range(0, len(raw), length):
        check = (start + int.from_bytes(values[at : at + length], "big")) % _PRIME
        if check < 32:  # the others have no character; one in seven is drawn again
            yield prefix + raw[at : at + length].decode() + ALPHABET[check]


def _check(body: bytes) -> int:
    return int.from_bytes(body.translate(_VALUES), "big") % _PRIME
