"""`wayfare promotions`: rule sets as files, checked and published from a shell or from CI."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from offers.prices.before import HighBefore, high_before
from offers.rules import book, release, review, shapes
from offers.rules.approval import Limits, needs_approval
from offers.rules.author import Author
from store.db import Store
from wayfare import clock
from wayfare.cli import _access, whatif
from wayfare.errors import InputRefused, RulesetInvalid, WayfareError
from wayfare.promotions import conflicts, parse_json

app = typer.Typer(no_args_is_help=True, help="Rule sets of promotions as files: check, import, export, diff, publish.")
_Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
_WHICH = "A version's number, live or draft."


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    whatif.register(app)
    parent.add_typer(app, name="promotions")


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A rule set as JSON, read without a database; without one, the draft.")
    ] = None,
    meet: Annotated[bool, typer.Option("--conflicts", help="Tell which promotions meet, and at what price.")] = False,
    as_json: _Json = False,
) -> None:
    """Say what is wrong with a rule set, and why a second person must approve it. Exit code 1 when anything is wrong.

    Of the draft it also says which reductions would show a price before that the law does not allow; that is a warning.
    """
    highs: list[HighBefore] = []
    if file is not None:
        body = _read(file)
        problems = shapes.problems_of(body)
        reasons = [] if problems else needs_approval(shapes.NOTHING, body, Limits())
    else:
        with _store().read() as conn:
            found = review.review(conn, clock.now())
            highs = [] if found.problems else high_before(conn, found.body, clock.now())
        body, problems, reasons = found.body, found.problems, found.reasons
    meetings = conflicts(shapes.ruleset_of(body)) if meet and not problems else []
    if as_json:
        document = {
            "problems": [str(one) for one in problems],
            "approval": reasons,
            "high_before": [str(one) for one in highs],
            "conflicts": [{"kind": one.kind, "promotion": one.promotion, "other": one.other} for one in meetings],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _say(problems, "error")
        _say(reasons, "a second person must approve")
        _say(highs, "the price before is too high")
        for one in meetings:
            print(f"{one.promotion} {one.kind.replace('_', ' ')} {one.other}")
        if not problems:
            counts = ", ".join(f"{len(body[name])} {name}" for name in shapes.LISTS.values())
            print(f"Nothing is wrong: {counts}.")
    if problems:
        sys.exit(1)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A rule set as JSON.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take out of the draft whatever is not in it.")] = False,
) -> None:
    """Save a file's promotions, groups and caps in the draft; carts notice when it is published."""
    body, now = _document(file), clock.now()
    count = _store().run(lambda conn: book.import_body(conn, body, _author(), now, replace=replace))
    print(f"{count} items changed; look at them with: wayfare promotions diff")


@app.command()
def export(
    which: Annotated[str, typer.Argument(help=_WHICH)] = "draft",
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Write a rule set as text that diffs well."""
    with _store().read() as conn:
        text = shapes.written(review.body_of(conn, which, clock.now()))
    if to is None:
        print(text, end="")
    else:
        to.write_text(text, encoding="utf-8")


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help=_WHICH)] = "live",
    new: Annotated[str, typer.Argument(help=_WHICH)] = "draft",
    as_json: _Json = False,
) -> None:
    """Tell in words what is different between two rule sets."""
    with _store().read() as conn:
        changes = review.compare(conn, old, new, clock.now())
    if as_json:
        print(json.dumps([change.as_dict() for change in changes], ensure_ascii=False, indent=2))
        return
    for change in changes:
        print(change)
    if not changes:
        print("There is no difference.", file=sys.stderr)


@app.command()
def publish(
    note: Annotated[str, typer.Option(help="What changed.")] = "",
    live_from: Annotated[
        str | None, typer.Option("--from", help="Price carts from then on: 2026-11-27T00:00:00+02:00.")
    ] = None,
) -> None:
    """Make the draft the version that prices carts. Above the limits it waits for a person who approves it."""
    begins = _moment(live_from)
    try:
        done = _store().run(lambda conn: release.publish(conn, _author(), clock.now(), note=note, live_from=begins))
    except RulesetInvalid as refused:
        _say(refused.problems, "error")
        sys.exit(1)
    row = done.version
    if not done.is_new:
        print(f"version {row.number} is {'waiting' if done.reasons else 'live'} already; nothing has changed")
    elif done.reasons:
        print(f"version {row.number} waits for approval by another person:")
        _say(done.reasons, "because")
    else:
        print(f"version {row.number} prices carts from {row.live_from.isoformat(timespec='seconds')} on")


def _author() -> Author:
    actor = _access.actor()
    return Author(actor, actor, is_person=False)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WayfareError("write --from like 2026-11-27T00:00:00+02:00")
    return found


def _read(file: Path) -> shapes.Body:
    try:
        return shapes.read_body(_document(file))
    except InputRefused as refused:
        raise WayfareError(f"{file}: {refused.path + ': ' if refused.path else ''}{refused}") from None


def _document(file: Path) -> Any:
    try:
        return parse_json(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise WayfareError(f"{file} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise WayfareError(f"{file} is not UTF-8") from None


def _say(lines: Any, title: str) -> None:
    for line in lines:
        print(f"{title}: {line}", file=sys.stderr)


def _store() -> Store:
    return _access.open_store()[1]
