"""Declaring a call of the API: its right, what goes in, what comes out. `web.api` shows a whole module."""

import base64
import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict

from builder.problems import Problem as Finding
from store import idempotency
from wayfare.crashpoints import point
from wayfare.errors import GraphInvalid, InputRefused
from wayfare.segments import RuleInvalid
from web import access
from web.api.body import Items, read_batch, read_items, read_object, validated
from web.api.refusal import Refusal
from web.api.refusal import problem as problem
from web.context import now, store
from web.csrf import SAFE
from web.principal import Principal, principal

SINGLE = 256_000  # bytes
BATCH = 5_000_000
OPERATION = "__operation__"
Result: TypeAlias = BaseModel | Mapping[str, Any] | tuple[BaseModel | Mapping[str, Any], int] | None


class In(BaseModel):
    """Something that comes in: unknown fields are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """Something that goes out."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """What is wrong with one item, or with the whole call when `index` is null."""

    index: int | None
    path: str
    code: str
    message: str


class Problems(Answer):
    """The answer to every call that failed."""

    errors: list[Problem]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who makes it, and what came with it, as far as it was declared."""

    who: Principal
    body: Any = None
    query: Any = None
    items: Items = None  # type: ignore[assignment]  # there where the call declares `items`
    batch: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What was declared of a call; the OpenAPI document is made from it."""

    tag: str
    summary: str
    description: str
    right: str
    body: type[BaseModel] | None
    items: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int


class Api:
    """Calls that belong together. `bp` is the blueprint that a module offers under that name."""

    def __init__(self, name: str, tag: str) -> None:
        self.bp = Blueprint(f"api_{name}", __name__, url_prefix="/api/v1")
        self.tag = tag

    def get(self, rule: str, **declared: Any) -> Callable[[Callable[..., Result]], Callable[..., Response]]:
        """Declare a call that reads."""
        return self.call("GET", rule, **declared)

    def post(self, rule: str, **declared: Any) -> Callable[[Callable[..., Result]], Callable[..., Response]]:
        """Declare a call that makes or does something."""
        return self.call("POST", rule, **declared)

    def put(self, rule: str, **declared: Any) -> Callable[[Callable[..., Result]], Callable[..., Response]]:
        """Declare a call that puts something in its place."""
        return self.call("PUT", rule, **declared)

    def delete(self, rule: str, **declared: Any) -> Callable[[Callable[..., Result]], Callable[..., Response]]:
        """Declare a call that removes something."""
        return self.call("DELETE", rule, **declared)

    def call(
        self,
        method: str,
        rule: str,
        *,
        needs: str = "",
        public: str = "",
        body: type[BaseModel] | None = None,
        items: type[BaseModel] | None = None,
        batch: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        answer: type[BaseModel] | None = None,
        status: int = 200,
        max_bytes: int = SINGLE,
    ) -> Callable[[Callable[..., Result]], Callable[..., Response]]:
        """Declare one call. `needs` is a right, or `public` a reason; one of `items`, `batch` and `body` at most."""

        def declare(handler: Callable[..., Result]) -> Callable[..., Response]:
            @functools.wraps(handler)
            def view(**path: Any) -> Response:
                def work() -> tuple[int, str]:
                    call = Call(
                        principal(),
                        read_object(body) if body else None,
                        validated(query, request.args.to_dict()) if query else None,
                        read_items() if items else None,  # type: ignore[arg-type]  # see Call
                        read_batch() if batch else (),
                    )
                    return _written(_done(handler, call, path), status)

                return _answered(work)

            first, _, rest = (handler.__doc__ or handler.__name__).partition("\n")
            described = (first.strip(), " ".join(rest.split()))
            setattr(
                view, OPERATION, Operation(self.tag, *described, needs, body, items or batch, query, answer, status)
            )
            gate = access.needs(needs, max_bytes=max_bytes) if needs else access.public(public, max_bytes=max_bytes)
            self.bp.add_url_rule(rule, handler.__name__, gate(view), methods=[method])
            return view

        return declare


def as_json(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(text, status, mimetype="application/json", headers=dict(headers or {}))


def _answered(work: Callable[[], tuple[int, str]]) -> Response:
    """Do the work and answer: at most once under an `Idempotency-Key`."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method in SAFE:
        status, text = _outcome(work)
        return as_json(text, status)
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Refusal(400, [problem("bad_idempotency_key", "An Idempotency-Key has 1 to 255 printable characters.")])
    asked = hashlib.blake2b(digest_size=32)
    for part in (request.method.encode(), request.full_path.encode(), request.get_data(cache=True)):
        asked.update(len(part).to_bytes(8) + part)
    whose, digest, at = owner(), asked.digest(), now()
    begun = store().run(lambda conn: idempotency.begin(conn, whose, key, digest, at))
    if isinstance(begun, idempotency.Answered):
        return as_json(_opened(begun.body), begun.status, {"Idempotent-Replayed": "true"})
    if isinstance(begun, idempotency.Refused):
        raise _key_taken(begun)
    point("answer.begun")
    try:
        status, text = _outcome(work)
    except BaseException:
        store().run(lambda conn: idempotency.abandon(conn, begun))
        raise
    point("answer.done")
    sealed = base64.b64encode(store().vault.seal(text.encode())).decode()  # it may hold what is shown only once
    store().run(lambda conn: idempotency.finish(conn, begun, status, sealed))
    point("answer.kept")
    return as_json(text, status)


def _opened(sealed: str) -> str:
    return store().vault.open(base64.b64decode(sealed)).decode()


def _done(handler: Callable[..., Result], call: Call, path: Mapping[str, Any]) -> Result:
    """Let the handler do its work; what lower rooms refuse becomes the API's refusal, with every reason."""
    try:
        return handler(call, **path)
    except InputRefused as error:
        status = {"too_many_items": 413, "invalid_json": 400, "too_deep": 400}.get(error.code, 422)
        raise Refusal(status, [problem(error.code, str(error), path=error.path)]) from None
    except RuleInvalid as error:
        raise Refusal(422, [problem(one.code, one.message, path=one.path) for one in error.problems]) from None
    except GraphInvalid as error:
        found = [one for one in error.problems if isinstance(one, Finding)]
        words = [f"{one.message}; {one.remedy}" if one.remedy else one.message for one in found]
        faults = [problem(one.code, text, path=one.node) for one, text in zip(found, words, strict=True)]
        raise Refusal(422, faults or [problem("invalid_graph", str(error))]) from None


def _outcome(work: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Return what the call answers, a refusal of its content too: a repetition must get the same one."""
    try:
        return work()
    except Refusal as refusal:
        if refusal.headers or refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return refusal.status, json.dumps({"errors": refusal.problems}, ensure_ascii=False)


def _key_taken(refused: idempotency.Refused) -> Refusal:
    if refused.is_in_flight:
        words = "The first request with this Idempotency-Key is still under way; ask again in a moment."
        return Refusal(409, [problem("idempotency_in_flight", words)], {"Retry-After": "1"})
    words = "This Idempotency-Key was used for another request; take a new one."
    return Refusal(409, [problem("idempotency_mismatch", words)])


def owner() -> str:
    """Return whose `Idempotency-Key` it is: the key's or the person's who asks."""
    who = principal()
    if who.key is not None:
        return f"key:{who.key.id}"
    return f"user:{who.account.id}" if who.account else "nobody"


def _written(result: Result, status: int) -> tuple[int, str]:
    value, code = result if isinstance(result, tuple) else (result, status)
    if value is None:
        return HTTPStatus.NO_CONTENT, ""
    if isinstance(value, BaseModel):
        return code, value.model_dump_json()
    return code, json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
