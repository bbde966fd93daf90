"""`wayfare promotions whatif`: what other rules would have made of past receipts, computed here and now."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from offers.rules.shapes import Body
from offers.whatif.ask import rules
from offers.whatif.compare import weigh
from offers.whatif.report import report
from offers.whatif.sources import Source, open_source
from offers.whatif.spec import Spec
from offers.whatif.tally import Tally
from wayfare import clock
from wayfare.cli import _access
from wayfare.errors import InputRefused, WayfareError
from wayfare.promotions.words import money

_WHICH = "A version's number, live, draft, or 0 for no promotions."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("whatif")(whatif)


def whatif(
    new: Annotated[str, typer.Argument(help=_WHICH)] = "draft",
    against: Annotated[str, typer.Option(help=_WHICH)] = "live",
    without: Annotated[str, typer.Option(help="A promotion's key, left out of the rules compared against.")] = "",
    receipts: Annotated[str, typer.Option(help="sample, own (confirmed orders), or a CSV file.")] = "sample",
    days: Annotated[int, typer.Option(help="Days back from the last receipt.")] = 91,
    most: Annotated[int | None, typer.Option(help="Price about so many, chosen by hash; the error is stated.")] = None,
    begins: Annotated[
        str | None, typer.Option(help="Move all dates by whole weeks, the first day not before this one.")
    ] = None,
    scale: Annotated[str, typer.Option(help="Multiply the prices of receipts, such as 41.5.")] = "1",
    currency: Annotated[str, typer.Option(help="What the prices are then in.")] = "",
    margin: Annotated[str | None, typer.Option(help="Percent of the list price, where no cost is known.")] = None,
    processes: Annotated[int, typer.Option(min=0, max=64, help="Processes that compute; 0 is this one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Say what other rules would have made of past receipts. The baskets are held fixed; nothing is kept."""
    settings, store = _access.open_store()
    now = clock.now()
    file = None if receipts in ("sample", "own") else _bytes(Path(receipts))
    source: Any = receipts if file is None else "file"
    options: dict[str, Any] = {"days": days, "most": most, "begins": begins, "scale": scale, "margin": margin}
    try:
        spec = Spec(source, **options, currency=currency, zone=settings.time_zone, until=now.isoformat())
        with store.read() as conn:
            old, other = rules(conn, against, without, now), rules(conn, new, "", now)
        found = open_source(store, spec, file)
    except InputRefused as refused:
        raise WayfareError(f"{refused.path + ': ' if refused.path else ''}{refused}") from None
    tally = _weighed(found, spec, old.body, other.body, processes)
    result = report(tally, spec, total=found.total, old=old.body, new=other.body)
    if as_json:
        names = {"old_rules": old.name, "new_rules": other.name, "spec": spec.as_dict()}
        print(json.dumps({**names, **result}, ensure_ascii=False, indent=2))
    else:
        _say(result, old.name, other.name)


def _weighed(source: Source, spec: Spec, old: Body, new: Body, processes: int) -> Tally:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("receipts", total=source.total)

        def told(tally: Tally, position: int) -> bool:
            bar.update(task, completed=tally.seen)
            return True

        return weigh(old, new, spec, source.receipts(spec), processes=processes, told=told)


def _say(found: dict[str, Any], old: str, new: str) -> None:
    counts, change = found["receipts"], found["change"]
    print(f"{new} instead of {old}: {counts['priced']} of {counts['total']} receipts priced; baskets are held fixed")
    print(f"  discount   {money(found['old']['discount'])} -> {money(found['new']['discount'])}")
    for side in ("old", "new"):
        goods = found[side]["goods"]
        part = 100 * found[side]["discount"] / goods if goods else 0
        print(f"  {'before' if side == 'old' else 'after':<6} {part:.2f} % of the list value")
    if "margin" in change:
        print(f"  margin     {money(found['old']['margin'])} -> {money(found['new']['margin'])}")
    print(f"  receipts   {counts['cheaper']} cheaper, {counts['dearer']} dearer")
    if counts["priced"] < counts["total"]:
        value, error = found["all"]["change"]
        words = "too few to say how sure" if error is None else f"give or take {money(error)}, 19 times of 20"
        print(f"  of all receipts customers would pay {money(value)} more ({words})")
    for reason, n in counts["refused"].items():
        print(f"  {n} receipts could not be priced: {reason}")
    for one in found["promotions"][:10]:
        if one["old"] != one["new"]:
            print(f"  {one['key']:<24} {money(one['old'])} -> {money(one['new'])}")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as problem:
        raise WayfareError(f"{file} cannot be read: {problem.strerror}") from None
