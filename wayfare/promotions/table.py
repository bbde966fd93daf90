"""One cart under one rule set: which promotions are offered to which units, and why others are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from wayfare.promotions.conditions import Condition, is_net
from wayfare.promotions.contract import GOODS_LAYERS, LAYERS, Cart, Group, Promotion, Request, Ruleset
from wayfare.promotions.effects import (
    AmountOff,
    Bundle,
    BuyGet,
    Effect,
    Gift,
    Nth,
    PercentOff,
    PersonalPrice,
    SetPrice,
    Sets,
    Tiers,
    target_of,
)
from wayfare.promotions.kinds import Kind, merge
from wayfare.promotions.scope import Scope
from wayfare.promotions.values import fraction


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A promotion as the search needs it. `group` is an index; `rank` is its place in an ALL group (S7)."""

    index: int
    promotion: Promotion
    group: int
    layer: str
    target: str
    shy: frozenset[str]  # keys it is never with: of promotions, both ways
    is_compulsory: bool = False  # stands in a FIRST group

    @property
    def key(self) -> str:
        """Return the promotion's key."""
        return self.promotion.key

    @property
    def order(self) -> tuple[int, str]:
        """Return what decides ties: larger priority first, then the key."""
        return (-self.promotion.priority, self.promotion.key)


@dataclass(slots=True, eq=False)
class Offer:
    """A rule that applies to this cart.

    `reach` says how many units of a kind, from the first on, it may work on; `effects` what it does there. Steps are
    resolved. `net` are the conditions that only prices can answer. `payers` and `winners` are units per kind that
    `favor: retailer` has fixed.
    """

    rule: Rule
    reach: dict[int, int]
    effects: dict[int, Effect]
    net: tuple[Condition, ...]
    spend: int | None = None
    retail: "Retail | None" = None
    number: int = 0
    buys: frozenset[int] = frozenset()  # kinds that may be bought, and got, in a buy_get
    gets: frozenset[int] = frozenset()
    parts: tuple[frozenset[int], ...] = ()  # kinds that fit each part of a bundle
    effect: Effect = field(init=False)  # where it is the same for all kinds
    rank: tuple[int, int, str] = field(init=False)  # place in an ALL group: S7, priority, key
    ties: bool = field(init=False)  # units to each other

    @property
    def key(self) -> str:
        """Return the promotion's key."""
        return self.rule.promotion.key

    def __post_init__(self) -> None:
        """Note what is asked again and again."""
        self.effect = next(iter(self.effects.values())) if self.effects else self.rule.promotion.effect
        place = 4
        if isinstance(self.effect, SetPrice | PersonalPrice):
            place = 0
        elif isinstance(self.effect, Bundle):
            place = 1
        elif isinstance(self.effect, Sets | BuyGet | Nth):
            place = 2
        elif isinstance(self.effect, PercentOff):
            place = 3
        self.rank = (place, *self.rule.order)
        self.ties = self.rule.target == "line" or isinstance(self.effect, Sets | BuyGet | Bundle | Nth)


@dataclass(frozen=True, slots=True)
class Retail:
    """The units that `favor: retailer` has fixed: kind to the positions of payers and of rewarded units."""

    payers: dict[int, range]
    winners: dict[int, range]
    sets: int


@dataclass(slots=True, eq=False)
class Table:
    """Everything that is settled before the search: kinds, groups with their offers, and reasons for the others."""

    request: Request
    kinds: list[Kind]
    groups: list[Group]
    offers: list[Offer]
    reasons: dict[str, dict[str, object]]
    extras: list[Offer] = field(default_factory=list)  # gifts and cashback: they change no price
    by_group: list[list[Offer]] = field(default_factory=list)

    @property
    def cart(self) -> Cart:
        """Return the cart."""
        return self.request.cart

    def goods_groups(self) -> list[int]:
        """Return the indexes of the groups that work on single units, in order."""
        return [index for index, group in enumerate(self.groups) if group.layer in GOODS_LAYERS]

    def only(self, offers: Iterable[Offer]) -> "Table":
        """Return the same table with some of its offers."""
        kept = list(offers)
        by_group: list[list[Offer]] = [[] for _ in self.groups]
        for offer in kept:
            by_group[offer.rule.group].append(offer)
        return Table(self.request, self.kinds, self.groups, kept, self.reasons, self.extras, by_group)


