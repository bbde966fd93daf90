"""Headers that every answer carries, errors and files too."""

import secrets

from flask import Response, g, request

from web.context import config

REPORTS = "/csp-report"
_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "midi", "payment", "usb")
)
_YEAR = 365 * 24 * 3600


def nonce() -> str:
    """Return this answer's nonce: only script elements that carry it run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    value: str = g.nonce
    return value


_ISOLATED = (
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "sandbox",
)


def isolate() -> None:
    """Answer with a document that others wrote: it may look, but can do nothing; only our pages may frame it."""
    g.is_isolated = True


def protect(response: Response) -> Response:
    """Set the security headers."""
    headers = response.headers
    policy = [
        "default-src 'self'",
        f"script-src 'nonce-{nonce()}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        f"report-uri {REPORTS}",
        "report-to csp",
    ]
    if config().is_https:
        policy.append("upgrade-insecure-requests")
        headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    is_isolated = "is_isolated" in g
    headers["Content-Security-Policy"] = "; ".join(_ISOLATED if is_isolated else policy)
    headers["Reporting-Endpoints"] = f'csp="{REPORTS}"'
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "SAMEORIGIN" if is_isolated else "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = _PERMISSIONS
    headers["X-Request-Id"] = g.get("request_id", "")
    headers.setdefault("Cache-Control", "no-store")
    if not request.path.startswith("/static/"):
        response.vary.update(("Cookie", "HX-Request"))
    return response
