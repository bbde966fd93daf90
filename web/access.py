"""Every route says who may call it; one that does not stops the start. The gate asks the database each time.

@bp.get("/journeys")
@needs("journeys.read")
def index(): ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden, LengthRequired, RequestEntityTooLarge, Unauthorized

from wayfare.errors import StartError
from web import csrf
from web.context import config
from web.principal import key_prefix, principal
from web.rights import RIGHTS

View = TypeVar("View", bound=Callable[..., Any])
DEFAULT_BYTES = 1_000_000
_MARK = "__access__"
_DESK = {"code": "login.code", "password": "account.password", "second_factor": "account.second_factor"}


@dataclass(frozen=True, slots=True)
class Access:
    """What a route declared. Without a right it is public, for the reason given."""

    right: str = ""
    reason: str = ""
    max_bytes: int = DEFAULT_BYTES
    has_csrf: bool = True
    is_open_on_loopback: bool = False
    during: frozenset[str] = frozenset()


def needs(
    right: str, *, max_bytes: int = DEFAULT_BYTES, or_loopback: bool = False, during: tuple[str, ...] = ()
) -> Callable[[View], View]:
    """Let only those in who have this right of `web.rights`.

    `max_bytes` bounds the body. `or_loopback`: programs on this machine need no key. `during` names unfinished
    sign-ins ("code", "password", "second_factor") in which the page already answers.
    """
    if right not in RIGHTS:
        raise LookupError(f"no right {right!r} in web.rights; it has {', '.join(RIGHTS)}")
    return _declare(Access(right, "", max_bytes, is_open_on_loopback=or_loopback, during=frozenset(during)))


def public(reason: str, *, max_bytes: int = 64_000, has_csrf: bool = True) -> Callable[[View], View]:
    """Let anybody in, for this reason. `has_csrf=False` only where another site or program must be able to post."""
    return _declare(Access(reason=reason, max_bytes=max_bytes, has_csrf=has_csrf))


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _MARK, access)
        return view

    return mark


def access_of(app: Flask, endpoint: str | None) -> Access | None:
    """Return what a route declared; None for an unknown one."""
    view = app.view_functions.get(endpoint or "")
    found: Access | None = getattr(view, _MARK, None)
    return found


def check_declared(app: Flask) -> None:
    """Raise StartError unless every route has declared its right."""
    rules = app.url_map.iter_rules()
    forgotten = sorted(f"{rule} ({rule.endpoint})" for rule in rules if not access_of(app, rule.endpoint))
    if forgotten:
        raise StartError(f"these routes do not say who may call them; add @needs or @public: {', '.join(forgotten)}")


def admit() -> Response | None:
    """Decide about this request before its view runs; None lets it in."""
    access = access_of(current_app, request.endpoint)
    if access is None:  # no such page, or not by this method: routing answers
        return None
    request.max_content_length = access.max_bytes
    if (request.content_length or 0) > access.max_bytes:
        raise RequestEntityTooLarge(f"At most {access.max_bytes:,} bytes are read here.")
    if "Transfer-Encoding" in request.headers and not request.environ.get("wsgi.input_terminated"):
        raise LengthRequired("Send the body with its Content-Length.")  # this server would show us an empty body
    if any(key_prefix(value) for value in request.args.values()):
        raise BadRequest("An API key does not belong in an address: it would stand in every log. Revoke this one.")
    who = principal()
    if not access.right or (access.is_open_on_loopback and is_local_program()):
        if access.has_csrf:
            csrf.check()
        return None
    if who.is_anonymous:
        raise Unauthorized("Sign in first.")
    if who.key is None:
        csrf.check()
    if who.todo and who.todo not in access.during:
        return _send_to(who.todo)
    if not who.may(access.right):
        raise Forbidden("Your role does not include this. An administrator can change that.")
    return None


def is_local_program() -> bool:
    """Say whether a program on this machine asks directly; what any proxy brought along does not count."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return config().is_private and not forwarded and request.remote_addr in ("127.0.0.1", "::1")


def _send_to(todo: str) -> Response:
    if request.path.startswith("/api/"):
        raise Unauthorized("Finish signing in first.")
    place = url_for(_DESK[todo])
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": place})
    answer = redirect(place, 303)
    assert isinstance(answer, Response)  # noqa: S101  narrows the type; Flask's own class is in use
    return answer
