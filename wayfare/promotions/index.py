"""Which scopes a line is in: all scopes of a rule set at once, by brand, category, product, list, attribute and price.

Each scope has a number, equal scopes the same one. A set of scopes is a whole number with one bit a scope, so that a
line is compared with its own few keys and not with each scope.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from wayfare.promotions.scope import Filter, Line, Scope

_MANY = ("skus", "brands", "categories", "lists", "lines")


class ScopeIndex:
    """The scopes of one rule set. `skip_discounted` and shipping methods are not its business."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = scopes  # kept alive: they are found by identity
        self._numbers: dict[int, int] = {}
        known: dict[object, int] = {}
        for scope in scopes:
            number = known.setdefault((_identity(scope.include), _identity(scope.exclude)), len(known))
            self._numbers[id(scope)] = number
        self.count = len(known)
        self.everything = known.get(((), ()), -1)  # the number of the scope that asks for nothing
        wide = {self._numbers[id(scope)]: scope for scope in scopes}
        self._include = _Side((number, scope.include) for number, scope in wide.items())
        self._exclude = _Side((number, scope.exclude) for number, scope in wide.items())
        self._all = (1 << self.count) - 1
        self.named = frozenset().union(*(scope.named_lines() for scope in scopes))  # ids of lines

    def number(self, scope: Scope) -> int:
        """Return the number of one of the scopes."""
        return self._numbers[id(scope)]

    def holding(self, line: Line, ids: Iterable[str]) -> int:
        """Return the scopes that hold for a line; `ids` are the lines that were merged into it."""
        return self._include.all_of(line, ids, self._all) & ~self._exclude.any_of(line, ids)


class _Side:
    """The filters of one side, `include` or `exclude`, by key and value."""

    def __init__(self, filters: Iterable[tuple[int, Filter]]) -> None:
        self._values: dict[str, dict[str, int]] = {}  # key to value to the scopes that name it
        self._asking: dict[str, int] = {}  # key to the scopes that ask for it
        self._attributes: dict[str, dict[str, int]] = {}
        self._asking_attribute: dict[str, int] = {}
        least, most = list[tuple[int, int]](), list[tuple[int, int]]()
        for number, one in filters:
            bit = 1 << number
            for key in _MANY:
                wanted = getattr(one, key)
                if wanted is not None:
                    _note(self._values, self._asking, key, wanted, bit)
            for name, value in (one.attributes or {}).items():
                _note(self._attributes, self._asking_attribute, name, many(value), bit)
            least += [] if one.price_from is None else [(one.price_from, bit)]
            most += [] if one.price_to is None else [(one.price_to, bit)]
        self._least, self._most = _Steps(least), _Steps([(-price, bit) for price, bit in most])
        self._keys = [(key, values, self._asking[key]) for key, values in self._values.items()]
        self._is_used = bool(self._keys or self._attributes or least or most)

    def _met(self, line: Line, ids: Iterable[str]) -> list[tuple[int, int]]:
        """Return (scopes that ask, scopes whose wish is met) for each key."""
        met = []
        for key, values, asking in self._keys:
            if key == "brands":
                met.append((asking, values.get(line.brand or "", 0)))
            elif key == "skus":
                met.append((asking, values.get(line.sku, 0)))
            else:
                found = 0
                for value in line.categories if key == "categories" else line.lists if key == "lists" else ids:
                    found |= values.get(value, 0)
                met.append((asking, found))
        for name, asking in self._asking_attribute.items():
            found = 0
            for value in many(line.attributes.get(name, [])):
                found |= self._attributes[name].get(value, 0)
            met.append((asking, found))
        if self._least.asking:
            met.append((self._least.asking, self._least.reached(line.price)))
        if self._most.asking:
            met.append((self._most.asking, self._most.reached(-line.price)))
        return met

    def all_of(self, line: Line, ids: Iterable[str], everything: int) -> int:
        """Return the scopes of which every wish is met."""
        found = everything
        for asking, met in self._met(line, ids):
            found &= met | ~asking
        return found

    def any_of(self, line: Line, ids: Iterable[str]) -> int:
        """Return the scopes of which some wish is met."""
        found = 0
        if self._is_used:
            for _, met in self._met(line, ids):
                found |= met
        return found


class _Steps:
    """Scopes by the smallest number that they accept."""

    def __init__(self, starts: list[tuple[int, int]]) -> None:
        self.asking, self._starts, self._sums = 0, list[int](), [0]
        for start, bit in sorted(starts):
            self.asking |= bit
            self._starts.append(start)
            self._sums.append(self._sums[-1] | bit)

    def reached(self, value: int) -> int:
        """Return the scopes that accept a number."""
        return self._sums[bisect_right(self._starts, value)]


def many(value: str | list[str]) -> list[str]:
    """Return one value or several as a list."""
    return [value] if isinstance(value, str) else value


def _note(values: dict[str, dict[str, int]], asking: dict[str, int], key: str, wanted: list[str], bit: int) -> None:
    asking[key] = asking.get(key, 0) | bit
    mine = values.setdefault(key, {})
    for value in wanted:
        mine[value] = mine.get(value, 0) | bit


def _identity(one: Filter) -> tuple[object, ...]:
    """Return what makes filters equal, as far as goods are concerned; nothing asked is ()."""
    found: list[object] = [(key, frozenset(wanted)) for key in _MANY if (wanted := getattr(one, key)) is not None]
    found += [(key, wanted) for key in ("price_from", "price_to") if (wanted := getattr(one, key)) is not None]
    found += [(name, frozenset(many(value))) for name, value in sorted((one.attributes or {}).items())]
    return tuple(found)
