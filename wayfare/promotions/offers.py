"""What is offered to one cart: a promotion with the units that it may work on, or the reason why it is not offered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wayfare.promotions.conditions import Condition
from wayfare.promotions.contract import GOODS_LAYERS, Promotion
from wayfare.promotions.effects import Bundle, BuyGet, Effect, Sets, Tiers, numbers_of
from wayfare.promotions.facts import CartFacts
from wayfare.promotions.kinds import Kind
from wayfare.promotions.rules import Rule, place_of
from wayfare.promotions.scope import Scope

Reason = dict[str, object]


@dataclass(slots=True, eq=False)
class Offer:
    """A rule that applies to this cart.

    `reach` says how many units of a kind, from the first on, it may work on; `kinds` are the same kinds as bits of one
    number. `effects` says what it does to a kind where that differs. `net` are the conditions that only prices can
    answer. `payers` and `winners` are units per kind that `favor: retailer` has fixed.
    """

    rule: Rule
    reach: Mapping[int, int]
    kinds: int
    is_whole: bool  # reaches all units of its kinds
    net: tuple[Condition, ...]
    effect: Effect
    rank: tuple[int, int, str]
    numbers: tuple[int, int, int]  # see numbers_of
    effects: Mapping[int, Effect] = field(default_factory=dict)
    spend: int | None = None
    retail: "Retail | None" = None
    number: int = 0
    buys: frozenset[int] = frozenset()  # kinds that may be bought, and got, in a buy_get
    gets: frozenset[int] = frozenset()
    parts: tuple[frozenset[int], ...] = ()  # kinds that fit each part of a bundle

    @property
    def key(self) -> str:
        """Return the promotion's key."""
        return self.rule.key

    @property
    def ties(self) -> bool:
        """Tell whether it ties units to each other."""
        return self.rule.ties

    def on(self, kind: int) -> Effect:
        """Return the effect on a kind within reach."""
        return self.effects.get(kind, self.effect) if self.effects else self.effect


@dataclass(frozen=True, slots=True)
class Retail:
    """The units that `favor: retailer` has fixed: kind to the positions of payers and of rewarded units."""

    payers: dict[int, range]
    winners: dict[int, range]
    sets: int


@dataclass(slots=True)
class _Reach:
    """The kinds of one scope: all of them, those that take a discount, and these as units and as bits."""

    scoped: list[Kind]
    takers: list[Kind]
    units: dict[int, int]
    bits: int


class Offering:
    """Makes the offers to one cart."""

    def __init__(self, facts: CartFacts) -> None:
        self.facts = facts
        self.codes = {code.strip().upper() for code in facts.cart.codes}
        self._reaches: dict[int, _Reach] = {}
        self._columns: list[list[Kind]] = [[] for _ in range(facts.index.count)]
        everything = facts.index.everything
        for kind in facts.kinds:
            scopes = kind.scopes
            if everything >= 0:
                scopes &= ~(1 << everything)
            while scopes:
                number = (scopes & -scopes).bit_length() - 1
                self._columns[number].append(kind)
                scopes &= scopes - 1
        if everything >= 0:
            self._columns[everything] = list(facts.kinds)

    def _reach(self, scope: int) -> _Reach:
        found = self._reaches.get(scope)
        if found is None:
            scoped = self._columns[scope]
            takers = [kind for kind in scoped if kind.line.discountable]
            bits = 0
            for kind in takers:
                bits |= 1 << kind.index
            found = _Reach(scoped, takers, {kind.index: kind.quantity for kind in takers}, bits)
            self._reaches[scope] = found
        return found

    def offer(self, rule: Rule) -> tuple[Offer | None, Reason]:
        """Return the offer of a rule to this cart, or the reason why there is none."""
        reason = self._barred(rule)
        if reason is not None:
            return None, reason
        reach = self._reach(rule.scope)
        promotion, facts = rule.promotion, self.facts
        if rule.layer == "shipping":
            ships = any(promotion.scope.ships(one.method) for one in facts.cart.shipping)
            if not ships or (facts.kinds and not reach.scoped):
                return None, {"reason": "scope_empty"}
        elif not reach.scoped and (facts.kinds or rule.target != "gift"):
            return None, {"reason": "scope_empty"}
        if not reach.takers and reach.scoped and rule.target != "cashback" and rule.layer in (*GOODS_LAYERS, "order"):
            return None, {"reason": "not_discountable"}
        if not (rule.is_limited or rule.is_tiered):
            offer = Offer(rule, reach.units, reach.bits, True, rule.net, promotion.effect, rule.rank, rule.numbers)
        else:
            effects = _effects(promotion.effect, reach.takers or reach.scoped, facts, promotion.scope)
            if rule.is_tiered and not effects:
                by_quantity = isinstance(promotion.effect, Tiers) and promotion.effect.base == "quantity"
                short = by_quantity and rule.layer != "shipping"
                return None, {"reason": "quantity_short" if short else "threshold_short"}
            offer = _special(
                rule, effects, [kind for kind in reach.takers if not rule.is_tiered or kind.index in effects]
            )
        if rule.ties and rule.works_on_goods:
            failing = _tie(offer, facts)
            if failing:
                return None, {"reason": failing}
        return offer, {}

    def _barred(self, rule: Rule) -> Reason | None:
        """Return why a rule does not apply to this cart, whatever is in it."""
        if rule.code is not None and rule.code not in self.codes:
            return {"reason": "code_missing"}
        for condition in rule.static:
            reason = condition.failing(self.facts)
            if reason:
                return {"reason": reason, **_short(condition, self.facts)}
        return {"reason": rule.limit} if rule.limit else None


