"""`wayfare quote`: what a cart costs, from a file or standard input. Needs neither database nor Redis."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from wayfare.errors import InputRefused, WayfareError
from wayfare.promotions import parse_json
from wayfare.promotions import quote as quote_of
from wayfare.promotions.words import explained


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quote")(quote)


def quote(
    file: Annotated[Path, typer.Argument(help="A request as JSON; - is standard input.")] = Path("-"),
    lines: Annotated[bool, typer.Option("--lines", help="One request a line, one quote a line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the quote as tables, for people.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on one line, for programs.")] = False,
) -> None:
    """Price a cart under a rule set. Exit code 1 when a request cannot be understood; it says where."""
    if lines and explain:
        raise WayfareError("--lines writes JSON for programs; leave --explain out")
    try:
        source = sys.stdin if str(file) == "-" else file.open(encoding="utf-8")
    except OSError as problem:
        raise WayfareError(f"{file} cannot be read: {problem.strerror}") from None
    with source:
        if lines:
            sys.exit(_each(source))
        answer = _answer(_text(source, file))
    if "error" in answer:
        print(json.dumps(answer, ensure_ascii=False) if as_json else _words(answer["error"]), file=sys.stderr)
        sys.exit(1)
    if explain:
        print(explained(answer))
    else:
        print(json.dumps(answer, ensure_ascii=False, indent=None if as_json else 2))


def _text(source: TextIO, file: Path) -> str:
    try:
        return source.read()
    except UnicodeDecodeError:
        raise WayfareError(f"{file} is not UTF-8") from None


def _each(source: TextIO) -> int:
    """Answer each line with one line; an empty one with none. Return the exit code."""
    failed = False
    for number, text in enumerate(source):
        if not text.strip():
            continue
        answer = _answer(text)
        failed = failed or "error" in answer
        print(json.dumps(answer, ensure_ascii=False), flush=number % 100 == 0)
    return int(failed)


def _answer(text: str) -> dict[str, Any]:
    try:
        return quote_of(parse_json(text))
    except InputRefused as refused:
        return {"error": {"path": refused.path, "code": refused.code, "message": str(refused)}}


def _words(error: dict[str, str]) -> str:
    where = f"{error['path']}: " if error["path"] else ""
    return f"wayfare: {where}{error['message']} ({error['code']})"
