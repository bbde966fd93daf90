"""The parts of a rule that look at a value; `rule.py` joins them with all, any and not.

What each means is said here once, in its docstring. A part is false when the value it looks at is missing, of the wrong
type or the empty text ('no value'); so is `!=`. Only `not` turns that around.
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from wayfare.segments.days import LeapDay
from wayfare.segments.facts import Fact, Kind, kind_of
from wayfare.segments.literals import WANTED, known_kind, literal, literal_kind
from wayfare.segments.problems import refused

MAX_VALUES = 1000
MAX_DAYS = 36_500

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Days = Annotated[StrictInt, Field(ge=-MAX_DAYS, le=MAX_DAYS)]
FieldName = Annotated[StrictStr, Field(pattern=r"^[\w-]{1,100}$")]
Key = Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Span = tuple[int | None, int | None]
"""Days since, from and to (both included); None is open."""

ZONE = Fact("time_zone")


class Part(BaseModel):
    """What all parts of a rule share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def facts(self) -> tuple[Fact, ...]:
        """Return the facts that this part itself looks at."""
        return ()


class Compare(Part):
    """A value compares so with a constant. `in`, `not in` take a list, `between` takes the two ends, both included."""

    type: Literal["compare"] = "compare"
    fact: StrictStr
    op: Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "between", "contains", "starts with"]
    value: Scalar | tuple[Scalar, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = known_kind(self.fact)
        several = isinstance(self.value, tuple)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if several != (self.op in ("in", "not in", "between")):
            raise refused("value", "wrong_type", f"'{self.op}' takes {'one value' if several else 'a list'}")
        if self.op == "between" and len(values) != 2:
            raise refused("value", "wrong_length", "'between' takes a list of two values, from and to")
        if not 0 < len(values) <= MAX_VALUES:
            raise refused("value", "wrong_length", f"give 1 to {MAX_VALUES} values")
        kinds = {literal_kind(value, kind) for value in values}
        if len(kinds) > 1:
            raise refused("value", "mixed_types", "all values of a list must be of one type")
        (found,) = kinds
        if kind is not Kind.ANY and found is not kind:
            raise refused("value", "wrong_type", f"'{self.fact}' compares with {WANTED[kind]}")
        if found is Kind.BOOLEAN and self.op not in ("=", "!="):
            raise refused("op", "wrong_operator", "true and false compare with = and != only")
        if self.op in ("contains", "starts with") and found is not Kind.TEXT:
            raise refused("op", "wrong_operator", f"'{self.op}' is for text")
        return self

    @cached_property
    def about(self) -> Fact:
        """Return the fact compared."""
        return Fact(self.fact)

    @cached_property
    def kind(self) -> Kind:
        """Return how it compares: as text, number, boolean, date or instant."""
        kind = kind_of(self.fact) or Kind.ANY
        return literal_kind(self.value[0] if isinstance(self.value, tuple) else self.value, kind)

    @cached_property
    def literals(self) -> tuple[Any, ...]:
        """Return the constants as they are compared: folded text, numbers, dates, instants in UTC."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple(literal(value, self.kind) for value in values)

    @cached_property
    def literal(self) -> Any:
        """Return the constant, or all of them when the operator takes a list."""
        if self.op in ("in", "not in"):
            return frozenset(self.literals)
        return self.literals if self.op == "between" else self.literals[0]

    def facts(self) -> tuple[Fact, ...]:
        return (self.about,)


class IsSet(Part):
    """There is a value: not missing, not null, not the empty text. `empty` says the contrary."""

    type: Literal["set", "empty"]
    fact: StrictStr

    @model_validator(mode="after")
    def _check(self) -> Self:
        known_kind(self.fact)
        return self

    @cached_property
    def about(self) -> Fact:
        """Return the fact looked at."""
        return Fact(self.fact)

    def facts(self) -> tuple[Fact, ...]:
        return (self.about,)


class Calendar(Part):
    """A part that looks at the local calendar, and so at the customer's zone."""

    fact: StrictStr

    @model_validator(mode="after")
    def _check(self) -> Self:
        if known_kind(self.fact) not in (Kind.DATE, Kind.INSTANT, Kind.ANY):
            raise refused("fact", "wrong_type", f"'{self.fact}' is not a date")
        return self

    @cached_property
    def about(self) -> Fact:
        """Return the fact that holds the date or instant."""
        return Fact(self.fact)

    def facts(self) -> tuple[Fact, ...]:
        return (self.about, ZONE)


class DayCount(Calendar):
    """A part that asks how many whole local days ago a date is; a date to come is a negative number of days ago."""

    def spans(self) -> tuple[Span, ...]:
        """Return the ranges of days since in which it holds, in order and apart from each other."""
        raise NotImplementedError


class Age(DayCount):
    """How long ago a date is, in local calendar days:

    - `older than` 30: 31 days ago or earlier; `younger than` 30: 29 days ago or later, days to come included;
    - `within last` 30: today or up to 30 days ago; `within next` 30: today or up to 30 days ahead.
    """

    type: Literal["age"] = "age"
    op: Literal["older than", "younger than", "within last", "within next"]
    days: Annotated[StrictInt, Field(ge=0, le=MAX_DAYS)]

    def spans(self) -> tuple[Span, ...]:
        match self.op:
            case "older than":
                return ((self.days + 1, None),)
            case "younger than":
                return ((None, self.days - 1),)
            case "within last":
                return ((0, self.days),)
            case "within next":
                return ((-self.days, 0),)


class DaysSince(DayCount):
    """The number of whole local days since a date compares so with a number: today is 0, tomorrow is -1."""

    type: Literal["days_since"] = "days_since"
    op: Literal["=", "!=", "<", "<=", ">", ">=", "between"]
    value: Days | tuple[Days, Days]

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if isinstance(self.value, tuple) != (self.op == "between"):
            wanted = "a list of two numbers" if self.op == "between" else "one number"
            raise refused("value", "wrong_type", f"'{self.op}' takes {wanted}")
        return self

    def spans(self) -> tuple[Span, ...]:
        if isinstance(self.value, tuple):
            return (self.value,) if self.value[0] <= self.value[1] else ()
        n = self.value
        by_op: dict[str, tuple[Span, ...]] = {
            "=": ((n, n),),
            "!=": ((None, n - 1), (n + 1, None)),
            "<": ((None, n - 1),),
            "<=": ((None, n),),
            ">": ((n + 1, None),),
            ">=": ((n, None),),
        }
        return by_op[self.op]


class Birthday(Calendar):
    """The anniversary of a date is today or at most `within_days` local days ahead."""

    type: Literal["birthday"] = "birthday"
    fact: StrictStr = "birthday"
    within_days: Annotated[StrictInt, Field(ge=0, le=364)]
    leap_day: LeapDay = "28 February"

    @model_validator(mode="after")
    def _check_date(self) -> Self:
        if known_kind(self.fact) is Kind.INSTANT:  # SQL would have to convert every instant to a local date
            raise refused("fact", "wrong_type", f"'{self.fact}' is an instant; anniversaries are of dates")
        return self


class Where(Part):
    """A field of an event's data equals a constant; text compares exactly."""

    field: FieldName
    value: Scalar

    @model_validator(mode="after")
    def _check(self) -> Self:
        literal_kind(self.value, Kind.ANY)
        return self


class Figure(Part):
    """A part that compares a count or a sum with a number. A window is so many times 24 hours until now."""

    op: Literal["=", "!=", "<", "<=", ">", ">="]
    value: StrictInt | StrictFloat
    within_days: Annotated[StrictInt, Field(ge=1, le=MAX_DAYS)] | None = None

    @model_validator(mode="after")
    def _check_number(self) -> Self:
        literal_kind(self.value, Kind.NUMBER)
        return self

    @cached_property
    def about(self) -> Fact:
        """Return the figure."""
        raise NotImplementedError

    def facts(self) -> tuple[Fact, ...]:
        return (self.about,)


class Events(Figure):
    """How many events of a type happened, or the sum of a numeric field of their data."""

    type: Literal["events"] = "events"
    event: Key
    measure: Literal["count", "sum"] = "count"
    field: FieldName | None = None
    where: tuple[Where, ...] = Field(default=(), max_length=5)

    @model_validator(mode="after")
    def _check_field(self) -> Self:
        if (self.field is None) == (self.measure == "sum"):
            raise refused("field", "wrong_field", "name a field of the data for a sum, and none for a count")
        return self

    @cached_property
    def about(self) -> Fact:
        where = tuple((one.field, one.value) for one in self.where)
        return Fact(
            f"events.{self.measure}",
            key=self.event,
            field=self.field or "",
            within_days=self.within_days,
            where=where,
        )


class Orders(Figure):
    """How many orders there were, or their sum in minor units; with sku, brand or category, of matching lines only."""

    type: Literal["orders"] = "orders"
    measure: Literal["count", "sum"] = "count"
    sku: Key | None = None
    brand: Key | None = None
    category: Key | None = None
    store: Key | None = None

    @cached_property
    def about(self) -> Fact:
        filters = (("brand", self.brand), ("category", self.category), ("sku", self.sku), ("store", self.store))
        where = tuple((name, value) for name, value in filters if value is not None)
        return Fact(f"orders.window_{self.measure}", within_days=self.within_days, where=where)


class Flag(Part):
    """A part that asks for membership or consent."""

    @cached_property
    def about(self) -> Fact:
        """Return the fact that is true or false."""
        raise NotImplementedError

    def facts(self) -> tuple[Fact, ...]:
        return (self.about,)


class InSegment(Flag):
    """The customer is a member of another segment."""

    type: Literal["segment"] = "segment"
    key: Key

    @cached_property
    def about(self) -> Fact:
        return Fact("segment", key=self.key)


class InList(Flag):
    """The customer is on a static list."""

    type: Literal["list"] = "list"
    key: Key

    @cached_property
    def about(self) -> Fact:
        return Fact("list", key=self.key)


class HasConsent(Flag):
    """The customer agreed to be written to by this channel for this purpose."""

    type: Literal["consent"] = "consent"
    channel: Key
    purpose: Key = "marketing"

    @cached_property
    def about(self) -> Fact:
        return Fact("consent", key=self.channel, purpose=self.purpose)
