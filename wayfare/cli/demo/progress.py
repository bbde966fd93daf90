"""How far a load is: bars on a terminal, one plain line a stage elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from wayfare.cli.demo.play import Progress as Told


@contextmanager
def shown_on(console: Console) -> Iterator[Told]:
    """Return what to call with (what, done, total)."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


class _Lines:
    """One line when a stage is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[str] = set()

    def __call__(self, what: str, done: int, total: int) -> None:
        if done >= total and what not in self._told:
            self._told.add(what)
            self._console.print(f"  {what}: {total}", markup=False, soft_wrap=True)
