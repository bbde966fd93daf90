"""`wayfare user`: who signs in, when nobody can do it on the page."""

from typing import Annotated

import typer

from wayfare import clock
from wayfare.cli import _access

Login = Annotated[str, typer.Argument(help="E-mail address or login name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
group = typer.Typer(no_args_is_help=True, help="Add, list, disable users; reset passwords.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="user")


@group.command("add")
def add(
    login: Login,
    role: Annotated[str, typer.Option(help="admin, integrator, marketer, approver, analyst or support.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
) -> None:
    """Add a user and print the first password, which must be changed at the first sign-in."""
    from web import accounts, passwords

    _, store = _access.open_store()
    password = passwords.invented()
    accounts.add_user(store, login, name, role, password, by=_access.actor(), now=clock.now())
    _tell(login, password)


@group.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List the users."""
    from store import accounts

    _, store = _access.open_store()
    with store.read() as conn:
        people = accounts.list_accounts(conn)
    rows = [
        {
            "login": person.email,
            "name": person.name,
            "role": person.role,
            "second factor": "on" if person.totp_secret else "off",
            "state": "disabled" if person.disabled_at else "first password" if person.must_change else "active",
            "last seen": seen.isoformat(timespec="minutes") if seen else None,
        }
        for person, seen in people
    ]
    _access.show(rows, as_json)


@group.command("reset-password")
def reset_password(login: Login) -> None:
    """Give a user a new first password, print it, and sign the user out everywhere."""
    from web import accounts

    _, store = _access.open_store()
    person = accounts.find_user(store, login)
    _tell(person.email, accounts.reset_password(store, person, by=_access.actor(), now=clock.now()))


@group.command("reset-second-factor")
def reset_second_factor(login: Login) -> None:
    """Take a lost second factor away, when there is no other administrator who could."""
    from web import accounts

    _, store = _access.open_store()
    person = accounts.find_user(store, login)
    accounts.reset_second_factor(store, person, by=_access.actor(), now=clock.now())
    typer.echo(f"{person.email} can set a new second factor.")


@group.command("disable")
def disable(login: Login) -> None:
    """Keep a user from signing in, at once."""
    _switch(login, True)


@group.command("enable")
def enable(login: Login) -> None:
    """Let a user sign in again."""
    _switch(login, False)


def _switch(login: str, is_disabled: bool) -> None:
    from web import accounts

    _, store = _access.open_store()
    person = accounts.find_user(store, login)
    accounts.set_disabled(store, person, is_disabled, by=_access.actor(), now=clock.now())
    typer.echo(f"{person.email} {'can no longer sign in' if is_disabled else 'can sign in again'}.")


def _tell(login: str, password: str) -> None:
    typer.echo(f"User {login}, password {password}")
    typer.echo("It is shown only now, and has to be changed at the first sign-in.")
