"""People of the demo do not exist, are the same everywhere, and pass the checks of everything that comes in."""

from collections import Counter
from datetime import UTC, datetime

import phonenumbers

from engine.contacts import phone
from engine.shapes import CustomerIn
from wayfare.cli.demo.names import AZERBAIJANI, ENGLISH, GEORGIAN, KAZAKH, POLISH, UKRAINIAN
from wayfare.cli.demo.people import DOMAINS, person
from wayfare.cli.demo.places import COUNTRIES

SINCE = datetime(2025, 6, 1, tzinfo=UTC)
PEOPLE = [person(f"cdnow-{number:05d}", number, since=SINCE) for number in range(1, 4001)]


def test_every_profile_is_accepted_as_it_is() -> None:
    for one in PEOPLE:
        accepted = CustomerIn.model_validate(one)
        for name in ("first_name", "last_name", "email", "city", "country", "locale", "time_zone", "sex"):
            assert getattr(accepted, name) == one.get(name)
        if "phone" in one:
            assert phone(one["phone"], one["country"]) == one["phone"]


def test_a_person_is_the_same_on_every_machine() -> None:
    one = person("cdnow-00001", 1, since=SINCE)
    assert (one["first_name"], one["last_name"], one["city"]) == ("Михайло", "Мороз", "Київ")
    assert (one["email"], one["phone"], one["birthday"]) == (
        "mykhailo.moroz.1@example.org",
        "+380100000001",
        "1982-09-04",
    )


def test_no_address_and_no_number_belongs_to_anyone() -> None:
    for field in ("email", "phone"):
        given = [one[field] for one in PEOPLE if field in one]
        assert len(set(given)) == len(given)
    assert all(one["email"].rpartition("@")[2] in DOMAINS for one in PEOPLE if "email" in one)
    for one in PEOPLE:
        if "phone" in one and one["country"] != "GB":  # its numbers for drama count as valid
            assert not phonenumbers.is_valid_number(phonenumbers.parse(one["phone"]))


def test_place_language_and_zone_fit_each_other() -> None:
    known = {(c.code, c.locale, city.name, city.time_zone) for c in COUNTRIES for city in c.cities}
    for one in PEOPLE:
        if "city" in one:
            assert (one["country"], one["locale"], one["city"], one["time_zone"]) in known


def test_the_crowd_is_mixed() -> None:
    assert len(Counter(one["country"] for one in PEOPLE)) == len(COUNTRIES)
    assert any(one.get("birthday", "").endswith("-02-29") for one in PEOPLE)
    assert any("birthday" not in one for one in PEOPLE)
    agreed = Counter((consent["channel"], consent["granted"]) for one in PEOPLE for consent in one["consents"])
    assert agreed["email", True] > len(PEOPLE) * 0.9 > agreed["sms", True] > len(PEOPLE) * 0.6
    assert agreed["email", False]


def test_every_name_has_an_ascii_form() -> None:
    for names in (UKRAINIAN, POLISH, GEORGIAN, KAZAKH, AZERBAIJANI, ENGLISH):
        for native, ascii_form in (*names.female, *names.male, *names.surnames):
            assert ascii_form.isascii(), native
            assert native.count("/") == ascii_form.count("/")
