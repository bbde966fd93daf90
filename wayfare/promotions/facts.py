"""What conditions ask about a cart."""

from collections.abc import Sequence
from datetime import date, datetime

from wayfare.promotions.contract import Cart
from wayfare.promotions.index import ScopeIndex
from wayfare.promotions.kinds import Kind
from wayfare.promotions.scope import Scope


class CartFacts:
    """Answers conditions from a cart. `nets` holds the net value of each kind where prices are known."""

    def __init__(self, cart: Cart, kinds: Sequence[Kind], index: ScopeIndex, nets: Sequence[int] = ()) -> None:
        self.cart, self.kinds, self.index, self.nets = cart, kinds, index, nets
        customer = cart.customer
        self.at: datetime = cart.at
        self.birthday: date | None = customer.birthday if customer else None
        self.order_number: int | None = customer.order_number if customer else None
        self._worths: dict[int, int] = {}

    def values(self, kind: str) -> list[str]:
        """Return the cart's values for a condition of this kind."""
        customer = self.cart.customer
        if kind == "segment":
            return customer.segments if customer else []
        if kind == "shipping_method":
            return [one.method for one in self.cart.shipping if one.method is not None]
        value = (customer.level if customer else None) if kind == "level" else getattr(self.cart, kind)
        return [] if value is None else [value]

    def within(self, scope: Scope) -> list[Kind]:
        """Return the kinds in scope."""
        bit = 1 << self.index.number(scope)
        return [kind for kind in self.kinds if kind.scopes & bit]

    def holds(self, scope: Scope, kind: Kind) -> bool:
        """Tell whether a kind is in scope."""
        return bool(kind.scopes >> self.index.number(scope) & 1)

    def worth(self, scope: Scope, base: str) -> int:
        """Return the value of the goods in scope at list prices, or net of the earlier layers."""
        if base == "net" and self.nets:
            return sum(self.nets[kind.index] for kind in self.within(scope))
        number = self.index.number(scope)
        if number not in self._worths:
            self._worths[number] = sum(kind.price * kind.quantity for kind in self.within(scope))
        return self._worths[number]

    def pieces(self, scope: Scope) -> int:
        """Return how many units are in scope."""
        return sum(kind.quantity for kind in self.within(scope))

    def longest(self, scope: Scope) -> int:
        """Return how many units the longest merged line of the scope has."""
        return max((kind.quantity for kind in self.within(scope)), default=0)
