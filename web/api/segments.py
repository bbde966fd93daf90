"""Segments: saved, read, tried out."""

from datetime import datetime
from typing import Any

from pydantic import Field

from engine.segments import preview, save_segment
from store.segments import SegmentRow, find_segment
from store.views.customers import key_of
from wayfare.errors import NotFound
from wayfare.segments import parse_rule
from wayfare.segments.words import in_words
from web.api.base import Answer, Api, Call, In
from web.bell import ring
from web.context import now, runtime, store

api = Api("segments", "Segments")
bp = api.bp


class SegmentIn(In):
    """A segment. `rev` guards against overwriting what someone else saved meanwhile; without it the last one wins."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    rule: dict[str, Any]
    rev: int | None = None


class RuleIn(In):
    """A rule to try out."""

    rule: dict[str, Any]
    sample: int = Field(10, ge=0, le=100)


class SegmentOut(Answer):
    """A segment. `is_ready` says whether everyone has been looked at since its rule was saved."""

    key: str
    name: str
    description: str
    rule: dict[str, Any]
    words: str
    rev: int
    is_ready: bool
    size: int
    updated_at: datetime


class Tried(Answer):
    """How many customers a rule holds for now, and the keys of some."""

    count: int
    sample: list[str]
    words: str


@api.put("/segments/<key>", needs="segments.edit", body=SegmentIn, answer=SegmentOut)
def put_segment(call: Call, key: str) -> SegmentOut:
    """Make or change a segment; its members follow in the background."""
    given: SegmentIn = call.body
    rev = given.rev
    if rev is None:
        with store().read() as conn:
            known = find_segment(conn, key)
        rev = known.rev if known else None
    saved = save_segment(store(), key, given.name, given.rule, now(), description=given.description, rev=rev)
    ring()
    return _shown(saved)


@api.get("/segments/<key>", needs="segments.read", answer=SegmentOut)
def get_segment(call: Call, key: str) -> SegmentOut:
    """Return a segment with its size and its rule in words."""
    with store().read() as conn:
        found = find_segment(conn, key)
    if found is None:
        raise NotFound(f"no segment {key}")
    return _shown(found)


@api.post("/segments/preview", needs="segments.read", body=RuleIn, answer=Tried)
def try_rule(call: Call) -> Tried:
    """Ask a rule about everyone without saving it."""
    given: RuleIn = call.body
    zone = runtime().default_zone if runtime() is not None else "UTC"
    found = preview(store(), given.rule, now(), given.sample, zone)
    ids = found.sample if call.who.may("customers.list") else []
    with store().read() as conn:
        keys = [key_of(conn, id) for id in ids]
    return Tried(count=found.count, sample=keys, words=in_words(parse_rule(given.rule)))


def _shown(row: SegmentRow) -> SegmentOut:
    values = {name: getattr(row, name) for name in SegmentOut.model_fields if hasattr(row, name)}
    return SegmentOut(**values, words=in_words(parse_rule(row.rule)), is_ready=row.built_rev >= row.rev)
