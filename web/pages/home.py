"""The first page after signing in."""

from flask import Blueprint, Response

from web import access
from web.respond import respond

bp = Blueprint("home", __name__)


@bp.get("/")
@access.needs("home.read")
def index() -> Response:
    """Show where to begin."""
    return respond("home/index.html")