class Rulebook:
    """A rule set made ready: groups in order, promotions in their places. Good for any number of carts."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        used = {one.layer for one in ruleset.promotions if one.layer is not None}
        placed = [((LAYERS.index(layer), 0, 0, ""), Group(key=layer, layer=layer), True) for layer in used]
        placed += [((LAYERS.index(one.layer), 1, one.position, one.key), one, False) for one in ruleset.groups]
        placed.sort(key=lambda one: one[0])
        self.groups = [group for _, group, _ in placed]
        layers = {group.layer: index for index, (_, group, is_plain) in enumerate(placed) if is_plain}
        places = {group.key: index for index, (_, group, is_plain) in enumerate(placed) if not is_plain}
        shy = _shyness(ruleset)
        self.rules = []
        for index, one in enumerate(sorted(ruleset.promotions, key=lambda one: (-one.priority, one.key))):
            group = layers[one.layer] if one.layer is not None else places[one.group or ""]
            layer, policy = self.groups[group].layer, self.groups[group].policy
            self.rules.append(
                Rule(
                    index, one, group, layer, target_of(one.effect), frozenset(shy.get(one.key, ())), policy == "first"
                )
            )

    def lay(self, request: Request) -> Table:
        """Return the table for one cart."""
        kinds = merge(request.cart, self.ruleset)
        facts = CartFacts(request.cart, kinds)
        codes = {code.strip().upper() for code in request.cart.codes}
        table = Table(request, kinds, self.groups, [], {})
        for rule in self.rules:
            offer, reason = _offer(rule, facts, codes)
            if offer is None:
                table.reasons[rule.key] = reason
            elif rule.target in ("gift", "cashback"):
                table.extras.append(offer)
            else:
                offer.number = len(table.offers)
                table.offers.append(offer)
        return table.only(table.offers)


class CartFacts:
    """Answers conditions from a cart. `nets` holds the net value of each kind where prices are known."""

    def __init__(self, cart: Cart, kinds: Sequence[Kind], nets: Sequence[int] = ()) -> None:
        self.cart, self.kinds, self.nets = cart, kinds, nets
        customer = cart.customer
        self.at: datetime = cart.at
        self.birthday: date | None = customer.birthday if customer else None
        self.order_number: int | None = customer.order_number if customer else None
        self.ranks: dict[str, list[int]] = {}
        self._values: dict[str, list[str]] = {
            "currency": [cart.currency],
            "channel": _one(cart.channel),
            "store": _one(cart.store),
            "region": _one(cart.region),
            "payment": _one(cart.payment),
            "segment": customer.segments if customer else [],
            "level": _one(customer.level) if customer else [],
            "shipping_method": [one.method for one in cart.shipping if one.method is not None],
        }

    def values(self, kind: str) -> list[str]:
        """Return the cart's values for a condition of this kind."""
        return self._values[kind]

    def within(self, scope: Scope) -> list[Kind]:
        """Return the kinds in scope."""
        include, exclude = scope.tests
        if not include and not exclude:
            return list(self.kinds)
        if len(include) == 1 and not exclude:
            test = include[0]
            return [kind for kind in self.kinds if test(kind.line, kind.ids)]
        return [kind for kind in self.kinds if scope.holds(kind.line, kind.ids)]

    def worth(self, scope: Scope, base: str) -> int:
        """Return the value of the goods in scope at list prices, or net of the earlier layers."""
        if base == "net" and self.nets:
            return sum(self.nets[kind.index] for kind in self.within(scope))
        return sum(kind.price * kind.quantity for kind in self.within(scope))

    def pieces(self, scope: Scope) -> int:
        """Return how many units are in scope."""
        return sum(kind.quantity for kind in self.within(scope))

    def longest(self, scope: Scope) -> int:
        """Return how many units the longest merged line of the scope has."""
        return max((kind.quantity for kind in self.within(scope)), default=0)


def cheapest_first(kinds: Iterable[Kind]) -> list[Kind]:
    """Return kinds by list price, ties to the earlier line."""
    return sorted(kinds, key=lambda kind: (kind.price, kind.index))


def dearest_first(kinds: Iterable[Kind]) -> list[Kind]:
    """Return kinds by falling list price, ties to the earlier line."""
    return sorted(kinds, key=lambda kind: (-kind.price, kind.index))


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _shyness(ruleset: Ruleset) -> dict[str, set[str]]:
    members: dict[str, list[str]] = {one.key: [one.key] for one in ruleset.promotions}
    for one in ruleset.promotions:
        members.setdefault(one.group or one.layer or "", []).append(one.key)
    shy: dict[str, set[str]] = {}
    for one in ruleset.promotions:
        for named in one.never_with:
            for other in members.get(named, ()):
                if other != one.key:
                    shy.setdefault(one.key, set()).add(other)
                    shy.setdefault(other, set()).add(one.key)
    return shy


