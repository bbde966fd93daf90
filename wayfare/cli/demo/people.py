"""People for the purchase log, who do not exist: everything here is drawn from a seed, the same on every machine."""

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from wayfare.chance import share
from wayfare.cli.demo.names import of_sex
from wayfare.cli.demo.places import COUNTRIES, City, Country, phone_of

T = TypeVar("T")
P = TypeVar("P", Country, City)

DOMAINS = ("example.com", "example.org", "example.net")
"""Domains that exist for examples only: no mail to them can reach anyone."""

_LEAP_DAY_SHARE = 1 / 250  # more than the calendar gives, so that the demo shows some
SOURCES = (
    ("search", 0.34, 1200),
    ("instagram", 0.22, 2600),
    ("friend", 0.17, 150),
    ("shop", 0.15, 400),
    ("newsletter", 0.12, 300),
)
"""Where customers came from: the name, its share, and what winning one of them cost in cents."""
_GENRES = ("pop", "rock", "classical", "jazz", "folk", "electronic", "soundtracks")


def person(key: str, number: int, *, since: datetime) -> dict[str, Any]:
    """Return the profile of a made-up person in the shape in which customers come in.

    `number` must be unlike everyone else's: it makes phone number and e-mail address. Consents date from `since`.
    """
    country = _choose(COUNTRIES, key, "country")
    city = _choose(country.cities, key, "city")
    sex = "female" if share(key, "sex") < 0.68 else "male"
    first, first_ascii = _any(country.names.female if sex == "female" else country.names.male, key, "first name")
    last, last_ascii = _any(country.names.surnames, key, "last name")
    domain = _any(DOMAINS, key, "domain")
    profile = {
        "key": key,
        "email": f"{first_ascii}.{of_sex(last_ascii, sex)}.{number}@{domain}".lower(),
        "first_name": first,
        "last_name": of_sex(last, sex),
        "birthday": _birthday(key, since.year).isoformat(),
        "sex": sex,
        "city": city.name,
        "country": country.code,
        "locale": country.locale,
        "time_zone": city.time_zone,
        "level": _level(share(key, "level")),
        "attributes": {"favourite_genre": _any(_GENRES, key, "genre"), **_service(key)},
        "consents": _consents(key, since),
    }
    phone = phone_of(country, number)
    if phone is not None:
        profile["phone"] = phone
    return {name: value for name, value in profile.items() if not _is_missing(key, name)}


def _service(key: str) -> dict[str, Any]:
    """Return where the customer came from, and of few how many hours a month the service spends on them."""
    found: dict[str, Any] = {"source": _choose_source(share(key, "source"))}
    if share(key, "service") < 0.02:
        found["service_hours"] = _any((0.25, 0.5, 1, 2), key, "hours")
    return found


def _choose_source(place: float) -> str:
    for source, portion, _ in SOURCES:
        place -= portion
        if place < 0:
            return source
    return SOURCES[-1][0]


def _is_missing(key: str, name: str) -> bool:
    """Say whether this person left a field empty, as people do."""
    rate = {"first_name": 0.03, "birthday": 0.05, "phone": 0.04, "email": 0.01, "city": 0.02}.get(name, 0.0)
    return share(key, name, "missing") < rate


def _choose(options: Sequence[P], key: str, what: str) -> P:
    """Choose by the shares that the options name."""
    place = share(key, what)
    for option in options:
        place -= option.share
        if place < 0:
            return option
    return options[-1]


def _any(options: Sequence[T], key: str, what: str) -> T:
    return options[int(share(key, what) * len(options))]


def _birthday(key: str, year: int) -> date:
    born = year - 18 - int(57 * share(key, "age") ** 1.3)
    if share(key, "leap day") < _LEAP_DAY_SHARE:
        while not calendar.isleap(born):
            born -= 1
        return date(born, 2, 29)
    return date(born, 1, 1) + timedelta(days=int(365 * share(key, "day of birth")))


def _level(place: float) -> str:
    return "gold" if place < 0.06 else "silver" if place < 0.25 else "basic"


def _consents(key: str, since: datetime) -> list[dict[str, Any]]:
    """Return what was agreed to: by most to e-mail, by many to SMS; some refuse, a few were never asked."""
    found = []
    for channel, granted, refused in (("email", 0.93, 0.98), ("sms", 0.71, 0.92)):
        place = share(key, channel, "consent")
        if place < refused:
            found.append(
                {
                    "channel": channel,
                    "purpose": "marketing",
                    "granted": place < granted,
                    "source": "made for the demo",
                    "at": since.isoformat(),
                }
            )
    return found
