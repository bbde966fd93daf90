"""How a text with variables reads for one made-up customer, as it is typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nodes.liquid import TemplateError, compile_template
from nodes.template_variables import unknown_in
from web.builder_forms.operators import Options

OPTIONS = (
    (
        "Customer",
        (
            ('{{ first_name | default: "friend" }}', "First name"),
            ("{{ last_name }}", "Last name"),
            ("{{ city }}", "City"),
            ("{{ level }}", "Loyalty level"),
            ('{{ birthday | date: "%d.%m" }}', "Birthday"),
        ),
    ),
    (
        "Orders",
        (
            ("{{ orders.count }}", "Number of orders"),
            ('{{ orders.last_at | date: "%d.%m.%Y" }}', "Day of the last order"),
        ),
    ),
    (
        "Promo code",
        (("{{ code }}", "Code"), ('{{ code_valid_until | date: "%d.%m.%Y" }}', "Last day of the code")),
    ),
)
_GIVEN = (
    (
        "Gift certificate",
        "certificate.number",
        (
            ("{{ certificate.number }}", "Number"),
            ("{{ certificate.amount }} {{ certificate.currency }}", "Worth"),
            ("{{ certificate.code }}", "What its QR code holds"),
            ('{{ certificate.valid_until | date: "%d.%m.%Y" }}', "Last day"),
        ),
    ),
    (
        "Personal price",
        "price_valid_until",
        (
            ("{{ price }} {{ price_currency }}", "Price"),
            ("{{ price_before }} {{ price_currency }}", "Price without it"),
            ("{{ price_percent }} %", "Percent off"),
            ("{{ price_product }}", "Product"),
            ('{{ price_valid_until | date: "%d.%m.%Y" }}', "Last day"),
        ),
    ),
    (
        "Bonus points",
        "points",
        (
            ("{{ points }}", "Points"),
            ("{{ points_balance }}", "New balance"),
            ('{{ points_valid_until | date: "%d.%m.%Y" }}', "Last day"),
        ),
    ),
)
_SAMPLE: dict[str, Any] = {
    "first_name": "Олена",
    "last_name": "Коваль",
    "email": "olena@shop.example",
    "phone": "+380671234567",
    "birthday": date(1990, 5, 31),
    "city": "Київ",
    "country": "UA",
    "level": "Gold",
    "sex": "female",
    "locale": "uk",
    "time_zone": "Europe/Kyiv",
    "key": "10042",
    "code": "GIFT-7K2M9Q",
    "orders.count": 4,
    "orders.sum": 459900,
    "certificate.number": "GIFT-7K2M-9QXA",
    "certificate.amount": "500",
    "certificate.currency": "UAH",
    "price": "80",
    "price_before": "100",
    "price_percent": "20",
    "price_currency": "UAH",
    "price_product": "Soap",
    "points": 100,
    "points_balance": 340,
    "rfm.group": "loyal",
    "rfm.recency": 4,
    "rfm.frequency": 5,
    "rfm.monetary": 4,
    "value.spent": 459900,
    "value.predicted": 96000,
    "value.orders_expected": 2.4,
    "value.alive": 86,
    "value.profit": 118000,
}


@dataclass(frozen=True, slots=True)
class Preview:
    """The text as the sample customer reads it, or what is wrong with it."""

    text: str = ""
    problem: str = ""
    is_plain: bool = True


def options(given: Mapping[str, Any] | None) -> Options:
    """Return what can be put into a text: of gifts only what the steps before give. Without a place, all of it."""
    return [*OPTIONS, *((name, found) for name, first, found in _GIVEN if given is None or first in given)]


def preview(
    text: str, now: datetime, known: dict[str, Any] | None = None, given: Mapping[str, Any] | None = None
) -> Preview:
    """Fill a text in for the sample customer. `known`: an example value for each attribute and field of events; `given`
    what the steps before the text give.

    A text without variables is plain: there is nothing to show that one does not see anyway.
    """
    if not text.strip():
        return Preview()
    try:
        template = compile_template(text)
        if unknown := unknown_in(template):
            return Preview(problem="; ".join(map(str, unknown)), is_plain=False)
        values = {**_values(now, known or {}), **(given or {})}
        for name in template.variables:
            if name.startswith(("attrs.", "data.")):
                values.setdefault(name, f"[{name.partition('.')[2]}]")
        return Preview(template.render(values)[:4000], is_plain=not template.variables)
    except TemplateError as error:
        return Preview(problem=str(error), is_plain=False)


def _values(now: datetime, known: dict[str, Any]) -> dict[str, Any]:
    dates = {
        "created_at": now - timedelta(days=400),
        "orders.first_at": now - timedelta(days=390),
        "orders.last_at": now - timedelta(days=12),
        "code_valid_until": (now + timedelta(days=14)).astimezone(UTC),
        "certificate.valid_until": (now + timedelta(days=180)).astimezone(UTC),
        "price_valid_until": (now + timedelta(days=7)).astimezone(UTC),
        "points_valid_until": (now + timedelta(days=365)).astimezone(UTC),
    }
    return {**known, **_SAMPLE, **dates}
