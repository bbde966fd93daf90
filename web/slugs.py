"""Keys made from names: letters that every program can read, Cyrillic written as in passports."""

import re
import unicodedata
from collections.abc import Container

_CYRILLIC = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё"
_LATIN = "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch - iu ia y e - e"
_LETTERS = dict(zip(_CYRILLIC, ["" if one == "-" else one for one in _LATIN.split()], strict=True))


def slug(name: str, otherwise: str) -> str:
    """Return a name in small Latin letters, digits and dashes, at most 80; `otherwise` when nothing is left of it."""
    plain = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    ascii_ = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:80].strip("-") or otherwise


def free(base: str, taken: Container[str]) -> str:
    """Return `base`, or `base` with the first number that nobody has: "welcome-2"."""
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
