"""Messages out: the outbox and what became of it."""

from datetime import datetime

from pydantic import Field

from store.customers import find_customers
from store.messages import STATUSES, list_messages
from wayfare.errors import NotFound
from web.api.base import Answer, Api, Call, In, problem
from web.api.refusal import Refusal
from web.context import store

api = Api("messages", "Messages")
bp = api.bp


class Asked(In):
    """Which messages."""

    customer: str = Field("", max_length=200, description="The key of a customer.")
    status: str = Field("", max_length=100, description=f"One of {', '.join(STATUSES)}.")
    channel: str = Field("", max_length=32)
    before: int | None = Field(None, ge=1, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500)


class Line(Answer):
    """One message, without its text."""

    id: int
    customer: str
    journey: str
    node: str
    channel: str
    purpose: str
    status: str
    reason: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int


class Page(Answer):
    """Messages, the newest first; `next` is the `before` of the next page, null on the last one."""

    messages: list[Line]
    next: int | None


@api.get("/messages", needs="messages.read", query=Asked, answer=Page)
def get_messages(call: Call) -> Page:
    """Return messages of a customer, a channel or a status, the newest first."""
    asked: Asked = call.query
    if asked.status and asked.status not in STATUSES:
        raise Refusal(422, [problem("unknown_value", f"status is one of {', '.join(STATUSES)}", path="status")])
    with store().read() as conn:
        customer = None
        if asked.customer:
            customer = find_customers(conn, [asked.customer]).get(asked.customer)
            if customer is None:
                raise NotFound(f"no customer {asked.customer}")
        found = list_messages(
            conn,
            statuses=[asked.status] if asked.status else (),
            channel=asked.channel or None,
            customer_id=customer,
            before_id=asked.before,
            limit=asked.limit,
        )
    lines = [
        Line(
            customer=row.customer_key,
            journey=row.journey_key,
            **{name: getattr(row, name) for name in Line.model_fields if hasattr(row, name)},
        )
        for row in found
    ]
    return Page(messages=lines, next=found[-1].id if len(found) == asked.limit else None)
