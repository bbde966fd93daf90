"""Journeys as text: drafts, checks, versions, numbers, and who stands where."""

from datetime import datetime
from typing import Any

from pydantic import Field

from builder import lifecycle
from builder.check import check
from builder.keys import check_key
from builder.publish import context_of, publish
from builder.text import from_document, to_document
from builder.watched import steps_of
from nodes.registry import Registry, open_registry
from store import drafts
from store.views import journeys as numbers
from store.views.people import KINDS, STATUSES, Asked, behind
from wayfare.errors import BadKey, NotFound
from web.api.base import Answer, Api, Call, In, problem
from web.api.refusal import Refusal
from web.bell import ring
from web.context import now, runtime, store

api = Api("journeys", "Journeys")
bp = api.bp
LARGE = 5_000_000


class DraftIn(In):
    """A draft: the graph as text, as `wayfare journey export` writes it. `rev` is the revision that was edited."""

    graph: dict[str, Any]
    name: str | None = Field(None, min_length=1, max_length=200)
    rev: int | None = None


class Finding(Answer):
    """One thing to look at in a graph. An empty `node` means the journey as a whole."""

    node: str
    severity: str
    code: str
    message: str
    remedy: str


class Saved(Answer):
    """The draft as it was saved, with everything that a check found."""

    rev: int
    findings: list[Finding]


class Checked(Answer):
    """What the check found; `is_fine` when the draft can be published."""

    is_fine: bool
    findings: list[Finding]


class PublishIn(In):
    """How to publish the draft."""

    note: str = Field("", max_length=2000)


class Published(Answer):
    """The version that takes customers in now; `is_new` is false when the same graph was live already."""

    version: int
    is_new: bool
    findings: list[Finding]


class JourneyOut(Answer):
    """A journey."""

    key: str
    name: str
    status: str
    version: int
    rev: int
    updated_at: datetime


class Journeys(Answer):
    """All journeys."""

    journeys: list[JourneyOut]


class Draft(Answer):
    """A draft as it was saved."""

    graph: dict[str, Any]
    rev: int


class Stats(Answer):
    """Numbers of a journey over all its versions, and of its live version by node and port."""

    journey: str
    status: str
    version: int
    entered: int
    active: int
    parked: int
    completed: int
    exited: int
    failed: int
    quarantined: int
    reached_goal: int
    here: dict[str, int]
    passed: dict[str, dict[str, int]]


class EnrollmentsAsked(In):
    """Which customers: those at `node` now, or by `kind`."""

    node: str = Field("", max_length=64)
    kind: str = Field("here", max_length=20, description=f"One of {', '.join((*KINDS, *STATUSES))}.")
    port: str = Field("", max_length=64)
    before: int | None = Field(None, ge=1, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500)


class Enrolled(Answer):
    """One customer's passage."""

    id: int
    customer: str
    status: str
    node: str
    since: datetime
    wake_at: datetime | None
    wait_type: str | None
    reason: str | None
    entered_at: datetime
    ended_at: datetime | None
    goal_at: datetime | None


class EnrolledPage(Answer):
    """Passages, the newest first; `next` is the `before` of the next page, null on the last one."""

    enrollments: list[Enrolled]
    next: int | None


@api.get("/journeys", needs="journeys.read", answer=Journeys)
def list_journeys(call: Call) -> Journeys:
    """Return all journeys by key."""
    with store().read() as conn:
        versions = {line.key: line.number for line in numbers.all_journeys(conn)}
        rows = drafts.list_journeys(conn)
    return Journeys(journeys=[_shown(row, versions.get(row.key, 0)) for row in rows])


@api.get("/journeys/<key>/draft", needs="journeys.read", answer=Draft)
def get_draft(call: Call, key: str) -> Draft:
    """Return the draft of a journey."""
    with store().read() as conn:
        return Draft(graph=drafts.draft_of(conn, key), rev=drafts.find_journey(conn, key).rev)


@api.put("/journeys/<key>/draft", needs="journeys.edit", body=DraftIn, answer=Saved, max_bytes=LARGE)
def put_draft(call: Call, key: str) -> Saved:
    """Save a draft; makes the journey when there is none.

    A draft may be incomplete: `findings` say what keeps it from being published. With `rev` it is refused with 409 when
    someone else saved meanwhile. It replaces the draft as a whole: what people did in the builder before can no longer
    be undone there, and whoever has it open loads it again.
    """
    given: DraftIn = call.body
    try:
        check_key(key)
    except BadKey as refused:
        raise Refusal(422, [problem("invalid_key", str(refused), path="key")]) from None
    graph = from_document(given.graph)
    document = to_document(graph)
    by = call.who.actor
    rev = store().run(
        lambda conn: drafts.save_draft(conn, key, document, now=now(), name=given.name, rev=given.rev, by=by)
    )
    with store().read() as conn:
        found = check(graph, _registry(), context_of(conn, key, steps_of(conn, document, _registry()), document))
    return Saved(rev=rev, findings=[Finding(**one.as_dict()) for one in found])


