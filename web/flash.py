"""Short notes about what was just done, shown once: on this page, after a redirect, or by htmx."""

import base64
import json
from datetime import timedelta
from typing import Literal

from flask import Response, g

from wayfare.errors import VaultError
from web import cookies
from web.context import store

Tone = Literal["good", "bad", "info"]
Note = tuple[str, str]
_AGE = timedelta(minutes=1)


def say(text: str, tone: Tone = "good") -> None:
    """Show a note with the next page or fragment that this person sees."""
    _pending().append((tone, text))


def take() -> list[Note]:
    """Return the notes to show on this page, those of the last request first, and forget them."""
    carried = _carried()
    if carried:
        cookies.drop("note")
    notes, g.notes = carried + _pending(), []
    return notes


def carry(response: Response) -> Response:
    """Hand notes that no page has shown over: by a header to htmx, by a sealed cookie across a redirect."""
    if not _pending():
        return response
    if response.status_code in (301, 302, 303, 307, 308) or "HX-Redirect" in response.headers:
        sealed = store().vault.seal(json.dumps(_pending()).encode())
        cookies.write("note", base64.urlsafe_b64encode(sealed).decode(), _AGE)
    elif "HX-Trigger" not in response.headers:
        response.headers["HX-Trigger"] = json.dumps({"wayfare:notes": {"notes": _pending()}})
    return response


def _carried() -> list[Note]:
    value = cookies.read("note")
    if not value:
        return []
    try:
        return [
            (str(tone), str(text)) for tone, text in json.loads(store().vault.open(base64.urlsafe_b64decode(value)))
        ]
    except (VaultError, ValueError):
        return []


def _pending() -> list[Note]:
    if "notes" not in g:
        g.notes = []
    notes: list[Note] = g.notes
    return notes
