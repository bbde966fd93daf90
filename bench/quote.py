"""How long a quote takes, and how many evaluations: `python -m bench.quote [--carts N] [--oscar FOLDER] [--brute]`.

Each figure is for random carts, each with a rule set of its own. `cart` is the time of a till: the rule set is
compiled, the cart is a document, the answer is one. `document` is one request with both. Times are processor time in
milliseconds, the best of three; the machine may be shared. An evaluation is a promotion looked at for a kind of units,
or a step of a walk over units that multi-buys compete for.
"""

import gc
import os
import random
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Annotated

import typer
from rich.table import Table

from bench.carts import Doc, a_cart, a_huge_one, a_ruleset, an_offer, promotion_of
from bench.peers.shop import Oscar, environment
from bench.report import console, show
from wayfare.promotions import compile, conflicts, parse_cart, parse_ruleset, quote
from wayfare.promotions.engine import search

Case = tuple[Doc, Doc]


@dataclass(slots=True)
class Figures:
    """What was measured for one kind of carts: milliseconds, evaluations, and how far prices may be from the lowest."""

    cart: list[float] = field(default_factory=list)
    document: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


def timed(work: Callable[[], Doc], times: int = 3) -> tuple[Doc, float]:
    """Return an answer, and the processor time that it took in milliseconds, the best of so many."""
    least, answer = float("inf"), Doc()
    for _ in range(times):
        began = process_time()
        answer = work()
        least = min(least, (process_time() - began) * 1000)
    return answer, least


def measure(make: Callable[[random.Random], Case], carts: int) -> Figures:
    """Price so many carts."""
    found = Figures()
    for seed in range(carts):
        cart, rules = make(random.Random(seed))
        compiled = compile(rules)
        gc.collect()
        gc.freeze()  # what stays is not looked at again, as in a server after its start
        answer, spent = timed(partial(quote, cart, compiled))
        found.cart.append(spent)
        document = {"cart": cart, "ruleset": rules}
        found.document.append(timed(partial(quote, document))[1])
        found.evaluations.append(search(parse_cart(cart), compiled)[1].evaluations)
        found.gaps.append(1 - answer["proof"]["bound"] / max(1, answer["payable"]))
    gc.unfreeze()
    return found


def row(table: Table, title: str, found: Figures) -> None:
    """Add a row."""

    def spread(values: list[float]) -> list[str]:
        high = quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
        return [f"{value:,.2f}" for value in (median(values), high)]

    proven = sum(gap <= 0 for gap in found.gaps)
    table.add_row(
        title,
        *spread(found.cart),
        *spread(found.document),
        f"{median(found.evaluations):,.0f}",
        f"{max(found.evaluations):,}",
        f"{proven}/{len(found.gaps)}",
        f"{max(found.gaps):.2%}" if proven < len(found.gaps) else "",
    )


def case(lines: int = 30, most: int = 3, multi: str = "none", promotions: int = 30) -> Callable[[random.Random], Case]:
    """Return what makes random carts of this kind."""
    return lambda chance: (a_cart(chance, lines, most), a_ruleset(chance, multi=multi, promotions=promotions))


