"""What is wrong with an item that came from outside, in words that say what to do about it."""

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from pydantic import ValidationError

MOST_PROBLEMS = 20
"""Problems reported of one item: whoever sends a million wrong fields learns enough from the first ones."""

_LONGEST_NAME = 60


class Problem(TypedDict):
    """One thing that is wrong with the item at `index`; `path` leads to it, `code` is for programs."""

    index: int
    path: str
    code: str
    message: str


def problem(index: int, path: str, code: str, message: str) -> Problem:
    """Return one problem as it is reported."""
    return {"index": index, "path": path, "code": code, "message": message}


_WORDS = {
    "missing": ("missing", "this field is required; add it"),
    "extra_forbidden": ("unknown_field", "there is no such field here; check its spelling or leave it out"),
    "string_type": ("wrong_type", "this must be text, in quotes"),
    "string_unicode": ("invalid_text", "the text is not valid Unicode (half a surrogate pair?); send valid UTF-8"),
    "string_too_long": ("too_long", "at most {max_length} characters; shorten it"),
    "string_too_short": ("empty", "this must not be empty; fill it in or leave the field out"),
    "int_type": ("wrong_type", "this must be a whole number, without quotes"),
    "int_from_float": ("wrong_type", "this must be a whole number; send money in minor units (cents)"),
    "int_parsing_size": ("out_of_range", "the number is too large"),
    "bool_type": ("wrong_type", "this must be true or false, without quotes"),
    "dict_type": ("wrong_type", "this must be a JSON object, in curly brackets"),
    "model_type": ("wrong_type", "this must be a JSON object, in curly brackets"),
    "model_attributes_type": ("wrong_type", "this must be a JSON object, in curly brackets"),
    "list_type": ("wrong_type", "this must be a list, in square brackets"),
    "too_long": ("too_many", "at most {max_length} entries; leave some out or split them"),
    "too_short": ("too_few", "at least {min_length} entry is needed; add one"),
    "greater_than_equal": ("out_of_range", "this must be {ge} or more"),
    "less_than_equal": ("out_of_range", "this must be {le} or less"),
    "literal_error": ("unknown_value", "this must be one of {expected}"),
}


def explain(index: int, error: ValidationError, prefix: str = "") -> Iterator[Problem]:
    """Yield the problems that pydantic found in one item, with paths such as `data.lines[2].sku`."""
    details = error.errors(include_url=False, include_context=True, include_input=False)
    for found in details[:MOST_PROBLEMS]:
        code, words = _WORDS.get(found["type"], (found["type"], found["msg"]))
        context = found.get("ctx", {})
        yield problem(index, _path(prefix, found["loc"]), code, words.format(**context) if context else words)
    if len(details) > MOST_PROBLEMS:
        yield problem(
            index, prefix, "too_many_problems", f"{len(details) - MOST_PROBLEMS} more problems; mend these first"
        )


def printable(text: str) -> str:
    """Return a text that any answer, log or file can carry: shortened, with odd characters written as escapes."""
    short = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in short)


def _path(prefix: str, loc: Sequence[Any]) -> str:
    path = prefix
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += ("." if path else "") + printable(part)
    return path
