"""One's own account: password, second factor, browsers that are signed in, theme."""

import base64
import json

from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from store import accounts, audit
from store.db import Connection
from wayfare.errors import VaultError
from web import access, passwords, signin, totp, ui
from web.context import config, now, store
from web.forms import Form
from web.principal import SECOND_FACTOR_ROLES, account, forget, principal
from web.respond import go, respond

bp = Blueprint("account", __name__, url_prefix="/account")
_DURING = ("password", "second_factor")


@bp.get("")
@access.needs("account.own")
def page() -> Response:
    """Show what there is to one's own account."""
    person, session = account(), principal().session
    with store().read() as conn:
        browsers = accounts.list_sessions(conn, person.id, now())
    return respond(
        "account/page.html",
        person=person,
        browsers=[(row, session is not None and bytes(row.digest) == session.digest) for row in browsers],
        must_have_factor=_must_have_factor(),
    )


@bp.get("/password")
@access.needs("account.own", during=("password",))
def password() -> Response:
    """Show the form for a new password."""
    return _password_form({})


@bp.post("/password")
@access.needs("account.own", during=("password",))
def change_password() -> Response:
    """Change the password and sign all other browsers out."""
    form, person = Form(), account()
    old, new, again = form.secret("old"), form.secret("new"), form.secret("again")
    if not passwords.matches(person.password_hash, old):
        form.wrong["old"] = "This is not your present password."
    elif new == old:
        form.wrong["new"] = "Take another one than the present password."
    elif fault := passwords.fault(new, person.email, person.name, "wayfare"):
        form.wrong["new"] = fault
    elif new != again:
        form.wrong["again"] = "This is not what you typed above."
    if not form.is_good:
        return _password_form(form.wrong, 422)
    kept = passwords.hashed(new)

    def work(conn: Connection) -> None:
        accounts.change_account(conn, person.id, password_hash=kept, must_change=False)
        accounts.end_sessions(conn, person.id)
        audit.record(conn, person.email, "user.password_changed", f"user:{person.email}", {}, now())

    had_factor = _has_passed_factor()
    store().run(work)
    signin.start_session(person, with_second_factor=had_factor)
    return go("/" if person.must_change else url_for("account.page"), "Your password is changed.")


@bp.get("/second-factor")
@access.needs("account.own", during=("second_factor",))
def second_factor() -> Response:
    """Show a new secret to scan, or that there is one already."""
    if account().totp_secret:
        return go(url_for("account.page"))
    return _factor_form(totp.new_secret(), "")


@bp.post("/second-factor")
@access.needs("account.own", during=("second_factor",))
def set_second_factor() -> Response:
    """Keep the secret once a code shows that the app has it."""
    form, person = Form(), account()
    secret = _pending_secret(person.id)
    if person.totp_secret or not secret:
        return go(url_for("account.second_factor"), "That took too long. Here is a new code to scan.", "info")
    step = totp.matching_step(secret, form.text("code", longest=20), now())
    if step is None:
        return _factor_form(secret, "That code is not right. Type the one that the app shows now.")
    sealed = store().vault.seal(secret.encode())

    def work(conn: Connection) -> None:
        accounts.change_account(conn, person.id, totp_secret=sealed, totp_last_step=step)
        accounts.end_sessions(conn, person.id)
        audit.record(conn, person.email, "user.second_factor_set", f"user:{person.email}", {}, now())

    place = "/" if principal().todo else url_for("account.page")
    store().run(work)
    signin.start_session(person, with_second_factor=True)
    return go(place, "Your second factor is set.")


@bp.post("/second-factor/remove")
@access.needs("account.own")
def remove_second_factor() -> Response:
    """Take one's own second factor away, with the password, where the role does not demand one."""
    form, person = Form(), account()
    if _must_have_factor():
        return go(url_for("account.page"), "Your role needs a second factor here.", "bad")
    if not passwords.matches(person.password_hash, form.secret("password")):
        return go(url_for("account.page"), "The password is not right; nothing was changed.", "bad")

    def work(conn: Connection) -> None:
        accounts.change_account(conn, person.id, totp_secret=None, totp_last_step=None)
        audit.record(conn, person.email, "user.second_factor_removed", f"user:{person.email}", {}, now())

    store().run(work)
    return go(url_for("account.page"), "Your second factor is removed.")


@bp.post("/theme")
@access.needs("account.own", during=_DURING)
def theme() -> Response:
    """Remember the theme that this person likes."""
    chosen, person = request.form.get("theme", ""), account()
    if chosen in ui.THEMES:
        store().run(lambda conn: accounts.change_account(conn, person.id, theme=chosen))
    forget()
    return Response(status=204) if "HX-Request" in request.headers else go(url_for("account.page"))


def _password_form(wrong: dict[str, str], status: int = 200) -> Response:
    must = account().must_change
    template = "account/password_first.html" if must else "account/password.html"
    return respond(template, status=status, wrong=wrong, shortest=passwords.SHORTEST)


def _factor_form(secret: str, wrong: str) -> Response:
    person = account()
    pending = store().vault.seal(json.dumps({"user": person.id, "secret": secret, "at": now().timestamp()}).encode())
    return respond(
        "account/second_factor_first.html" if principal().todo else "account/second_factor.html",
        status=422 if wrong else 200,
        picture=Markup(totp.picture(secret, person.email)),  # noqa: S704  made by segno from base32 and the login name
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        pending=base64.urlsafe_b64encode(pending).decode(),
        wrong=wrong,
    )


def _pending_secret(user_id: int) -> str:
    """Return the secret that this person was shown within the last quarter of an hour, or nothing."""
    try:
        shown = json.loads(store().vault.open(base64.urlsafe_b64decode(request.form.get("pending", "")[:2000])))
    except (VaultError, ValueError):
        return ""
    is_fresh = shown["user"] == user_id and 0 <= now().timestamp() - shown["at"] < 900
    return str(shown["secret"]) if is_fresh else ""


def _must_have_factor() -> bool:
    return account().role in SECOND_FACTOR_ROLES and not config().is_private


def _has_passed_factor() -> bool:
    session = principal().session
    return session is not None and session.second_factor_at is not None
