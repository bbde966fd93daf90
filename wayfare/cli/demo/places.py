"""Where people of the demo live: countries with their cities, language, time zone and numbers that ring nowhere."""

from dataclasses import dataclass

from wayfare.cli.demo import names
from wayfare.cli.demo.names import Names


@dataclass(frozen=True, slots=True)
class City:
    """A city and its share among the cities of its country."""

    name: str
    share: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country and its share among all customers.

    `phones` are beginnings of numbers; 3 or 7 digits of the customer's own follow. They come from ranges kept for films
    and books where there are any (United Kingdom), or begin with digits that the numbering plan assigns to nobody.
    """

    code: str
    share: float
    locale: str
    names: Names
    cities: tuple[City, ...]
    phones: tuple[str, ...]


_KYIV, _WARSAW, _LONDON = "Europe/Kyiv", "Europe/Warsaw", "Europe/London"

UKRAINE = Country(
    "UA",
    0.62,
    "uk-UA",
    names.UKRAINIAN,
    (
        City("Київ", 0.34, _KYIV),
        City("Львів", 0.14, _KYIV),
        City("Одеса", 0.13, _KYIV),
        City("Дніпро", 0.12, _KYIV),
        City("Харків", 0.12, _KYIV),
        City("Вінниця", 0.06, _KYIV),
        City("Івано-Франківськ", 0.05, _KYIV),
        City("Чернівці", 0.04, _KYIV),
    ),
    ("+38010",),
)
COUNTRIES = (
    UKRAINE,
    Country(
        "PL",
        0.14,
        "pl-PL",
        names.POLISH,
        (City("Warszawa", 0.5, _WARSAW), City("Kraków", 0.3, _WARSAW), City("Wrocław", 0.2, _WARSAW)),
        ("+4800",),
    ),
    Country(
        "GE",
        0.07,
        "ka-GE",
        names.GEORGIAN,
        (City("თბილისი", 0.75, "Asia/Tbilisi"), City("ბათუმი", 0.25, "Asia/Tbilisi")),
        ("+99500",),
    ),
    Country(
        "KZ",
        0.07,
        "kk-KZ",
        names.KAZAKH,
        (City("Алматы", 0.6, "Asia/Almaty"), City("Астана", 0.4, "Asia/Almaty")),
        ("+7000",),
    ),
    Country(
        "AZ",
        0.06,
        "az-Latn-AZ",
        names.AZERBAIJANI,
        (City("Bakı", 0.85, "Asia/Baku"), City("Gəncə", 0.15, "Asia/Baku")),
        ("+99400",),
    ),
    Country(
        "GB",
        0.04,
        "en-GB",
        names.ENGLISH,
        (City("London", 0.7, _LONDON), City("Manchester", 0.3, _LONDON)),
        # Kept for drama by the British regulator: a thousand numbers each.
        (
            *("+447700900", "+441632960", "+442079460", "+441134960", "+441144960", "+441154960", "+441164960"),
            *("+441174960", "+441184960", "+441214960", "+441314960", "+441414960", "+441514960", "+441614960"),
            *("+441914980", "+442896496", "+442920180", "+448081570", "+443069990", "+449098790"),
        ),
    ),
)


def phone_of(country: Country, number: int) -> str | None:
    """Return the phone number of the customer with this number, unlike everyone else's; None when there are no more."""
    if len(country.phones) == 1:
        return f"{country.phones[0]}{number:07d}"
    block, rest = divmod(number, 1000)
    return f"{country.phones[block]}{rest:03d}" if block < len(country.phones) else None