def huge() -> None:
    """Price one huge document; print seconds and memory."""
    cart, rules = a_huge_one(random.Random(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer, spent = timed(partial(quote, {"cart": cart, "ruleset": rules}), 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    proof, payable = answer["proof"], answer["payable"]
    console.print(
        f"a huge document (1,000 lines of up to a million pieces, {len(rules['promotions'])} promotions): "
        f"{spent / 1000:.1f} s, {memory / 1024:.0f} MB at most ({before / 1024:.0f} before); {proof['status']}, "
        f"at most {1 - proof['bound'] / payable:.2%} above the lowest"
    )


def meetings() -> None:
    """Find the conflicts of rule sets; print pairs, findings and seconds."""
    for promotions in (50, 150, 500):
        rules = parse_ruleset(a_ruleset(random.Random(1), multi="scoped", promotions=promotions - 17))
        began = process_time()
        found = conflicts(rules)
        count = len(rules.promotions)
        console.print(
            f"conflicts of {count} promotions: {count * (count - 1) // 2:,} pairs, {len(found):,} findings, "
            f"{process_time() - began:.1f} s"
        )


def beside_oscar(folder: Path, carts: int) -> None:
    """Price the same carts in turns with django-oscar."""
    ours, theirs, worse, extra = [], [], 0, []
    with Oscar(environment(folder)) as oscar:
        for seed in range(carts):
            chance = random.Random(seed)
            cart = a_cart(chance, step=1000)  # whole percents of these need no rounding
            offers = [an_offer(chance) for _ in range(12)]
            rules = {"promotions": [promotion_of(number, offer) for number, offer in enumerate(offers)]}
            compiled = compile(rules)
            answer, spent = timed(partial(quote, cart, compiled), 1)
            payable, seconds = oscar.price(cart["lines"], offers)
            ours.append(spent)
            theirs.append(seconds * 1000)
            worse += payable > answer["payable"]
            extra.append(payable / answer["payable"] - 1)
            if payable < answer["payable"] and answer["proof"]["status"] == "optimal":
                raise SystemExit(f"django-oscar is cheaper for cart {seed}: {payable} < {answer['payable']}")
    slower = median(theirs) / median(ours)
    console.print(
        f"beside django-oscar {oscar.versions['oscar']}, Django {oscar.versions['django']}: {carts} carts of 30 lines, "
        "12 offers in the order in which they were made (percent, amount, one of so many free; by brand or on all): "
        f"Wayfare {median(ours):.2f} ms, django-oscar {median(theirs):.2f} ms, {slower:.1f} ×; its total is higher in "
        f"{worse} of {carts} carts, by {median(extra):.1%} in the median and {max(extra):.1%} at most"
    )


def beside_brute_force(carts: int) -> None:
    """Price small carts in turns with the brute force of the tests."""
    from rig.brute_force import lowest

    ours, theirs = [], []
    for seed in range(carts):
        chance = random.Random(seed)
        cart, rules = a_cart(chance, 5, 1), a_ruleset(chance, multi="wide", promotions=4)
        known = [one for one in rules["promotions"] if "categories" not in one["scope"]["include"]]
        multi = [one for one in known if one["effect"]["kind"] == "sets"][:2]
        rules["promotions"] = [*multi, *[one for one in known if one not in multi][:5]]
        document = {"cart": cart, "ruleset": rules}
        answer, spent = timed(partial(quote, document), 1)
        began = process_time()
        best = lowest(document)
        theirs.append((process_time() - began) * 1000)
        ours.append(spent)
        if best != answer["payable"]:
            raise SystemExit(f"the brute force disagrees on cart {seed}: {best}, not {answer['payable']}")
    console.print(
        f"beside the brute force, {carts} carts of 5 pieces and 7 promotions, the same prices: "
        f"Wayfare {median(ours):.2f} ms, brute force {median(theirs):.2f} ms, {median(theirs) / median(ours):,.0f} ×"
    )


def main(
    carts: Annotated[int, typer.Option(help="Carts for each of the main figures.")] = 60,
    oscar: Annotated[Path | None, typer.Option(help="Folder for an environment with django-oscar.")] = None,
    brute: Annotated[bool, typer.Option(help="Beside the brute force of the tests (PYTHONPATH=tests).")] = False,
    pairs: Annotated[bool, typer.Option(help="Conflicts of 50, 150 and 500 promotions.")] = False,
    growth: Annotated[bool, typer.Option(help="How time grows.")] = True,
) -> None:
    """Measure quotes."""
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    console.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; load before the start {load}; processor time")
    table = Table("carts", "cart p50", "p95", "document p50", "p95", "evaluations p50", "most", "proven", "largest gap")
    for multi in ("none", "scoped", "wide"):
        row(table, f"30 lines, 50 promotions, multi-buys: {multi}", measure(case(multi=multi), carts))
    if growth:
        for lines in (10, 100, 300, 1000):
            row(table, f"{lines} lines", measure(case(lines), 8))
        for promotions in (10, 100, 500):
            row(table, f"{promotions} promotions", measure(case(promotions=promotions - 11), 8))
        for most in (1, 10, 100, 1000, 10**6):
            row(table, f"up to {most:,} pieces a line, scoped", measure(case(most=most, multi="scoped"), 8))
    show(table)
    if growth:
        huge()
    if pairs:
        meetings()
    if brute:
        beside_brute_force(carts)
    if oscar is not None:
        beside_oscar(oscar, carts)


if __name__ == "__main__":
    typer.run(main)
