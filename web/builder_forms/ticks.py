"""Segments that are ticked to become branches of a split: each tick is a branch, in the order of the ticks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.db import Connection
from store.views import segments

PATH = "branches"
_NO_PORT = re.compile(r"[^\w -]+")
_MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Ticks:
    """The boxes of a split: `names` of all segments by key, `places` of those that are branches, counted from 1.

    `shared` says who is in several of them. They never move: somebody may be typing below.
    """

    names: Mapping[str, str]
    places: Mapping[str, int]
    shared: Sequence[str] = ()


def segment_of(branch: Any) -> str | None:
    """Return the segment that a branch is for, when it asks about nothing else."""
    rule = branch.get("when") if isinstance(branch, Mapping) else None
    if isinstance(rule, Mapping) and rule.get("type") == "all" and len(rule.get("rules") or ()) == 1:
        rule = rule["rules"][0]
    if isinstance(rule, Mapping) and rule.get("type") == "segment" and isinstance(rule.get("key"), str):
        return str(rule["key"])
    return None


def ticks_of(conn: Connection, settings: Mapping[str, Any], names: Mapping[str, str]) -> Ticks | None:
    """Return the boxes that a split's form shows; None without any segment."""
    if not names:
        return None
    named = [one for one in settings.get(PATH) or () if isinstance(one, Mapping) and one.get("port")]
    places: dict[str, int] = {}
    for at, one in enumerate(named, 1):
        if (key := segment_of(one)) is not None:
            places.setdefault(key, at)
    order = [key for key in places if key in names]
    return Ticks(names, places, _shared(conn, order, names))


def with_ticks(
    settings: Mapping[str, Any], before: Mapping[str, Any], ticked: Sequence[str], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return a split's settings after boxes were ticked, in the order of `ticked`, or cleared.

    `before` are the settings that the form was made from: what was ticked then and is not now loses its branch.
    Branches without a name make room. A name that is taken, or that no branch can have, is changed until it can.
    """
    was = {segment_of(one) for one in before.get(PATH) or ()}
    rows = list(settings.get(PATH) or ())
    gone = {key for key in was if key in names and key not in ticked}
    fresh = [key for key in dict.fromkeys(ticked) if key in names and key not in was]
    if not gone and not fresh:
        return dict(settings)
    rows = [row for row in rows if not isinstance(row, Mapping) or (row.get("port") and segment_of(row) not in gone)]
    taken = {"else", *(str(row.get("port")) for row in rows if isinstance(row, Mapping))}
    for key in fresh:
        base = " ".join(_NO_PORT.sub(" ", names[key]).split()).strip("- ")[:56] or "Segment"
        port = next(one for one in (base, *(f"{base} {n}" for n in range(2, 1000))) if one not in taken)
        taken.add(port)
        rows.append({"port": port, "when": {"type": "all", "rules": [{"type": "segment", "key": key}]}})
    return {**settings, PATH: rows}


def _shared(conn: Connection, order: Sequence[str], names: Mapping[str, str]) -> list[str]:
    counts = segments.shared(conn, order)
    found = []
    for at, later in enumerate(order):
        for first in order[:at]:
            if n := counts.get(frozenset((first, later)), 0):
                who = "1 customer is" if n == 1 else f"{n} customers are"
                found.append(f"{who} in {names[first]} and in {names[later]}, and go {names[first]}: it stands first.")
    more = len(found) - _MOST_WORDS
    return [*found[:_MOST_WORDS], *([f"{more} more pairs of segments overlap."] if more > 0 else [])]
