"""Customers in and out: profiles and consents, one customer's card and history."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import Field

from engine.customers import upsert_customers
from engine.shapes import CustomerIn
from nodes.graph import Graph
from store.views import customers as cards
from store.views.journeys import GraphLine, graphs_of
from store.views.timeline import SOURCES, Mark, timeline
from store.views.why import Passing, passings
from web import masks
from web.api.base import BATCH, Answer, Api, Call, In, Problem, problem
from web.api.refusal import Refusal
from web.bell import ring
from web.context import now, store
from web.graph_view import node_types

api = Api("customers", "Customers")
bp = api.bp
_PERSONAL: Mapping[str, Callable[[Any], str]] = {
    "phone": masks.phone,
    "email": masks.email,
    "first_name": masks.word,
    "last_name": masks.word,
    "birthday": masks.birthday,
}


class Upserted(Answer):
    """What became of the items. `updated` were known before, changed or not."""

    created: int
    updated: int
    errors: list[Problem]


class Consent(Answer):
    """A consent in force."""

    channel: str
    purpose: str
    granted: bool
    source: str
    at: datetime


class Enrollment(Answer):
    """One passage of the customer through a journey."""

    id: int
    journey: str
    version: int
    status: str
    node: str
    since: datetime
    wake_at: datetime | None
    reason: str | None
    entered_at: datetime
    ended_at: datetime | None
    goal_at: datetime | None


class Card(Answer):
    """What is known of one customer. `order_sum` in minor units."""

    key: str
    phone: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    birthday: date | str | None
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
    order_count: int
    order_sum: int
    currency: str
    last_order_at: datetime | None
    consents: list[Consent]
    segments: list[str]
    lists: list[str]
    enrollments: list[Enrollment]


class Happened(Answer):
    """One entry of a timeline; `details` depend on its kind."""

    kind: str
    at: datetime
    details: dict[str, Any]


class Timeline(Answer):
    """Entries, the newest first; `next` is the `after` of the next page, null on the last one."""

    entries: list[Happened]
    next: str | None


class Passed(Answer):
    """How one enrollment passed a node. `port` is null while it stands there, or when it went no further."""

    enrollment: int
    journey: str
    version: int
    status: str
    step: str
    port: str | None
    at: datetime | None
    wake_at: datetime | None
    reason: str


class Why(Answer):
    """A customer's passings of a node, the newest first; none when they never came there."""

    passings: list[Passed]


class WhyAsked(In):
    """Which node, by its id in the graph; `journey` where several journeys have a node of that id."""

    node: str = Field(min_length=1, max_length=100)
    journey: str = Field("", max_length=100)


class Paging(In):
    """Which page of a timeline."""

    limit: int = Field(50, ge=1, le=500)
    after: str = Field("", max_length=100, description="`next` of the page before.")
    kinds: str = Field("", max_length=200, description=f"Kinds wanted, joined by commas: {', '.join(SOURCES)}.")


@api.post("/customers", needs="customers.write", batch=CustomerIn, answer=Upserted, max_bytes=BATCH)
def take_customers(call: Call) -> dict[str, Any]:
    """Take customers in.

    Fields left out stay as they are, null empties them; attributes are merged likewise. Phones are kept as E.164. Of
    consents the newest `at` counts, and all are kept in the history.
    """
    result = upsert_customers(store(), call.batch, now=now(), source=call.who.actor)
    if result.created or result.updated:
        ring()
    return {"created": result.created, "updated": result.updated, "errors": result.errors}


@api.get("/customers/<key>", needs="customers.read", answer=Card)
def get_customer(call: Call, key: str) -> Card:
    """Return one customer. Without the right `customers.unmask` names, addresses and birthday are masked."""
    with store().read() as conn:
        found = cards.get_profile(conn, key)
    values: dict[str, Any] = {name: getattr(found, name) for name in Card.model_fields if hasattr(found, name)}
    if not call.who.may("customers.unmask"):
        values |= {name: hide(values[name]) for name, hide in _PERSONAL.items() if values[name] is not None}
        values["attributes"] = {name: masks.value(name, value) for name, value in found.attributes.items()}
    values["consents"] = [Consent(**dict(zip(Consent.model_fields, one, strict=True))) for one in found.consents]
    values["segments"] = [one[0] for one in found.segments]
    values["lists"] = [one[0] for one in found.lists]
    return Card(**values, enrollments=[_enrollment(one) for one in found.passages])


@api.get("/customers/<key>/timeline", needs="customers.read", query=Paging, answer=Timeline)
def get_timeline(call: Call, key: str) -> Timeline:
    """Return what happened to a customer, the newest first, each step with its reason."""
    kinds = [kind for kind in call.query.kinds.split(",") if kind] or list(SOURCES)
    unknown = [kind for kind in kinds if kind not in SOURCES]
    if unknown:
        raise Refusal(422, [problem("unknown_value", f"kinds are {', '.join(SOURCES)}", path="kinds")])
    after = _mark(call.query.after)
    limit = call.query.limit
    with store().read() as conn:
        found = timeline(conn, cards.get_profile(conn, key).id, kinds=kinds, after=after, limit=limit)
    hidden = () if call.who.may("customers.unmask") else ("old", "new", "data", "subject")
    entries = [Happened(kind=one.kind, at=one.at, details=_plain(one.values, (*hidden, "subject"))) for one in found]
    last = found[-1] if len(found) == limit else None
    return Timeline(entries=entries, next=f"{last.at.isoformat()}~{last.kind}~{last.id}" if last else None)


@api.get("/customers/<key>/why", needs="customers.read", query=WhyAsked, answer=Why)
def get_why(call: Call, key: str) -> Why:
    """Explain why a customer went which way at a node, or why they are still there."""
    with store().read() as conn:
        found = passings(conn, cards.get_profile(conn, key).id, call.query.node)
        graphs = graphs_of(conn, {one.version_id for one in found})
    is_open, wanted = call.who.may("customers.unmask"), call.query.journey
    told = [_passed(one, graphs[one.version_id], call.query.node, is_open=is_open) for one in found]
    return Why(passings=[one for one in told if wanted in ("", one.journey)])


def _passed(one: Passing, line: GraphLine, id: str, *, is_open: bool) -> Passed:
    node = node_types(Graph.model_validate(line.graph)).get(id)
    reason = one.reason or (node.explain(one.port) if node is not None and one.port else "")
    values = {name: getattr(one, name) for name in ("enrollment", "status", "port", "at", "wake_at")}
    step = node.summary() if node is not None else id
    shown = masks.text(reason, is_open=is_open)
    return Passed(**values, journey=line.journey_key, version=line.number, step=step, reason=shown)


def _plain(values: Any, hidden: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in hidden and not isinstance(value, bytes)}


def _mark(text: str) -> Mark | None:
    if not text:
        return None
    try:
        at, kind, id = text.split("~")
        mark = Mark(datetime.fromisoformat(at), kind, int(id))
    except ValueError:
        mark = None
    if mark is None or mark.kind not in SOURCES or mark.at.tzinfo is None:
        raise Refusal(422, [problem("invalid_value", "after is the `next` of the page before", path="after")])
    return mark


def _enrollment(passage: cards.PassageLine) -> Enrollment:
    return Enrollment(
        journey=passage.journey_key,
        version=passage.version_number,
        **{name: getattr(passage, name) for name in Enrollment.model_fields if hasattr(passage, name)},
    )
