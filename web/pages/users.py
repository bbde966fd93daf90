"""Users: who signs in, with which role."""

from flask import Blueprint, Response, url_for

from store import accounts as rows
from wayfare.errors import Conflict
from web import access, accounts, passwords, rights
from web.context import now, store
from web.forms import Form
from web.principal import principal
from web.respond import go, respond

bp = Blueprint("settings_users", __name__, url_prefix="/settings/users")


@bp.get("")
@access.needs("users.manage")
def index() -> Response:
    """List the users."""
    with store().read() as conn:
        people = rows.list_accounts(conn)
    return respond("users/index.html", people=people)


@bp.get("/new")
@access.needs("users.manage")
def new() -> Response:
    """Show the form for a new user."""
    return _new_form(Form())


@bp.post("/new")
@access.needs("users.manage")
def add() -> Response:
    """Add a user and show the first password once."""
    form = Form()
    login = form.text("login", longest=320, need="Type an e-mail address or a short name.")
    name = form.text("name")
    role = form.choice("role", list(rights.ROLES), need="Choose a role.")
    if login and any(letter.isspace() for letter in login):
        form.wrong["login"] = "A login name has no spaces."
    if not form.is_good:
        return _new_form(form)
    password = passwords.invented()
    try:
        accounts.add_user(store(), login, name, role, password, by=principal().actor, now=now())
    except Conflict:
        form.wrong["login"] = "Somebody already signs in with this name."
        return _new_form(form)
    return respond("users/password.html", "users/_password.html", login=login, password=password, is_new=True)


@bp.get("/<int:user_id>")
@access.needs("users.manage")
def show(user_id: int) -> Response:
    """Show one user with what can be done."""
    with store().read() as conn:
        person = rows.get_account(conn, user_id)
        browsers = rows.list_sessions(conn, user_id, now())
    return respond("users/show.html", person=person, browsers=browsers, is_me=_is_me(person))


@bp.post("/<int:user_id>/role")
@access.needs("users.manage")
def role(user_id: int) -> Response:
    """Give a user another role; it counts at the next click, and signs the user out."""
    form, person = Form(), _person(user_id)
    chosen = form.choice("role", list(rights.ROLES))
    if not form.is_good:
        return go(_place(person), "Choose a role.", "bad")
    if chosen != person.role:
        accounts.change_role(store(), person, chosen, by=principal().actor, now=now())
    return go(_place(person), f"{person.label} is now {chosen}.")


@bp.post("/<int:user_id>/disable")
@access.needs("users.manage")
def disable(user_id: int) -> Response:
    """Keep a user out from now on."""
    person = _person(user_id)
    if _is_me(person):
        return go(_place(person), "You cannot lock yourself out. Another administrator can.", "bad")
    accounts.set_disabled(store(), person, True, by=principal().actor, now=now())
    return go(_place(person), f"{person.label} can no longer sign in.")


@bp.post("/<int:user_id>/enable")
@access.needs("users.manage")
def enable(user_id: int) -> Response:
    """Let a user in again."""
    person = _person(user_id)
    accounts.set_disabled(store(), person, False, by=principal().actor, now=now())
    return go(_place(person), f"{person.label} can sign in again.")


@bp.post("/<int:user_id>/password")
@access.needs("users.manage")
def reset_password(user_id: int) -> Response:
    """Give a user a new first password and show it once."""
    person = _person(user_id)
    if _is_me(person):
        return go(url_for("account.password"), "Change your own password here.", "info")
    password = accounts.reset_password(store(), person, by=principal().actor, now=now())
    return respond("users/password.html", login=person.email, password=password, is_new=False)


@bp.post("/<int:user_id>/second-factor")
@access.needs("users.manage")
def reset_second_factor(user_id: int) -> Response:
    """Take a lost second factor away: only that of somebody else."""
    person = _person(user_id)
    if _is_me(person):
        return go(_place(person), "Another administrator has to do this for you.", "bad")
    accounts.reset_second_factor(store(), person, by=principal().actor, now=now())
    return go(_place(person), f"{person.label} can set a new second factor.")


@bp.post("/<int:user_id>/sign-out")
@access.needs("users.manage")
def sign_out(user_id: int) -> Response:
    """Sign a user out everywhere."""
    person = _person(user_id)
    accounts.sign_out(store(), person, by=principal().actor, now=now())
    return go(_place(person), f"{person.label} is signed out everywhere.")


def _person(user_id: int) -> rows.Account:
    with store().read() as conn:
        return rows.get_account(conn, user_id)


def _place(person: rows.Account) -> str:
    return url_for("settings_users.show", user_id=person.id)


def _is_me(person: rows.Account) -> bool:
    own = principal().account
    return own is not None and own.id == person.id


def _new_form(form: Form) -> Response:
    roles = [(name, name.capitalize(), words) for name, words in rights.ROLES.items()]
    status = 422 if form.wrong else 200
    return respond("users/new.html", "users/_new.html", status=status, form=form, roles=roles)
