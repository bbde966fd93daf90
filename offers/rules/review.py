"""What publishing would do: what is wrong, what changes, and whether a second person must approve."""

from dataclasses import dataclass
from datetime import datetime

from offers.rules import shapes
from offers.rules.approval import needs_approval
from offers.rules.book import draft_body, settings
from offers.rules.diff import Change
from offers.rules.diff import compare as compare_bodies
from offers.rules.shapes import NOTHING, Body, RuleProblem, loaded
from store import rulesets
from store.days import zone_of_days
from store.db import Connection
from store.rulesets import VersionRow
from wayfare.errors import NotFound


@dataclass(frozen=True, slots=True)
class Review:
    """A rule set beside the version that it would follow. `digest` is its name by content."""

    body: Body
    text: str
    digest: str
    parent: VersionRow | None
    problems: list[RuleProblem]
    changes: list[Change]
    reasons: list[str]  # why a second person must approve; empty when one suffices
    warnings: list[str]  # versions with a date to come that were made without these changes


def review(conn: Connection, now: datetime, *, live_from: datetime | None = None, body: Body | None = None) -> Review:
    """Look at the draft, or at another rule set, as if it were published now."""
    found = draft_body(conn) if body is None else body
    text = shapes.canonical(found)
    begins = max(live_from or now, now, rulesets.last_begun(conn) or now)
    parent = rulesets.live_version(conn, begins)
    before = loaded(parent.body) if parent else NOTHING
    problems = shapes.problems_of(found)
    warnings = [
        f"version {row.number} begins {row.live_from.isoformat(timespec='minutes')} and replaces this one as a whole: "
        "withdraw it, or publish it anew, when these changes are to stay"
        for row in rulesets.later(conn, begins)
    ]
    reasons = [] if problems else [*needs_approval(before, found, settings(conn)), *_revived(conn, before, found)]
    changes = compare_bodies(before, found, zone_of_days(conn))
    return Review(found, text, shapes.digest_of(text), parent, problems, changes, reasons, warnings)


def compare(conn: Connection, old: int | str, new: int | str, now: datetime) -> list[Change]:
    """Return what is different between two rule sets: numbers of versions, 0 (nothing), "live" or "draft"."""
    return compare_bodies(body_of(conn, old, now), body_of(conn, new, now), zone_of_days(conn))


def body_of(conn: Connection, name: int | str, now: datetime) -> Body:
    """Return a rule set by number, or "live" or "draft". Raises NotFound."""
    if name == "draft":
        return draft_body(conn)
    if name == "live":
        live = rulesets.live_version(conn, now)
        return loaded(live.body) if live else NOTHING
    if not str(name).isascii() or not str(name).isdigit() or len(str(name)) > 9:
        raise NotFound(f"there is no version '{name}'; write a number, live or draft")
    return loaded(rulesets.version(conn, int(name)).body) if int(name) else NOTHING


def _revived(conn: Connection, before: Body, after: Body) -> list[str]:
    """Return a reason for each promotion that was stopped by a kill and comes back."""
    keys = {one["key"] for one in after["promotions"]} - {one["key"] for one in before["promotions"]}
    return [f"'{key}' was stopped at once before, and comes back" for key in sorted(keys & rulesets.killed_keys(conn))]
