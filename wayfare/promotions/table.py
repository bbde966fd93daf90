"""One cart under one rule set: which promotions are offered to which units, and why others are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wayfare.promotions.conditions import Condition, GoodsCondition
from wayfare.promotions.contract import Cart, Group
from wayfare.promotions.facts import CartFacts
from wayfare.promotions.kinds import Kind, merge
from wayfare.promotions.offers import Offer, Offering, Retail
from wayfare.promotions.rules import Compiled, Rule


@dataclass(slots=True, eq=False)
class Table:
    """Everything that is settled before the search: kinds, groups with their offers, and reasons for the others."""

    book: Compiled
    cart: Cart
    kinds: list[Kind]
    groups: list[Group]
    offers: list[Offer]
    reasons: dict[str, dict[str, object]]
    extras: list[Offer] = field(default_factory=list)  # gifts and cashback: they change no price
    by_group: list[list[Offer]] = field(default_factory=list)

    def goods_groups(self) -> list[int]:
        """Return the indexes of the groups that work on single units, in order."""
        return self.book.goods_groups

    def facts(self, worths: Sequence[int] = ()) -> CartFacts:
        """Return what conditions ask about, at these net values of the kinds."""
        return CartFacts(self.cart, self.kinds, self.book.index, worths)

    def only(self, offers: Iterable[Offer]) -> "Table":
        """Return the same table with some of its offers."""
        kept = list(offers)
        by_group: list[list[Offer]] = [[] for _ in self.groups]
        for offer in kept:
            by_group[offer.rule.group].append(offer)
        return Table(self.book, self.cart, self.kinds, self.groups, kept, self.reasons, self.extras, by_group)


def lay(book: Compiled, cart: Cart) -> Table:
    """Return the table for one cart."""
    kinds = merge(cart, book.index, book.caps, book.ruleset.smallest_price)
    offering = Offering(CartFacts(cart, kinds, book.index))
    table = Table(book, cart, kinds, book.groups, [], {}, [], [[] for _ in book.groups])
    for rule in book.rules:
        offer, reason = offering.offer(rule)
        if offer is None:
            table.reasons[rule.key] = reason
        elif rule.target in ("gift", "cashback"):
            table.extras.append(offer)
        else:
            offer.number = len(table.offers)
            table.offers.append(offer)
            table.by_group[rule.group].append(offer)
    return table


def out_of_reach(table: Table) -> list[Offer]:
    """Return the offers whose net threshold is above the goods' list value: no choice comes to them.

    Nothing ever raises a price, so what is short at list prices stays short. Their reasons wait for the answer.
    """
    facts = table.facts()  # without net values it answers at list prices

    def is_beyond(condition: Condition) -> bool:
        return (
            isinstance(condition, GoodsCondition) and condition.kind == "goods_from" and condition.failing(facts) != ""
        )

    return [offer for offer in table.offers if any(is_beyond(one) for one in offer.net)]


__all__ = ["CartFacts", "Offer", "Retail", "Rule", "Table", "lay", "out_of_reach"]
