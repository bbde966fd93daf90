"""How a rule set comes to price carts, and stops doing so: publish, approve, schedule, withdraw, revert, kill.

Every act takes the lock of the rule sets, so that two of them see each other whole; each decision is one conditional
UPDATE besides, and one row of the audit trail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offers.rules import shapes
from offers.rules.author import Author
from offers.rules.book import LOCK
from offers.rules.review import Review, review
from offers.rules.shapes import LISTS, Body, loaded
from store import audit, rulesets
from store.db import Connection
from store.locks import lock
from store.rulesets import Status, VersionRow
from wayfare.errors import Conflict, InputRefused, NotFound, RulesetInvalid

PROPOSED = "it was proposed, for another person to approve"


@dataclass(frozen=True, slots=True)
class Published:
    """The version made, or the one that was there with the same content. `reasons`: why it waits for approval."""

    version: VersionRow
    is_new: bool
    reasons: list[str]


def publish(
    conn: Connection,
    author: Author,
    now: datetime,
    *,
    note: str = "",
    live_from: datetime | None = None,
    digest: str | None = None,
    propose: bool = False,
) -> Published:
    """Make the draft a version, live at once or from an instant on, or waiting for a second person.

    Raises RulesetInvalid with every problem; Conflict when `digest`, of what was looked at, is no longer the draft's.
    What is live already, or waits already, is not published again.
    """
    lock(conn, LOCK)
    found = review(conn, now, live_from=live_from)
    if digest is not None and digest != found.digest:
        raise Conflict("the draft has changed since you looked at it; look at it again")
    return _release(conn, found, author, now, kind="publish", note=note, live_from=live_from, propose=propose)


def approve(conn: Connection, number: int, author: Author, now: datetime, *, digest: str = "") -> VersionRow:
    """Let a waiting version price carts, from now on or from its date.

    Conflict when it no longer waits, when it is approved by whoever made it or by a key, when another rule set has
    gone live meanwhile (then what changes is not what was shown), or when `digest` is not the version's.
    """
    lock(conn, LOCK)
    row = _waiting(conn, number)
    if digest and digest != row.digest:
        raise Conflict(f"version {number} is not what you looked at; look at it again")
    if not author.is_person:
        raise Conflict("a person approves, and not a key: sign in")
    if author.person in (row.author, row.created_by):
        raise Conflict("whoever made a version does not approve it; ask another person who may publish")
    begins = _begins(conn, row.live_from, now)
    parent = rulesets.live_version(conn, begins)
    if (parent.number if parent else None) != row.parent:
        follows = f"version {parent.number}" if parent else "nothing"
        before = f"version {row.parent}" if row.parent else "nothing"
        raise Conflict(
            f"version {number} was made to follow {before}, and {follows} is live there by now; publish the draft anew"
        )
    decided = now if row.live_from > now else begins
    _decide(conn, row, "approved", author, now, live_from=begins, decided_at=decided)
    return rulesets.version(conn, number)


def refuse(conn: Connection, number: int, author: Author, now: datetime, *, note: str) -> VersionRow:
    """Say no to a waiting version, with a reason. Raises Conflict when it no longer waits."""
    lock(conn, LOCK)
    row = _waiting(conn, number)
    _decide(conn, row, "refused", author, now, decision=_reason(note, "note"))
    return rulesets.version(conn, number)


def withdraw(conn: Connection, number: int, author: Author, now: datetime, *, note: str = "") -> VersionRow:
    """Take back a version that waits for approval or for its date. Raises Conflict for any other."""
    lock(conn, LOCK)
    row = rulesets.version(conn, number)
    is_to_come = row.status == "approved" and row.live_from > now
    if row.status != "waiting" and not is_to_come:
        words = "it is or was live; revert to another one" if row.status == "approved" else f"it is {row.status}"
        raise Conflict(f"version {number} cannot be withdrawn: {words}")
    _decide(conn, row, "withdrawn", author, now, decision=note)
    return rulesets.version(conn, number)


def revert(
    conn: Connection, number: int, author: Author, now: datetime, *, note: str = "", restore_draft: bool = False
) -> Published:
    """Make an earlier version's content a new version. `restore_draft` makes it the draft as well.

    The limits for approval hold as for any version. Conflict when that content is live, or was never approved.
    """
    lock(conn, LOCK)
    old = rulesets.version(conn, number)
    if old.status != "approved":
        raise Conflict(f"version {number} was never live: it is {old.status}")
    body = loaded(old.body)
    found = review(conn, now, body=body)
    if found.parent is not None and found.parent.digest == found.digest:
        raise Conflict(f"what version {number} holds is live already, as version {found.parent.number}")
    done = _release(conn, found, author, now, kind="revert", note=note or f"back to version {number}")
    if restore_draft:
        _restore(conn, body, author, now)
    return done


def kill(conn: Connection, keys: Sequence[str], author: Author, now: datetime, *, reason: str) -> VersionRow:
    """Take promotions out of what is live, at once and without approval, and switch them off in the draft.

    Versions with a date to come are replaced by ones without them; waiting ones can no longer be approved, because
    another version has gone live. NotFound when none of the promotions is live or to come.
    """
    why = _reason(reason, "reason")
    lock(conn, LOCK)
    begins = _begins(conn, now, now)
    live = rulesets.live_version(conn, begins)
    made: list[VersionRow] = []
    for row in [*([live] if live else []), *rulesets.later(conn, begins)]:
        body = loaded(row.body)
        gone = sorted({one["key"] for one in body["promotions"]} & set(keys))
        if not gone:
            continue
        text = shapes.canonical(_without(body, set(gone)))
        at = begins if row is live else row.live_from
        status = _begun(author, at, decided_at=begins if row is live else now)
        values = {**_made(author, now, "kill", why), **_content(text, row), **status, "reasons": gone}
        made.append(rulesets.add_version(conn, values))
        if row is not live:
            _decide(conn, row, "withdrawn", author, now, decision=f"replaced by version {made[-1].number}: {why}")
    if not made:
        raise NotFound(f"no promotion {' or '.join(map(repr, keys))} is live or to come")
    rulesets.switch_off(conn, list(keys), by=author.actor, now=now)
    for key in keys:
        detail = {"version": made[0].number, "reason": why}
        audit.record(conn, author.actor, "promotion.killed", f"promotion:{key}", detail, now)
    return made[0]


def _release(
    conn: Connection,
    found: Review,
    author: Author,
    now: datetime,
    *,
    kind: str,
    note: str,
    live_from: datetime | None = None,
    propose: bool = False,
) -> Published:
    if found.problems:
        raise RulesetInvalid(found.problems)
    begins = _begins(conn, live_from, now)
    if found.parent is not None and found.parent.digest == found.digest:
        return Published(found.parent, False, [])
    for row in rulesets.waiting(conn):
        if (row.digest, row.parent) == (found.digest, found.parent.number if found.parent else None):
            return Published(row, False, row.reasons)
    reasons = [*([PROPOSED] if propose else []), *found.reasons]
    values = {**_made(author, now, kind, note), **_content(found.text, found.parent), "reasons": reasons}
    decided = now if live_from is not None and live_from > now else begins
    values |= {"status": "waiting", "live_from": begins} if reasons else _begun(author, begins, decided_at=decided)
    row = rulesets.add_version(conn, values)
    detail = {
        "version": row.number,
        "digest": row.digest,
        "status": row.status,
        "live_from": row.live_from.isoformat(),
        "changes": [str(change)[:300] for change in found.changes[:50]],
        **({"note": note} if note else {}),
        **({"reasons": reasons} if reasons else {}),
    }
    act = {"publish": "ruleset.published", "revert": "ruleset.reverted"}[kind]
    audit.record(conn, author.actor, "ruleset.proposed" if reasons else act, f"ruleset:{row.number}", detail, now)
    return Published(row, True, reasons)


def _begins(conn: Connection, live_from: datetime | None, now: datetime) -> datetime:
    """Return when a version may begin: never before now, nor before the one that went live last.

    What begins at once is decided at the instant at which it begins: `store.rulesets.last_begun` knows it by that.
    """
    return max(live_from or now, now, rulesets.last_begun(conn) or now)


def _made(author: Author, now: datetime, kind: str, note: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "created_at": now,
        "created_by": author.actor,
        "author": author.person,
        "decided_by": "",
        "note": note.strip()[:2000],
        "decision": "",
    }


def _content(text: str, parent: VersionRow | None) -> dict[str, Any]:
    return {"body": text, "digest": shapes.digest_of(text), "parent": parent.number if parent else None}


def _begun(author: Author, at: datetime, *, decided_at: datetime) -> dict[str, Any]:
    return {"status": "approved", "live_from": at, "decided_at": decided_at, "decided_by": author.actor}


def _waiting(conn: Connection, number: int) -> VersionRow:
    row = rulesets.version(conn, number)
    if row.status != "waiting":
        raise Conflict(f"version {number} no longer waits: it was {row.status} by {row.decided_by}")
    return row


def _decide(conn: Connection, row: VersionRow, status: Status, author: Author, now: datetime, **values: Any) -> None:
    decision = {"decided_at": now, "decided_by": author.actor, **values}
    if not rulesets.decide(conn, row, status, **decision):
        raise Conflict(f"someone else decided about version {row.number} in this moment; look at it again")
    detail = {"version": row.number, "digest": row.digest}
    detail |= {"reason": values["decision"]} if values.get("decision") else {}
    audit.record(conn, author.actor, f"ruleset.{status}", f"ruleset:{row.number}", detail, now)


def _restore(conn: Connection, body: Body, author: Author, now: datetime) -> None:
    """Make a rule set the draft; what the draft has beside it is switched off, not lost."""
    given = {one["key"]: (kind, one) for kind, name in LISTS.items() for one in body[name]}
    known = {row.key: row for row in rulesets.draft_items(conn)}
    for key, (kind, one) in given.items():
        row = known.get(key)
        if row is None or (row.kind, row.body, row.enabled) != (kind, one, True):
            rulesets.put_item(conn, kind, key, one, known=row, enabled=True, by=author.actor, now=now)
    rulesets.switch_off(conn, sorted(known.keys() - given.keys()), by=author.actor, now=now)
    detail = {"digest": shapes.digest_of(shapes.canonical(body))}
    audit.record(conn, author.actor, "promotions.restored", "promotions", detail, now)


def _without(body: Body, keys: set[str]) -> Body:
    """Return a rule set without some promotions, and without others' mention of them."""
    left = [one for one in body["promotions"] if one["key"] not in keys]
    kept = [
        {**one, "never_with": [key for key in one["never_with"] if key not in keys]} if "never_with" in one else one
        for one in left
    ]
    return {**body, "promotions": kept}


def _reason(text: str, path: str) -> str:
    if not text.strip():
        raise InputRefused("missing", "say why, for those who ask later", path=path)
    return text.strip()[:2000]