@api.post("/journeys/<key>/check", needs="journeys.read", answer=Checked)
def check_draft(call: Call, key: str) -> Checked:
    """Check the saved draft: everything that is wrong with it at once."""
    with store().read() as conn:
        graph = from_document(drafts.draft_of(conn, key))
        document = to_document(graph)
        found = check(graph, _registry(), context_of(conn, key, steps_of(conn, document, _registry()), document))
    is_fine = not any(one.severity == "error" for one in found)
    return Checked(is_fine=is_fine, findings=[Finding(**one.as_dict()) for one in found])


@api.post("/journeys/<key>/publish", needs="journeys.publish", body=PublishIn, answer=Published)
def publish_draft(call: Call, key: str) -> Published:
    """Publish the saved draft as the next version, which takes customers in from now on."""
    with store().read() as conn:
        graph = from_document(drafts.draft_of(conn, key))
    done = publish(store(), _registry(), key, graph, now(), call.who.actor, note=call.body.note)
    ring()
    findings = [Finding(**one.as_dict()) for one in done.warnings]
    return Published(version=done.number, is_new=done.is_new, findings=findings)


@api.post("/journeys/<key>/pause", needs="journeys.operate", answer=JourneyOut)
def pause(call: Call, key: str) -> JourneyOut:
    """Let nobody enter or move on until it is resumed."""
    return _shown(lifecycle.pause(store(), key, now(), call.who.actor))


@api.post("/journeys/<key>/resume", needs="journeys.operate", answer=JourneyOut)
def resume(call: Call, key: str) -> JourneyOut:
    """Let a paused journey go on."""
    moved = lifecycle.resume(store(), key, now(), call.who.actor)
    ring()
    return _shown(moved)


@api.post("/journeys/<key>/stop", needs="journeys.operate", answer=JourneyOut)
def stop(call: Call, key: str) -> JourneyOut:
    """End a journey for everyone who is in it."""
    return _shown(lifecycle.stop(store(), key, now(), call.who.actor))


@api.get("/journeys/<key>/stats", needs="journeys.read", answer=Stats)
def get_stats(call: Call, key: str) -> Stats:
    """Return how many entered a journey, where they are and what became of them."""
    with store().read() as conn:
        line = numbers.find_journey(conn, key)
        tally = numbers.tallies(conn, [line.id]).get(line.id) or numbers.Tally()
        reached, _ = numbers.goals(conn, [line.id]).get(line.id, (0, 0))
        here: dict[str, int] = {}
        passed: dict[str, dict[str, int]] = {}
        if line.live_version_id is not None:
            here = numbers.here(conn, line.live_version_id)
            for (node, port), n in numbers.passed(conn, line.live_version_id).items():
                passed.setdefault(node, {})[port] = n
    ends = {status: tally.end(status) for status in numbers.ENDS}
    return Stats(
        journey=line.key,
        status=line.status,
        version=line.number,
        entered=tally.entered,
        active=tally.active,
        parked=tally.parked,
        reached_goal=reached,
        here=here,
        passed=passed,
        **ends,
    )


@api.get("/journeys/<key>/enrollments", needs="customers.list", query=EnrollmentsAsked, answer=EnrolledPage)
def get_enrollments(call: Call, key: str) -> EnrolledPage:
    """Return who stands at a node of the live version, who passed it, or who ended how."""
    asked: EnrollmentsAsked = call.query
    if asked.kind not in (*KINDS, *STATUSES):
        words = f"kind is one of {', '.join((*KINDS, *STATUSES))}"
        raise Refusal(422, [problem("unknown_value", words, path="kind")])
    with store().read() as conn:
        line = numbers.find_journey(conn, key)
        if line.live_version_id is None:
            raise NotFound(f"the journey '{key}' was never published")
        kind = "active" if asked.kind == "here" and not asked.node else asked.kind
        wanted = Asked(kind, line.id, line.live_version_id, asked.node, asked.port)
        found = behind(conn, wanted, before_id=asked.before, limit=asked.limit)
    people = [
        Enrolled(
            customer=one.customer_key,
            **{name: getattr(one, name) for name in Enrolled.model_fields if hasattr(one, name)},
        )
        for one in found
    ]
    return EnrolledPage(enrollments=people, next=found[-1].id if len(found) == asked.limit else None)


def _registry() -> Registry:
    parts = runtime()
    return parts.registry if parts is not None else open_registry()


def _shown(row: drafts.JourneyRow, version: int | None = None) -> JourneyOut:
    if version is None:
        with store().read() as conn:
            version = numbers.find_journey(conn, row.key).number
    return JourneyOut(
        key=row.key, name=row.name, status=row.status, version=version, rev=row.rev, updated_at=row.updated_at
    )
