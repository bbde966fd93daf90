"""What a promotion gives: one small model an effect, with the discount it makes on one price."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from wayfare.promotions.scope import EVERYTHING, Scope
from wayfare.promotions.values import Amount, Key, Money, Part, Percent, Pieces, fault, fraction

Target = Literal["unit", "line", "order", "shipping", "shipping_total"]
Favor = Literal["customer", "retailer"]


class PercentOff(Part):
    """So many percent off the running price, or the list price where the group says so."""

    kind: Literal["percent"]
    value: Percent
    target: Target = "unit"

    def off(self, price: int, base: int) -> int:
        """Return the discount on `price`, measured on `base`; rounded once, a half to the customer."""
        part, whole = fraction(self.value)
        off = (2 * base * part + whole) // (2 * whole)
        return off if off < price else price


class AmountOff(Part):
    """An amount off each piece, once a line, once an order, each delivery or all deliveries together."""

    kind: Literal["amount"]
    value: Amount
    target: Target = "unit"

    def off(self, price: int, base: int) -> int:
        """Return the discount: the amount, cut to the price."""
        return min(price, self.value)


class SetPrice(Part):
    """A new price, where it is lower than the running one."""

    kind: Literal["set_price"]
    value: Amount
    target: Target = "unit"

    def off(self, price: int, base: int) -> int:
        """Return the discount down to the new price; never negative."""
        return max(0, price - self.value)


class PersonalPrice(Part):
    """A price of the customer's own for the units in scope."""

    kind: Literal["personal_price"]
    value: Amount
    target: Literal["unit"] = "unit"

    def off(self, price: int, base: int) -> int:
        """Return the discount down to the personal price; never negative."""
        return max(0, price - self.value)


Simple: TypeAlias = Annotated[PercentOff | AmountOff | SetPrice, Field(discriminator="kind")]


class Tiers(Part):
    """Steps by quantity or list value: the highest step that is reached applies."""

    kind: Literal["tiers"]
    base: Literal["quantity", "line", "goods"]
    steps: Annotated[list[Annotated[list[int | Simple], Field(min_length=2, max_length=2)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> "Tiers":
        for step in self.steps:
            if not isinstance(step[0], int) or isinstance(step[1], int):
                raise fault("bad_steps", "each step is [from, effect]")
        starts = [step[0] for step in self.steps if isinstance(step[0], int)]
        if starts != sorted(set(starts)) or starts[0] < 0:
            raise fault("bad_steps", "steps go upwards: each begins above the one before")
        if len({_target(effect) for effect in self.effects}) > 1:
            raise fault("bad_steps", "all steps need the same target")
        if self.base == "line" and self.target not in ("unit", "line"):
            raise fault("bad_steps", "steps by line work on units or lines")
        return self

    @property
    def effects(self) -> list[PercentOff | AmountOff | SetPrice]:
        """Return the effects, lowest step first."""
        return [step[1] for step in self.steps if not isinstance(step[1], int)]

    @property
    def target(self) -> Target:
        """Return what all steps work on."""
        return _target(self.effects[0])

    def reached(self, value: int) -> PercentOff | AmountOff | SetPrice | None:
        """Return the effect of the highest step that `value` reaches."""
        found = None
        for step in self.steps:
            if isinstance(step[0], int) and value >= step[0] and not isinstance(step[1], int):
                found = step[1]
        return found


class Nth(Part):
    """The dearest unit of a merged line gets the first effect, the others the additional one."""

    kind: Literal["nth"]
    first: Simple | None = None
    additional: Simple | None = None

    @model_validator(mode="after")
    def _per_unit(self) -> "Nth":
        given = [effect for effect in (self.first, self.additional) if effect is not None]
        if not given or any(_target(effect) != "unit" for effect in given):
            raise fault("bad_effect", "give effects on units")
        return self


class Reward(Part):
    """What the cheapest units of a set get."""

    units: Pieces
    effect: Simple

    @model_validator(mode="after")
    def _per_unit(self) -> "Reward":
        if _target(self.effect) != "unit":
            raise fault("bad_effect", "a reward works on units")
        return self


class Sets(Part):
    """Sets of `size` units, of which the cheapest `reward.units` are rewarded."""

    kind: Literal["sets"]
    size: Pieces
    reward: Reward
    favor: Favor = "customer"

    @model_validator(mode="after")
    def _fits(self) -> "Sets":
        if self.reward.units > self.size:
            raise fault("bad_effect", "a set cannot reward more units than it has")
        return self


class Portion(Part):
    """So many units of a scope."""

    scope: Scope = EVERYTHING
    quantity: Pieces = 1


class Bundle(Part):
    """One unit of each part, or several, together at one price."""

    kind: Literal["bundle"]
    parts: Annotated[list[Portion], Field(min_length=1, max_length=20)]
    price: Money


class Get(Portion):
    """What is rewarded for what was bought."""

    effect: Simple

    @model_validator(mode="after")
    def _per_unit(self) -> "Get":
        if _target(self.effect) != "unit":
            raise fault("bad_effect", "a reward works on units")
        return self


class BuyGet(Part):
    """Buy some units, and others get the effect."""

    kind: Literal["buy_get"]
    buy: Portion
    get: Get
    favor: Favor = "customer"


class Gift(Part):
    """A gift from a list of choices, the first one in stock."""

    kind: Literal["gift"]
    choices: Annotated[list[Key], Field(min_length=1, max_length=1000)]
    quantity: Pieces = 1
    per: Literal["cart", "set", "unit"] = "cart"


class Cashback(Part):
    """Bonus earned on what is paid for the units in scope; it changes no price."""

    kind: Literal["cashback"]
    percent: Percent | None = None
    amount: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> "Cashback":
        if (self.percent is None) == (self.amount is None):
            raise fault("bad_effect", "give either percent or amount")
        return self


Effect: TypeAlias = Annotated[
    PercentOff | AmountOff | SetPrice | PersonalPrice | Tiers | Nth | Sets | Bundle | BuyGet | Gift | Cashback,
    Field(discriminator="kind"),
]
Plain: TypeAlias = PercentOff | AmountOff | SetPrice | PersonalPrice


def _target(effect: PercentOff | AmountOff | SetPrice) -> Target:
    return "unit" if isinstance(effect, PercentOff) and effect.target == "line" else effect.target


def target_of(effect: Effect) -> str:
    """Return what an effect works on: `unit`, `line`, `order`, `shipping`, `shipping_total`, `gift` or `cashback`."""
    if isinstance(effect, PercentOff | AmountOff | SetPrice):
        return _target(effect)
    if isinstance(effect, Tiers):
        return effect.target
    if isinstance(effect, Gift | Cashback):
        return effect.kind
    return "unit"


def numbers_of(effect: Effect) -> tuple[int, int, int]:
    """Return an effect on units as numbers: 0 is value / whole of the base, 1 an amount, 2 a price to fall to."""
    if isinstance(effect, PercentOff):
        return (0, *fraction(effect.value))
    if isinstance(effect, AmountOff):
        return (1, effect.value, 1)
    return (2, effect.value if isinstance(effect, SetPrice | PersonalPrice) else _NEVER, 1)


_NEVER = 10**18  # a price that nothing falls to
