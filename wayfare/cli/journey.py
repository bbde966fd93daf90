"""`wayfare journey`: graphs as files, checked and published from a shell or from CI."""

import getpass
import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import text
from builder.check import ANYWHERE
from builder.check import check as check_graph
from builder.diff import compare
from builder.keys import check_key
from builder.ops import normal
from builder.problems import Problem, has_errors
from builder.publish import context_of
from builder.publish import publish as publish_graph
from builder.shelf import read_name
from builder.watched import steps_of
from nodes.graph import Graph
from nodes.registry import Registry, open_registry
from store import drafts
from store.db import Store
from wayfare import clock
from wayfare.errors import GraphInvalid, NotFound, WayfareError
from wayfare.settings import load
from wayfare.vault import Vault

app = typer.Typer(no_args_is_help=True, help="Journeys as files: list, check, export, import, diff, publish.")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="journey")


@app.command("list")
def list_(as_json: _Json = False) -> None:
    """List all journeys with their status."""
    with _store().read() as conn:
        journeys = drafts.list_journeys(conn)
    if as_json:
        rows = [{"key": one.key, "name": one.name, "status": one.status, "rev": one.rev} for one in journeys]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for one in journeys:
        print(f"{one.key:<32} {one.status:<9} {one.name}")
    if not journeys:
        print("There are no journeys yet. Import one: wayfare journey import FILE", file=sys.stderr)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Journeys as JSON files.")],
    as_json: _Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
) -> None:
    """Check files without a database. Exit code 1 when one of them could not be published."""
    registry = _registry()
    found = {str(file): _problems(file, registry) for file in files}
    if as_json:
        document = {file: [problem.as_dict() for problem in problems] for file, problems in found.items()}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for file, problems in found.items():
            _show(file, problems)
    if any(has_errors(problems) or (strict and problems) for problems in found.values()):
        sys.exit(1)


