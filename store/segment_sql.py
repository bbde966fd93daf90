"""What a rule means in SQL, on SQLite and PostgreSQL: the same as `wayfare/segments/meaning.py` says in Python.

Every part is a condition that is true or false and never NULL, so that `not` turns it around. Constants are bound
parameters; names of facts come from a closed list or are bound too. SQL never converts zones: one row for each zone in
use (its date, and the bounds of its days in UTC, as far as the rule asks for them) goes in as one JSON parameter and is
joined; customers of an empty or unknown zone get the default's values.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from store.bulk import id_list, in_ids
from store.figures import figure
from store.json_sql import is_bool_at, is_set_at, number_at, text_at
from store.tables import metadata
from store.types import Instant
from store.zone_values import ZoneValues
from wayfare.errors import StoreError
from wayfare.segments.days import anniversary, start_of_day
from wayfare.segments.facts import Fact, Kind, kind_of
from wayfare.segments.moment import Moment
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
    Span,
)
from wayfare.segments.rule import AllOf, AnyOf, Not, Rule

_TABLES = metadata.tables
_CUSTOMER = _TABLES["customer"]
_FACT = _TABLES["customer_fact"]
_POINTS = _TABLES["points_account"]
_VALUE = _TABLES["customer_value"]

_RECKONED: Mapping[str, ColumnElement[Any]] = {
    **{f"rfm.{name}": _VALUE.c[name] for name in ("recency", "frequency", "monetary")},
    "rfm.group": _VALUE.c.rfm_group,
    "rfm.since": _VALUE.c.rfm_since,
    **{f"value.{name}": _VALUE.c[name] for name in ("predicted", "orders_expected", "alive", "profit")},
}

_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
_REAL_DATE = (
    "^(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP})$"
)
"""Dates that exist, for PostgreSQL, where a cast of 2026-02-30 fails the whole query."""


@contextmanager
def time_limit(conn: Connection, seconds: int) -> Iterator[None]:
    """Let statements of this transaction take so long at most, on PostgreSQL: then StoreError. SQLite has no limit."""
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SET LOCAL statement_timeout = {int(seconds) * 1000}"))
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "57014":  # query_canceled
            raise
        raise StoreError(f"the database needs more than {seconds} s for this rule; make it narrower") from error


def count(conn: Connection, rule: Rule, now: datetime, default_zone: str = "UTC") -> int:
    """Return how many customers the rule holds for now; erased ones never count."""
    query = members(conn, rule, now, default_zone)
    return int(conn.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def sample(conn: Connection, rule: Rule, now: datetime, limit: int, default_zone: str = "UTC") -> list[int]:
    """Return the ids of up to `limit` customers for whom the rule holds, the newest first."""
    query = members(conn, rule, now, default_zone).order_by(_CUSTOMER.c.id.desc()).limit(limit)
    return [id for (id,) in conn.execute(query)]


def member_ids(
    conn: Connection, rule: Rule, now: datetime, default_zone: str = "UTC", among: Sequence[int] | None = None
) -> set[int]:
    """Return the ids of all customers for whom the rule holds, among those given or among all."""
    query = members(conn, rule, now, default_zone)
    if among is None:
        return {id for (id,) in conn.execute(query)}
    query = query.where(text(in_ids(conn, "customer.id")))
    return {id for (id,) in conn.execute(query, {"ids": id_list(conn, among)})}


def members(conn: Connection, rule: Rule, now: datetime, default_zone: str = "UTC") -> Select[int]:
    """Return the SELECT of the ids for whom the rule holds; at most one more statement looks up the zones in use."""
    asking = _Asking(conn.dialect.name, now.astimezone(UTC), default_zone)
    condition = asking.condition(rule)
    return select(_CUSTOMER.c.id).select_from(asking.tables(conn)).where(_CUSTOMER.c.erased_at.is_(None), condition)


@dataclass
class _Asking:
    """One translation: it gathers the joins that the conditions come to need."""

    dialect: str
    now: datetime
    default_zone: str
    figures: dict[Fact, FromClause] = field(default_factory=dict)
    uses_facts: bool = False
    uses_value: bool = False

    def __post_init__(self) -> None:
        self.zones = ZoneValues(self.dialect, self.now, self.default_zone)

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    def tables(self, conn: Connection) -> FromClause:
        """Return the customers with everything joined that the conditions look at."""
        joined: FromClause = _CUSTOMER
        if self.uses_facts:
            joined = joined.outerjoin(_FACT, _FACT.c.customer_id == _CUSTOMER.c.id)
        if self.uses_value:
            joined = joined.outerjoin(_VALUE, _VALUE.c.customer_id == _CUSTOMER.c.id)
        for one in self.figures.values():
            joined = joined.outerjoin(one, one.c.customer_id == _CUSTOMER.c.id)
        return self.zones.joined(conn, joined)

    def condition(self, rule: Rule) -> ColumnElement[bool]:
        """Return a condition that is never NULL."""
        match rule:
            case AllOf():
                return and_(true(), *(self.condition(one) for one in rule.rules))
            case AnyOf():
                return or_(false(), *(self.condition(one) for one in rule.rules))
            case Not():
                return not_(self.condition(rule.rule))
            case IsSet():
                is_set = self._is_set(rule.fact)
                return is_set if rule.type == "set" else not_(is_set)
        return self._sure(self._part(rule))

    def _part(self, rule: Any) -> ColumnElement[bool]:
        match rule:
            case Compare():
                return self._compare(rule)
            case Age() | DaysSince():
                return or_(false(), *(self._in_span(rule.fact, span) for span in rule.spans()))
            case Birthday():
                return self._birthday(rule)
            case Events() | Orders():
                n = func.coalesce(self._figure(rule.about).c.n, 0)
                return _ordered(rule.op, n, [self._number(rule.value)])
            case InSegment():
                return self._is_member("segment_member", "segment", "segment_id", rule.key)
            case InList():
                return self._is_member("list_member", "customer_list", "list_id", rule.key)
            case HasConsent():
                consent = _TABLES["consent"]
                granted = select(consent.c.customer_id).where(
                    consent.c.channel == rule.channel, consent.c.purpose == rule.purpose, consent.c.granted
                )
                return _CUSTOMER.c.id.in_(granted)
        raise TypeError(f"no SQL for {type(rule).__name__}")

    def _sure(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return func.coalesce(condition, false(), type_=Boolean())

    def _is_member(self, members: str, owners: str, owner_id: str, key: str) -> ColumnElement[bool]:
        member, owner = _TABLES[members], _TABLES[owners]
        of = select(owner.c.id).where(owner.c.key == key).scalar_subquery()
        return _CUSTOMER.c.id.in_(select(member.c.customer_id).where(member.c[owner_id] == of))

    def _figure(self, fact: Fact) -> FromClause:
        if fact not in self.figures:
            self.figures[fact] = figure(fact, self.now, self.dialect).subquery(f"figure_{len(self.figures)}")
        return self.figures[fact]

    def _column(self, fact: str) -> ColumnElement[Any]:
        """Return a profile value that is not an attribute."""
        if "." not in fact:
            return _CUSTOMER.c[fact]
        if fact in _RECKONED:
            self.uses_value = True
            return _RECKONED[fact]
        if fact == "points.balance":
            mine = select(_POINTS.c.balance).where(_POINTS.c.customer_id == _CUSTOMER.c.id).scalar_subquery()
            return func.coalesce(mine, 0)
        self.uses_facts = True
        match fact:
            case "orders.count":
                return func.coalesce(_FACT.c.order_count, 0)
            case "orders.sum" | "value.spent":
                return func.coalesce(_FACT.c.order_sum, 0)
            case "orders.first_at":
                return _FACT.c.first_order_at
        return _FACT.c.last_order_at

    def _is_set(self, fact: str) -> ColumnElement[bool]:
        if fact.startswith("data."):
            return false()  # there is no event at hand
        if fact.startswith("attrs."):
            return is_set_at(self.dialect, _CUSTOMER.c.attributes, fact[6:])
        column = self._column(fact)
        is_set: ColumnElement[bool] = column.is_not(None)
        return and_(is_set, column != "") if kind_of(fact) is Kind.TEXT else is_set

    def _compare(self, rule: Compare) -> ColumnElement[bool]:
        if rule.fact.startswith("data."):
            return false()
        match rule.kind:
            case Kind.TEXT if rule.fact in _RECKONED:  # keys of ours, which folding does not change
                value = self._column(rule.fact)
                return self._text(rule, value if self.is_sqlite else value.collate("C"))
            case Kind.TEXT:
                value = text_at(self.dialect, _CUSTOMER.c.folded, rule.fact)
                return self._text(rule, value if self.is_sqlite else value.collate("C"))
            case Kind.BOOLEAN:
                (wanted,) = rule.literals
                return is_bool_at(self.dialect, _CUSTOMER.c.attributes, rule.fact[6:], wanted is (rule.op == "="))
            case Kind.NUMBER if rule.fact.startswith("attrs."):
                number = number_at(self.dialect, _CUSTOMER.c.attributes, rule.fact[6:], Numeric())
                return _ordered(rule.op, number, [self._number(value) for value in rule.literals])
            case Kind.NUMBER:
                return _ordered(rule.op, self._column(rule.fact), [self._number(value) for value in rule.literals])
            case Kind.DATE:
                return _ordered(rule.op, self._column(rule.fact), [literal(value, Date()) for value in rule.literals])
        return _ordered(rule.op, self._column(rule.fact), [literal(value, Instant()) for value in rule.literals])

    def _number(self, value: float) -> ColumnElement[Any]:
        if self.is_sqlite:
            return literal(value, BigInteger() if isinstance(value, int) else Numeric(asdecimal=False))
        return cast(literal(repr(value), Text()), Numeric())

    def _text(self, rule: Compare, value: ColumnElement[Any]) -> ColumnElement[bool]:
        first = literal(rule.literals[0], Text())
        match rule.op:
            case "contains":
                return (func.instr(value, first) if self.is_sqlite else func.strpos(value, first)) > 0
            case "starts with":
                return func.substr(value, 1, len(rule.literals[0])) == first
        return _ordered(rule.op, value, [literal(one, Text()) for one in rule.literals])

    def _in_span(self, fact: str, span: Span) -> ColumnElement[bool]:
        """Say that a date was so many days ago: by comparing it with dates, or an instant with the starts of days."""
        low, high = span
        conditions: list[ColumnElement[bool]] = []
        if kind_of(fact) is Kind.INSTANT:
            value = self._column(fact)
            if low is not None:
                conditions.append(value < self._day_start(1 - low))
            if high is not None:
                conditions.append(value >= self._day_start(-high))
        else:
            value = self._date_text(fact)
            if low is not None:
                conditions.append(value <= self._day(-low))
            if high is not None:
                conditions.append(value >= self._day(-high))
        return and_(true(), value.is_not(None), *conditions)

    def _date_text(self, fact: str) -> ColumnElement[Any]:
        """Return a date as text YYYY-MM-DD, whose order is that of the dates; NULL when it is none."""
        if fact.startswith("data."):
            return literal(None, Text())
        if not fact.startswith("attrs."):
            column = self._column(fact)
            return type_coerce(column, Text()) if self.is_sqlite else func.to_char(column, "YYYY-MM-DD").collate("C")
        value = text_at(self.dialect, _CUSTOMER.c.attributes, fact[6:])
        if self.is_sqlite:
            looks = and_(value.op("GLOB")("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"), value >= "0001")
            # "+0 days" makes SQLite work the date out: without it 2026-02-30 comes back as it is.
            return case((and_(looks, func.date(value, "+0 days") == value), value))
        return case((value.regexp_match(_REAL_DATE), value.collate("C")))

    def _birthday(self, rule: Birthday) -> ColumnElement[bool]:
        """Say that an anniversary falls into a range of month-days, which may reach over New Year."""
        if rule.fact == "birthday":
            month_day: ColumnElement[Any] = _CUSTOMER.c.birthday_md
        else:
            value = self._date_text(rule.fact)
            month_day = cast(func.substr(value, 6, 2), Integer) * 100 + cast(func.substr(value, 9, 2), Integer)
        span = timedelta(days=rule.within_days)

        def includes_leap_day(moment: Moment) -> int:
            years = (moment.today.year, (moment.today + span).year)
            found = (anniversary(date(2000, 2, 29), year, rule.leap_day) for year in years)
            return int(any(moment.today <= day <= moment.today + span for day in found))

        first = self.zones.value("md", Integer(), lambda moment: _month_day(moment.today))
        last = self.zones.value(f"md{span.days}", Integer(), lambda moment: _month_day(moment.today + span))
        leap = self.zones.value(f"leap{span.days} {rule.leap_day}", Integer(), includes_leap_day)
        within = case((first <= last, month_day.between(first, last)), else_=or_(month_day >= first, month_day <= last))
        return case((month_day == 229, leap == 1), else_=within)

    def _day_start(self, days: int) -> ColumnElement[Any]:
        """Return the instant at which the local day so many days from today begins."""

        def start(moment: Moment) -> datetime:
            return start_of_day(moment.today + timedelta(days=days), moment.info)

        return self.zones.value(f"start{days}", Instant(), start)

    def _day(self, days: int) -> ColumnElement[Any]:
        """Return the local date so many days from today as text."""
        day = self.zones.value(f"day{days}", Text(), lambda moment: (moment.today + timedelta(days=days)).isoformat())
        return day if self.is_sqlite else day.collate("C")


def _month_day(day: date) -> int:
    return day.month * 100 + day.day


def _ordered(operator: str, value: ColumnElement[Any], constants: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    first = constants[0]
    match operator:
        case "=":
            return value == first
        case "!=":
            return value != first
        case "<":
            return value < first
        case "<=":
            return value <= first
        case ">":
            return value > first
        case ">=":
            return value >= first
        case "in":
            return value.in_(constants)
        case "not in":
            return value.not_in(constants)
        case "between":
            return value.between(first, constants[1])
    raise ValueError(f"no SQL for the operator '{operator}'")