def cheapest_first(kinds: Iterable[Kind]) -> list[Kind]:
    """Return kinds by list price, ties to the earlier line."""
    return sorted(kinds, key=lambda kind: (kind.price, kind.index))


def dearest_first(kinds: Iterable[Kind]) -> list[Kind]:
    """Return kinds by falling list price, ties to the earlier line."""
    return sorted(kinds, key=lambda kind: (-kind.price, kind.index))


def _short(condition: Condition, facts: CartFacts) -> Reason:
    value = getattr(condition, "value", None)
    scope = getattr(condition, "scope", None)
    if scope is None or not isinstance(value, int):
        return {}
    if condition.kind == "goods_from":
        return {"short": value - facts.worth(scope, "list")}
    if condition.kind == "quantity_from":
        return {"short": value - facts.pieces(scope)}
    if condition.kind == "line_quantity_from":
        return {"short": value - facts.longest(scope)}
    return {}


def _special(rule: Rule, effects: dict[int, Effect], kinds: Sequence[Kind]) -> Offer:
    """Return the offer of a rule with steps or limited units."""
    reach = _limited(rule.promotion, kinds)
    bits = sum(1 << index for index in reach)
    whole = all(reach.get(kind.index) == kind.quantity for kind in kinds)
    effect = next(iter(effects.values()), rule.promotion.effect)
    differ = effects if len({id(one) for one in effects.values()}) > 1 else {}
    return Offer(
        rule, reach, bits, whole, rule.net, effect, (place_of(effect), *rule.order), numbers_of(effect), differ
    )


def _effects(effect: Effect, kinds: Sequence[Kind], facts: CartFacts, scope: Scope) -> dict[int, Effect]:
    if not isinstance(effect, Tiers):
        return {}
    if effect.base == "line":
        found = {kind.index: effect.reached(kind.price * kind.quantity) for kind in kinds}
    else:
        value = facts.pieces(scope) if effect.base == "quantity" else facts.worth(scope, "list")
        found = {kind.index: effect.reached(value) for kind in kinds}
    return {index: one for index, one in found.items() if one is not None}


def _limited(promotion: Promotion, kinds: Sequence[Kind]) -> dict[int, int]:
    """Return the units of each kind, from its first on, that `max_units` and `max_units_line` leave."""
    limits = promotion.limits
    left = limits.max_units if limits.max_units is not None else sum(kind.quantity for kind in kinds)
    found = {}
    for kind in dearest_first(kinds) if limits.pick == "dearest" else cheapest_first(kinds):
        most = kind.quantity if limits.max_units_line is None else min(kind.quantity, limits.max_units_line)
        found[kind.index] = min(most, left)
        left -= found[kind.index]
    return {index: count for index, count in found.items() if count}


def _tie(offer: Offer, facts: CartFacts) -> str:
    """Fix what can be fixed of a multi-buy; return a reason when there are too few units for one."""
    effect, repeat = offer.effect, offer.rule.promotion.limits.repeat
    kinds = [facts.kinds[index] for index in offer.reach]
    if isinstance(effect, Sets):
        count = sum(offer.reach.values()) // effect.size
        if count == 0:
            return "quantity_short"
        if effect.favor == "retailer":
            count = count if repeat is None else min(count, repeat)
            winners = _take(cheapest_first(kinds), offer.reach, count * effect.reward.units, {})
            payers = _take(dearest_first(kinds), offer.reach, count * (effect.size - effect.reward.units), winners)
            offer.retail = Retail(payers, winners, count)
    elif isinstance(effect, BuyGet):
        buys = [kind for kind in kinds if facts.holds(effect.buy.scope, kind)]
        gets = [kind for kind in kinds if facts.holds(effect.get.scope, kind)]
        offer.buys, offer.gets = (frozenset(kind.index for kind in side) for side in (buys, gets))
        count = _applications(offer, effect, buys, gets)
        if count == 0:
            return "quantity_short"
        if effect.favor == "retailer":
            count = count if repeat is None else min(count, repeat)
            winners = _take(cheapest_first(gets), offer.reach, count * effect.get.quantity, {})
            payers = _take(dearest_first(buys), offer.reach, count * effect.buy.quantity, winners)
            if sum(map(len, payers.values())) < count * effect.buy.quantity:
                return "quantity_short"
            offer.retail = Retail(payers, winners, count)
    elif isinstance(effect, Bundle):
        offer.parts = tuple(
            frozenset(kind.index for kind in kinds if facts.holds(part.scope, kind)) for part in effect.parts
        )
        for part in effect.parts:
            found = sum(offer.reach[kind.index] for kind in kinds if facts.holds(part.scope, kind))
            if found < part.quantity:
                return "quantity_short"
    return ""


def _applications(offer: Offer, effect: BuyGet, buys: Sequence[Kind], gets: Sequence[Kind]) -> int:
    """Return how many applications the units in scope suffice for."""
    both = {kind.index for kind in (*buys, *gets)}
    bought = sum(offer.reach[kind.index] for kind in buys)
    got = sum(offer.reach[kind.index] for kind in gets)
    return min(
        bought // effect.buy.quantity,
        got // effect.get.quantity,
        sum(offer.reach[index] for index in both) // (effect.buy.quantity + effect.get.quantity),
    )


def _take(kinds: Sequence[Kind], reach: Mapping[int, int], count: int, taken: dict[int, range]) -> dict[int, range]:
    """Take `count` units in this order; units already taken are skipped. Positions count within a kind."""
    found = {}
    for kind in kinds:
        start = taken[kind.index].stop if kind.index in taken else 0
        part = min(count, reach[kind.index] - start)
        if part > 0:
            found[kind.index] = range(start, start + part)
            count -= part
    return found
