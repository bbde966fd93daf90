"""Promotions, groups and caps of the draft, and the limits above which a second person must approve."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, RootModel

from offers.rules import book
from offers.rules.approval import Limits
from offers.rules.shapes import StoredCap, StoredGroup, StoredPromotion
from store.rulesets import Kind
from web.api.base import Answer, Api, Call, In, problem
from web.api.described import DescribedBy
from web.api.refusal import Refusal
from web.authors import author_of
from web.context import now, store

api = Api("promotions", "Promotions")
bp = api.bp


class PromotionIn(StoredPromotion):
    """A promotion. `rev` is the revision that was edited: 0 for a new one; without it whatever is there is replaced."""

    rev: int | None = None
    enabled: bool | None = None


class GroupIn(StoredGroup):
    """A group. `rev` as of a promotion."""

    rev: int | None = None


class CapIn(StoredCap):
    """A cap. `rev` as of a promotion."""

    rev: int | None = None
    enabled: bool | None = None


class PromotionBody(RootModel[Annotated[dict[str, Any], DescribedBy(PromotionIn)]]):
    """A promotion as it comes in."""


class GroupBody(RootModel[Annotated[dict[str, Any], DescribedBy(GroupIn)]]):
    """A group as it comes in."""


class CapBody(RootModel[Annotated[dict[str, Any], DescribedBy(CapIn)]]):
    """A cap as it comes in."""


class ItemOut(Answer):
    """A promotion, group or cap. `body` is what PUT takes; `words` says it plainly.

    `status`: draft, waiting, live, scheduled, ended, off, killed. `change` against the live version: empty, new,
    changed, removed. `rev` is 0 where only the live version has it.
    """

    kind: str
    key: str
    body: dict[str, Any]
    rev: int
    enabled: bool
    status: str
    change: str
    words: str
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime | None
    updated_by: str


class Items(Answer):
    """One page of a list, by key."""

    items: list[ItemOut]
    total: int
    page: int


class ItemsAsked(In):
    """Which items."""

    search: str = Field("", max_length=200, description="Part of key, name, words or note.")
    status: str = Field("", max_length=20, description="A status, or new, changed or removed.")
    group: str = Field("", max_length=100, description="Key of a group, or a layer for what stands in it directly.")
    layer: str = Field("", max_length=20)
    page: int = Field(1, ge=1, le=10_000)
    size: int = Field(50, ge=1, le=1000)


class RevAsked(In):
    """Which revision was looked at."""

    rev: int | None = None


class LimitsIn(In):
    """Limits to change; what is left out stays."""

    approval_percent: str | None = Field(None, pattern=r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)$")
    approval_amount: int | None = Field(None, ge=0, le=10**12)
    approval_together: str | None = Field(None, pattern=r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)$")
    smallest_price: int | None = Field(None, ge=0, le=10**12)


class LimitsOut(Answer):
    """Above which percent or amount a second person must approve, and the price that no unit goes below."""

    approval_percent: str
    approval_amount: int
    approval_together: str = Field(description="Percent that two promotions may take off together.")
    smallest_price: int


@api.get("/promotions", needs="promotions.read", query=ItemsAsked, answer=Items)
def list_promotions(call: Call) -> Items:
    """Return promotions of the draft beside what is live."""
    return _listed("promotion", call.query)


@api.get("/promotion-groups", needs="promotions.read", query=ItemsAsked, answer=Items)
def list_groups(call: Call) -> Items:
    """Return groups."""
    return _listed("group", call.query)


@api.get("/caps", needs="promotions.read", query=ItemsAsked, answer=Items)
def list_caps(call: Call) -> Items:
    """Return caps."""
    return _listed("cap", call.query)


@api.get("/promotions/<key>", needs="promotions.read", answer=ItemOut)
def get_promotion(call: Call, key: str) -> ItemOut:
    """Return a promotion."""
    return _found("promotion", key)


@api.get("/promotion-groups/<key>", needs="promotions.read", answer=ItemOut)
def get_group(call: Call, key: str) -> ItemOut:
    """Return a group."""
    return _found("group", key)


@api.get("/caps/<key>", needs="promotions.read", answer=ItemOut)
def get_cap(call: Call, key: str) -> ItemOut:
    """Return a cap."""
    return _found("cap", key)


@api.put("/promotions/<key>", needs="promotions.edit", body=PromotionBody, answer=ItemOut)
def put_promotion(call: Call, key: str) -> ItemOut:
    """Save a promotion of the draft; carts notice when the draft is published.

    The body is a promotion as in a rule set, with `usage` in place of `limits.budget`. With `enabled: false` it stays
    in the draft and out of what is published.
    """
    return _saved(call, "promotion", key)


@api.put("/promotion-groups/<key>", needs="promotions.edit", body=GroupBody, answer=ItemOut)
def put_group(call: Call, key: str) -> ItemOut:
    """Save a group of the draft."""
    return _saved(call, "group", key)


@api.put("/caps/<key>", needs="promotions.edit", body=CapBody, answer=ItemOut)
def put_cap(call: Call, key: str) -> ItemOut:
    """Save a cap of the draft."""
    return _saved(call, "cap", key)


@api.delete("/promotions/<key>", needs="promotions.edit", query=RevAsked, status=204)
def delete_promotion(call: Call, key: str) -> None:
    """Take a promotion out of the draft; what is live stays live until the next version."""
    _deleted(call, "promotion", key)


@api.delete("/promotion-groups/<key>", needs="promotions.edit", query=RevAsked, status=204)
def delete_group(call: Call, key: str) -> None:
    """Take an empty group out of the draft."""
    _deleted(call, "group", key)


@api.delete("/caps/<key>", needs="promotions.edit", query=RevAsked, status=204)
def delete_cap(call: Call, key: str) -> None:
    """Take a cap out of the draft; a second person will have to approve that."""
    _deleted(call, "cap", key)


@api.get("/promotions/settings", needs="promotions.read", answer=LimitsOut)
def get_limits(call: Call) -> LimitsOut:
    """Return above what a second person must approve."""
    with store().read() as conn:
        return _limits(book.settings(conn))


@api.put("/promotions/settings", needs="settings.manage", body=LimitsIn, answer=LimitsOut)
def put_limits(call: Call) -> LimitsOut:
    """Change above what a second person must approve."""
    changes = call.body.model_dump()
    return _limits(store().run(lambda conn: book.set_settings(conn, author_of(call.who), now(), **changes)))


def _listed(kind: Kind, asked: ItemsAsked) -> Items:
    with store().read() as conn:
        found = book.list_items(conn, now(), kind=kind, **asked.model_dump())
    return Items(items=[_item(one) for one in found.items], total=found.total, page=asked.page)


def _found(kind: Kind, key: str) -> ItemOut:
    with store().read() as conn:
        return _item(book.get_item(conn, kind, key, now()))


def _saved(call: Call, kind: Kind, key: str) -> ItemOut:
    body = dict(call.body.root)
    rev, enabled = _plain(body, "rev", int), _plain(body, "enabled", bool) if kind != "group" else None
    author = author_of(call.who)
    return _item(
        store().run(lambda conn: book.save_item(conn, kind, key, body, author, now(), rev=rev, enabled=enabled))
    )


def _plain(body: dict[str, Any], name: str, wanted: type) -> Any:
    """Take a field out of a body that its own reader does not know."""
    value = body.pop(name, None)
    if value is not None and type(value) is not wanted:
        words = {int: "give a whole number", bool: "give true or false"}[wanted]
        raise Refusal(422, [problem("wrong_type", words, path=name)])
    return value


def _deleted(call: Call, kind: Kind, key: str) -> None:
    author = author_of(call.who)
    store().run(lambda conn: book.delete_item(conn, kind, key, author, now(), rev=call.query.rev))


def _item(one: book.Item) -> ItemOut:
    return ItemOut(**{name: getattr(one, name) for name in ItemOut.model_fields})


def _limits(one: Limits) -> LimitsOut:
    return LimitsOut(**{name: getattr(one, name) for name in LimitsOut.model_fields})
