"""Reading JSON that strangers send: strict, bounded, and one bad item never costs its neighbours."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from engine import parse
from wayfare.errors import InputRefused
from web.api.refusal import Refusal, problem

Model = TypeVar("Model", bound=BaseModel)
MOST_ITEMS = 5000
DEEPEST = 32
BIGGEST = 2**63 - 1
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in a parsed document where something was that no database takes."""

    reason: str
    message: str


@dataclass(slots=True)
class Items:
    """The objects of a list that can be worked with, their places in the request, and what is wrong with others."""

    values: list[Any]
    indexes: list[int]
    problems: list[dict[str, Any]] = field(default_factory=list)

    def valid(self, model: type[Model]) -> list[tuple[int, Model]]:
        """Validate each object by itself; return those that hold, with their places, and note what is wrong."""
        good = []
        for index, value in zip(self.indexes, self.values, strict=True):
            try:
                good.append((index, model.model_validate(value)))
            except ValidationError as error:
                self.problems += explained(error, index=index)
        return good

    def renumber(self, errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take in errors that count `values` from 0, give them their places in the request, and return all problems."""
        for error in errors:
            place = error.get("index")
            self.problems.append({**error, "index": self.indexes[place] if place is not None else None})
        self.problems.sort(key=lambda one: -1 if one["index"] is None else one["index"])
        return self.problems


def read_object(model: type[Model]) -> Model:
    """Return the request's body as a model. Raises Refusal that names every fault."""
    value, is_suspect = _parse(_raw())
    if is_suspect and (flaws := list(_flaws(value, ""))):
        raise Refusal(422, [problem(flaw.reason, flaw.message, path=path) for path, flaw in flaws])
    return validated(model, value)


def read_items() -> Items:
    """Return the request's body as a list of objects. Raises Refusal when it is no list, or too long a one."""
    value, is_suspect = _parse(_raw())
    if not isinstance(value, list):
        raise Refusal(422, [problem("not_a_list", "Send a list of objects: [{...}, {...}].")])
    if len(value) > MOST_ITEMS:
        raise Refusal(413, [problem("too_many_items", f"Send at most {MOST_ITEMS:,} items at once.")])
    items = Items([], [])
    for index, item in enumerate(value):
        flaws = list(_flaws(item, "")) if is_suspect else []
        if flaws:
            items.problems += [problem(flaw.reason, flaw.message, path=path, index=index) for path, flaw in flaws]
        elif not isinstance(item, dict):
            items.problems.append(problem("not_an_object", "Each item is an object: {...}.", index=index))
        else:
            items.values.append(item)
            items.indexes.append(index)
    return items


def read_batch() -> list[Any]:
    """Return the body's list with every broken item in its place, for functions of the engine that validate it.

    Twenty times as fast as `read_items`. Raises Refusal when it is no list, or too long a one.
    """
    try:
        return parse.read_items(_raw())
    except InputRefused as error:
        status = {"too_many_items": 413, "invalid_json": 400, "too_deep": 400}.get(error.code, 422)
        raise Refusal(status, [problem(error.code, str(error))]) from None


def validated(model: type[Model], value: object) -> Model:
    """Return a value as a model. Raises Refusal that names every fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Refusal(422, explained(error)) from None


def explained(error: ValidationError, *, index: int | None = None) -> list[dict[str, Any]]:
    """Return pydantic's findings in the API's shape, in plain words. Values are not repeated: they may be personal."""
    words = {"missing": "This field is missing.", "extra_forbidden": "There is no such field here."}
    return [
        problem(
            found["type"],
            words.get(found["type"], found["msg"].removeprefix("Value error, ")),
            path=".".join(map(str, found["loc"])),
            index=index,
        )
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _raw() -> bytes:
    if request.mimetype != "application/json":
        raise Refusal(415, [problem("unsupported_media_type", "Send JSON with Content-Type: application/json.")])
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, [problem("unsupported_encoding", "Send the body as it is, without compression.")])
    data, limit = request.get_data(cache=True), request.max_content_length
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge  # werkzeug cuts a body of unknown length at the limit without a word
    return data


def _parse(raw: bytes) -> tuple[Any, bool]:
    """Return the document, and whether it may hold flaws to look for."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, [problem("not_utf8", "The body is not UTF-8.")]) from None
    if _is_too_deep(raw):
        raise Refusal(400, [problem("too_deep", f"Nest at most {DEEPEST} levels.")])
    seen: list[_Flaw] = []

    def flaw(reason: str, message: str) -> _Flaw:
        seen.append(_Flaw(reason, message))
        return seen[-1]

    def integer(digits: str) -> int | _Flaw:
        if len(digits) <= 20 and -BIGGEST - 1 <= (value := int(digits)) <= BIGGEST:
            return value
        return flaw("number_too_large", "Whole numbers have at most 64 bits.")

    def decimal(digits: str) -> float | _Flaw:
        value = float(digits) if len(digits) <= 400 else math.inf
        return value if math.isfinite(value) else flaw("number_too_large", "This number is too large.")

    def constant(name: str) -> _Flaw:
        return flaw("not_a_number", f"{name} is not JSON; leave the field out or send null.")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
        value = dict(found)
        return value if len(value) == len(found) else flaw("double_key", "A key occurs twice in this object.")

    try:
        value = json.loads(
            text, parse_int=integer, parse_float=decimal, parse_constant=constant, object_pairs_hook=pairs
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, [problem("not_json", f"The body is not JSON ({error.msg}, {where}).")]) from None
    except RecursionError:
        raise Refusal(400, [problem("too_deep", f"Nest at most {DEEPEST} levels.")]) from None
    return value, bool(seen) or _SUSPECT.search(raw) is not None


def _is_too_deep(raw: bytes) -> bool:
    """Measure the nesting before anything recurses over it."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", _STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST + 1:  # the list around the items counts for nobody
            return True
    return False


def _flaws(value: object, path: str) -> Iterable[tuple[str, _Flaw]]:
    """Yield each flaw with its path."""
    if isinstance(value, _Flaw):
        yield path, value
    elif isinstance(value, str):
        if flaw := _text_flaw(value):
            yield path, flaw
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            if flaw := _text_flaw(key):
                yield path, flaw
            else:
                yield from _flaws(inner, here)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flaws(inner, f"{path}.{number}" if path else str(number))


def _text_flaw(text: str) -> _Flaw | None:
    if "\0" in text:
        return _Flaw("nul_character", "Texts hold no NUL characters.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return _Flaw("lone_surrogate", "This text holds half a character (a lone surrogate).")
    return None
