"""How many customer-steps a second: Wayfare beside hand-written SQL and beside other ways to do the same.

Run `python -m bench.advance --help`. All contestants run one after the other against the same PostgreSQL server;
Wayfare and the limit take turns, so that what else the machine does hits both.
"""

import tempfile
from typing import Annotated

import typer
from rich.table import Table

from bench import limit, machine, wayfare_walk
from bench.contest import Figure, check_effects, measure, walk_all
from bench.journey import LEGS, STEPS
from bench.report import Figures, compared, console, rate, show
from bench.server import postgres
from bench.world import fill, open_store

CONTESTANTS = {"limit": limit.prepare, "wayfare": wayfare_walk.prepare}


def main(
    customers: int = 100_000,
    batch: Annotated[int, typer.Option(help="Enrollments in a transaction.")] = 5_000,
    rounds: int = 3,
    workers: Annotated[str, typer.Option(help="Numbers of processes, for example 1,2.")] = "1,2",
    url: Annotated[str, typer.Option(help="An empty PostgreSQL database; by default a server is started.")] = "",
    linear: Annotated[bool, typer.Option(help="Also one worker with each number of --sizes.")] = False,
    sizes: Annotated[str, typer.Option(help="Numbers of customers for --linear.")] = "10000,100000,1000000",
    sqlite: Annotated[bool, typer.Option(help="Also Wayfare on SQLite.")] = False,
    peers: Annotated[bool, typer.Option(help="Also SpiffWorkflow, DBOS and one RQ job a customer and step.")] = False,
    peer_scale: Annotated[float, typer.Option(help="Multiplies the peers' numbers of customers.")] = 1.0,
    strict: Annotated[bool, typer.Option(help="End with exit code 1 when a goal is missed.")] = False,
) -> None:
    """Measure and print rates, ratios, worst batches and memory."""
    counts = [int(number) for number in workers.split(",")]
    found: Figures = {}
    lines: dict[int, Figure] = {}
    with postgres(url or None) as dsn:
        console.print("\n".join(machine.describe(dsn)))
        for _ in range(rounds):
            for count in counts:
                for name in CONTESTANTS:
                    _note(found, _called(name, count), _race(dsn, name, customers, batch, count))
        if peers:
            from bench.peers import run

            console.print(machine.peers())
            for name, figure in run(dsn, max(counts), scale=peer_scale):
                _note(found, name, figure)
        for size in map(int, sizes.split(",") if linear else ()):
            lines[size] = _race(dsn, "wayfare", size, batch, 1)
            console.print(f"{size:,} customers: {lines[size].rate:,.0f} customer-steps/s ({lines[size].notes()})")
    if sqlite:
        _note(found, "wayfare on SQLite, 1 worker", on_sqlite(customers, batch))
    most = _called("wayfare", max(counts))
    pairs = {_called("limit", count): _called("wayfare", count) for count in counts}
    pairs |= dict.fromkeys(_peers(found), most)
    if found:
        show(compared(found, pairs))
    if lines:
        show(_growth(lines))
    missed = list(_missed(found, most, lines, counts))
    console.print("\n".join(missed) or "all goals measured here are reached")
    raise typer.Exit(1 if missed and strict else 0)


def _race(dsn: str, name: str, customers: int, batch: int, workers: int) -> Figure:
    store = open_store(dsn)
    fill(store, customers)
    store.dispose()
    return measure(dsn, CONTESTANTS[name], LEGS, customers=customers, batch=batch, workers=workers)


def on_sqlite(customers: int, batch: int) -> Figure:
    """Measure Wayfare on an SQLite file, in this process: there is one writer."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        store = open_store(url)
        fill(store, customers)
        store.dispose()
        figures = []
        for leg in LEGS:
            figures.append(walk_all(wayfare_walk.prepare(url, leg, batch)))
        check_effects(url, customers)
    return Figure(
        customers * STEPS / sum(outcome.seconds for outcome in figures),
        max(outcome.worst for outcome in figures),
        client_cpu=sum(outcome.cpu for outcome in figures) / customers / STEPS * 1e6,
    )


def _missed(found: Figures, most: str, lines: dict[int, Figure], workers: list[int]) -> list[str]:
    """Return one line for each goal that was measured and missed."""
    goals = [(_called("limit", n), _called("wayfare", n), 0.5) for n in workers]
    goals += [(name, most, 300 if name.startswith("RQ") else 25) for name in _peers(found)]
    missed = []
    for other, ours, goal in goals if found else ():
        ratio = rate(found[ours]) / rate(found[other])
        if ratio < goal:
            missed.append(f"goal missed: {ours} is {ratio:.2f} × {other}, not {goal} ×")
    smallest = lines[min(lines)] if lines else None
    for size, many in sorted(lines.items()):
        if smallest is not None and smallest.rate > 1.3 * many.rate:
            missed.append(f"goal missed: {size:,} customers cost {smallest.rate / many.rate:.2f} × each, not 1.3 ×")
    heaviest = max([figure.last_memory for name in found if "wayfare" in name for figure in found[name]], default=0)
    heaviest = max([heaviest, *(figure.last_memory for figure in lines.values())])
    if heaviest > 200:
        missed.append(f"goal missed: a worker held {heaviest} MB, not 200")
    return missed


def _growth(lines: dict[int, Figure]) -> Table:
    table = Table("customers", "customer-steps/s", "cost per customer", "worst batch ms", "MB after first → last batch")
    first = next(iter(lines.values()))
    for size, figure in lines.items():
        memory = f"{figure.first_memory} → {figure.last_memory}"
        cost = f"{first.rate / figure.rate:.2f} ×"
        table.add_row(f"{size:,}", f"{figure.rate:,.0f}", cost, f"{figure.worst * 1000:.0f}", memory)
    return table


def _peers(found: Figures) -> list[str]:
    return [name for name in found if not name.startswith(("limit", "wayfare"))]


def _note(found: Figures, name: str, figure: Figure) -> None:
    found.setdefault(name, []).append(figure)
    notes = figure.notes()
    console.print(f"{name}: {figure.rate:,.0f} customer-steps/s{f' ({notes})' if notes else ''}")


def _called(name: str, workers: int) -> str:
    return f"{name}, {workers} worker{'s' * (workers > 1)}"


if __name__ == "__main__":
    typer.run(main)
