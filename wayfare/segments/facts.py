"""References to what is known of a customer: the words in which rules and node types ask for values."""

import dataclasses
import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What sort of value a fact has, and so what it can be compared with."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    ANY = "any"  # from JSON: text, number, boolean, or a date written as text


PROFILE: dict[str, Kind] = {
    "key": Kind.TEXT,
    "phone": Kind.TEXT,
    "email": Kind.TEXT,
    "first_name": Kind.TEXT,
    "last_name": Kind.TEXT,
    "birthday": Kind.DATE,
    "sex": Kind.TEXT,
    "city": Kind.TEXT,
    "country": Kind.TEXT,
    "locale": Kind.TEXT,
    "time_zone": Kind.TEXT,
    "level": Kind.TEXT,
    "created_at": Kind.INSTANT,
    "orders.count": Kind.NUMBER,
    "orders.sum": Kind.NUMBER,
    "orders.first_at": Kind.INSTANT,
    "orders.last_at": Kind.INSTANT,
    "rfm.recency": Kind.NUMBER,
    "rfm.frequency": Kind.NUMBER,
    "rfm.monetary": Kind.NUMBER,
    "rfm.group": Kind.TEXT,
    "rfm.since": Kind.INSTANT,
    "value.spent": Kind.NUMBER,
    "value.predicted": Kind.NUMBER,
    "value.orders_expected": Kind.NUMBER,
    "value.alive": Kind.NUMBER,
    "value.profit": Kind.NUMBER,
    "points.balance": Kind.NUMBER,
}
"""Facts that every customer has by name; `attrs.X` come on top, and `data.X` where an event is at hand."""

TEXT_FACTS = tuple(name for name, kind in PROFILE.items() if kind is Kind.TEXT and "." not in name)
"""Text of the profile itself, of which casefolded copies are kept."""

COUNTED = ("orders.count", "orders.sum", "value.spent", "points.balance")
"""Figures that are 0 where there is nothing; the others have no value then."""

_NAMED = re.compile(r"(attrs|data)\.[\w-]{1,100}")

Filter = tuple[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of a customer. `name` alone is a profile value; the other fields narrow the rest:

    - `segment`, `list`: is the customer a member of the one called `key`?
    - `consent`: is it granted for channel `key` and `purpose`?
    - `events.count`, `events.sum`: events of type `key` within `within_days` (None: ever) that match all of `where`
      (fields of the event's data); sums are of the numeric data field `field`.
    - `orders.window_count`, `orders.window_sum`: orders likewise; `where` holds sku, brand, category, store.
    - `events.turns_at`, `orders.turns_at`: when the figure beside it next changes by time alone (see `turning`).
    """

    name: str
    key: str = ""
    purpose: str = ""
    field: str = ""
    within_days: int | None = None
    where: tuple[Filter, ...] = ()
    truths: tuple[bool, ...] = dataclasses.field(default=(), init=False, repr=False)
    """Which values of `where` are truth values: to Python, and so to every dict of facts, 1 and True are one."""

    def __post_init__(self) -> None:
        if self.where:
            object.__setattr__(self, "truths", tuple(isinstance(value, bool) for _, value in self.where))

    @classmethod
    def of(cls, name: str) -> "Fact":
        """Return the fact with this profile name, such as "city" or "attrs.points"."""
        return cls(name)

    @property
    def is_windowed(self) -> bool:
        """Say whether it is a figure over events or orders, so that time alone can change it."""
        return self.name in WINDOWED

    @property
    def turning(self) -> "Fact":
        """Return the fact that says when this figure changes by time alone; only for windowed facts."""
        return replace(self, name=self.name.partition(".")[0] + ".turns_at", field="")


WINDOWED = ("events.count", "events.sum", "orders.window_count", "orders.window_sum")


def kind_of(name: str) -> Kind | None:
    """Return the kind of a named fact (profile, `attrs.X`, `data.X`), or None when there is no such fact."""
    if name in PROFILE:
        return PROFILE[name]
    return Kind.ANY if _NAMED.fullmatch(name) else None
