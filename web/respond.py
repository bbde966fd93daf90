"""Answers to pages: the same URL gives a full page, or its fragment when htmx asks."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request

from web import flash


def is_htmx() -> bool:
    """Say whether htmx asks for a fragment; going back in history asks for the whole page."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def respond(page: str, fragment: str | None = None, *, status: int = 200, **values: Any) -> Response:
    """Render `page`, or `fragment` (which the page includes) when htmx asks."""
    template = fragment if fragment and is_htmx() else page
    return make_response(render_template(template, **values), status)


def go(place: str, note: str = "", tone: flash.Tone = "good") -> Response:
    """Send the person to another page of ours, with a note about what was done."""
    if note:
        flash.say(note, tone)
    if is_htmx():
        return Response(status=204, headers={"HX-Redirect": place})
    answer = redirect(place, 303)
    assert isinstance(answer, Response)  # noqa: S101  narrows the type; Flask's own class is in use
    return answer


def local(place: str | None, otherwise: str = "/") -> str:
    """Return a place to go to that came from outside, if it is a path of ours."""
    if not place or not place.startswith("/") or place.startswith(("//", "/\\")) or len(place) > 2000:
        return otherwise
    parts = urlsplit(place)
    return place if not parts.scheme and not parts.netloc and place.isprintable() and "\\" not in place else otherwise
