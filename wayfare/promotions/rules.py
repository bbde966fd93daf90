"""A rule set made ready once for any number of carts: groups in order, promotions in their places, scopes indexed."""

from dataclasses import dataclass, field

from wayfare.promotions.conditions import Condition, is_net
from wayfare.promotions.contract import GOODS_LAYERS, LAYERS, Budget, Group, Promotion, Ruleset, scopes_of
from wayfare.promotions.effects import (
    Bundle,
    BuyGet,
    Effect,
    Nth,
    PercentOff,
    PersonalPrice,
    SetPrice,
    Sets,
    Tiers,
    numbers_of,
    target_of,
)
from wayfare.promotions.index import ScopeIndex
from wayfare.promotions.kinds import CapRule


@dataclass(slots=True, eq=False)
class Rule:
    """A promotion made ready, a value. `group` is an index; `shy` are the keys it is never with, both ways."""

    index: int
    promotion: Promotion
    group: int
    layer: str
    target: str
    shy: frozenset[str]
    scope: int  # number in the index
    is_compulsory: bool = False  # stands in a FIRST group
    key: str = field(init=False)
    order: tuple[int, str] = field(init=False)  # what decides ties: larger priority first, then the key
    rank: tuple[int, int, str] = field(init=False)  # place in an ALL group: S7, priority, key
    ties: bool = field(init=False)  # units to each other
    numbers: tuple[int, int, int] = field(init=False)
    code: str | None = field(init=False)
    static: tuple[Condition, ...] = field(init=False)  # conditions that the cart answers
    net: tuple[Condition, ...] = field(init=False)  # those that only prices answer
    limit: str = field(init=False)  # the reason when nothing is left to give
    is_limited: bool = field(init=False)  # in units
    skips: bool = field(init=False)  # units that are reduced already
    most_unit: int | None = field(init=False)
    most_cart: int | None = field(init=False)
    is_tiered: bool = field(init=False)
    works_on_goods: bool = field(init=False)
    budget: Budget | None = field(init=False)  # minor units that are left to give

    def __post_init__(self) -> None:
        """Note what is asked again and again."""
        one, limits = self.promotion, self.promotion.limits
        self.key, self.order = one.key, (-one.priority, one.key)
        self.rank = (place_of(one.effect), *self.order)
        self.is_tiered = isinstance(one.effect, Tiers)
        self.ties = self.target == "line" or isinstance(one.effect, Sets | BuyGet | Bundle | Nth)
        self.numbers = numbers_of(one.effect)
        self.code = None if one.requires_code is None else one.requires_code.strip().upper()
        self.net = tuple(each for each in one.conditions if is_net(each))
        self.static = tuple(each for each in one.conditions if not is_net(each))
        self.limit = ""
        if limits.budget is not None and limits.budget.remaining == 0:
            self.limit = "limit" if limits.budget.kind == "usage" else "budget"
        elif 0 in (limits.max_units, limits.max_units_line, limits.repeat):
            self.limit = "limit"
        self.budget = limits.budget if limits.budget is not None and limits.budget.kind == "spend" else None
        self.is_limited = limits.max_units is not None or limits.max_units_line is not None
        self.skips = one.scope.skip_discounted
        self.most_unit, self.most_cart = limits.max_discount_unit, limits.max_discount_cart
        self.works_on_goods = self.layer in GOODS_LAYERS and self.target != "cashback"


class Compiled:
    """A rule set made ready, for any number of carts and threads: nothing in it changes. Hashes by its version."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.version = ruleset.version
        used = {one.layer for one in ruleset.promotions if one.layer is not None}
        placed = [((LAYERS.index(layer), 0, 0, ""), Group(key=layer, layer=layer), True) for layer in used]
        placed += [((LAYERS.index(one.layer), 1, one.position, one.key), one, False) for one in ruleset.groups]
        placed.sort(key=lambda one: one[0])
        self.groups = [group for _, group, _ in placed]
        self.goods_groups = [place for place, group in enumerate(self.groups) if group.layer in GOODS_LAYERS]
        self.order_groups = [place for place, group in enumerate(self.groups) if group.layer == "order"]
        self.shipping_groups = [place for place, group in enumerate(self.groups) if group.layer == "shipping"]
        layers = {group.layer: index for index, (_, group, is_plain) in enumerate(placed) if is_plain}
        places = {group.key: index for index, (_, group, is_plain) in enumerate(placed) if not is_plain}
        self.index = ScopeIndex(scopes_of(ruleset))
        self.caps = [CapRule.of(cap, 1 << self.index.number(cap.scope)) for cap in ruleset.caps]
        shy = _shyness(ruleset)
        self.rules: list[Rule] = []
        self.coded: dict[str, list[str]] = {}  # code to the promotions that it opens
        for index, one in enumerate(sorted(ruleset.promotions, key=lambda one: (-one.priority, one.key))):
            group = layers[one.layer] if one.layer is not None else places[one.group or ""]
            layer, policy = self.groups[group].layer, self.groups[group].policy
            names, scope = frozenset(shy.get(one.key, ())), self.index.number(one.scope)
            if one.requires_code is not None:
                self.coded.setdefault(one.requires_code.strip().upper(), []).append(one.key)
            self.rules.append(Rule(index, one, group, layer, target_of(one.effect), names, scope, policy == "first"))

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compiled) and self.ruleset == other.ruleset


def place_of(effect: Effect) -> int:
    """Return where an effect stands in an ALL group: set price, bundle, multi-buys, percent, amount (S7)."""
    if isinstance(effect, SetPrice | PersonalPrice):
        return 0
    if isinstance(effect, Bundle):
        return 1
    if isinstance(effect, Sets | BuyGet | Nth):
        return 2
    return 3 if isinstance(effect, PercentOff) else 4


def _shyness(ruleset: Ruleset) -> dict[str, set[str]]:
    if not any(one.never_with for one in ruleset.promotions):
        return {}
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
