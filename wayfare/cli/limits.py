"""`wayfare limits`: when and how often at most customers are written to."""

import json
from typing import Annotated, Any

import typer

from wayfare import clock
from wayfare.cli import _access
from wayfare.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("limits")(limits)


def limits(
    quiet: Annotated[
        str | None,
        typer.Option(help="When nobody is written to, by the customer's clock: 21:00-09:00, or off."),
    ] = None,
    cap: Annotated[
        list[str] | None,
        typer.Option(help="Messages a customer gets a day at most: email=2, or email=off."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show quiet hours and frequency caps, or set them. Transactional messages obey neither."""
    from engine.guards import rules
    from store import audit
    from store.db import Connection
    from store.workspace import read_setting, write_setting

    _, store = _access.open_store()

    def change(conn: Connection) -> dict[str, Any]:
        found = {"quiet_hours": read_setting(conn, "quiet_hours"), "caps": read_setting(conn, "caps") or {}}
        if quiet is not None:
            found["quiet_hours"] = _hours(quiet)
        found["caps"] = {**found["caps"], **dict(_cap(one) for one in cap or ())}
        found["caps"] = {channel: n for channel, n in found["caps"].items() if n is not None}
        rules(found)  # nothing that delivery could not read is ever stored
        if quiet is not None or cap:
            for name, value in found.items():
                write_setting(conn, name, value, now=clock.now())
            audit.record(conn, _access.actor(), "limits.changed", "workspace", found, clock.now())
        return found

    try:
        found = store.run(change)
    except ValueError:
        raise SettingsError("--quiet is like 21:00-09:00 and --cap like email=2; both may be off") from None
    finally:
        store.dispose()
    if as_json:
        typer.echo(json.dumps(found))
        return
    hours, caps = found["quiet_hours"], found["caps"]
    typer.echo(f"Quiet hours: {hours['from']} to {hours['until']} where the customer is" if hours else "No quiet hours")
    typer.echo(f"At most a day: {', '.join(f'{n} by {one}' for one, n in sorted(caps.items()))}" if caps else "No caps")


def _hours(text: str) -> dict[str, str] | None:
    if text == "off":
        return None
    start, end = text.split("-")
    return {"from": start.strip(), "until": end.strip()}


def _cap(text: str) -> tuple[str, int | None]:
    channel, number = text.split("=")
    if number == "off":
        return channel, None
    if int(number) < 1:
        raise ValueError(text)
    return channel, int(number)
