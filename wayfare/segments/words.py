"""A rule in plain words, for people who check what a segment asks."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from wayfare.segments.facts import Kind
from wayfare.segments.parts import (
    Age,
    Birthday,
    Compare,
    DaysSince,
    Events,
    HasConsent,
    InList,
    InSegment,
    IsSet,
    Orders,
    Where,
)
from wayfare.segments.rule import AllOf, AnyOf, Not, Rule

_NAMES = {
    "created_at": "customer since",
    "orders.count": "number of orders",
    "orders.sum": "sum of all orders",
    "orders.first_at": "first order",
    "orders.last_at": "last order",
    "sex": "sex",
    "rfm.recency": "RFM recency class",
    "rfm.frequency": "RFM frequency class",
    "rfm.monetary": "RFM monetary class",
    "rfm.group": "RFM group",
    "rfm.since": "in the RFM group since",
    "value.spent": "spent so far",
    "value.predicted": "predicted margin of the next 12 months",
    "value.orders_expected": "expected orders in the next 12 months",
    "value.alive": "chance to buy again (%)",
    "value.profit": "profit of the last 12 months",
    "points.balance": "bonus points",
}
_MONEY = ("orders.sum", "value.spent", "value.predicted", "value.profit")
_OPERATORS = {
    "=": "is",
    "!=": "is set and is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "in": "is one of",
    "not in": "is set and is none of",
    "between": "is between",
    "contains": "contains",
    "starts with": "starts with",
}
_DATES = _OPERATORS | {"<": "is before", "<=": "is on or before", ">": "is after", ">=": "is on or after"}
_COUNTS = {"=": "exactly", "!=": "not exactly", "<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}


Names = Mapping[tuple[str, str], str]
"""What segments and lists are called, by ("segment", key) and ("list", key)."""


def in_words(rule: Rule, names: Names = MappingProxyType({})) -> str:
    """Return one sentence without a full stop, such as "city is Київ and last order was more than 30 days ago".

    Segments and lists are told by their `names`, or by their keys where they have none.
    """
    return _words(rule, names, nested=False)


def fact_in_words(name: str) -> str:
    """Return what people call a fact: "attrs.points" is "points"."""
    return _NAMES.get(name) or name.removeprefix("attrs.").removeprefix("data.").replace("_", " ")


def _words(rule: Rule, names: Names, *, nested: bool = True) -> str:
    match rule:
        case AllOf(rules=()):
            return "everyone"
        case AllOf() | AnyOf():
            if len(rule.rules) == 1:
                return _words(rule.rules[0], names, nested=nested)
            joined = (" and " if isinstance(rule, AllOf) else " or ").join(_words(one, names) for one in rule.rules)
            return f"({joined})" if nested else joined
        case Not():
            return f"not ({_words(rule.rule, names, nested=False)})"
        case Compare():
            operators = _DATES if rule.kind in (Kind.DATE, Kind.INSTANT) else _OPERATORS
            value = _money(rule.value) if rule.fact in _MONEY else rule.value
            return f"{fact_in_words(rule.fact)} {operators[rule.op]} {_value(value, rule.op)}"
        case IsSet():
            return f"{fact_in_words(rule.fact)} is {rule.type}"
        case Age():
            return f"{fact_in_words(rule.fact)} {_age(rule)}"
        case DaysSince():
            if isinstance(rule.value, tuple):
                return f"{fact_in_words(rule.fact)} was {rule.value[0]} to {rule.value[1]} days ago"
            return f"{fact_in_words(rule.fact)} was {_COUNTS[rule.op]} {_days(rule.value)} ago"
        case Birthday():
            if rule.within_days == 0:
                return f"{fact_in_words(rule.fact)} is today"
            return f"{fact_in_words(rule.fact)} is within the next {_days(rule.within_days)}"
        case Events() | Orders():
            return _figure(rule)
        case InSegment():
            return f"is in segment {_named('segment', rule.key, names)}"
        case InList():
            return f"is on list {_named('list', rule.key, names)}"
        case HasConsent():
            return f"agreed to {rule.purpose} by {rule.channel}"


def _named(kind: str, key: str, names: Names) -> str:
    name = names.get((kind, key))
    return key if name is None else f"“{name}”"


def _value(value: object, operator: str = "") -> str:
    if isinstance(value, tuple):
        return (" and " if operator == "between" else ", ").join(map(_value, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _money(minor: object) -> object:
    """Return amounts of minor units in major units, as text."""
    if isinstance(minor, tuple):
        return tuple(map(_money, minor))
    return f"{minor / 100:.2f}" if isinstance(minor, int | float) else minor


def _days(days: int) -> str:
    return f"{days} day" if abs(days) == 1 else f"{days} days"


def _age(rule: Age) -> str:
    match rule.op:
        case "older than":
            return f"was more than {_days(rule.days)} ago"
        case "younger than":
            return f"was less than {_days(rule.days)} ago"
        case "within last":
            return f"was today or in the last {_days(rule.days)}"
        case "within next":
            return f"is today or in the next {_days(rule.days)}"


def _figure(rule: Events | Orders) -> str:
    if isinstance(rule, Events):
        what = f"events {rule.event}" if rule.measure == "count" else f"{rule.field} of events {rule.event}"
        filters: Iterable[str] = (f"{_where(one)}" for one in rule.where)
    else:
        what = "orders"
        named = {"sku": rule.sku, "brand": rule.brand, "category": rule.category, "store": rule.store}
        filters = (f"{name} {value}" for name, value in named.items() if value is not None)
    narrowed = " and ".join(filters)
    is_money = isinstance(rule, Orders) and rule.measure == "sum"
    count = f"{_COUNTS[rule.op]} {_value(_money(rule.value) if is_money else rule.value)}"
    words = f"{count} {what}" if rule.measure == "count" else f"sum of {what} {count}"
    words += f" with {narrowed}" if narrowed else ""
    return words + (f" in the last {_days(rule.within_days)}" if rule.within_days else "")


def _where(one: Where) -> str:
    return f"{one.field} {_value(one.value)}"
