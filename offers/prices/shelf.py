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
_COMPILED: Kept[Compiled] = Kept(256)


def public_rules(body: str) -> PublicRules:
    """Return what of a stored version everyone sees."""
    ruleset = public_part(ruleset_of(loaded(body), "public"))
    return PublicRules(hashlib.sha256(ruleset.model_dump_json().encode()).hexdigest(), ruleset)


class Shelf:
    """Prices pieces of one product; the same tag in seasons alike is priced once."""

    def __init__(self, sku: str) -> None:
        self._sku = sku
        self._known: dict[object, Shown] = {}

    def shown(self, tag: Tag, season: Season) -> Shown:
        """Return what one piece costs everyone. The tag has a price."""
        name = (season.name, tag.price, tag.currency, tag.brand, tag.categories)
        if name not in self._known:
            self._known[name] = self._priced(tag, season)
        return self._known[name]

    def _priced(self, tag: Tag, season: Season) -> Shown:
        price = tag.price or 0
        if not season.active:
            return Shown(price)
        line = Line(
            id="1",
            sku=self._sku,
            price=price,
            quantity=1,
            brand=tag.brand or None,
            categories=[name for name in tag.categories if name],
        )
        cart = Cart.model_validate({"currency": tag.currency, "at": _AT, "lines": [line]})
        answer = quote(cart, _COMPILED.get(season.name, lambda: _compiled(season)))
        return Shown(answer["goods"]["net"], tuple(sorted(one["promotion"] for one in answer["applied"])))


def _compiled(season: Season) -> Compiled:
    rules = narrowed(season.rules.ruleset, set(season.active))
    free = [one.model_copy(update={"conditions": []}) for one in rules.promotions]
    return compile(rules.model_copy(update={"promotions": free}))
