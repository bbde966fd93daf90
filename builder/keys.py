"""Keys made from names, in letters that every program can read, Cyrillic as in passports; and those nobody can have."""

import re
import unicodedata
from collections.abc import Container

from wayfare.errors import BadKey

_CYRILLIC = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё"
_LATIN = "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch - iu ia y e - e"
_LETTERS = dict(zip(_CYRILLIC, ["" if one == "-" else one for one in _LATIN.split()], strict=True))


RESERVED = frozenset({"bulk", "import", "new"})
"""Keys that no journey can have: pages of that address stand in their way."""


def check_key(key: str) -> str:
    """Return a key that a journey can have. BadKey says what is wrong with it."""
    if not key or len(key) > 100 or not key.isprintable() or "/" in key or key in (".", ".."):
        raise BadKey(f"'{key[:100]}' cannot be a key: take 1 to 100 letters, digits, dots and dashes")
    if key in RESERVED:
        raise BadKey(f"no journey can have the key '{key}': /journeys/{key} is a page of its own; choose another key")
    return key


def slug(name: str, otherwise: str) -> str:
    """Return a name in small Latin letters, digits and dashes, at most 80; `otherwise` when nothing is left of it."""
    plain = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    ascii_ = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:80].strip("-") or otherwise


def free(base: str, taken: Container[str]) -> str:
    """Return `base`, or `base` with the first number that nobody has: "welcome-2". Reserved keys count as taken."""
    if base not in taken and base not in RESERVED:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
