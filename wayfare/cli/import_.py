"""`wayfare import`: take in files of customers, products, orders and events."""

import json
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from nodes.localtime import is_zone
from wayfare import clock, settings
from wayfare.errors import InputRefused, WayfareError

Kind = Annotated[str, typer.Argument(metavar="customers|products|orders|events", help="What the file holds.")]
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file with a header, or a .jsonl file.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(
    kind: Kind,
    file: File,
    source: Annotated[str, typer.Option(help="Source of the events, or of the changes to profiles.")] = "import",
    encoding: Annotated[str, typer.Option(help="Encoding of the file, such as cp1251.")] = "utf-8",
    time_zone: Annotated[
        str, typer.Option(help="Where instants without a time zone belong, such as Europe/Kyiv.")
    ] = "",
    country: Annotated[str, typer.Option(help="Where phone numbers without country code belong, such as UA.")] = "",
    history: Annotated[
        bool, typer.Option("--history", help="The past: keep the figures, and let no journey move.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Start at the first row, even if all is in already.")] = False,
    report: Annotated[Path | None, typer.Option(help="Where bad rows are listed; by default beside FILE.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Take in a file row by row. Run it again after a stop or a crash: it goes on where it was.

    Bad rows are listed in FILE.errors.csv with what is wrong, and cost no other row.
    Columns beyond the profile are named attributes.NAME, consent.CHANNEL or, for events, data.NAME.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from engine.bell import Bell
    from engine.importing import KINDS, Options, import_file
    from store.db import Store
    from store.imports import Run
    from wayfare.vault import Vault

    if kind not in KINDS:
        raise WayfareError(f"there is no import of '{kind}'; choose one of {', '.join(KINDS)}")
    _check_encoding(encoding)
    if time_zone and not is_zone(time_zone):
        raise WayfareError(f"there is no time zone '{time_zone}'; use a name such as Europe/Kyiv")
    options = Options(
        source=source,
        encoding=encoding,
        zone=ZoneInfo(time_zone) if time_zone else None,
        country=country.upper() or None,
        history=history,
        again=again,
    )
    values = settings.load()
    bell = Bell(values.redis_url)
    report = report or file.with_name(file.name + ".errors.csv")
    store = Store(values.database_url, Vault(values.secret), zone=values.time_zone, pool_size=1)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[refused]:,} bad"),
        console=Console(stderr=True),
        disable=as_json,
    )
    read = 0
    with bar:
        task = bar.add_task(f"{kind} from {file.name}", total=file.stat().st_size, rows=0, refused=0)

        def seen(count: int) -> None:
            nonlocal read
            read += count
            bar.advance(task, count)

        def done(run: Run) -> None:
            bell.ring("flow")
            bar.update(task, rows=run.rows, refused=run.refused)

        try:
            run = import_file(
                store,
                kind,
                file,
                report,
                options=options,
                now=clock.now,
                seen=seen,
                done=done,
            )
        except InputRefused as error:
            raise WayfareError(f"{file.name}: {error}") from None
        finally:
            store.dispose()
    if as_json:
        outcome = {"rows": run.rows, "new": run.done, "known": run.known, "refused": run.refused}
        print(json.dumps(outcome | {"report": str(report) if run.refused else None}))
        return
    if not read:
        print(f"{file.name} was taken in before; add --again to go through it once more.")
    print(f"{run.rows:,} rows are in: {run.done:,} new, {run.known:,} known before, {run.refused:,} bad.")
    if run.refused:
        print(f"What is wrong with the bad ones stands in {report}.")


def _check_encoding(encoding: str) -> None:
    try:
        is_ascii = "\n".encode(encoding) == b"\n"
    except LookupError:
        is_ascii = False
    if not is_ascii:
        raise WayfareError(f"cannot read files in the encoding '{encoding}'; save the file as UTF-8")
