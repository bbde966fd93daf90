"""Customers as pages show them: search, one profile, and what belongs to it."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from store.views._parts import table
from wayfare.errors import NotFound
from wayfare.segments.text import fold

CUSTOMER, FACT = table("customer"), table("customer_fact")
SEGMENT, MEMBER = table("segment"), table("segment_member")
LIST, ON_LIST = table("customer_list"), table("list_member")
CONSENT, IDENTITY = table("consent"), table("identity")
ENROLLMENT, JOURNEY, VERSION = table("enrollment"), table("journey"), table("journey_version")


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One customer in a list, with what they bought. `order_sum` in minor units."""

    id: int
    key: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    city: str | None
    level: str | None
    created_at: datetime
    erased_at: datetime | None
    order_count: int
    order_sum: int
    last_order_at: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """Which customers. `is_exact`: only those whose key, phone or e-mail address is exactly the text."""

    text: str = ""
    segment: str = ""
    bought: str = ""  # "yes", "no" or nothing
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything on a customer's card."""

    id: int
    key: str
    phone: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    birthday: date | None
    sex: str | None
    city: str | None
    country: str | None
    locale: str | None
    time_zone: str | None
    level: str | None
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    erased_at: datetime | None
    is_synthetic: bool
    order_count: int = 0
    order_sum: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    currency: str = ""
    consents: tuple[tuple[str, str, bool, str, datetime], ...] = ()
    segments: tuple[tuple[str, str, datetime], ...] = ()
    lists: tuple[tuple[str, datetime], ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    passages: tuple["PassageLine", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PassageLine:
    """One enrollment of a customer."""

    id: int
    journey_key: str
    journey_name: str
    version_id: int
    version_number: int
    status: str
    node: str
    since: datetime
    wake_at: datetime | None
    wait_type: str | None
    reason: str | None
    entered_at: datetime
    ended_at: datetime | None
    goal_at: datetime | None


_NAMES = ("id", "key", "first_name", "last_name", "email", "phone", "city", "level", "created_at", "erased_at")
_LINE: list[Any] = [CUSTOMER.c[name] for name in _NAMES]


def search_customers(
    conn: Connection, wanted: Search, *, before_id: int | None = None, limit: int = 50
) -> list[CustomerLine]:
    """Return customers, the newest first; `before_id` is the last id of the page before.

    Names by their beginnings, whatever their case and alphabet; key, phone and e-mail address by theirs.
    """
    figures = (func.coalesce(FACT.c.order_count, 0), func.coalesce(FACT.c.order_sum, 0), FACT.c.last_order_at)
    query: Any = select(*_LINE, *figures).outerjoin(FACT, FACT.c.customer_id == CUSTOMER.c.id)
    query = _narrowed(query, wanted)
    if before_id is not None:
        query = query.where(CUSTOMER.c.id < before_id)
    return [CustomerLine(*row) for row in conn.execute(query.order_by(CUSTOMER.c.id.desc()).limit(limit))]


def count_customers(conn: Connection) -> int:
    """Return how many customers there are."""
    return int(conn.execute(select(func.count()).select_from(CUSTOMER)).scalar_one())


def _narrowed(query: Select[Any], wanted: Search) -> Select[Any]:
    if wanted.text:
        query = query.where(_exactly(wanted.text) if wanted.is_exact else _begins(wanted.text))
    elif wanted.is_exact:
        query = query.where(CUSTOMER.c.id.is_(None))
    if wanted.segment:
        members = select(MEMBER.c.customer_id).join(SEGMENT, SEGMENT.c.id == MEMBER.c.segment_id)
        query = query.where(CUSTOMER.c.id.in_(members.where(SEGMENT.c.key == wanted.segment)))
    if wanted.bought == "yes":
        query = query.where(FACT.c.order_count > 0)
    elif wanted.bought == "no":
        query = query.where(func.coalesce(FACT.c.order_count, 0) == 0)
    return query


def phone_beginnings(text: str) -> list[str]:
    """Return how a number that somebody types may be stored: 067 123 and 38067123 both find +38067123."""
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+").removeprefix("00")
    if not digits.isascii() or not digits.isdigit() or len(digits) < 3:
        return []
    found = [f"+{digits}"]
    if digits.startswith("0") and not text.strip().startswith(("+", "00")):
        found.append(f"+38{digits}")
    return found


def _exactly(text: str) -> ColumnElement[bool]:
    numbers = [number for number in phone_beginnings(text) if len(number) > 8]
    return or_(CUSTOMER.c.key == text, CUSTOMER.c.email == text.lower(), CUSTOMER.c.phone.in_(numbers))


def _begins(text: str) -> ColumnElement[bool]:
    folded, words = CUSTOMER.c.folded, fold(text).split()
    first, last, key = (folded[name].as_string() for name in ("first_name", "last_name", "key"))
    ways = [key.startswith(fold(text), autoescape=True)]
    ways.append(func.lower(CUSTOMER.c.email).startswith(fold(text), autoescape=True))
    ways += [CUSTOMER.c.phone.startswith(number) for number in phone_beginnings(text)]
    if len(words) == 1:
        ways += [name.startswith(words[0], autoescape=True) for name in (first, last)]
    elif words:
        one, two = words[0], " ".join(words[1:])
        for left, right in ((first, last), (last, first)):
            ways.append(and_(left.startswith(one, autoescape=True), right.startswith(two, autoescape=True)))
    return or_(*ways)


def get_profile(conn: Connection, key: str) -> Profile:
    """Return a customer's whole card in nine statements; NotFound when nobody has that key."""
    columns: list[Any] = [CUSTOMER.c[name] for name in Profile.__dataclass_fields__ if name in CUSTOMER.c]
    row: Any = conn.execute(select(*columns).where(CUSTOMER.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(f"no customer {key}")
    id = row.id
    names = ("order_count", "order_sum", "first_order_at", "last_order_at")
    figures = conn.execute(select(*[FACT.c[name] for name in names]).where(FACT.c.customer_id == id)).one_or_none()
    order = table("sales_order")
    currency = select(order.c.currency).where(order.c.customer_id == id).order_by(order.c.at.desc()).limit(1)
    consents = select(*[CONSENT.c[name] for name in ("channel", "purpose", "granted", "source", "at")])
    segments = select(SEGMENT.c.key, SEGMENT.c.name, MEMBER.c.since).join(SEGMENT, SEGMENT.c.id == MEMBER.c.segment_id)
    lists = select(LIST.c.name, ON_LIST.c.since).join(LIST, LIST.c.id == ON_LIST.c.list_id)
    handles = select(IDENTITY.c.kind, IDENTITY.c.value).where(IDENTITY.c.customer_id == id)
    values: dict[str, Any] = dict(row._mapping) | (dict(figures._mapping) if figures else {})
    values["currency"] = conn.execute(currency).scalar_one_or_none() or ""
    values["consents"] = _rows(conn, consents.where(CONSENT.c.customer_id == id).order_by(CONSENT.c.channel))
    values["segments"] = _rows(conn, segments.where(MEMBER.c.customer_id == id).order_by(SEGMENT.c.name))
    values["lists"] = _rows(conn, lists.where(ON_LIST.c.customer_id == id).order_by(LIST.c.name))
    values["identities"] = _rows(conn, handles.order_by(IDENTITY.c.kind, IDENTITY.c.id).limit(20))
    values["passages"] = passages_of(conn, id)
    return Profile(**values)


def passages_of(conn: Connection, customer_id: int, limit: int = 50) -> tuple[PassageLine, ...]:
    """Return the enrollments of a customer, the newest first."""
    names = ("status", "node", "since", "wake_at", "wait_type", "reason", "entered_at", "ended_at", "goal_at")
    columns = [ENROLLMENT.c.id, JOURNEY.c.key, JOURNEY.c.name, VERSION.c.id, VERSION.c.number]
    query = (
        select(*columns, *[ENROLLMENT.c[name] for name in names])
        .join(JOURNEY, JOURNEY.c.id == ENROLLMENT.c.journey_id)
        .join(VERSION, VERSION.c.id == ENROLLMENT.c.version_id)
        .where(ENROLLMENT.c.customer_id == customer_id)
        .order_by(ENROLLMENT.c.id.desc())
        .limit(limit)
    )
    return tuple(PassageLine(*row) for row in conn.execute(query))


def key_of(conn: Connection, customer_id: int) -> str:
    """Return the key of a customer; NotFound when there is none."""
    found = conn.execute(select(CUSTOMER.c.key).where(CUSTOMER.c.id == customer_id)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"no customer {customer_id}")
    return str(found)


def _rows(conn: Connection, query: Select[Any]) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in conn.execute(query))
