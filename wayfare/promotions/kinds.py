"""Identical lines merged into kinds of units, each with its floor and the caps that bind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wayfare.promotions.contract import LAYERS, Cap, Cart
from wayfare.promotions.index import ScopeIndex
from wayfare.promotions.scope import Line
from wayfare.promotions.values import fraction


@dataclass(slots=True)
class Ceiling:
    """The largest discount that a cap allows on one unit, summed over some of the layers."""

    key: str
    most: int
    layers: frozenset[str]
    places: tuple[int, ...]  # of these layers in what a unit has used


@dataclass(slots=True, eq=False)
class Kind:
    """One merged line, a value. `members` are the input lines with their quantities; `scopes` those that hold."""

    index: int
    line: Line
    members: tuple[tuple[str, int], ...]
    quantity: int
    price: int
    floor: int
    floor_key: str
    ceilings: tuple[Ceiling, ...]
    scopes: int

    def room(self, price: int, used: tuple[int, ...], layer: str) -> tuple[int, str]:
        """Return how far a price may still fall in a layer, and what stops it there."""
        room, key = price - self.floor, self.floor_key
        if room < 0:
            room = 0
        if not self.ceilings:
            return room, key
        for ceiling in self.ceilings:
            if layer in ceiling.layers:
                left = ceiling.most - sum([used[place] for place in ceiling.places])
                if left < room:
                    room, key = max(0, left), ceiling.key
        return room, key


_COUNTED = frozenset(LAYERS[:4])


@dataclass(frozen=True, slots=True)
class CapRule:
    """A cap made ready: at most `part` of `whole` of the list price, at most `amount`; no layers mean all of them."""

    key: str
    scope: int
    part: int
    whole: int
    amount: int | None
    layers: frozenset[str] | None

    @classmethod
    def of(cls, cap: Cap, scope: int) -> "CapRule":
        """Return a cap of the rule set with the bit of its scope."""
        part, whole = (1, 1) if cap.max_percent is None else fraction(cap.max_percent)
        every = cap.layers is None or frozenset(cap.layers) >= _COUNTED
        return cls(cap.key, scope, part, whole, cap.max_amount, None if every else frozenset(cap.layers or ()))

    def most(self, price: int) -> int:
        """Return the largest discount on a unit of this list price."""
        most = min(price, price * self.part // self.whole)
        return most if self.amount is None else min(most, self.amount)


def merge(cart: Cart, index: ScopeIndex, caps: Sequence[CapRule], smallest_price: int) -> list[Kind]:
    """Return the kinds of units in a cart, in order of their first line. Lines that a scope names stand alone."""
    lines = cart.lines
    if len({line.sku for line in lines}) == len(lines):  # no two are identical
        return [_kind(number, [line], index, caps, smallest_price) for number, line in enumerate(lines)]
    together: dict[object, list[Line]] = {}
    for line in lines:
        key: object = line.id if line.id in index.named else _identity(line)
        if key in together:
            together[key].append(line)
        else:
            together[key] = [line]
    return [_kind(number, lines, index, caps, smallest_price) for number, lines in enumerate(together.values())]


def pieces(kinds: Iterable[Kind]) -> int:
    """Return how many units there are."""
    return sum(kind.quantity for kind in kinds)


def _identity(line: Line) -> tuple[object, ...]:
    attributes: tuple[object, ...] = ()
    if line.attributes:
        attributes = tuple(
            (name, tuple(value) if isinstance(value, list) else value)
            for name, value in sorted(line.attributes.items(), key=lambda one: one[0])
        )
    return (
        line.sku,
        line.price,
        line.brand,
        tuple(line.categories),
        tuple(line.lists),
        attributes,
        line.min_price,
        line.discountable,
        line.tax,
    )


def _kind(number: int, lines: list[Line], index: ScopeIndex, caps: Sequence[CapRule], smallest_price: int) -> Kind:
    line = lines[0]
    price = line.price
    scopes = index.holding(line, [one.id for one in lines] if index.named else ())
    floor, floor_key = smallest_price, "smallest_price"
    if line.min_price is not None and line.min_price > floor:
        floor, floor_key = line.min_price, "min_price"
    floor_key = floor_key if floor else ""
    ceilings = []
    for cap in caps:
        if not scopes & cap.scope:
            continue
        most = cap.most(price)
        if cap.layers is not None:
            places = tuple(LAYERS.index(name) for name in cap.layers if name in _COUNTED)
            ceilings.append(Ceiling(cap.key, most, cap.layers, places))
        elif price - most > floor:
            floor, floor_key = price - most, cap.key
    members = tuple([(one.id, one.quantity) for one in lines])
    quantity = line.quantity if len(lines) == 1 else sum(one.quantity for one in lines)
    return Kind(number, line, members, quantity, price, floor, floor_key, tuple(ceilings), scopes)
