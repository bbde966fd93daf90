"""Saving a segment and trying its rule out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.membership import Question, plan, question_of
from store import segments as rows
from store.db import Connection, Store
from store.locks import lock
from store.segment_sql import count, sample, time_limit
from store.segments import Head, SegmentRow
from wayfare.errors import Conflict, InputRefused
from wayfare.segments import Rule, RuleInvalid, RuleProblem, dump_rule, parse_rule, paths_of
from wayfare.segments.parts import InList, InSegment

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Preview:
    """How many customers a rule holds for now, and the ids of some of them, the newest first."""

    count: int
    sample: list[int]


def save_segment(
    store: Store, key: str, name: str, rule: Any, now: datetime, *, description: str = "", rev: int | None = None
) -> SegmentRow:
    """Make a segment (`rev` None), or change the one that is still at revision `rev`; return it as it is now.

    A new or changed rule takes effect with the next refresh, which builds it. RuleInvalid names every problem of the
    rule; InputRefused a bad key or name; Conflict means that the key or name is taken or that someone was faster.
    """
    if not _KEY.fullmatch(key):
        raise InputRefused("bad_key", "a key has 1 to 100 small letters, digits, - and _", path="key")
    if not name.strip() or len(name) > 200 or "\0" in name + description:
        raise InputRefused("bad_name", "a name has 1 to 200 characters", path="name")
    parsed = parse_rule(rule)
    return store.run(lambda conn: _save(conn, key, name.strip(), description, parsed, now, rev))


def preview(
    store: Store,
    rule: Any,
    now: datetime,
    limit: int = 20,
    default_zone: str = "UTC",
    *,
    seconds: int = 15,
) -> Preview:
    """Ask a rule about everyone, in SQL, without saving it.

    RuleInvalid as for saving. On PostgreSQL the database gives up after `seconds` and StoreError says so.
    """
    parsed = parse_rule(rule)
    with store.read() as conn, time_limit(conn, seconds):
        _check(conn, None, parsed, rows.all_segments(conn), now)
        return Preview(count(conn, parsed, now, default_zone), sample(conn, parsed, now, limit, default_zone))


def _save(
    conn: Connection, key: str, name: str, description: str, rule: Rule, now: datetime, rev: int | None
) -> SegmentRow:
    lock(conn, "segments.save")  # two people must not close a circle between them
    known = rows.all_segments(conn)
    _check(conn, key, rule, known, now)
    old = next((one for one in known if one.key == key), None)
    if any(one.name == name and one.key != key for one in known):
        raise Conflict(f"another segment is called '{name}'; choose another name")
    if old is None and rev is not None:
        raise Conflict(f"the segment '{key}' is gone; save it as a new one")
    if old is not None and old.rev != rev:
        raise Conflict(f"the segment '{key}' is at revision {old.rev} by now; read it again and decide anew")
    if old is None:
        rows.insert_segment(conn, key, name, description, dump_rule(rule), now)
    elif not rows.update_segment(conn, old, name, description, dump_rule(rule), now):
        raise Conflict(f"the segment '{key}' was changed just now; read it again and decide anew")
    saved = rows.find_segment(conn, key)
    if saved is None:
        raise Conflict(f"the segment '{key}' was removed just now; save it again")
    return saved


def _check(conn: Connection, key: str | None, rule: Rule, known: Iterable[SegmentRow], now: datetime) -> None:
    """Refuse what cannot be asked of customers: event data, unknown segments and lists, circles."""
    problems: list[RuleProblem] = []
    segments = {one.key for one in known} | {key}
    lists: set[str] | None = None
    for path, part in paths_of(rule):
        at = f"{path}." if path else ""
        if isinstance(part, InSegment) and part.key not in segments:
            problems.append(RuleProblem(f"{at}key", "unknown_segment", f"there is no segment '{part.key}'"))
        if isinstance(part, InList):
            lists = rows.list_keys(conn) if lists is None else lists
            if part.key not in lists:
                problems.append(RuleProblem(f"{at}key", "unknown_list", f"there is no list '{part.key}'"))
        if any(fact.name.startswith("data.") for fact in part.facts()):
            message = "a segment asks about customers; data of events are for conditions of triggers and waits"
            problems.append(RuleProblem(f"{at}fact", "no_event", message))
    if key is not None and not problems:
        others = [one for one in known if one.key != key]
        heads = [Head(one.id, one.key, one.rev, 0, 0, now) for one in others] + [Head(0, key, 1, 0, 0, now)]
        _, broken = plan(heads, {one.id: question_of(one.rule) for one in others} | {0: Question(rule)})
        if key in broken:
            circle = ", ".join(sorted(broken))
            problems.append(RuleProblem("", "cycle", f"these segments would ask for each other in a circle: {circle}"))
    if problems:
        raise RuleInvalid(problems)
