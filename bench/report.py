"""Tables of figures, as wide as they must be: nothing wraps when the output goes to a file."""

import shutil
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.contest import Figure

console = Console(soft_wrap=True)
Figures = dict[str, list[Figure]]


def show(table: Table) -> None:
    """Print a table on the screen's width, or on its own where that is narrower."""
    wide = Console(width=400)
    width = wide.measure(table).maximum
    Console(width=max(width, shutil.get_terminal_size((80, 24)).columns) if not console.is_terminal else None).print(
        table
    )


def rate(figures: list[Figure]) -> float:
    """Return the median of the rates."""
    return median(figure.rate for figure in figures)


def compared(found: Figures, ours: dict[str, str]) -> Table:
    """Return a table of contestants; `ours` says which contestant of ours each is compared with."""
    table = Table("contestant", "customer-steps/s (median)", "lowest–highest", "Wayfare is", "notes (last round)")
    for name, figures in found.items():
        rates = [figure.rate for figure in figures]
        ratio = f"{rate(found[ours[name]]) / median(rates):,.2f} ×" if ours.get(name) in found else ""
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        table.add_row(name, f"{median(rates):,.0f}", spread, ratio, figures[-1].notes())
    return table
