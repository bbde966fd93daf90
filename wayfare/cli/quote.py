"""`wayfare quote`: what a cart costs, from a file or standard input. Needs neither database nor Redis nor network."""

import json
import sys
from collections.abc import Callable
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
    snapshot: Annotated[
        Path | None, typer.Option(help="Price with the rules of a shop's signed snapshot; requests hold a cart alone.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="The public keys that the snapshot must be signed with one of.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="The shop that the snapshot must be for.")] = None,
) -> None:
    """Price a cart under a rule set. Exit code 1 when a request cannot be understood; it says where."""
    if lines and explain:
        raise WayfareError("--lines writes JSON for programs; leave --explain out")
    if (snapshot is None) != (public_key is None):
        raise WayfareError("give --snapshot and --public-key together; print the keys with: wayfare till key")
    price = quote_of if snapshot is None or public_key is None else _offline(snapshot, public_key, store)
    try:
        source = sys.stdin if str(file) == "-" else file.open(encoding="utf-8")
    except OSError as problem:
        raise WayfareError(f"{file} cannot be read: {problem.strerror}") from None
    with source:
        if lines:
            sys.exit(_each(source, price))
        answer = _answer(_text(source, file), price)
    if "error" in answer:
        print(json.dumps(answer, ensure_ascii=False) if as_json else _words(answer["error"]), file=sys.stderr)
        sys.exit(1)
    if explain:
        print(explained(answer))
    else:
        print(json.dumps(answer, ensure_ascii=False, indent=None if as_json else 2))


def _offline(file: Path, public_key: Path, store: str | None) -> Callable[[object], dict[str, Any]]:
    """Return what prices requests with a snapshot, which is checked now and at each price."""
    from offers.till.offline import opened
    from offers.till.signed import public_keys
    from wayfare import clock

    try:
        text, pem = file.read_text(encoding="utf-8"), public_key.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise WayfareError(f"the snapshot or the public key cannot be read: {problem}") from None
    snapshot = opened(text, public_keys(pem), store=store, now=clock.now())

    def price(document: object) -> dict[str, Any]:
        if not isinstance(document, dict) or not isinstance(document.get("cart"), dict):
            raise InputRefused("no_cart", 'send a request with a cart: {"cart": {...}}', path="cart")
        if beyond := sorted(document.keys() - {"cart", "phone", "ref"}):
            words = f"beside a snapshot a request has cart, phone and ref; leave {beyond[0]} out"
            raise InputRefused("extra_forbidden", words, path=beyond[0])
        return snapshot.quote(document["cart"], clock.now(), phone=document.get("phone"), ref=document.get("ref"))

    return price


def _text(source: TextIO, file: Path) -> str:
    try:
        return source.read()
    except UnicodeDecodeError:
        raise WayfareError(f"{file} is not UTF-8") from None


def _each(source: TextIO, price: Callable[[object], dict[str, Any]]) -> int:
    """Answer each line with one line; an empty one with none. Return the exit code."""
    failed = False
    for number, text in enumerate(source):
        if not text.strip():
            continue
        answer = _answer(text, price)
        failed = failed or "error" in answer
        print(json.dumps(answer, ensure_ascii=False), flush=number % 100 == 0)
    return int(failed)


def _answer(text: str, price: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    try:
        return price(parse_json(text))
    except InputRefused as refused:
        return {"error": {"path": refused.path, "code": refused.code, "message": str(refused)}}


def _words(error: dict[str, str]) -> str:
    where = f"{error['path']}: " if error["path"] else ""
    return f"wayfare: {where}{error['message']} ({error['code']})"