@app.command()
def export(
    key: str,
    live: Annotated[bool, typer.Option("--live", help="The published version instead of the draft.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Write a journey as canonical text, which diffs well."""
    with _store().read() as conn:
        document = drafts.draft_of(conn, key)
        if live:
            version = drafts.live_graph(conn, key)
            if version is None:
                raise NotFound(f"no version of '{key}' is live; leave --live out to get the draft")
            document = version.graph
    written = text.write(text.from_document(document))
    if to is None:
        print(written, end="")
        return
    try:
        to.write_text(written, encoding="utf-8")
    except OSError as problem:
        raise WayfareError(f"{to} cannot be written: {problem.strerror}") from None


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A journey as a JSON file.")],
    key: Annotated[str | None, typer.Option(help="Key of the journey; without it, the file's name.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
) -> None:
    """Save a file as the draft of a journey; problems are shown and kept for later."""
    graph, registry = _read(file), _registry()
    journey, called = _key(key, file), _name(name)
    document = text.to_document(graph)
    store = _store()
    with store.write() as conn:
        by = f"shell:{_person()}"
        rev = drafts.save_draft(conn, journey, document, now=clock.now(), name=called, by=by)
    with store.read() as conn:
        around = context_of(conn, journey, steps_of(conn, document, registry), document)
    _show(journey, check_graph(graph, registry, around))
    print(f"{journey}: draft saved, revision {rev}")


@app.command()
def publish(
    journey: Annotated[str, typer.Argument(metavar="KEY|FILE", help="A journey's key, or a JSON file.")],
    key: Annotated[
        str | None, typer.Option(help="For a file: key of the journey; without it, the file's name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    note: Annotated[str, typer.Option(help="What changed.")] = "",
) -> None:
    """Publish a draft or a file as a new version. Exit code 1 with every problem when it cannot be."""
    store = _store()
    file = Path(journey)
    if _is_file(journey):
        graph, journey = _read(file), _key(key, file)
    else:
        with store.read() as conn:
            graph = text.from_document(drafts.draft_of(conn, journey))
    try:
        done = publish_graph(
            store, _registry(), journey, graph, clock.now(), f"shell:{_person()}", name=_name(name), note=note
        )
    except GraphInvalid as refused:
        _show(journey, _as_problems(refused))
        sys.exit(1)
    _show(journey, list(done.warnings))
    print(f"{journey}: version {done.number} is live" + ("" if done.is_new else " already; nothing has changed"))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A JSON file, a journey's key, KEY@live or KEY@3.")],
    new: Annotated[
        str | None, typer.Argument(metavar="NEW", help="The same; without it, OLD's live version and its draft.")
    ] = None,
    as_json: _Json = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when there is a difference.")] = False,
) -> None:
    """Tell in words what is different between two journeys: steps, arrows and settings, not where cards stand."""
    if new is None and (_is_file(old) or "@" in old):
        raise WayfareError(f"'{old}' is compared with what? Name the other journey, version or file as well")
    before, after = (f"{old}@live", old) if new is None else (old, new)
    changes = compare(_document(before), _document(after), _registry())
    if as_json:
        print(json.dumps([change.as_dict() for change in changes], ensure_ascii=False, indent=2))
    else:
        for change in changes:
            print(change)
        if not changes:
            print("There is no difference.", file=sys.stderr)
    if changes and exit_code:
        sys.exit(1)


def _document(name: str) -> dict[str, Any]:
    """Return the graph of a file, of a draft (KEY), of the live version (KEY@live) or of a published one (KEY@3)."""
    file = Path(name)
    if _is_file(name):
        return normal(text.to_document(_read(file)))
    key, _, version = name.partition("@")
    with _store().read() as conn:
        draft = drafts.draft_of(conn, key)
        if not version and "@" not in name:
            return normal(draft)
        found = drafts.live_graph(conn, key) if version == "live" else drafts.numbered_graph(conn, key, version)
    if found is None and version == "live":
        raise NotFound(
            f"no version of '{key}' is live; compare its draft with a file, or with a version such as {key}@1"
        )
    if found is None:
        raise NotFound(
            f"the journey '{key}' has no version '{version}'; write {key}@1, {key}@live, or {key} for its draft"
        )
    return normal(found.graph)


def _problems(file: Path, registry: Registry) -> list[Problem]:
    try:
        return check_graph(text.read(file.read_bytes()), registry, ANYWHERE)
    except OSError as problem:
        return [Problem("", "error", "unreadable", f"the file cannot be read: {problem.strerror}")]
    except GraphInvalid as refused:
        return _as_problems(refused)


def _as_problems(refused: GraphInvalid) -> list[Problem]:
    return [problem for problem in refused.problems if isinstance(problem, Problem)]


def _show(where: str, problems: list[Problem]) -> None:
    for problem in problems:
        print(f"{where}: {problem.severity}: {problem}", file=sys.stderr)


def _read(file: Path) -> Graph:
    try:
        return text.read(file.read_bytes())
    except OSError as problem:
        raise WayfareError(f"{file} cannot be read: {problem.strerror}") from None
    except GraphInvalid as refused:
        _show(str(file), _as_problems(refused))
        sys.exit(1)


def _is_file(name: str) -> bool:
    return name.endswith(".json") or Path(name).is_file()


def _key(given: str | None, file: Path) -> str:
    """Return the key that was given, else the file's name, if a journey can have it."""
    key = given or file.stem
    if not _KEY.fullmatch(key):
        where = "take another" if given else "give one with --key"
        raise WayfareError(f"'{key}' cannot be a key (letters, digits, . _ -); {where}")
    return check_key(key)


def _name(given: str | None) -> str | None:
    try:
        return read_name(given) if given else None
    except ValueError as wrong:
        raise WayfareError(str(wrong)) from None


def _registry() -> Registry:
    return open_registry(folder=load().nodes_dir)


def _store() -> Store:
    settings = load()
    return Store(settings.database_url, Vault(settings.secret), zone=settings.time_zone)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for its user
        return "unknown"
