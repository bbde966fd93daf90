"""How text compares: by a casefolded copy in Unicode's composed form, ordered by code point."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from unicodedata import is_normalized, normalize

from wayfare.segments.facts import TEXT_FACTS


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return the copy of a text that comparisons use: "КИЇВ" and "київ" become one, however й and ї are encoded."""
    if text.isascii():
        return text.lower()
    folded = normalize("NFC", text).casefold()
    return folded if is_normalized("NFC", folded) else normalize("NFC", folded)


def folded_copies(profile: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return what `customer.folded` keeps for SQL: fact name to folded text, for every text value of a customer.

    Empty text counts as no value and is left out, as is everything that is not text.
    """
    values = {name: profile.get(name) for name in TEXT_FACTS}
    values.update({f"attrs.{name}": value for name, value in attributes.items()})
    return {name: fold(value) for name, value in values.items() if isinstance(value, str) and value}