def _offer(rule: Rule, facts: CartFacts, codes: set[str]) -> tuple[Offer | None, dict[str, object]]:
    """Return the offer of a rule to a cart, or the reason why there is none."""
    promotion = rule.promotion
    code = promotion.requires_code
    if code is not None and code.strip().upper() not in codes:
        return None, {"reason": "code_missing"}
    net = tuple(one for one in promotion.conditions if is_net(one))
    for condition in promotion.conditions:
        reason = "" if condition in net else condition.failing(facts)
        if reason:
            return None, {"reason": reason, **_short(condition, facts)}
    budget = promotion.limits.budget
    if budget is not None and budget.remaining == 0:
        return None, {"reason": "limit" if budget.kind == "usage" else "budget"}
    if 0 in (promotion.limits.max_units, promotion.limits.max_units_line, promotion.limits.repeat):
        return None, {"reason": "limit"}
    scoped = facts.within(promotion.scope)
    if rule.layer == "shipping":
        ships = any(promotion.scope.ships(one.method) for one in facts.cart.shipping)
        if not ships or (facts.kinds and not scoped):
            return None, {"reason": "scope_empty"}
    elif not scoped and (facts.kinds or not isinstance(promotion.effect, Gift)):
        return None, {"reason": "scope_empty"}
    takers = [kind for kind in scoped if kind.line.discountable]
    if not takers and scoped and rule.layer in (*GOODS_LAYERS, "order") and rule.target != "cashback":
        return None, {"reason": "not_discountable"}
    effects = _effects(promotion.effect, takers or scoped, facts, promotion.scope)
    if rule.layer != "shipping" and not effects and rule.target not in ("gift", "cashback"):
        tiers = promotion.effect
        quantity = isinstance(tiers, Tiers) and tiers.base == "quantity"
        return None, {"reason": "quantity_short" if quantity else "threshold_short"}
    if isinstance(promotion.effect, Tiers) and not effects:
        return None, {"reason": "threshold_short"}
    reach = _reach(promotion, [kind for kind in takers if kind.index in effects])
    offer = Offer(rule, reach, effects, net)
    if rule.layer in GOODS_LAYERS and rule.target != "cashback":
        reason = _tie(offer, facts)
        if reason:
            return None, {"reason": reason}
    return offer, {}


def _short(condition: Condition, facts: CartFacts) -> dict[str, object]:
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


def _effects(effect: Effect, kinds: Sequence[Kind], facts: CartFacts, scope: Scope) -> dict[int, Effect]:
    if not isinstance(effect, Tiers):
        return {kind.index: effect for kind in kinds}
    if effect.base == "line":
        found = {kind.index: effect.reached(kind.price * kind.quantity) for kind in kinds}
    else:
        value = facts.pieces(scope) if effect.base == "quantity" else facts.worth(scope, "list")
        found = {kind.index: effect.reached(value) for kind in kinds}
    return {index: one for index, one in found.items() if one is not None}


def _reach(promotion: Promotion, kinds: Sequence[Kind]) -> dict[int, int]:
    """Return the units of each kind, from its first on, that `max_units` and `max_units_line` leave (§7, pick)."""
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
        buys = [kind for kind in kinds if effect.buy.scope.holds(kind.line, kind.ids)]
        gets = [kind for kind in kinds if effect.get.scope.holds(kind.line, kind.ids)]
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
            frozenset(kind.index for kind in kinds if part.scope.holds(kind.line, kind.ids)) for part in effect.parts
        )
        for part in effect.parts:
            found = sum(offer.reach[kind.index] for kind in kinds if part.scope.holds(kind.line, kind.ids))
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


def _take(kinds: Sequence[Kind], reach: dict[int, int], count: int, taken: dict[int, range]) -> dict[int, range]:
    """Take `count` units in this order; units already taken are skipped. Positions count within a kind."""
    found = {}
    for kind in kinds:
        start = taken[kind.index].stop if kind.index in taken else 0
        part = min(count, reach[kind.index] - start)
        if part > 0:
            found[kind.index] = range(start, start + part)
            count -= part
    return found


def part_of(effect: PercentOff) -> tuple[int, int]:
    """Return a percentage as numerator and denominator."""
    return fraction(effect.value)


__all__ = ["AmountOff", "CartFacts", "Offer", "Retail", "Rule", "Rulebook", "Table", "part_of"]
