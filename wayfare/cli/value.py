"""`wayfare value`: RFM classes and values of all customers, computed and shown."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wayfare.cli import _access

if TYPE_CHECKING:
    from store.value_runs import Run

app = typer.Typer(no_args_is_help=True, help="RFM classes, and what customers are worth.")
_Json = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="value")


@app.command()
def compute(
    only_rfm: Annotated[bool, typer.Option("--rfm", help="Only the RFM classes, without forecast and costs.")] = False,
) -> None:
    """Compute cut points and classes, fit the forecast, and reckon every customer's value, here and now.

    Cut off, it goes on where it stopped: at the next call, or by a worker.
    """
    from rich.progress import BarColumn as Bar
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from engine.value import compute as work
    from store.value_runs import RFM, VALUE
    from wayfare import clock
    from wayfare.errors import WayfareError

    _, store = _access.open_store()
    columns = (TextColumn("{task.description}"), Bar(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=_access.console) as progress:
        task = progress.add_task("classes" if only_rfm else "values", total=100)

        def told(run: "Run") -> None:
            progress.update(task, completed=run.percent, description=run.phase)

        run = work(store, RFM if only_rfm else VALUE, clock.now(), _access.actor(), told)
    store.dispose()
    if run.problem:
        raise WayfareError(run.problem)
    if run.ended_at is None:
        raise WayfareError("a worker computes just now; look again in a minute: wayfare value show")
    print(f"{run.total} customers, {run.changed} of them in another group than before")


@app.command()
def show(as_json: _Json = False) -> None:
    """Show the RFM groups and what customers are worth."""
    from store import value, value_models, value_rfm
    from store.value_past import TOTAL
    from wayfare.value.rfm import GROUPS

    _, store = _access.open_store()
    with store.read() as conn:
        cuts, cells = value_rfm.cut_points(conn), value.cube(conn)
        at, totals = value.sums(conn, TOTAL)
        fitted = next(iter(value_models.last_models(conn)), None)
    store.dispose()
    rows: list[dict[str, Any]] = []
    for group in GROUPS:
        here = [one for one in cells if one.group == group.key]
        spent = sum(one.spent for one in here)
        rows.append({"group": group.key, "customers": sum(one.customers for one in here), "spent": spent})
    if as_json:
        document = {
            "classes_at": cuts.at if cuts else None,
            "groups": rows,
            "values_at": at,
            "total": None if not totals else {name: getattr(totals[0], name) for name in totals[0].__slots__},
            "forecast": fitted.parameters if fitted else None,
            "no_forecast": fitted.problem if fitted else "",
        }
        print(json.dumps(document, ensure_ascii=False, default=str, indent=2))
        return
    if cuts is None:
        print("Nothing is computed yet: wayfare value compute")
        return
    _access.show(rows, as_json=False)
    if totals and totals[0].lifetime is not None:
        one = totals[0]
        print(f"lifetime value, on average: {(one.lifetime or 0) / one.customers / 100:.2f}")
    if fitted is not None:
        print(
            fitted.problem
            or "forecast: " + ", ".join(f"{k} {fitted.parameters[k]:.3f}" for k in ["r", "alpha", "a", "b"])
        )
