"""Requests that change something must come from our own pages: where they come from, then a token of the session."""

import hmac
import secrets

from flask import g, request
from werkzeug.exceptions import Forbidden

from web import cookies
from web.context import config, store

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "X-CSRF-Token"
FIELD = "_csrf"


def token() -> str:
    """Return the token of this session, or of this visit when nobody has signed in yet."""
    session_id = cookies.read()
    if session_id:
        return store().vault.digest("csrf", f"session {session_id}").hex()
    if "visit" not in g:
        g.visit = cookies.read("visit")
        if len(g.visit) < 20:
            g.visit = secrets.token_urlsafe(24)
            cookies.write("visit", g.visit)
    visit: str = g.visit
    return store().vault.digest("csrf", f"visit {visit}").hex()


def check() -> None:
    """Raise Forbidden unless this request comes from one of our own pages in this very session."""
    if request.method in SAFE:
        return
    if not _is_same_origin():
        raise Forbidden("This request came from another site.")
    given = request.headers.get(HEADER) or _form_token()
    if not given or not hmac.compare_digest(given.encode(), _expected().encode()):
        raise Forbidden("This page is too old. Go back, reload it and try again.")


def _expected() -> str:
    session_id, visit = cookies.read(), cookies.read("visit")
    if session_id:
        return store().vault.digest("csrf", f"session {session_id}").hex()
    return store().vault.digest("csrf", f"visit {visit}").hex() if len(visit) >= 20 else secrets.token_hex(32)


def _form_token() -> str:
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    return request.form.get(FIELD, "") if is_form else ""


def _is_same_origin() -> bool:
    """Judge by what browsers say and scripts cannot forge; programs that say neither still need the token."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return origin == config().origin or (not config().is_https and origin == request.host_url.rstrip("/"))
