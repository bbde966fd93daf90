"""Free JSON objects from outside: checked once, then kept in one canonical form."""

import math
import re
from typing import Any

import orjson

from engine.texts import composed, refused

MOST_BYTES = 16_384
MOST_DEPTH = 16

_SUSPECTS = re.compile(rb"\\u0000|null|[0-9]{19}")  # NUL; null, which NaN becomes too; whole numbers near 64 bits
_LARGEST = 2**63 - 1


def canonical(document: dict[str, Any]) -> bytes:
    """Return a JSON object with sorted names and composed text, so that equal content has equal bytes.

    Raises PydanticCustomError for what a database or a later reader would choke on: NUL, lone surrogates, NaN, whole
    numbers beyond 64 bits, deep nesting, more than 16 KB.
    """
    try:
        raw = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:  # orjson.JSONEncodeError is one
        raise _unwritable(error) from None
    if len(raw) > MOST_BYTES:
        raise refused("too_large", f"this has {len(raw)} bytes as JSON; at most {MOST_BYTES} are kept")
    if raw.count(b"{") + raw.count(b"[") > MOST_DEPTH or _SUSPECTS.search(raw):
        _inspect(document)
    if not raw.isascii():
        text = raw.decode()
        normal = composed(text)
        if normal != text:  # names may have become equal, so it is read once more
            raw = orjson.dumps(orjson.loads(normal), option=orjson.OPT_SORT_KEYS)
    return raw


def _inspect(document: dict[str, Any]) -> None:
    todo: list[tuple[Any, int]] = [(document, 1)]
    while todo:
        value, depth = todo.pop()
        if depth > MOST_DEPTH + 1:
            raise refused("too_deep", f"this is nested more than {MOST_DEPTH} levels deep; flatten it")
        if isinstance(value, dict):
            todo += [(name, depth) for name in value]
            todo += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list | tuple):
            todo += [(inner, depth + 1) for inner in value]
        elif isinstance(value, str):
            if "\0" in value:
                raise refused("control_character", "a text in it holds NUL, which is not allowed; take it out")
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise refused("not_finite", "a number in it is not finite (NaN or infinite); leave it out")
        elif isinstance(value, int) and abs(value) > _LARGEST:
            raise refused("out_of_range", "a whole number in it is beyond 64 bits; send it as text")


def _unwritable(error: TypeError) -> Exception:
    words = str(error)
    if "surrogates" in words:
        return refused("invalid_text", "a text in it is not valid Unicode (half a surrogate pair?); send valid UTF-8")
    if "64-bit" in words:
        return refused("out_of_range", "a whole number in it is beyond 64 bits; send it as text")
    if "ecursion" in words:
        return refused("too_deep", f"this is nested more than {MOST_DEPTH} levels deep; flatten it")
    return refused("wrong_type", "this holds something that JSON cannot express; send text, numbers, lists and objects")
