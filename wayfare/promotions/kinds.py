"""Identical lines merged into kinds of units, each with its floor and the caps that bind it."""

from collections.abc import Iterable
from dataclasses import dataclass

from wayfare.promotions.contract import LAYERS, Cart, Ruleset, scopes_of
from wayfare.promotions.scope import Line
from wayfare.promotions.values import fraction


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The largest discount that a cap allows on one unit, summed over its layers; no layers mean all of them."""

    key: str
    most: int
    layers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One merged line. `members` are the input lines with their quantities, in input order."""

    index: int
    line: Line
    ids: frozenset[str]
    members: tuple[tuple[str, int], ...]
    quantity: int
    price: int
    floor: int
    floor_key: str
    ceilings: tuple[Ceiling, ...]

    def room(self, price: int, used: tuple[int, ...], layer: str) -> tuple[int, str]:
        """Return how far a price may still fall in a layer, and what stops it there."""
        room, key = max(0, price - self.floor), self.floor_key
        for ceiling in self.ceilings:
            if layer in ceiling.layers:
                left = ceiling.most - sum(used[LAYERS.index(name)] for name in ceiling.layers if name in _COUNTED)
                if left < room:
                    room, key = max(0, left), ceiling.key
        return room, key


_COUNTED = frozenset(LAYERS[:4])


def merge(cart: Cart, ruleset: Ruleset) -> list[Kind]:
    """Return the kinds of units in a cart, in order of their first line."""
    named: set[str] = set()
    for scope in scopes_of(ruleset):
        named |= scope.named_lines()
    together: dict[object, list[Line]] = {}
    for line in cart.lines:
        together.setdefault(line.id if line.id in named else _identity(line), []).append(line)
    return [_kind(index, lines, ruleset) for index, lines in enumerate(together.values())]


def pieces(kinds: Iterable[Kind]) -> int:
    """Return how many units there are."""
    return sum(kind.quantity for kind in kinds)


def _identity(line: Line) -> tuple[object, ...]:
    attributes = (
        tuple(
            sorted(
                (name, tuple(value) if isinstance(value, list) else value) for name, value in line.attributes.items()
            )
        )
        if line.attributes
        else ()
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


def _kind(index: int, lines: list[Line], ruleset: Ruleset) -> Kind:
    line = lines[0]
    ids = frozenset(one.id for one in lines)
    floor, floor_key = max((ruleset.smallest_price, "smallest_price"), (line.min_price or 0, "min_price"))
    floor_key = floor_key if floor else ""
    ceilings = []
    for cap in ruleset.caps:
        if not cap.scope.holds(line, ids):
            continue
        most = line.price
        if cap.max_percent is not None:
            part, whole = fraction(cap.max_percent)
            most = min(most, line.price * part // whole)
        if cap.max_amount is not None:
            most = min(most, cap.max_amount)
        if cap.layers is not None and not frozenset(cap.layers) >= _COUNTED:
            ceilings.append(Ceiling(cap.key, most, frozenset(cap.layers)))
        elif line.price - most > floor:
            floor, floor_key = line.price - most, cap.key
    return Kind(
        index,
        line,
        ids,
        tuple((one.id, one.quantity) for one in lines),
        sum(one.quantity for one in lines),
        line.price,
        floor,
        floor_key,
        tuple(ceilings),
    )
