"""How a text with variables reads for one made-up customer, as it is typed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nodes.liquid import TemplateError, compile_template
from nodes.template_variables import unknown_in

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


def preview(text: str, now: datetime, known: dict[str, Any] | None = None) -> Preview:
    """Fill a text in for the sample customer. `known`: an example value for each attribute and field of events.

    A text without variables is plain: there is nothing to show that one does not see anyway.
    """
    if not text.strip():
        return Preview()
    try:
        template = compile_template(text)
        if unknown := unknown_in(template):
            return Preview(problem="; ".join(map(str, unknown)), is_plain=False)
        values = _values(now, known or {})
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
    }
    return {**known, **_SAMPLE, **dates}
