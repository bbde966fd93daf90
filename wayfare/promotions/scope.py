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

    def ships(self, method: str | None) -> bool:
        """Tell whether a shipping entry of this method is in scope."""
        wanted, barred = self.include.shipping_methods, self.exclude.shipping_methods
        return (wanted is None or method in wanted) and (barred is None or method not in barred)

    def named_lines(self) -> set[str]:
        """Return the ids of lines that this scope names: such lines are never merged."""
        return set(self.include.lines or ()) | set(self.exclude.lines or ())


EVERYTHING = Scope()
