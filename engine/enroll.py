"""Enrolling: the entry rule of a compiled version, applied to the candidates of its triggers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.versions import Compiled
from store.db import Connection
from store.enroll import Candidate, EntryRule
from store.enroll import enroll as enroll_in_store
from wayfare.chance import share


def entry_rule(version: Compiled) -> EntryRule:
    """Return who may enter this version, and how often."""
    entry, window = version.graph.entry, version.graph.window
    return EntryRule(
        journey_id=version.journey_id,
        journey_key=version.journey_key,
        version_id=version.id,
        reentry=entry.reentry,
        after_days=entry.after_days,
        exclude_segment=entry.exclude_segment,
        holdout=float(entry.holdout_percent) / 100,
        limit_per_day=entry.limit_per_day,
        opens_at=window.from_,
        closes_at=window.until,
    )


def enroll(
    conn: Connection,
    version: Compiled,
    candidates: Sequence[Candidate],
    *,
    now: datetime,
    left_at: Mapping[int, int] | None = None,
) -> list[int]:
    """Enroll the candidates whom the entry rule admits; return the new enrollments."""
    rule = entry_rule(version)
    held_out = (
        {one.customer_id: share(rule.journey_key, one.customer_id, "holdout") < rule.holdout for one in candidates}
        if rule.holdout
        else {}
    )
    return enroll_in_store(conn, rule, candidates, now=now, held_out=held_out, left_at=left_at)
