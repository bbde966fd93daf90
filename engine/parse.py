"""From the bytes of a request to items: one broken item is reported by itself and never costs its neighbours."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from engine.problems import Problem, problem
from wayfare.errors import InputRefused

MOST_ITEMS = 5000

_DEEP = "the JSON is nested too deeply; flatten it"


class Broken:
    """Stands where an item could not be read."""

    __slots__ = ("code", "message")

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message

    def at(self, index: int) -> Problem:
        """Return the problem to report."""
        return problem(index, "", self.code, self.message)


def read_items(body: bytes) -> list[Any]:
    """Return the items of a JSON list; items that are not valid JSON values come as `Broken`.

    InputRefused when the body as a whole cannot be understood, or has more than 5,000 items. NaN, numbers beyond a
    double, lone surrogates and invalid UTF-8 break only the item that holds them. Of two equal names in an object the
    last one counts.
    """
    try:
        items = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        items = list(_one_by_one(body, error))
    if not isinstance(items, list):
        raise InputRefused("wrong_type", "send a JSON list, also for a single item: [{...}]")
    if len(items) > MOST_ITEMS:
        raise InputRefused("too_many_items", f"{len(items)} items; send at most {MOST_ITEMS} at once")
    return items


def _lenient(pairs: list[tuple[str, Any]]) -> None:
    return None


# Finds where values end, and nothing more: huge numbers are not converted and objects not built.
_SCANNER = json.JSONDecoder(
    object_pairs_hook=_lenient,
    parse_int=lambda text: 0,
    parse_float=lambda text: 0.0,
    parse_constant=lambda text: None,
    strict=False,
)


def _one_by_one(body: bytes, error: orjson.JSONDecodeError) -> Iterator[Any]:
    """Yield the items of a list whose JSON is broken somewhere; InputRefused when the list itself is."""
    text = body.decode("utf-8", "surrogateescape").lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        at, count = _skip(text, 1), 0
        if text.startswith("]", at):
            at = _skip(text, at + 1)
        else:
            while count <= MOST_ITEMS:
                end = _end_of_value(text, at, error)
                yield read_item(text[at:end])
                count += 1
                at = _skip(text, end)
                if text.startswith(",", at):
                    at = _skip(text, at + 1)
                    continue
                if not text.startswith("]", at):
                    raise _not_json(error)
                at = _skip(text, at + 1)
                break
            else:
                return  # the caller sees that there are too many
        if at == len(text):
            return
    raise _not_json(error)


def _end_of_value(text: str, at: int, error: orjson.JSONDecodeError) -> int:
    try:
        return _SCANNER.raw_decode(text, at)[1]
    except RecursionError:
        raise InputRefused("too_deep", _DEEP) from None
    except ValueError:
        raise _not_json(error) from None


def read_item(text: str) -> Any:
    """Return one JSON value, or `Broken`. Bytes that were no UTF-8 stand in the text as lone surrogates."""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg:
            return Broken("too_deep", _DEEP)
        if not text.isascii() and not _is_utf8(raw):
            return Broken("invalid_text", "the text is not valid UTF-8; send it in UTF-8")
        return Broken("invalid_json", f"this is not valid JSON: {error.msg}; mend it and send it again")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _not_json(error: orjson.JSONDecodeError) -> InputRefused:
    return InputRefused(
        "invalid_json", f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    )
