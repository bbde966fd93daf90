"""Countries, languages, time zones and the like in their one usual form; empty text counts as none."""

import re
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies

from engine.texts import refused

_SEXES = {"female": "female", "f": "female", "w": "female", "woman": "female"}
_SEXES |= {"male": "male", "m": "male", "man": "male", "other": "other", "x": "other", "unknown": ""}


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    territories = [str(code) for code in Locale("en").territories]
    return frozenset(code for code in territories if len(code) == 2 and code not in ("EU", "EZ", "UN", "QO", "ZZ"))


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=1024)
def country(text: str) -> str | None:
    """Return the two capital letters of ISO 3166."""
    if text and text.upper() not in _countries():
        raise refused("unknown_country", "use the two letters of ISO 3166, such as UA")
    return text.upper() or None


@lru_cache(maxsize=1024)
def locale(text: str) -> str | None:
    """Return a language and, if given, script and country, such as uk or uk-UA."""
    if not text:
        return None
    try:
        return "-".join(filter(None, str(Locale.parse(text.replace("_", "-"), sep="-")).split("_")))
    except (ValueError, UnknownLocaleError):
        raise refused("unknown_locale", "use a language and a country, such as uk-UA or ka") from None


@lru_cache(maxsize=2048)
def time_zone(text: str) -> str | None:
    """Return the IANA name of a time zone, whatever its capitals."""
    if not text:
        return None
    name = _zones().get(text.lower())
    if name is None:
        raise refused("unknown_time_zone", "use a name from the IANA database, such as Europe/Kyiv")
    return name


@lru_cache(maxsize=1024)
def currency(text: str) -> str:
    """Return the three capital letters of ISO 4217; here, empty text is a mistake."""
    if not re.fullmatch(r"[A-Za-z]{3}", text) or text.upper() not in _currencies():
        raise refused("unknown_currency", "use the three letters of ISO 4217, such as UAH")
    return text.upper()


def sex(text: str) -> str | None:
    """Return female, male or other; None for unknown."""
    if text and text.lower() not in _SEXES:
        raise refused("unknown_value", "use female, male or other, or leave it out")
    return _SEXES.get(text.lower()) or None
