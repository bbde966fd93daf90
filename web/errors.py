"""What people and programs see when something goes wrong: a page with the request's id, or the API's error shape."""

import json
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from store.health import is_unavailable
from wayfare import log
from wayfare.errors import Conflict, GraphInvalid, NotFound
from web.api.refusal import Refusal, problem
from web.respond import is_htmx

_WORDS = {
    400: ("Not understood", "The request was not in a form that this page understands."),
    401: ("Sign in first", "You were signed out, or never signed in."),
    403: ("Not for your role", "Your role does not include this. An administrator can change that."),
    404: ("Not here", "There is nothing at this address, or nothing that you may see."),
    405: ("Not this way", "This address does not answer to that kind of request."),
    422: ("Not readable", "What is stored here is not what this page shows."),
    409: ("Changed meanwhile", "Somebody else changed this first. Reload the page and decide again."),
    413: ("Too large", "That is more than this page reads at once."),
    429: ("Too many tries", "Wait a little and try again."),
    500: ("Something broke", "It was our fault, and it was written down. Nothing was half done."),
    503: ("Not available now", "The database does not answer. Try again in a moment."),
}


def register(app: Flask) -> None:
    """Answer every kind of failure."""
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(NotFound, lambda error: failure(404, "not_found", ""))
    app.register_error_handler(Conflict, lambda error: failure(409, "conflict", str(error)))
    app.register_error_handler(GraphInvalid, _unreadable)
    app.register_error_handler(Exception, _unknown)


def _unreadable(error: GraphInvalid) -> Response:
    """A draft that a file or a program saved, and that is no journey."""
    return failure(422, "unreadable", f"This journey cannot be read: {error}")


def failure(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """Return the page, the fragment's note or the JSON for one failure. An empty message takes the usual words."""
    title, usual = _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    message = message or usual
    if _is_program():
        response = Response(error_body([problem(reason, message)]), status, mimetype="application/json")
    elif isinstance(request.routing_exception, SecurityError):  # under a foreign name there is not even a menu
        response = Response(f"{title}\n", status, mimetype="text/plain")
    elif is_htmx():
        response = Response(status=status)
        note = {"tone": "bad", "title": title, "text": message, "request": g.get("request_id", "")}
        response.headers["HX-Trigger"] = json.dumps({"wayfare:failed": note})
    else:
        response = _page(status, title, message)
    response.headers.extend(headers or {})
    return response


def _page(status: int, title: str, message: str) -> Response:
    """Return the error page; in plain text when not even that can be drawn, because the database is away."""
    try:
        page = render_template("error.html", title=title, message=message, status=status, request_id=g.request_id)
    except Exception:  # the last boundary: whatever breaks here, people get an answer with its headers
        log.get(__name__).exception("error page failed")
        return Response(f"{title}. {message}\nRequest {g.request_id}\n", status, mimetype="text/plain")
    return make_response(page, status)


def error_body(problems: list[dict[str, Any]]) -> str:
    """Return the API's error document."""
    return json.dumps({"errors": problems}, ensure_ascii=False)


def _is_program() -> bool:
    """Say whether a program asks, and not a person: it calls the API, or carries a key."""
    return request.path.startswith("/api/") or "Authorization" in request.headers


def _refused(refusal: Refusal) -> Response:
    answer = Response(error_body(refusal.problems), refusal.status, mimetype="application/json")
    answer.headers.extend(refusal.headers)
    return answer


def _known(error: HTTPException) -> Response:
    if error.code is None or (300 <= error.code < 400):
        return error.get_response()  # type: ignore[return-value]  # a redirect of routing; Flask completes it
    if error.code == 401 and not _is_program():
        return _to_login()
    headers = {"WWW-Authenticate": "Bearer"} if error.code == 401 else {}
    if error.code == 405:
        headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    if retry := getattr(error, "retry_after", None):
        headers["Retry-After"] = str(retry)
    own_words = error.description if error.description != type(error).description else ""
    if isinstance(error, RequestEntityTooLarge):
        headers["Connection"] = "close"  # the rest of the body is not read
    reason = type(error).__name__ if error.code != 401 else "unauthorized"
    return failure(error.code, _snake(reason), own_words or "", headers)


def _to_login() -> Response:
    """Send a person to the sign-in page, and afterwards back to where they were."""
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": url_for("login.page")})
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    place = url_for("login.page", next=back) if back not in ("", "/") else url_for("login.page")
    return Response(status=303, headers={"Location": place})


def _unknown(error: Exception) -> Response:
    """Answer for what nobody foresaw: without details to the outside, with all of them in the log."""
    if is_unavailable(error):
        log.get(__name__).warning("database not available", error=type(error).__name__)
        return failure(503, "unavailable", "", {"Retry-After": "2"})
    log.get(__name__).exception("request failed", endpoint=request.endpoint)
    return failure(500, "internal", "")


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
