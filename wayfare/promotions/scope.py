"""Which units a promotion, a condition or a cap is about."""

from typing import Annotated

from pydantic import Field

from wayfare.promotions.values import Key, Keys, Money, Part

Attributes = Annotated[dict[Key, Key | list[Key]], Field(max_length=100)]


class Filter(Part):
    """Keys to compare a unit with. A list holds when any of its values does."""

    skus: Keys | None = None
    brands: Keys | None = None
    categories: Keys | None = None
    lists: Keys | None = None
    lines: Keys | None = None
    price_from: Money | None = None
    price_to: Money | None = None
    attributes: Attributes | None = None
    shipping_methods: Keys | None = None


class Line(Part):
    """One line of a cart: `quantity` units at the list price `price` each."""

    id: Key
    sku: Key
    price: Money
    quantity: Annotated[int, Field(ge=1, le=10**6)]
    brand: Key | None = None
    categories: Keys = Field(default_factory=list)
    lists: Keys = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    min_price: Money | None = None
    discountable: bool = True
    tax: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")] | None = None


class Scope(Part):
    """Units for which all keys of `include` and no key of `exclude` hold.

    `skip_discounted` leaves out units that an earlier group has reduced.
    """

    include: Filter = Filter()
    exclude: Filter = Filter()
    skip_discounted: bool = False

    def holds(self, line: Line, ids: frozenset[str]) -> bool:
        """Tell whether units of this line are in scope; `ids` are the lines that were merged into it."""
        return all(_answers(self.include, line, ids)) and not any(_answers(self.exclude, line, ids))

    def ships(self, method: str | None) -> bool:
        """Tell whether a shipping entry of this method is in scope."""
        wanted, barred = self.include.shipping_methods, self.exclude.shipping_methods
        return (wanted is None or method in wanted) and (barred is None or method not in barred)

    def named_lines(self) -> set[str]:
        """Return the ids of lines that this scope names: such lines are never merged."""
        return set(self.include.lines or ()) | set(self.exclude.lines or ())


EVERYTHING = Scope()


def _answers(keys: Filter, line: Line, ids: frozenset[str]) -> list[bool]:
    found = []
    if keys.skus is not None:
        found.append(line.sku in keys.skus)
    if keys.brands is not None:
        found.append(line.brand is not None and line.brand in keys.brands)
    if keys.categories is not None:
        found.append(any(one in keys.categories for one in line.categories))
    if keys.lists is not None:
        found.append(any(one in keys.lists for one in line.lists))
    if keys.lines is not None:
        found.append(not ids.isdisjoint(keys.lines))
    if keys.price_from is not None:
        found.append(line.price >= keys.price_from)
    if keys.price_to is not None:
        found.append(line.price <= keys.price_to)
    for name, wanted in (keys.attributes or {}).items():
        found.append(not set(_many(line.attributes.get(name, []))).isdisjoint(_many(wanted)))
    return found


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
