"""Cookies, set once and rightly: HttpOnly, SameSite, Secure over https."""

from datetime import timedelta

from flask import Response, g, request

from web.context import config

Jar = dict[str, tuple[str, timedelta | None, bool]]


def read(name: str = "") -> str:
    """Return a cookie's value, or an empty string."""
    return request.cookies.get(config().cookie(name), "")[:4096]


def write(name: str, value: str, age: timedelta | None = None) -> None:
    """Set a cookie on the answer to this request; without an age it ends with the browser. Scripts cannot read it."""
    _jar()[name] = (value, age, True)


def drop(name: str = "") -> None:
    """Remove a cookie."""
    _jar()[name] = ("", timedelta(0), True)


def apply(response: Response) -> Response:
    """Put what `write` and `drop` collected on the answer."""
    for name, (value, age, http_only) in _jar().items():
        response.set_cookie(
            config().cookie(name),
            value,
            max_age=age,
            path="/",
            secure=config().is_https,
            httponly=http_only,
            samesite="Lax",
        )
    return response


def _jar() -> Jar:
    if "cookies" not in g:
        g.cookies = {}
    jar: Jar = g.cookies
    return jar
