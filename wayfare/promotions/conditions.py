"""When a promotion applies: one small model a condition. What only the search can know is told by `is_net`."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from wayfare.promotions.scope import EVERYTHING, Scope
from wayfare.promotions.values import Keys, Moment, Money, Part, Pieces, TimeOfDay, Zone, fault


class Facts(Protocol):
    """What conditions ask about."""

    at: datetime
    birthday: date | None
    order_number: int | None

    def values(self, kind: str) -> list[str]:
        """Return the cart's values for a condition of this kind."""

    def worth(self, scope: Scope, base: str) -> int:
        """Return the value of the goods in scope at list prices, or net of the earlier layers."""

    def pieces(self, scope: Scope) -> int:
        """Return how many units are in scope."""

    def longest(self, scope: Scope) -> int:
        """Return how many units the longest merged line of the scope has."""


class ValuesCondition(Part):
    """The cart's channel, store, region, ... is one of `values`."""

    kind: Literal["channel", "store", "region", "currency", "segment", "level", "payment", "shipping_method"]
    values: Keys

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text."""
        return "" if not set(self.values).isdisjoint(facts.values(self.kind)) else self.kind


class PeriodCondition(Part):
    """From a moment on, until before another."""

    kind: Literal["period"]
    from_: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text."""
        late = self.until is not None and facts.at >= self.until
        return "out_of_period" if late or (self.from_ is not None and facts.at < self.from_) else ""


class WeeklyCondition(Part):
    """On some days of the week (1 is Monday), between two times of a zone; over midnight when `until` is earlier."""

    kind: Literal["weekly"]
    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        default_factory=lambda: list(range(1, 8))
    )
    from_: Annotated[TimeOfDay | None, Field(alias="from")] = None
    until: TimeOfDay | None = None
    zone: Zone = "UTC"

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text. Past midnight counts for the day on which the window began."""
        local = facts.at.astimezone(ZoneInfo(self.zone))
        day, now = local.isoweekday(), local.time()
        begun = self.from_ is None or now >= self.from_
        over = self.until is not None and now >= self.until
        if self.from_ is not None and self.until is not None and self.until <= self.from_:
            yesterday = (day + 5) % 7 + 1
            return "" if (begun and day in self.days) or (not over and yesterday in self.days) else "out_of_period"
        return "" if begun and not over and day in self.days else "out_of_period"


class BirthdayCondition(Part):
    """Within so many days before and after the birthday, in the offset of the cart's moment."""

    kind: Literal["birthday"]
    before: Annotated[int, Field(ge=0, le=180)] = 0
    after: Annotated[int, Field(ge=0, le=180)] = 0

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text. Born on 29 February counts as 1 March in other years."""
        if facts.birthday is None:
            return "birthday"
        today = facts.at.date()
        for year in (today.year - 1, today.year, today.year + 1):
            try:
                day = facts.birthday.replace(year=year)
            except ValueError:
                day = date(year, 3, 1) if 1 <= year <= 9999 else today
            if day - timedelta(days=self.before) <= today <= day + timedelta(days=self.after):
                return ""
        return "birthday"


class OrderNumberCondition(Part):
    """The customer's n-th order, or each n-th."""

    kind: Literal["order_number"]
    equals: Pieces | None = None
    multiple_of: Pieces | None = None

    @model_validator(mode="after")
    def _one(self) -> "OrderNumberCondition":
        if (self.equals is None) == (self.multiple_of is None):
            raise fault("bad_condition", "give either equals or multiple_of")
        return self

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text."""
        number = facts.order_number
        if number is None:
            return "order_number"
        holds = number == self.equals if self.equals is not None else number % (self.multiple_of or 1) == 0
        return "" if holds else "order_number"


class GoodsCondition(Part):
    """The goods in scope are worth at least (`goods_from`) or at most (`goods_to`) so much."""

    kind: Literal["goods_from", "goods_to"]
    value: Money
    base: Literal["list", "net"] = "list"
    scope: Scope = EVERYTHING

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text."""
        worth = facts.worth(self.scope, self.base)
        return "" if (worth >= self.value if self.kind == "goods_from" else worth <= self.value) else "threshold_short"


class QuantityCondition(Part):
    """So many units of the scope are in the cart, or in one merged line of it."""

    kind: Literal["quantity_from", "line_quantity_from"]
    value: Pieces
    scope: Scope = EVERYTHING

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text."""
        found = facts.pieces(self.scope) if self.kind == "quantity_from" else facts.longest(self.scope)
        return "" if found >= self.value else "quantity_short"


class AnyAll(Part):
    """Any of the conditions holds, or all of them."""

    kind: Literal["any", "all"]
    of: Annotated[list["Condition"], Field(min_length=1, max_length=100)]

    def failing(self, facts: Facts) -> str:
        """Return the first reason why not, or an empty text."""
        reasons = [one.failing(facts) for one in self.of]
        missing = [reason for reason in reasons if reason]
        return "" if not missing or (self.kind == "any" and len(missing) < len(reasons)) else missing[0]


class Not(Part):
    """The condition does not hold."""

    kind: Literal["not"]
    of: "Condition"

    def failing(self, facts: Facts) -> str:
        """Return why not, or an empty text: the reason that the inner condition would have given."""
        return "" if self.of.failing(facts) else _REASONS.get(_first(self.of).kind, _first(self.of).kind)


_REASONS = {
    "period": "out_of_period",
    "weekly": "out_of_period",
    "goods_from": "threshold_short",
    "goods_to": "threshold_short",
    "quantity_from": "quantity_short",
    "line_quantity_from": "quantity_short",
}
Leaf: TypeAlias = (
    ValuesCondition
    | PeriodCondition
    | WeeklyCondition
    | BirthdayCondition
    | OrderNumberCondition
    | GoodsCondition
    | QuantityCondition
)
Condition: TypeAlias = Annotated[Leaf | AnyAll | Not, Field(discriminator="kind")]
AnyAll.model_rebuild()
Not.model_rebuild()


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Yield the conditions at the bottom."""
    if isinstance(condition, AnyAll):
        for one in condition.of:
            yield from leaves(one)
    elif isinstance(condition, Not):
        yield from leaves(condition.of)
    else:
        yield condition


def is_net(condition: Condition) -> bool:
    """Tell whether the answer depends on prices after earlier layers, and so on the search."""
    return any(isinstance(leaf, GoodsCondition) and leaf.base == "net" for leaf in leaves(condition))


def _first(condition: Condition) -> Leaf:
    return next(leaves(condition))
