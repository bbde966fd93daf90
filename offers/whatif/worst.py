"""The worst stacked price of each product: the lowest that anyone could reach under a rule set, from now on.

For each product one piece of it is priced for each context that matters (customer, place, moment, all codes at hand);
then each number of pieces that a rule names, and what a multi-buy asks for beside it, in the contexts that were
cheapest for one piece. The prices are the engine's own, so groups, caps, floors and never-together pairs count as at a
till. Limits of use do not: the first customer meets none. Rules about lists and attributes are left out, because those
come with a cart and not from the catalogue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from offers.rules.shapes import Body, ruleset_of
from offers.whatif.contexts import Contexts, contexts
from offers.whatif.crew import ordered
from store import what_if
from store.db import Store
from store.what_if import Priced
from wayfare.promotions import Compiled, Ruleset, compile, quote
from wayfare.promotions.conditions import GoodsCondition, QuantityCondition, leaves
from wayfare.promotions.contract import GOODS_LAYERS, Promotion
from wayfare.promotions.effects import Bundle, BuyGet, Nth, Sets, Tiers
from wayfare.promotions.scope import EVERYTHING, Filter, Scope

PAGE = 40
MOST_PIECES = 50
CONTEXTS_OF_MORE = 3
EVALUATIONS = 2000
"""How long the engine may search for one cart: somebody who has every code at hand makes it work hard."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """Some products: the position that they end at, their rows, and the most contexts that one of them was tried in."""

    position: int
    seen: int
    rows: tuple[Row, ...]
    contexts: int
    left_out: int


def look(store: Store, body: Body, at: str, *, after: int = 0, processes: int = 0) -> Iterator[Page]:
    """Yield the worst prices of all products that have a price, page by page in the order of their ids."""
    for part, done in ordered(_parts(store, after), _examine, processes, _prepare, (body, at)):
        yield Page(part[-1].id, len(part), *done)


def _parts(store: Store, after: int) -> Iterator[list[Priced]]:
    while True:
        with store.read() as conn:
            part = what_if.priced_products(conn, after, PAGE)
        if not part:
            return
        yield part
        after = part[-1].id


@dataclass(frozen=True, slots=True)
class _Tried:
    net: int  # of the product's own pieces
    pieces: int
    promotions: list[str]
    cart: dict[str, Any]
    is_proven: bool


def _tried(cart: dict[str, Any], compiled: Compiled) -> _Tried:
    answer = quote(cart, compiled, limit=EVALUATIONS)
    mine = answer["lines"][0]
    used = {step["promotion"] for unit in mine["units"] for step in unit["steps"] if step["given"]}
    is_proven = answer["proof"]["status"] == "optimal"
    return _Tried(mine["net"], cart["lines"][0]["quantity"], sorted(used), cart, is_proven)


class Looker:
    """One rule set, with what was found out about it: which promotions go together, and their contexts."""

    def __init__(self, body: Body, now: datetime) -> None:
        self.ruleset: Ruleset = ruleset_of(body, "worst")
        self.now = now
        self._groups = {group.key: group.layer for group in self.ruleset.groups}
        self._known: dict[frozenset[str], tuple[Compiled, Contexts, list[Promotion]]] = {}

    def row(self, product: Priced) -> tuple[Row, int, int]:
        """Return the row of a product, in how many contexts it was tried and how many were left out."""
        promotions = [one for one in self.ruleset.promotions if self._is_about(one, product)]
        keys = frozenset(one.key for one in promotions)
        if keys not in self._known:
            self._known[keys] = (
                compile(self._with(promotions)),
                contexts(self.ruleset, promotions, self.now),
                promotions,
            )
        compiled, found, _ = self._known[keys]
        line = {"id": "1", "sku": product.sku, "price": product.price, "quantity": 1}
        line |= {"categories": list(product.categories)} | ({"brand": product.brand} if product.brand else {})
        currency = {"currency": product.currency or "UAH"}
        first, *more = self._baskets(line, promotions)
        tried = [_tried({**currency, **context, "lines": first}, compiled) for context in found.carts]
        few = sorted(range(len(tried)), key=lambda at: (tried[at].net, at))[:CONTEXTS_OF_MORE]
        tried += [
            _tried({**currency, **found.carts[at], "lines": lines}, compiled) for lines in more for at in sorted(few)
        ]
        best = min(tried, key=lambda one: Fraction(one.net, one.pieces))
        net, pieces, cart = best.net, best.pieces, best.cart
        lowest = net // pieces
        row: Row = {
            "sku": product.sku,
            "name": product.name,
            "brand": product.brand or "",
            "price": product.price,
            "lowest": lowest,
            "off": (product.price * pieces - net) * 10_000 // (product.price * pieces),
            "cost": product.cost,
            "margin": None if product.cost is None else lowest - product.cost,
            "proven": all(one.is_proven for one in tried),
            "promotions": best.promotions,
            "cart": cart,
        }
        return row, len(found.carts), found.left_out

    def _is_about(self, one: Promotion, product: Priced) -> bool:
        layer = one.layer or self._groups[one.group or ""]
        if layer not in (*GOODS_LAYERS, "order"):
            return False
        if isinstance(one.effect, Bundle):
            return any(_in(part.scope, product) for part in one.effect.parts) and _in(one.scope, product)
        return _in(one.scope, product)

    def _with(self, promotions: Sequence[Promotion]) -> Ruleset:
        """Return the rule set with these promotions alone; none that is left out could apply."""
        left = {one.key for one in promotions} | self._groups.keys() | {*GOODS_LAYERS, "order", "shipping", "gift"}
        kept = [
            one.model_copy(update={"never_with": [key for key in one.never_with if key in left]}) for one in promotions
        ]
        return self.ruleset.model_copy(update={"promotions": kept})

    def _baskets(self, line: dict[str, Any], promotions: Sequence[Promotion]) -> Iterator[list[dict[str, Any]]]:
        """Yield the goods of carts: the product in each number of pieces that a rule names, and what sets ask for."""
        pieces = {1}
        for one in promotions:
            pieces |= set(_pieces(one, line["price"]))
        for count in sorted(count for count in pieces if 1 <= count <= MOST_PIECES)[:12]:
            yield [{**line, "quantity": count}]
        for one in promotions:
            beside = [part for part in _parts_of(one) if not _holds(part[0], line)]
            if beside:
                yield [line, *(_companion(n, part, line["price"]) for n, part in enumerate(beside, 2))]


def _pieces(one: Promotion, price: int) -> Iterator[int]:
    """Yield the numbers of pieces at which a promotion begins to give, or gives more."""
    effect = one.effect
    if isinstance(effect, Sets):
        yield effect.size
    elif isinstance(effect, Nth):
        yield 2
    elif isinstance(effect, BuyGet):
        yield effect.buy.quantity + effect.get.quantity
    elif isinstance(effect, Bundle):
        yield sum(part.quantity for part in effect.parts)
    elif isinstance(effect, Tiers):
        starts = [step[0] for step in effect.steps if isinstance(step[0], int)]
        yield from (start if effect.base == "quantity" else -(-start // price) for start in starts)
    for condition in one.conditions:
        for leaf in leaves(condition):
            if isinstance(leaf, QuantityCondition):
                yield leaf.value
            elif isinstance(leaf, GoodsCondition) and leaf.kind == "goods_from":
                yield -(-leaf.value // price)


def _parts_of(one: Promotion) -> Iterator[tuple[Scope, int]]:
    if isinstance(one.effect, BuyGet):
        yield one.effect.buy.scope, one.effect.buy.quantity
    if isinstance(one.effect, Bundle):
        yield from ((part.scope, part.quantity) for part in one.effect.parts)


def _companion(number: int, part: tuple[Scope, int], price: int) -> dict[str, Any]:
    """Return a line that a set asks for beside the product, as dear as the product where its scope allows."""
    wanted, (scope, quantity) = part[0].include, part
    least, most = wanted.price_from or 0, wanted.price_to if wanted.price_to is not None else price
    line: dict[str, Any] = {"id": str(number), "price": max(least, min(price, most)), "quantity": quantity}
    line["sku"] = wanted.skus[0] if wanted.skus else f"beside-{number}"
    line["categories"] = wanted.categories[:1] if wanted.categories else []
    return {**line, "brand": wanted.brands[0]} if scope.include.brands and wanted.brands else line


def _in(scope: Scope, product: Priced) -> bool:
    line = {"sku": product.sku, "brand": product.brand, "categories": product.categories, "price": product.price}
    return _holds(scope, line)


def _holds(scope: Scope, line: dict[str, Any]) -> bool:
    """Tell whether a scope holds for a product; what the catalogue does not say (lists, attributes) never does."""
    if scope == EVERYTHING:
        return True
    asked, barred = _asked(scope.include, line), _asked(scope.exclude, line)
    return all(asked) and not any(barred)


def _asked(one: Filter, line: dict[str, Any]) -> list[bool]:
    found = []
    if one.skus is not None:
        found.append(line["sku"] in one.skus)
    if one.brands is not None:
        found.append(line.get("brand") in one.brands)
    if one.categories is not None:
        found.append(not set(one.categories).isdisjoint(line["categories"]))
    if one.price_from is not None:
        found.append(line["price"] >= one.price_from)
    if one.price_to is not None:
        found.append(line["price"] <= one.price_to)
    if one.lists is not None or one.attributes is not None or one.lines is not None:
        found.append(False)
    return found


_looker: Looker | None = None


def _prepare(body: Body, at: str) -> None:
    global _looker  # a process is made ready once, and then handed one page after the other
    _looker = Looker(body, datetime.fromisoformat(at))


def _examine(products: list[Priced]) -> tuple[tuple[Row, ...], int, int]:
    assert _looker is not None  # noqa: S101  narrows the type; each process is prepared first
    found = [_looker.row(one) for one in products]
    return tuple(row for row, _, _ in found), max(n for _, n, _ in found), max(more for _, _, more in found)
