"""Which units a promotion, a condition or a cap is about."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Annotated

from pydantic import Field

from wayfare.promotions.values import Key, Keys, Money, Part

Attributes = Annotated[dict[Key, Key | list[Key]], Field(max_length=100)]


Test = Callable[["Line", frozenset[str]], bool]


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

    @cached_property
    def tests(self) -> tuple[list[Test], list[Test]]:
        """Return the tests of `include` and `exclude`, made once."""
        return _tests(self.include), _tests(self.exclude)

    def holds(self, line: Line, ids: frozenset[str]) -> bool:
        """Tell whether units of this line are in scope; `ids` are the lines that were merged into it."""
        include, exclude = self.tests
        return all(test(line, ids) for test in include) and not any(test(line, ids) for test in exclude)

    def ships(self, method: str | None) -> bool:
        """Tell whether a shipping entry of this method is in scope."""
        wanted, barred = self.include.shipping_methods, self.exclude.shipping_methods
        return (wanted is None or method in wanted) and (barred is None or method not in barred)

    def named_lines(self) -> set[str]:
        """Return the ids of lines that this scope names: such lines are never merged."""
        return set(self.include.lines or ()) | set(self.exclude.lines or ())


EVERYTHING = Scope()


def _tests(keys: Filter) -> list[Test]:
    """Return one test for each key that is given."""
    found = [
        _of(read, frozenset(wanted))
        for read, wanted in (
            (lambda line: (line.sku,), keys.skus),
            (lambda line: (line.brand,), keys.brands),
            (lambda line: line.categories, keys.categories),
            (lambda line: line.lists, keys.lists),
        )
        if wanted is not None
    ]
    if keys.lines is not None:
        found.append(_named(frozenset(keys.lines)))
    if keys.price_from is not None or keys.price_to is not None:
        found += _priced(keys.price_from, keys.price_to)
    return found + [_has(name, frozenset(_many(wanted))) for name, wanted in (keys.attributes or {}).items()]


def _of(read: Callable[["Line"], Iterable[str | None]], wanted: frozenset[str]) -> Test:
    return lambda line, ids: not wanted.isdisjoint(read(line))


def _named(wanted: frozenset[str]) -> Test:
    return lambda line, ids: not ids.isdisjoint(wanted)


def _priced(least: int | None, most: int | None) -> list[Test]:
    found: list[Test] = []
    if least is not None:
        found.append(lambda line, ids: line.price >= least)
    if most is not None:
        found.append(lambda line, ids: line.price <= most)
    return found


def _has(name: str, wanted: frozenset[str]) -> Test:
    return lambda line, ids: not wanted.isdisjoint(_many(line.attributes.get(name, [])))


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
