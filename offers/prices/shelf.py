"""The price of one piece for everyone, computed by the pricer that prices carts."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from offers.prices.history import Shown, Tag
from offers.prices.public import narrowed, public_part
from offers.prices.seasons import PublicRules, Season
from offers.rules.shapes import loaded, ruleset_of
from wayfare.promotions import Cart, Compiled, compile, quote
from wayfare.promotions.index import ScopeIndex
from wayfare.promotions.scope import Line

_AT = "2026-01-01T12:00:00+00:00"  # no condition is left to ask for it
T = TypeVar("T")


@dataclass(slots=True)
class Kept(Generic[T]):
    """The most recent values by name, for all threads of a process."""

    most: int
    _values: OrderedDict[object, T] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: object, make: Callable[[], T]) -> T:
        """Return the value of this name, made now if it is new."""
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
                return self._values[name]
        made = make()
        with self._lock:
            self._values[name] = made
            while len(self._values) > self.most:
                self._values.popitem(last=False)
        return made

    def find(self, name: object) -> T | None:
        """Return the value of this name, if it is known."""
        with self._lock:
            return self._values.get(name)


PUBLIC: Kept[PublicRules] = Kept(2000)  # by the digest of a version's body, so databases may share them
_COMPILED: Kept[Compiled] = Kept(1000)


def public_rules(body: str) -> PublicRules:
    """Return what of a stored version everyone sees."""
    ruleset = public_part(ruleset_of(loaded(body), "public"))
    return PublicRules(hashlib.sha256(ruleset.model_dump_json().encode()).hexdigest(), ruleset)


class Shelf:
    """Prices pieces of one product; the same tag in seasons alike is priced once."""

    def __init__(self, sku: str) -> None:
        self._sku = sku
        self._known: dict[object, Shown] = {}
        self._about: dict[object, frozenset[str]] = {}

    def shown(self, tag: Tag, season: Season) -> Shown:
        """Return what one piece costs everyone. The tag has a price."""
        facts = (tag.price, tag.currency, tag.brand, tag.categories)
        place = (season.rules.digest, *facts)
        if place not in self._about:
            self._about[place] = _scopes(season.rules).about(self._line(tag))
        keys = tuple(key for key in season.active if key in self._about[place])
        name = (season.rules.digest, keys, *facts)
        if name not in self._known:
            self._known[name] = self._priced(tag, season.rules, keys)
        return self._known[name]

    def _line(self, tag: Tag) -> Line:
        categories = [name for name in tag.categories if name]
        return Line(
            id="1",
            sku=self._sku,
            price=tag.price or 0,
            quantity=1,
            brand=tag.brand or None,
            categories=categories,
        )

    def _priced(self, tag: Tag, rules: PublicRules, keys: tuple[str, ...]) -> Shown:
        if not keys:
            return Shown(tag.price or 0)
        cart = Cart.model_validate({"currency": tag.currency, "at": _AT, "lines": [self._line(tag)]})
        answer = quote(cart, _COMPILED.get((rules.digest, keys), lambda: _compiled(rules, keys)))
        return Shown(answer["goods"]["net"], tuple(sorted(one["promotion"] for one in answer["applied"])))


class _Scopes:
    """Which promotions of a rule set are about a line at all."""

    def __init__(self, rules: PublicRules) -> None:
        promotions = rules.ruleset.promotions
        self._index = ScopeIndex([one.scope for one in promotions])
        self._bits = [(one.key, 1 << self._index.number(one.scope)) for one in promotions]

    def about(self, line: Line) -> frozenset[str]:
        """Return the keys of those whose scope holds."""
        holding = self._index.holding(line, (line.id,))
        return frozenset(key for key, bit in self._bits if holding & bit)


_SCOPES: Kept[_Scopes] = Kept(64)


def _scopes(rules: PublicRules) -> _Scopes:
    return _SCOPES.get(rules.digest, lambda: _Scopes(rules))


def _compiled(rules: PublicRules, keys: tuple[str, ...]) -> Compiled:
    kept = narrowed(rules.ruleset, set(keys))
    free = [one.model_copy(update={"conditions": []}) for one in kept.promotions]
    return compile(kept.model_copy(update={"promotions": free}))
