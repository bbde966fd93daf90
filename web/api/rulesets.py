"""Versions of the rule set: checked, published, approved, scheduled, withdrawn, reverted; and the kill switch."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import Field

from offers.prices.before import HighBefore, high_before
from offers.rules import release
from offers.rules.diff import Change
from offers.rules.review import compare, review
from offers.rules.shapes import Body, RuleProblem, loaded, ruleset_of
from store import rulesets
from store.db import Connection
from store.rulesets import VersionRow
from wayfare.errors import RulesetInvalid
from wayfare.promotions import conflicts
from web.api.base import Answer, Api, Call, In, problem
from web.api.refusal import Refusal
from web.authors import author_of
from web.context import now, store

api = Api("rulesets", "Rule sets")
bp = api.bp


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


class HighBeforeOut(Answer):
    """A promotion that shows a product at `price` instead of `listed`; the law allows `lowest` as the price before."""

    promotion: str
    sku: str
    currency: str
    listed: int
    price: int
    lowest: int
    began: datetime
    words: str


class Checked(Answer):
    """What publishing the draft would do. `digest` names what was looked at; give it to publish.

    `reasons`: why a second person must approve. `warnings`: versions planned for later that know nothing of this.
    `high_before`: reductions, one product each, whose list price may not be shown as the price before.
    """

    is_fine: bool
    digest: str
    problems: list[RuleFault]
    changes: list[ChangeOut]
    reasons: list[str]
    warnings: list[str]
    conflicts: list[Meeting]
    high_before: list[HighBeforeOut]


class CheckIn(In):
    """What to look at."""

    live_from: datetime | None = None
    conflicts: bool = Field(True, description="Look for promotions that meet; takes seconds for hundreds of them.")
    prices: bool = Field(True, description="Compare prices before with the lowest of 30 days, of some products.")


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


@api.post("/promotions/check", needs="promotions.read", body=CheckIn, answer=Checked)
def check_promotions(call: Call) -> Checked:
    """Say what publishing the draft would do: problems, changes, reasons for approval, and which promotions meet."""
    given: CheckIn = call.body
    with store().read() as conn:
        found = review(conn, now(), live_from=_aware(given.live_from))
        highs = high_before(conn, found.body, now()) if given.prices and not found.problems else []
    meetings = _meetings(found.body) if given.conflicts and not found.problems else []
    return Checked(
        is_fine=not found.problems,
        digest=found.digest,
        problems=[_fault(one) for one in found.problems],
        changes=[_change(one) for one in found.changes],
        reasons=found.reasons,
        warnings=found.warnings,
        conflicts=meetings,
        high_before=[_high(one) for one in highs],
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


def _published(call: Call, *, propose: bool) -> Published:
    given: PublishIn = call.body
    author, begins = author_of(call.who), _aware(given.live_from)
    return _done(
        lambda conn: release.publish(
            conn, author, now(), note=given.note, live_from=begins, digest=given.digest, propose=propose
        )
    )


def _done(work: Callable[[Connection], release.Published]) -> Published:
    try:
        done = store().run(work)
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
    found = conflicts(ruleset_of(body))
    return [Meeting(**{name: getattr(one, name) for name in Meeting.model_fields}) for one in found]


def _high(one: HighBefore) -> HighBeforeOut:
    values = {name: getattr(one, name) for name in HighBeforeOut.model_fields if name != "words"}
    return HighBeforeOut(**values, words=str(one))


def _version(row: VersionRow) -> VersionOut:
    return VersionOut(**{name: getattr(row, name) for name in VersionOut.model_fields})


def _change(one: Change) -> ChangeOut:
    return ChangeOut.model_validate(one.as_dict())


def _fault(one: RuleProblem) -> RuleFault:
    return RuleFault(**{name: getattr(one, name) for name in RuleFault.model_fields})
