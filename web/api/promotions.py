"""Promotions, groups and caps of the draft, and the versions that price carts."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, RootModel

from offers.rules import book, release
from offers.rules.approval import Limits
from offers.rules.diff import Change
from offers.rules.review import compare, review
from offers.rules.shapes import Body, RuleProblem, StoredPromotion, contract_of, loaded
from store import rulesets
from store.rulesets import Kind, VersionRow
from wayfare.errors import RulesetInvalid
from wayfare.promotions import conflicts, parse_ruleset
from wayfare.promotions.contract import Cap, Group
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


class GroupIn(Group):
    """A group. `rev` as of a promotion."""

    rev: int | None = None


class CapIn(Cap):
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


class ChangeField(Answer):
    """One thing that is different, in words."""

    name: str
    label: str
    old: str
    new: str


class ChangeOut(Answer):
    """One item that was added, removed or changed."""

    kind: str
    key: str
    name: str
    what: str
    words: str
    fields: list[ChangeField]


class Difference(Answer):
    """What is different between two rule sets."""

    changes: list[ChangeOut]


class RuleFault(Answer):
    """What keeps an item from being published."""

    kind: str
    key: str
    path: str
    code: str
    message: str


class Meeting(Answer):
    """What two promotions do to each other, with a cart that shows it."""

    kind: str
    promotion: str
    other: str
    listed: int
    payable: int
    cart: dict[str, Any]


class Checked(Answer):
    """What publishing the draft would do. `digest` names what was looked at; give it to publish."""

    is_fine: bool
    digest: str
    problems: list[RuleFault]
    changes: list[ChangeOut]
    reasons: list[str]
    conflicts: list[Meeting]


class CheckIn(In):
    """What to look at."""

    live_from: datetime | None = None
    conflicts: bool = Field(True, description="Look for promotions that meet; takes seconds for hundreds of them.")


class PublishIn(In):
    """How to publish the draft. Without `live_from` it is live at once."""

    note: str = Field("", max_length=2000)
    live_from: datetime | None = None
    digest: str | None = Field(None, max_length=64, description="Of the check; refused when the draft has changed.")


class VersionOut(Answer):
    """A version. `status`: waiting (for a second person), approved, refused, withdrawn."""

    number: int
    digest: str
    parent: int | None
    kind: str
    status: str
    live_from: datetime
    created_at: datetime
    created_by: str
    decided_at: datetime | None
    decided_by: str
    note: str
    decision: str
    reasons: list[str]


class VersionWhole(VersionOut):
    """A version with its rule set."""

    body: dict[str, Any]


class Published(Answer):
    """The version; `is_new` is false when the same rule set was live or waiting already."""

    version: VersionOut
    is_new: bool
    reasons: list[str]


class Versions(Answer):
    """Versions, the latest first. `live` prices carts now; `next` is the `before` of the next page."""

    live: int | None
    versions: list[VersionOut]
    next: int | None


class VersionsAsked(In):
    """Which versions."""

    status: str = Field("", max_length=12)
    before: int | None = Field(None, ge=1, lt=2**31)
    limit: int = Field(50, ge=1, le=500)


class ApproveIn(In):
    """What was looked at."""

    digest: str = Field("", max_length=64)


class NoteIn(In):
    """Why."""

    note: str = Field("", max_length=2000)


class RevertIn(In):
    """Why, and whether the draft goes back as well."""

    note: str = Field("", max_length=2000)
    restore_draft: bool = False


class KillIn(In):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


class LimitsIn(In):
    """Limits to change; what is left out stays."""

    approval_percent: str | None = Field(None, pattern=r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)$")
    approval_amount: int | None = Field(None, ge=0, le=10**12)
    smallest_price: int | None = Field(None, ge=0, le=10**12)


class LimitsOut(Answer):
    """Above which percent or amount a second person must approve, and the price that no unit goes below."""

    approval_percent: str
    approval_amount: int
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


@api.post("/promotions/check", needs="promotions.read", body=CheckIn, answer=Checked)
def check_promotions(call: Call) -> Checked:
    """Say what publishing the draft would do: problems, changes, reasons for approval, and which promotions meet."""
    given: CheckIn = call.body
    with store().read() as conn:
        found = review(conn, now(), live_from=_aware(given.live_from))
    meetings = _meetings(found.body) if given.conflicts and not found.problems else []
    return Checked(
        is_fine=not found.problems,
        digest=found.digest,
        problems=[_fault(one) for one in found.problems],
        changes=[_change(one) for one in found.changes],
        reasons=found.reasons,
        conflicts=meetings,
    )


@api.post("/promotions/publish", needs="promotions.publish", body=PublishIn, answer=Published)
def publish_promotions(call: Call) -> Published:
    """Publish the draft as the next version.

    It prices carts at once, or from `live_from` on; when `reasons` are given, another person has to approve it first.
    """
    return _published(call, propose=False)


@api.post("/promotions/propose", needs="promotions.edit", body=PublishIn, answer=Published)
def propose_promotions(call: Call) -> Published:
    """Publish the draft as a version that waits until somebody who may publish approves it."""
    return _published(call, propose=True)


@api.get("/promotions/versions", needs="promotions.read", query=VersionsAsked, answer=Versions)
def list_versions(call: Call) -> Versions:
    """Return the versions, the latest first."""
    asked: VersionsAsked = call.query
    with store().read() as conn:
        rows = rulesets.versions(conn, status=asked.status, before=asked.before, limit=asked.limit)
        live = rulesets.live_number(conn, now())
    after = rows[-1].number if len(rows) == asked.limit else None
    return Versions(live=live, versions=[_version(row) for row in rows], next=after)


@api.get("/promotions/versions/<int:number>", needs="promotions.read", answer=VersionWhole)
def get_version(call: Call, number: int) -> VersionWhole:
    """Return a version with its rule set."""
    with store().read() as conn:
        row = rulesets.version(conn, number)
    return VersionWhole(**_version(row).model_dump(), body=loaded(row.body))


@api.get("/promotions/versions/<old>/diff/<new>", needs="promotions.read", answer=Difference)
def get_difference(call: Call, old: str, new: str) -> Difference:
    """Return what is different between two rule sets: numbers of versions, 0 (nothing), `live` or `draft`."""
    with store().read() as conn:
        return Difference(changes=[_change(one) for one in compare(conn, old, new, now())])


@api.post("/promotions/versions/<int:number>/approve", needs="promotions.publish", body=ApproveIn, answer=VersionOut)
def approve_version(call: Call, number: int) -> VersionOut:
    """Let a waiting version price carts. Only a person who did not make it can; `digest` binds it to what was read."""
    author, digest = author_of(call.who), call.body.digest
    return _version(store().run(lambda conn: release.approve(conn, number, author, now(), digest=digest)))


@api.post("/promotions/versions/<int:number>/refuse", needs="promotions.publish", body=NoteIn, answer=VersionOut)
def refuse_version(call: Call, number: int) -> VersionOut:
    """Say no to a waiting version, with a note that says why."""
    author, note = author_of(call.who), call.body.note
    return _version(store().run(lambda conn: release.refuse(conn, number, author, now(), note=note)))


@api.post("/promotions/versions/<int:number>/withdraw", needs="promotions.stop", body=NoteIn, answer=VersionOut)
def withdraw_version(call: Call, number: int) -> VersionOut:
    """Take back a version that waits for approval or for its date."""
    author, note = author_of(call.who), call.body.note
    return _version(store().run(lambda conn: release.withdraw(conn, number, author, now(), note=note)))


@api.post("/promotions/versions/<int:number>/revert", needs="promotions.publish", body=RevertIn, answer=Published)
def revert_version(call: Call, number: int) -> Published:
    """Make the rule set of an earlier version a new version. The limits for approval hold as for any other."""
    author, given = author_of(call.who), call.body
    return _done(
        lambda conn: release.revert(conn, number, author, now(), note=given.note, restore_draft=given.restore_draft)
    )


@api.post("/promotions/<key>/kill", needs="promotions.stop", body=KillIn, answer=VersionOut)
def kill_promotion(call: Call, key: str) -> VersionOut:
    """Take a promotion out of what is live, at once and without approval, and switch it off in the draft."""
    author, reason = author_of(call.who), call.body.reason
    return _version(store().run(lambda conn: release.kill(conn, [key], author, now(), reason=reason)))


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


def _published(call: Call, *, propose: bool) -> Published:
    given: PublishIn = call.body
    author, begins = author_of(call.who), _aware(given.live_from)
    return _done(
        lambda conn: release.publish(
            conn, author, now(), note=given.note, live_from=begins, digest=given.digest, propose=propose
        )
    )


def _done(work: Any) -> Published:
    try:
        done: release.Published = store().run(work)
    except RulesetInvalid as error:
        found = [one for one in error.problems if isinstance(one, RuleProblem)]
        raise Refusal(422, [problem(one.code, str(one), path=_place(one)) for one in found]) from None
    return Published(version=_version(done.version), is_new=done.is_new, reasons=done.reasons)


def _place(one: RuleProblem) -> str:
    return ".".join(part for part in (one.kind, one.key, one.path) if part)


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        words = "a moment needs its offset: 2026-11-27T00:00:00+02:00"
        raise Refusal(422, [problem("bad_moment", words, path="live_from")])
    return moment


def _meetings(body: Body) -> list[Meeting]:
    found = conflicts(parse_ruleset(contract_of(body, "draft")))
    return [Meeting(**{name: getattr(one, name) for name in Meeting.model_fields}) for one in found]


def _item(one: book.Item) -> ItemOut:
    return ItemOut(**{name: getattr(one, name) for name in ItemOut.model_fields})


def _version(row: VersionRow) -> VersionOut:
    return VersionOut(**{name: getattr(row, name) for name in VersionOut.model_fields})


def _change(one: Change) -> ChangeOut:
    return ChangeOut.model_validate(one.as_dict())


def _fault(one: RuleProblem) -> RuleFault:
    return RuleFault(**{name: getattr(one, name) for name in RuleFault.model_fields})


def _limits(one: Limits) -> LimitsOut:
    return LimitsOut(**{name: getattr(one, name) for name in LimitsOut.model_fields})
