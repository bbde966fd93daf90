"""Signing in: name and password, then a one-time password where the account has a second factor."""

from flask import Blueprint, Response, request, url_for

from store import accounts
from wayfare import log
from web import access, cookies, signin
from web.context import config, store
from web.forms import Form
from web.principal import account, principal
from web.respond import go, local, respond

bp = Blueprint("login", __name__)
_WRONG = "The name or the password is not right."


@bp.get("/login")
@access.public("where people sign in")
def page() -> Response:
    """Show the form; who is signed in already goes on."""
    if not principal().is_anonymous:
        return go(local(request.args.get("next")))
    return respond("login/page.html", next=local(request.args.get("next"), ""), wrong="", login="", is_new=_is_new())


@bp.post("/login")
@access.public("where people sign in")
def submit() -> Response:
    """Check name and password, and start a session."""
    form = Form()
    login, target = form.text("login", longest=320), local(request.form.get("next"), "")
    try:
        found = signin.check_password(login, form.secret("password"))
    except signin.TooManyTries as error:
        log.get(__name__).warning("sign-in refused", reason="too many tries", ip=request.remote_addr)
        answer = _again(login, target, _wait_words(error), 429)
        answer.headers["Retry-After"] = str(int(error.wait.total_seconds()) + 1)
        return answer
    if found is None:
        log.get(__name__).warning("sign-in refused", reason="name or password", ip=request.remote_addr)
        return _again(login, target, _WRONG, 422)
    signin.start_session(found)
    signin.note(found.email, "session.started", f"user:{found.email}", second_factor=bool(found.totp_secret))
    if found.totp_secret:
        return go(url_for("login.code", next=target or None))
    return go(target or "/")


@bp.get("/login/code")
@access.needs("account.own", during=("code",))
def code() -> Response:
    """Ask for the one-time password."""
    if principal().todo != "code":
        return go(local(request.args.get("next")))
    return respond("login/code.html", wrong="", next=local(request.args.get("next"), ""))


@bp.post("/login/code")
@access.needs("account.own", during=("code",))
def submit_code() -> Response:
    """Check the one-time password, and start a full session in place of the half one."""
    form, person = Form(), account()
    target = local(request.form.get("next"), "")
    try:
        is_right = signin.check_code(person, form.text("code", longest=20))
    except signin.TooManyTries as error:
        signin.end_session()
        signin.note(person.email, "session.second_factor_refused", f"user:{person.email}")
        return go(url_for("login.page"), _wait_words(error), "bad")
    if not is_right:
        wrong = "That code is not right, or was used before. Wait for the next one."
        return respond("login/code.html", status=422, wrong=wrong, next=target)
    signin.start_session(person, with_second_factor=True)
    return go(target or "/")


@bp.post("/logout")
@access.needs("account.own", during=("code", "password", "second_factor"))
def out() -> Response:
    """Sign this browser out."""
    person = account()
    signin.end_session()
    signin.note(person.email, "session.ended", f"user:{person.email}")
    answer = go(url_for("login.page"))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@bp.post("/logout/everywhere")
@access.needs("account.own")
def out_everywhere() -> Response:
    """Sign all other browsers of this person out."""
    person, session = account(), principal().session
    mine = session.digest if session else None
    ended = store().run(lambda conn: accounts.end_sessions(conn, person.id, but=mine))
    signin.note(person.email, "session.ended_elsewhere", f"user:{person.email}", browsers=ended)
    return go(url_for("account.page"), "Signed out everywhere else.")


def _again(login: str, target: str, wrong: str, status: int) -> Response:
    return respond("login/page.html", status=status, next=target, wrong=wrong, login=login, is_new=False)


def _wait_words(error: signin.TooManyTries) -> str:
    minutes = max(1, round(error.wait.total_seconds() / 60))
    return f"Too many tries. Wait {minutes} min, or sign in from a browser that you have used here before."


def _is_new() -> bool:
    """Say whether this looks like the first visit to a fresh installation: then the page says where the password is."""
    if not config().is_private or cookies.read("device"):
        return False
    with store().read() as conn:
        people = accounts.list_accounts(conn)
    return len(people) == 1 and people[0][0].must_change
