"""How many past receipts a what-if prices in a second, under two rule sets: `python -m bench.whatif --help`.

The example of 50 promotions against itself without some, on the sample of receipts that comes with Wayfare. In turns:
here in this process, with one process beside it and with two, in several rounds, because the machine may be shared.
"""

import json
import os
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.table import Table

from bench.report import console, show
from offers.rules.shapes import read_body
from offers.whatif import sample
from offers.whatif.compare import weigh, without
from offers.whatif.sources import Source
from offers.whatif.spec import Spec
from offers.whatif.tally import Tally

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "promotions" / "brocard.json"
CREWS = (0, 1, 2)
NAMES = {0: "in this process", 1: "one beside it", 2: "two beside it"}


def main(
    days: Annotated[int, typer.Option(help="Days of the sample.")] = 10,
    rounds: int = 3,
    leave_out: Annotated[str, typer.Option(help="Promotion that only the first rule set lacks.")] = "hair-more",
) -> None:
    """Measure and print receipts a second; the answers must be the same."""
    body = read_body(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    spec = Spec("sample", days=days, begins="2026-11-02", scale="40", currency="UAH", margin="45", zone="Europe/Kyiv")
    source = Source(sample.count(spec), sample.first_day(spec), lambda after: sample.receipts(spec, after))
    rates: dict[int, list[float]] = {crew: [] for crew in CREWS}
    loads: list[float] = []
    processor: list[float] = []
    answers: list[Tally] = []
    for _ in range(rounds):
        for crew in CREWS:
            loads.append(os.getloadavg()[0])
            begun, spent = time.perf_counter(), time.process_time()
            answers.append(weigh(without(body, leave_out), body, spec, source.receipts(spec), processes=crew))
            rates[crew].append(source.total / (time.perf_counter() - begun))
            if not crew:
                processor.append((time.process_time() - spent) * 1000 / source.total)
    if any(one != answers[0] for one in answers):
        raise SystemExit("the answers differ; please report it")
    table = Table("where", "receipts/s (median)", "lowest–highest", "against this process")
    for crew, found in rates.items():
        ratio = f"{median(found) / median(rates[0]):.2f} ×"
        table.add_row(NAMES[crew], f"{median(found):,.0f}", f"{min(found):,.0f}–{max(found):,.0f}", ratio)
    show(table)
    console.print(f"processor time in this process: {median(processor):.1f} ms a receipt, both prices")
    console.print(
        f"{source.total} receipts, each priced twice, processes started included; load {min(loads):.1f} "
        f"to {max(loads):.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    typer.run(main)
