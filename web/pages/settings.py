"""The settings' front door: it leads to the first part that the reader may see."""

from flask import Blueprint, Response, url_for

from web import access, ui
from web.respond import go

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
@access.needs("account.own")
def index() -> Response:
    """Go to users, to keys, or to one's own account."""
    if ui.may("users.manage"):
        return go(url_for("settings_users.index"))
    if ui.may("keys.own", "keys.manage"):
        return go(url_for("settings_keys.index"))
    return go(url_for("account.page"))
