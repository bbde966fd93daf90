"""Asking: the two rule sets of a question by their names, as they are at this moment."""

from dataclasses import dataclass
from datetime import datetime

from offers.rules.review import body_of
from offers.rules.shapes import Body, canonical, loaded, problems_of
from offers.whatif import table
from offers.whatif.compare import without
from offers.whatif.spec import Spec
from store import what_if
from store.db import Connection
from wayfare.errors import InputRefused


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule set with the name that people know it by."""

    name: str
    body: Body


def rules(conn: Connection, which: str, leave_out: str, now: datetime) -> Rules:
    """Return the rules called "live", "draft" or by a version's number, without one promotion if it is named.

    Raises NotFound and InputRefused; a draft that could not be published cannot price receipts.
    """
    body = body_of(conn, which, now)
    name = {"draft": "the draft", "live": "what is live", "0": "no promotions"}.get(which, f"version {which}")
    if leave_out:
        said = next((one.get("name") for one in body["promotions"] if one["key"] == leave_out), "") or leave_out
        body, name = without(body, leave_out), f"{name} without “{said}”"
    problems = problems_of(body)
    if problems:
        raise InputRefused("bad_rules", f"put {name} right first: {problems[0]}", path=which)
    return Rules(name[:120], body)


def ask(
    conn: Connection, old: Rules, new: Rules, spec: Spec, *, by: str, now: datetime, file: bytes | None = None
) -> int:
    """Ask what `new` would have made of receipts in place of `old`; a worker answers. Return the question's id."""
    if spec.source == "file":
        if not file:
            raise InputRefused("file", "choose a table of receipts", path="file")
        if len(file) > table.MOST_BYTES:
            raise InputRefused("too_large", f"a table has at most {table.MOST_BYTES // 10**6} MB", path="file")
        table.read(file, spec.zone)
    values = {
        "kind": "whatif",
        "old_name": old.name,
        "new_name": new.name,
        "old_body": canonical(old.body),
        "new_body": canonical(new.body),
        "spec": spec.as_dict(),
        "file": file if spec.source == "file" else None,
    }
    return what_if.ask(conn, values, by=by, now=now)


def bodies(row: what_if.Row) -> tuple[Body, Body]:
    """Return both rule sets of a question as they were when it was asked."""
    return loaded(row.old_body), loaded(row.new_body)
