"""Style sheets, scripts and icons; and where to report a security problem."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from wayfare import log
from web import access, assets, headers

bp = Blueprint("files", __name__)
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "woff2": "font/woff2",
}


@bp.get("/static/<path:name>")
@access.public("style sheets, scripts and icons hold nothing of anybody")
def static(name: str) -> Response:
    """Serve a file that may be kept for ever, if it is asked for by the address that `asset` gives."""
    content = assets.content(name)
    if content is None:
        raise NotFound
    response = Response(content, content_type=_TYPES.get(name.rpartition(".")[2], "text/plain; charset=utf-8"))
    response.set_etag(assets.version(name))
    response.make_conditional(request)
    is_versioned = request.args.get("v") == assets.version(name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
    return response


@bp.get("/favicon.ico")
@access.public("browsers ask for it before anybody signs in")
def favicon() -> Response:
    """Serve the mark as the icon of the tab."""
    return static("mark.svg")


@bp.get("/robots.txt")
@access.public("says that there is nothing to index")
def robots() -> Response:
    """Ask search engines to stay away."""
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@bp.post(headers.REPORTS)
@access.public("browsers report broken rules of the content policy by themselves", max_bytes=16_000, has_csrf=False)
def report() -> Response:
    """Write down that a page broke its content policy, which is a bug or an attack."""
    body = request.get_data()
    log.get(__name__).warning("content policy broken", report=body[:2000].decode("utf-8", "replace"))
    return Response(status=204)
